"""Figures of the lake's tables, and what keeps them well: small files are merged, what is old or nobody's leaves."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pyiceberg.table import Table

from gridmart.lake import as_known, compaction, retention, tables
from gridmart.warehouse.database import connect

KEEP_DAYS = retention.CLOSING_DAYS  # of snapshots: any state of the open month can still be read
ORPHAN_HOURS = 24  # a file younger than this may belong to a run that has not committed yet
AGED = (
    "reading_raw",
    "register_read",
    "event",
    "collection_task",
    "edit",
    "reading",
    "day_summary",
    "quarantine",
)  # ami.file stays: the account


def stats() -> list[dict]:
    """One row a table: name, files (small_files: those that merging would make fewer), rows, megabytes, snapshots.

    largest_megabytes: of one file; oldest_snapshot_at: UTC, null before the first.
    """
    found = []
    for name in tables.SCHEMAS:
        table = tables.load(name)
        files = tables.live_files(name)
        sizes = [file.file_size_in_bytes / 1e6 for file in files]
        known = sorted(as_known.committed_at(snapshot) for snapshot in table.snapshots())
        found.append(
            {
                "table": f"{tables.NAMESPACE}.{name}",
                "files": len(files),
                "small_files": sum(len(group) for _, group in compaction.groups(name)),
                "rows": sum(file.record_count for file in files),
                "megabytes": round(sum(sizes), 1),
                "largest_megabytes": round(max(sizes, default=0.0), 1),
                "snapshots": len(known),
                "oldest_snapshot_at": known[0].isoformat() if known else None,
            }
        )
    return found


def _evidence() -> set[int]:
    """Snapshots that loaded roll-ups name, and those that these were made from: they stay, however old."""
    with connect("loader") as connection:
        rows = connection.execute(
            "select distinct lake_snapshot_id from raw_ami.validated_date where business_date >= %(oldest)s"
            " union select distinct lake_snapshot_id from raw_ami.point_day where business_date >= %(oldest)s",
            {"oldest": retention.oldest_kept()},
        ).fetchall()
    named = {snapshot for (snapshot,) in rows}
    origins = [as_known.made_from(found) for found in tables.load("reading").snapshots() if found.snapshot_id in named]
    return named | {number for origin in origins if origin for number in origin["inputs"].values() if number}


def expire_snapshots(keep_days: int = KEEP_DAYS) -> int:
    """Forget snapshots older than `keep_days`, but never the current one or one that roll-ups name."""
    limit = (datetime.now(UTC) - timedelta(days=keep_days)).timestamp() * 1000
    evidence, expired = _evidence(), 0
    for name in tables.SCHEMAS:
        table = tables.load(name)
        current = table.current_snapshot()
        old = [
            snapshot.snapshot_id
            for snapshot in table.snapshots()
            if snapshot.timestamp_ms < limit
            and snapshot.snapshot_id not in evidence
            and (current is None or snapshot.snapshot_id != current.snapshot_id)
        ]
        if old:
            table.maintenance.expire_snapshots().by_ids(old).commit()
            expired += len(old)
    return expired


def _referenced(table: Table) -> Iterator[str]:
    """Paths of the data files that any snapshot of a table still holds."""
    for snapshot in table.snapshots():
        for manifest in snapshot.manifests(table.io):
            for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
                yield entry.data_file.file_path.removeprefix("file://")


def remove_by_age() -> int:
    """Take dates older than the setting lake_keep_days out of the tables; the number of dates, all tables together."""
    oldest, removed = retention.oldest_kept(), 0
    for name in AGED:
        old = {day for day in tables.dates_of(name) if day < oldest}
        if old:
            tables.replace_dates({name: (old, [])})
            removed += len(old)
    return removed


def _is_aged(path: Path, oldest: date) -> bool:
    column, _, day = path.parent.name.partition("=")
    return bool(column and day) and date.fromisoformat(day) < oldest


def remove_orphans(older_than_hours: float = ORPHAN_HOURS) -> int:
    """Delete Parquet files that no snapshot holds: left by killed runs, or by expired snapshots.

    Also those of dates that have left by age, though a snapshot that a roll-up names may hold them.
    """
    limit, removed, oldest = time.time() - older_than_hours * 3600, 0, retention.oldest_kept()
    for name in tables.SCHEMAS:
        known, live = set(_referenced(tables.load(name))), set(tables.data_files(name))
        for path in tables.folder(name).rglob("*.parquet"):
            is_held = str(path) in known and not (name in AGED and _is_aged(path, oldest) and str(path) not in live)
            if not is_held and path.stat().st_mtime < limit:
                path.unlink()
                removed += 1
    return removed


def maintain() -> dict:
    """All of it; returns what was done.

    {"dates_removed", "files_merged": {table: [files before, files after]}, "snapshots_expired", "files_removed"}
    """
    removed = remove_by_age()
    merged = {f"{tables.NAMESPACE}.{name}": compaction.compact(name) for name in compaction.APPENDED}
    return {
        "dates_removed": removed,
        "files_merged": {name: list(counts) for name, counts in merged.items() if counts[0]},
        "snapshots_expired": expire_snapshots(),
        "files_removed": remove_orphans(),
    }
