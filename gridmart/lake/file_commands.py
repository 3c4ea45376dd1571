"""Commands on meter files: look into some, take new ones in."""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from gridmart.sources.meter_files.model import Parsed


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(found for found in path.rglob("*") if found.is_file()) if path.is_dir() else [path]


@contextmanager
def _writer(out: Path | None) -> Iterator[Callable[[str, "Parsed", ZoneInfo], None]]:
    """Where readings go: a Parquet file that is there when all is written; what files say beside values beside it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from gridmart.errors import GridmartError
    from gridmart.sources.meter_files.summary import READINGS, readings

    if out is None:
        yield lambda file, parsed, zone: None
        return
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    details: list[pa.Table] = []
    try:
        with pq.ParquetWriter(partial, READINGS, compression="zstd") as stream:

            def write(file: str, parsed: "Parsed", zone: ZoneInfo) -> None:
                stream.write_table(readings(file, parsed, zone).cast(READINGS))
                if parsed.details.num_rows:
                    names = pa.array([file] * parsed.details.num_rows, pa.string())
                    details.append(parsed.details.add_column(0, "file", names))

            yield write
        partial.replace(out)
        if details:
            pq.write_table(pa.concat_tables(details), out.with_suffix(".details.parquet"), compression="zstd")
    except OSError as error:
        cause = f"{out} cannot be written: {error.strerror or error}"
        raise GridmartError(cause, "name a file in a folder that is there and has room", 2) from error
    finally:
        partial.unlink(missing_ok=True)


def parse(
    paths: list[Path] = typer.Argument(..., metavar="FILE…", help="Files, or folders of files."),
    format_name: str = typer.Option("", "--format", help="Read as this format instead of finding it by content."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line; without it, a table."),
    out: Path = typer.Option(None, "--out", metavar="FILE.parquet", help="Write every reading, one a row."),
) -> None:
    """Read meter files and print what they hold by point and channel, and what is refused; stores nothing in the lake.

    Exit code 0: all good; 3: some records refused; 2: nothing readable.

    Example: gridmart parse inbox/*.csv --json --out readings.parquet
    """
    from rich.console import Console
    from rich.table import Table

    from gridmart.settings import settings
    from gridmart.sources.meter_files import registry
    from gridmart.sources.meter_files.summary import reasons, summaries

    if format_name:
        registry.format_named(format_name)
    zone = ZoneInfo(settings().timezone)
    columns = ("file", "point", "channel", "unit", "readings", "total", "total_kwh", "first", "last", "qualities")
    table, notes = Table(*columns), Console(stderr=True)
    found, refused = 0, Counter[str]()
    with _writer(out) as write:
        for path, parsed in registry.parse_files(_files(paths), zone, format_name or None):
            if isinstance(parsed, OSError):
                notes.print(f"{path}: cannot be opened: {parsed.strerror}", highlight=False, markup=False)
                refused["not_found"] += 1
                continue
            found += parsed.accepted
            refused += reasons(parsed)
            for summary in summaries(str(path), parsed, zone):
                if as_json:
                    print(json.dumps(summary, ensure_ascii=False))
                else:
                    table.add_row(*(str(summary.get(name, "")) for name in columns))
            for reject in parsed.rejects[:20]:
                text = f"{path}, row {reject.row_number}: {reject.rule}: {reject.reason} — {reject.next_step}"
                notes.print(text, highlight=False, markup=False, soft_wrap=True)
            if out:
                write(str(path), parsed, zone)
    if not as_json:
        Console().print(table)
    print(json.dumps({"rejected": refused.total(), "reasons": dict(refused)}))
    raise typer.Exit(0 if not refused else 3 if found else 2)


def ingest(
    first: datetime | None = typer.Option(None, "--from", formats=["%Y-%m-%d"], help="First business date to report."),
    last: datetime | None = typer.Option(None, "--to", formats=["%Y-%m-%d"], help="Last business date to report."),
) -> None:
    """Take every new meter file of the inbox into the lake, and tell which dates it touches.

    The same file twice changes nothing; refused records are in quarantine with their reason. Example: gridmart ingest
    """
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from gridmart.errors import GridmartError
    from gridmart.lake.ingest import ingest as run
    from gridmart.warehouse.database import is_ranged_run

    start, end = first.date() if first else None, last.date() if last else None
    if start and end and end < start:
        raise GridmartError(f"--from {start} is after --to {end}", "give a range of dates", 2)
    console = Console(stderr=True, file=sys.stderr)
    if not (start and end) and is_ranged_run():
        console.print("a ranged run is under way and takes new files with it: nothing to do now")
        print(json.dumps({"from": None, "to": None, "files": 0, "readings": 0, "quarantined": 0, "touched": False}))
        return
    with Progress(console=console) as bar:
        tasks: dict[str, int] = {}

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
            bar.update(tasks[step], completed=done, total=total)  # type: ignore[arg-type]

        outcome = run(progress)
    table = Table("file", "format", "status", "records", "refused", "readings", "message")
    for row in outcome.files:
        table.add_row(
            row["name"], row["format"], row["status"], *(f"{row[name]:,}" for name in (
                "delivered_records", "quarantined_records", "readings",
            )), row["message"][:120],
        )  # fmt: skip
    if outcome.files:
        console.print(table)
    print(json.dumps(outcome.json(start, end)), flush=True)
    outcome.done()
