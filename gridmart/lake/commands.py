"""Commands of this area."""

import json
import sys
from datetime import datetime
from pathlib import Path

import typer

from gridmart.lake import file_commands


def register(app: typer.Typer) -> None:
    """Add this area's commands to the command line."""
    app.command("parse")(file_commands.parse)
    app.command("ingest")(file_commands.ingest)
    app.command("validate")(validate)
    lake = typer.Typer(help="The lake's tables.", no_args_is_help=True)
    lake.callback()(lambda: None)
    lake.command("stats")(lake_stats)
    lake.command("maintain")(lake_maintain)
    lake.command("edit")(lake_edit)
    lake.command("as-known")(lake_as_known)
    lake.command("prove")(lake_prove)
    app.add_typer(lake, name="lake")


def validate(
    first: datetime = typer.Option(..., "--from", formats=["%Y-%m-%d"], help="First business date."),
    last: datetime = typer.Option(..., "--to", formats=["%Y-%m-%d"], help="Last business date."),
    every: bool = typer.Option(False, "--all", "--force", help="Also dates whose inputs are unchanged."),
) -> None:
    """Validate and estimate readings, roll them up and load them into PostgreSQL.

    Dates whose inputs are unchanged since they were validated are skipped; dates up to four weeks later that
    hang on a changed date are validated with it. Example: gridmart validate --from 2026-10-01 --to 2026-10-31
    """
    from rich.console import Console
    from rich.progress import Progress

    from gridmart.errors import GridmartError
    from gridmart.lake.validate import validate as run

    if last < first:
        raise GridmartError(f"--from {first:%Y-%m-%d} is after --to {last:%Y-%m-%d}", "give a range of dates", 2)
    with Progress(console=Console(file=sys.stderr)) as bar:
        task = bar.add_task("validate", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        print(json.dumps(run(first.date(), last.date(), every, progress)))


def lake_edit(
    file: Path = typer.Argument(..., exists=True, dir_okay=False, help="CSV: point,channel,start,old,new,who,at,why."),
) -> None:
    """Take in manual edits of readings; the next validation puts them over the values of their dates.

    Exit code 3 when rows were refused: they are in quarantine with their reason.
    Example: gridmart lake edit edits.csv
    """
    from gridmart.lake.edits import take_in

    done = take_in(file)
    print(json.dumps(done))
    if done["quarantined"]:
        raise typer.Exit(3)


def lake_as_known(
    at: str = typer.Option(..., "--at", metavar="TIME", help="ISO 8601; without an offset it is local time."),
    point: str = typer.Option(..., "--point", help="Number of the metering point."),
    day: datetime = typer.Option(..., "--date", formats=["%Y-%m-%d"], help="Business date."),
    channel: str = typer.Option("", "--channel", help="One channel, such as import_kwh; without it, all."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object; without it, a table."),
) -> None:
    """Show the clean readings of a point and date as they were known at a time.

    Example: gridmart lake as-known --at 2026-11-01T08:00+08:00 --point P000000001 --date 2026-10-31
    """
    from rich.console import Console
    from rich.table import Table

    from gridmart.lake import as_known

    found = as_known.reading(point, day.date(), as_known.moment(at), channel or None)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    title = f"{point} on {found['date']}: snapshot {found['snapshot_id']} of {found['committed_at']}"
    columns = ("channel", "interval_start", "interval_minutes", "value", "quality_code", "method_code", "rules")
    table = Table(*columns, title=title)
    for row in found["readings"]:
        row["rules"] = ", ".join(row["rules"])
        table.add_row(*("" if row[name] is None else str(row[name]) for name in columns))
    Console().print(table)


def lake_prove(
    day: datetime | None = typer.Option(None, "--date", formats=["%Y-%m-%d"], help="Business date of roll-ups."),
    bill: str = typer.Option("", "--bill", help="Number of an issued bill, whose shadow bill is worked out again."),
    at: str = typer.Option("", "--at", metavar="TIME", help="With --date: what was known then; as of lake as-known."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object; without it, a table."),
) -> None:
    """Work out a date's roll-ups or a shadow bill again from the snapshots that they name; compare with what is stored.

    Roll-ups of an earlier time, replaced since, are compared with the checksums that the lake kept of them. Exit code 3
    when they differ: somebody changed the warehouse or the lake, or models were changed and not built since.
    Examples: gridmart lake prove --date 2026-10-31 --at 2026-11-02T08:00; gridmart lake prove --bill 900000012345
    """
    from rich.console import Console
    from rich.table import Table

    from gridmart.errors import GridmartError
    from gridmart.lake import as_known
    from gridmart.warehouse import bill_proof

    if (day is None) == (not bill):
        raise GridmartError("nothing or two things to prove", "give either --date or --bill", 2)
    if bill and at:
        raise GridmartError("a bill is proved as it is published", "give --at with --date alone", 2)
    if day is None:
        found = bill_proof.proof(bill)
    elif at:
        found = as_known.proof_at(day.date(), as_known.moment(at))
    else:
        found = as_known.proof(day.date())
    if as_json:
        print(json.dumps(found))
    else:
        snapshots = ", ".join(map(str, found["snapshot_ids"]))
        since = "" if found.get("is_in_force", True) else f", of {found['committed_at']}; made anew since"
        table = Table("table", "rows", "stored", "worked out again", "", title=f"snapshot {snapshots}{since}")
        for name, one in found["tables"].items():
            same = one["sha256"] == one["sha256_again"]
            table.add_row(
                name, str(one["rows"]), one["sha256"][:16], one["sha256_again"][:16], "equal" if same else "DIFFERENT"
            )
        Console().print(table)
    if not found["equal"]:
        raise typer.Exit(3)


def lake_stats() -> None:
    """Files, small ones, rows, megabytes, snapshots of each table, as one line of JSON. Example: gridmart lake stats"""
    from gridmart.lake.maintenance import stats

    print(json.dumps(stats()))


def lake_maintain() -> None:
    """Remove dates by age (if set), merge small files, expire old snapshots, delete files that no snapshot holds.

    Prints what it did as one line of JSON. Example: gridmart lake maintain
    """
    from gridmart.lake.maintenance import maintain

    print(json.dumps(maintain()))
