"""From the lake into PostgreSQL: Arrow by binary COPY (ADBC), whole date ranges in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import adbc_driver_manager
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_postgresql import dbapi

from gridmart.errors import GridmartError
from gridmart.sources.meter_files import frozen_registers
from gridmart.sources.meter_files.frozen_registers import TOTAL
from gridmart.warehouse.database import url

SCHEMA = "raw_ami"
LANDING = "landing_ami"  # roll-ups land here; the arrival gate lets them into raw_ami
ROLLUP_TABLES = ("point_day", "transformer_hour", "feeder_hour", "collection_day")

FILE_COLUMNS = (
    "file_id", "name", "path", "size_bytes", "mtime_ns", "format", "status", "delivered_records",
    "accepted_records", "quarantined_records", "readings", "first_at", "last_at", "message", "arrived_at",
)  # fmt: skip
QUARANTINE_COLUMNS = (
    "file_id", "file_name", "row_number", "rule", "reason", "next_step", "point_no", "channel", "business_date",
    "content", "arrived_date",
)  # fmt: skip
EVENT_COLUMNS = (
    "point_no", "meter_no", "event_code", "occurred_at", "business_date", "arrived_at", "file_id", "row_number",
)  # fmt: skip
TASK_COLUMNS = (
    "org_no", "business_date", "task_code", "planned_at", "result_code", "tries", "points", "arrived_at", "file_id",
    "row_number",
)  # fmt: skip

REGISTER_TYPES = {
    "point_no": pa.string(), "business_date": pa.date32(), **dict.fromkeys(frozen_registers.CHANNELS, pa.float64()),
    "version": pa.int64(), "arrived_at": pa.timestamp("us", "UTC"),
}  # fmt: skip


@contextmanager
def transaction() -> Iterator[Any]:
    """An ADBC cursor as role loader; commits at the end, rolls back on any error."""
    try:
        with dbapi.connect(url("loader"), autocommit=False) as connection, connection.cursor() as cursor:
            yield cursor
            connection.commit()
    except adbc_driver_manager.Error as error:
        if "relation" in str(error) and "does not exist" in str(error):
            next_step = "create the warehouse's tables ('gridmart up'), then run this again"
        else:
            next_step = "start it ('gridmart up') and run the same command again: nothing was half loaded"
        raise GridmartError(f"PostgreSQL refused or broke off the load: {_first_line(error)}", next_step) from error


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def load_rollups(tables: dict[str, pa.Table], states: pa.Table, snapshot_id: int) -> None:
    """Replace the dates of `states` in the four landing tables, and say what they were made from.

    tables: rows by name of ROLLUP_TABLES; states: business_date, the three fingerprints,
    readings, rule_version. One transaction: after a crash PostgreSQL holds all of it or the state before.
    """
    dates: list[date] = states["business_date"].to_pylist()
    now = datetime.now(UTC)
    with transaction() as cursor:
        for name in ROLLUP_TABLES:
            _replace(cursor, LANDING, name, _stamped(tables[name], snapshot_id, loaded_at=now), dates)
        _replace(cursor, SCHEMA, "validated_date", _stamped(states, snapshot_id, validated_at=now), dates)


def _stamped(rows: pa.Table, snapshot_id: int, **at: datetime) -> pa.Table:
    stamps = {"lake_snapshot_id": pa.scalar(snapshot_id, pa.int64())}
    stamps |= {name: pa.scalar(moment, pa.timestamp("us", "UTC")) for name, moment in at.items()}
    for name, stamp in stamps.items():
        rows = rows.append_column(name, pa.repeat(stamp, rows.num_rows))
    return rows


def _replace(cursor: Any, schema: str, name: str, rows: pa.Table, dates: list[date]) -> None:
    first, last = min(dates), max(dates)
    if len(dates) == (last - first).days + 1:
        cursor.execute(f"delete from {schema}.{name} where business_date between '{first}' and '{last}'")
    else:
        listed = ", ".join(f"'{day}'" for day in dates)
        cursor.execute(f"delete from {schema}.{name} where business_date in ({listed})")
    if rows.num_rows:
        cursor.adbc_ingest(name, rows, mode="append", db_schema_name=schema)


def mirror(
    files: pa.Table,
    quarantine: pa.Table,
    events: pa.Table | None = None,
    registers: pa.Table | None = None,
    tasks: pa.Table | None = None,
) -> None:
    """Bring the mirrors of ami.file, quarantine, event and collection_task up to date; rows already there stay.

    An event that is told twice, within a file or by several, is there once. Of `registers` (ami.register_read) those
    by period, and the totals beside them, replace what an earlier delivery told of the same point and date.
    """
    quarantine = _without_null_points(quarantine.select(list(QUARANTINE_COLUMNS)))
    events = events.select(list(EVENT_COLUMNS)) if events else None
    tasks = tasks.select(list(TASK_COLUMNS)) if tasks else None
    with transaction() as cursor:
        for name, rows, action in (
            ("file", files.select(list(FILE_COLUMNS)), _file_conflict()),
            ("quarantine", quarantine, "on conflict do nothing"),
            ("meter_event", events, "on conflict do nothing"),
            ("collection_task", tasks, "on conflict do nothing"),
            ("register_day", register_days(registers) if registers else None, _register_conflict()),
        ):
            if rows is None or not rows.num_rows:
                continue
            columns = ", ".join(rows.column_names)
            cursor.adbc_ingest(f"new_{name}", rows, mode="create", temporary=True)
            cursor.execute(f"insert into {SCHEMA}.{name} ({columns}) select {columns} from pg_temp.new_{name} {action}")
            cursor.execute(f"drop table pg_temp.new_{name}")


def register_days(registers: pa.Table) -> pa.Table | None:
    """Rows of raw_ami.register_day of rows of ami.register_read: point and date by register, the latest of each.

    An index at the start of a date is that of the end of the date before. Points without a register by period are left
    out: their totals are in point_day.
    """
    names = {channel: name for name, channel in frozen_registers.CHANNELS.items()}
    rows = registers.filter(pc.is_in(registers["channel"], pa.array(list(names)))).to_pandas()
    ends = rows.assign(index=rows["index_end"])
    starts = rows.assign(
        index=rows["index_start"], business_date=[day - timedelta(days=1) for day in rows["business_date"]]
    )
    both = pd.concat([starts, ends]).dropna(subset="index").sort_values(["version", "arrived_at", "row_number"])
    if both.empty:
        return None
    key = ["point_no", "business_date"]
    latest = both.drop_duplicates([*key, "channel"], keep="last")
    wide = latest.pivot(index=key, columns="channel", values="index").reindex(columns=list(names)).rename(columns=names)
    told = latest.groupby(key)[["version", "arrived_at"]].max()
    found = wide.join(told)
    found = found[found[[name for name in names.values() if name != names[TOTAL]]].notna().any(axis=1)]
    schema = pa.schema(list(REGISTER_TYPES.items()))
    return pa.Table.from_pandas(found.reset_index(), schema, preserve_index=False)


def _register_conflict() -> str:
    named = [*frozen_registers.CHANNELS, "version", "arrived_at"]
    updates = ", ".join(f"{name} = coalesce(excluded.{name}, register_day.{name})" for name in named)
    newer = "(excluded.version, excluded.arrived_at) >= (register_day.version, register_day.arrived_at)"
    return f"on conflict (point_no, business_date) do update set {updates} where {newer}"


def _without_null_points(rows: pa.Table) -> pa.Table:
    place = rows.column_names.index("point_no")
    return rows.set_column(place, "point_no", rows["point_no"].fill_null(""))


def _file_conflict() -> str:
    updates = ", ".join(f"{name} = excluded.{name}" for name in FILE_COLUMNS if name != "file_id")
    return f"on conflict (file_id) do update set {updates}"


def states(first: date, last: date) -> dict[date, tuple[str, str | None, str]]:
    """What the roll-ups of dates were made from: (fingerprint, next_fingerprint, raw_fingerprint) by date."""
    with transaction() as cursor:
        cursor.execute(
            f"select business_date, fingerprint, next_fingerprint, raw_fingerprint from {SCHEMA}.validated_date"
            f" where business_date between '{first}' and '{last}'"
        )
        rows: list[Any] = cursor.fetchall()
    return {day: values for day, *values in rows}
