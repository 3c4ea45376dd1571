"""Weather files of the drop folder into landing_weather.hourly.

A file is CSV in UTF-8 with the columns of HEADER; valid_at and issued_at are UTC, ISO 8601. The latest
issue of a station, hour and kind wins, whatever the order of arrival. The same file twice changes nothing.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from gridmart.errors import GridmartError
from gridmart.settings import settings
from gridmart.sources.catalog import Source
from gridmart.sources.file_drop import upsert
from gridmart.warehouse.database import connect

HEADER = ["station_code", "valid_at", "kind", "issued_at", "temperature_c", "humidity_pct"]
KINDS = ("actual", "forecast")
MOST_BYTES = 200_000_000  # a year of hours at 1,000 stations is about 90 MB as one month a file
EXIT_SOURCE = 3


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _rows(path: Path, at: datetime) -> Iterator[tuple[object, ...]]:
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            header = next(reader, [])
            if header != HEADER:
                raise ValueError(f"its header is {','.join(header)[:200]!r}, expected {','.join(HEADER)!r}")
            for row in reader:
                line = reader.line_num
                if len(row) != len(HEADER):
                    raise ValueError(f"{len(row)} fields, expected {len(HEADER)}")
                station, valid_at, kind, issued_at, temperature, humidity = row
                if kind not in KINDS:
                    raise ValueError(f"kind is {kind[:50]!r}, expected {' or '.join(KINDS)}")
                yield (
                    station,
                    _moment(valid_at),
                    kind,
                    _moment(issued_at),
                    float(temperature) if temperature else None,
                    float(humidity) if humidity else None,
                    at,
                )
    except (ValueError, csv.Error) as error:
        raise GridmartError(
            f"weather file {path.name}, line {line}: {error}",
            "Have the file delivered again, or move it out of the drop folder. The last good data stays in use.",
            EXIT_SOURCE,
        ) from error


def extract(source: Source, say: Callable[[str], None]) -> int:
    """Load every file that is new or changed since it was loaded, one transaction a file; returns changed rows."""
    folder = settings().weather_inbox
    if not folder.is_dir():
        raise GridmartError(
            f"the weather drop folder {folder} does not exist", "Create it, or set GRIDMART_WEATHER_DIR.", EXIT_SOURCE
        )
    at = datetime.now(UTC)
    changed = 0
    with connect("loader") as connection:
        known: dict[str, str] = dict(
            connection.execute(
                "select file_name, sha256 from supervision.source_file where source = %s", (source.name,)
            ).fetchall()
        )
    for path in sorted(folder.glob("*.csv")):
        if path.stat().st_size > MOST_BYTES:
            raise GridmartError(
                f"weather file {path.name} is larger than {MOST_BYTES:,} bytes", "Have it split by month.", EXIT_SOURCE
            )
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if known.get(path.name) == digest:
            continue
        with connect("loader") as connection:
            count = upsert(
                connection,
                (source.landing, "hourly"),
                ("station_code", "valid_at", "kind"),
                [*HEADER, "_extracted_at"],
                _rows(path, at),
                newer="issued_at",
            )
            connection.execute(
                """
                insert into supervision.source_file (source, file_name, sha256, row_count) values (%s, %s, %s, %s)
                on conflict (source, file_name) do update
                set sha256 = excluded.sha256, row_count = excluded.row_count, loaded_at = now()
                """,
                (source.name, path.name, digest, count),
            )
        say(f"weather file {path.name}: {count:,} rows changed")
        changed += count
    return changed
