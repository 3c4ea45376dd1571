"""The lake as it was known at a moment: clean readings, and roll-ups worked out again, by snapshots of ami.reading."""

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.table.snapshots import Snapshot

from gridmart.errors import GridmartError
from gridmart.lake import checksums, load, retention, tables
from gridmart.lake.validate import CHECKSUMS, MADE_FROM, rollups_again
from gridmart.lake.vee.rules import Rule
from gridmart.settings import settings

KEPT = "states that roll-ups name are kept, others for a while only: see 'gridmart lake stats'"


def moment(text: str) -> datetime:
    """An ISO 8601 date and time; without an offset it is local."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(settings().timezone))).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        cause = f"{text[:40]!r} is not a date and time"
        raise GridmartError(
            cause, "write it as 2026-10-31T08:00+08:00, or without an offset for local time", 2
        ) from error


def committed_at(snapshot: Snapshot) -> datetime:
    """When a snapshot became the state of its table, UTC."""
    return datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)


def _local(at: datetime) -> str:
    return at.astimezone(ZoneInfo(settings().timezone)).isoformat(timespec="milliseconds")


def snapshot_at(at: datetime) -> Snapshot:
    """The snapshot of ami.reading that was current at a moment.

    A GridmartError before the first one, and where the state of that moment may be among those that have expired:
    snapshots are numbered without a gap when they are made.
    """
    snapshots = sorted(tables.load("reading").snapshots(), key=lambda snapshot: snapshot.sequence_number or 0)
    before = [snapshot for snapshot in snapshots if committed_at(snapshot) <= at]
    after = snapshots[len(before) :]
    number = (before[-1].sequence_number or 0) if before else 0
    if after and (after[0].sequence_number or 0) != number + 1:
        near = [_local(committed_at(snapshot)) for snapshot in (*before[-1:], after[0])]
        raise GridmartError(
            f"the state of {_local(at)} has expired", f"the nearest that can be read: {' and '.join(near)}; {KEPT}"
        )
    if not before:
        first = f"the first state is of {_local(committed_at(after[0]))}" if after else "run 'gridmart validate' first"
        raise GridmartError(f"nothing was validated yet at {_local(at)}", first)
    return before[-1]


def _rows(point: str, day: date, channel: str | None, snapshot_id: int | None) -> pa.Table | None:
    """Clean readings of a point and date in a snapshot; None when the date has none of any point."""
    paths = tables.data_files("reading", [day], snapshot_id)
    chosen = [("point_no", "==", point), *([("channel", "==", channel)] if channel else [])]
    try:
        parts = [pq.read_table(path, partitioning=None, filters=chosen) for path in paths]
    except FileNotFoundError as error:
        raise GridmartError(f"the readings of {day} are no longer kept", f"their files have left: {KEPT}") from error
    if not parts:
        return None
    schema = tables.arrow_schema("reading")
    rows = pa.concat_tables([part.select(schema.names).cast(schema) for part in parts])
    return rows.sort_by([("channel", "ascending"), ("interval_start", "ascending")])


def _nothing(point: str, day: date, channel: str | None, at: datetime, known: bool) -> GridmartError:
    """Why nothing is there; known: whether the date had readings of others at that moment."""
    what = f"{point}, {channel}," if channel else point
    later = _rows(point, day, channel, None)
    if later is not None and later.num_rows:
        return GridmartError(
            f"no reading of {what} on {day} was known at {_local(at)}", "it came later: ask for a later time", 2
        )
    if not known:
        return GridmartError(
            f"no reading of {day} was known at {_local(at)}", "is the date right, and was it validated?", 2
        )
    return GridmartError(
        f"{what} has no reading of {day}, then or now", "check the point and channel against the register", 2
    )


def reading(point: str, day: date, at: datetime, channel: str | None = None) -> dict[str, Any]:
    """The readings of a point on a business date as they were known at a moment.

    Returns {"point", "date", "at", "snapshot_id", "committed_at", "readings": [{"channel", "interval_start",
    "interval_minutes", "value", "quality_code", "method_code", "rules"}]}; values in the channel's unit.
    Raises GridmartError: unknown point, channel or date; before the first state; expired.
    """
    snapshot = snapshot_at(at)
    rows = _rows(point, day, channel, snapshot.snapshot_id)
    if rows is None or not rows.num_rows:
        raise _nothing(point, day, channel, at, rows is not None)
    rows = rows.drop_columns(["point_no", "business_date"])
    found = []
    for row in rows.to_pylist():
        bits = row.pop("rule_bits") or 0
        row["interval_start"] = row["interval_start"].isoformat()
        found.append({**row, "rules": [rule.name.lower() for rule in Rule if bits & rule and rule.name]})
    return {
        "point": point,
        "date": str(day),
        "at": at.isoformat(),
        "snapshot_id": snapshot.snapshot_id,
        "committed_at": committed_at(snapshot).isoformat(),
        "readings": found,
    }


def made_from(snapshot: Snapshot) -> dict[str, Any] | None:
    """What a snapshot of ami.reading was worked out from (`Validation.made_from`); None where it does not say."""
    return _told(snapshot, MADE_FROM)


def _told(snapshot: Snapshot, name: str) -> Any:
    text = snapshot.summary.additional_properties.get(name) if snapshot.summary else None
    return json.loads(text) if text else None


def rollups(dates: list[date], snapshot_id: int) -> dict[str, pa.Table]:
    """The roll-ups of dates, in order, that name this snapshot (lake_snapshot_id), worked out again: the same bytes.

    A GridmartError when the snapshot is gone, did not make these dates, or stands on a register or rules of the past.
    """
    snapshot = tables.load("reading").snapshot_by_id(snapshot_id)
    if snapshot is None:
        raise GridmartError(f"snapshot {snapshot_id} of ami.reading has expired, or never was", KEPT)
    origin = made_from(snapshot)
    for day in dates:
        if origin is None or not origin["from"] <= str(day) <= origin["to"]:
            raise GridmartError(
                f"snapshot {snapshot_id} did not make {day}", "take lake_snapshot_id of the roll-up's row", 2
            )
        if day < retention.oldest_validated():
            raise GridmartError(
                f"the deliveries that {day} was made from are no longer kept", "its roll-ups stay as they are"
            )
    assert origin is not None
    for name, number in origin["inputs"].items():
        if number is not None and tables.load(name).snapshot_by_id(number) is None:
            raise GridmartError(f"what snapshot {snapshot_id} was made from has expired (ami.{name})", KEPT)
    wanted = pa.array(dates, pa.date32())
    found = rollups_again(dates, origin)
    return {name: rows.filter(pc.is_in(rows["business_date"], wanted)) for name, rows in found.items()}


def _stored(name: str, day: date) -> tuple[pa.Table, set[int]]:
    """Rows of a roll-up of a date as the warehouse holds them, and the snapshots that they name."""
    with load.transaction() as cursor:
        cursor.execute(f"select * from {load.SCHEMA}.{name} where business_date = '{day}'")
        rows: pa.Table = cursor.fetch_arrow_table()
    return rows.drop_columns(["lake_snapshot_id", "loaded_at"]), set(rows["lake_snapshot_id"].to_pylist())


def proof(day: date) -> dict[str, Any]:
    """The stored roll-ups of a date beside the same worked out again from the snapshot that they name.

    Returns {"date", "snapshot_ids", "equal", "tables": {name: {"rows", "sha256", "sha256_again"}}}.
    Raises GridmartError: nothing is stored for the date, or it cannot be worked out again (`rollups`).
    """
    stored = {name: _stored(name, day) for name in load.ROLLUP_TABLES}
    snapshots = set().union(*(named for _, named in stored.values()))
    if len(snapshots) != 1:
        cause = "name several snapshots: they are being replaced" if snapshots else "are not in the warehouse"
        raise GridmartError(f"the roll-ups of {day} {cause}", "run 'gridmart validate' for the date, and its gate")
    (snapshot_id,) = snapshots
    again = rollups([day], snapshot_id)
    compared = {}
    for name, (rows, _) in stored.items():
        anew = again[name].select(rows.column_names).cast(rows.schema)
        hashes = [checksums.sha256(each, checksums.KEYS[name]) for each in (rows, anew)]
        compared[name] = {"rows": rows.num_rows, "sha256": hashes[0], "sha256_again": hashes[1]}
    return _compared(day, snapshot_id, compared)


def _compared(day: date, snapshot_id: int, compared: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "date": str(day),
        "snapshot_ids": [snapshot_id],
        "equal": all(found["sha256"] == found["sha256_again"] for found in compared.values()),
        "tables": compared,
    }


def proof_at(day: date, at: datetime) -> dict[str, Any]:
    """What the roll-ups of a date were at a moment, by the checksums that the lake kept when they were made, beside
    the same worked out again.

    Returns what `proof` does, and "at", "committed_at", "is_in_force": whether the date was not made anew since.
    Raises GridmartError: nothing was known, or it cannot be worked out again (`snapshot_at`, `rollups`).
    """
    made = tables.added_by("reading", day, snapshot_at(at).snapshot_id)
    if made is None:
        raise GridmartError(
            f"no reading of {day} was known at {_local(at)}", "is the date right, and was it validated?", 2
        )
    again = rollups([day], made)
    snapshot = tables.load("reading").snapshot_by_id(made)
    assert snapshot is not None  # else `rollups` told
    told = (_told(snapshot, CHECKSUMS) or {}).get(str(day))
    if told is None:
        raise GridmartError(
            f"snapshot {made} keeps no checksums: it was made before they were kept",
            "what is stored now can be proved: leave --at away",
        )
    compared = {
        name: {
            "rows": again[name].num_rows,
            "sha256": told[name],
            "sha256_again": checksums.sha256(again[name], checksums.KEYS[name]),
        }
        for name in load.ROLLUP_TABLES
    }
    now = tables.added_by("reading", day, tables.current_snapshot_id("reading"))
    return {
        **_compared(day, made, compared),
        "at": at.isoformat(),
        "committed_at": committed_at(snapshot).isoformat(),
        "is_in_force": now == made,
    }
