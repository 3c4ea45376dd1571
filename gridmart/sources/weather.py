"""Weather into landing_weather.hourly: from the HTTP service that is set, else from files of the drop folder.

A file is CSV in UTF-8 with the columns of HEADER; valid_at and issued_at are UTC, ISO 8601. The latest
issue of a station, hour and kind wins, whatever the order of arrival. The same file twice changes nothing,
nor does a station of the service whose version is known.
"""

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from gridmart.errors import GridmartError
from gridmart.settings import settings
from gridmart.sources.catalog import Source
from gridmart.sources.file_drop import upsert
from gridmart.sources.weather_http import WeatherService
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
    """Load every file or station that is new or changed, one transaction each; returns changed rows.

    Raises GridmartError (exit code 3) if the folder, a file or the service is at fault; what was loaded before stays.
    """
    if settings().weather_url:
        return _from_service(source, say)
    return _from_files(source, say)


def _known(source: Source) -> dict[str, str]:
    with connect("loader") as connection:
        rows = connection.execute(
            "select file_name, sha256 from supervision.source_file where source = %s", (source.name,)
        ).fetchall()
    return dict(rows)


def _load(source: Source, name: str, version: str, rows: Iterable[tuple[object, ...]]) -> int:
    with connect("loader") as connection:
        count = upsert(
            connection,
            (source.landing, "hourly"),
            ("station_code", "valid_at", "kind"),
            [*HEADER, "_extracted_at"],
            rows,
            newer="issued_at",
        )
        connection.execute(
            """
            insert into supervision.source_file (source, file_name, sha256, row_count) values (%s, %s, %s, %s)
            on conflict (source, file_name) do update
            set sha256 = excluded.sha256, row_count = excluded.row_count, loaded_at = now()
            """,
            (source.name, name, version, count),
        )
    return count


def _from_service(source: Source, say: Callable[[str], None]) -> int:
    at = datetime.now(UTC)
    known, changed = _known(source), 0
    service = WeatherService(settings().weather_url)
    for station, version in service.stations().items():
        name = service.name_of(station)
        if version and known.get(name) == version:
            continue
        count = _load(source, name, version, ((*row, at) for row in service.hourly(station)))
        say(f"weather station {station}: {count:,} rows changed")
        changed += count
    return changed


def _from_files(source: Source, say: Callable[[str], None]) -> int:
    folder = settings().weather_inbox
    if not folder.is_dir():
        raise GridmartError(
            f"the weather drop folder {folder} does not exist", "Create it, or set GRIDMART_WEATHER_DIR.", EXIT_SOURCE
        )
    at = datetime.now(UTC)
    known, changed = _known(source), 0
    for path in sorted(folder.glob("*.csv")):
        if path.stat().st_size > MOST_BYTES:
            raise GridmartError(
                f"weather file {path.name} is larger than {MOST_BYTES:,} bytes", "Have it split by month.", EXIT_SOURCE
            )
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if known.get(path.name) == digest:
            continue
        count = _load(source, path.name, digest, _rows(path, at))
        say(f"weather file {path.name}: {count:,} rows changed")
        changed += count
    return changed
