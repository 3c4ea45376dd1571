"""Figures of the lake's tables, and what keeps them small: old snapshots and files of nobody leave."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pyiceberg.table import Table

from gridmart.lake import as_known, tables
from gridmart.warehouse.database import connect

KEEP_DAYS = 35  # longer than a month's closing: any state of the open month can still be read
ORPHAN_HOURS = 24  # a file younger than this may belong to a run that has not committed yet


def stats() -> list[dict]:
    """One row a table: name, files, rows, megabytes, snapshots."""
    found = []
    for name in tables.SCHEMAS:
        table = tables.load(name)
        files = [task.file for task in table.scan().plan_files()] if table.current_snapshot() else []
        found.append(
            {
                "table": f"{tables.NAMESPACE}.{name}",
                "files": len(files),
                "rows": sum(file.record_count for file in files),
                "megabytes": round(sum(file.file_size_in_bytes for file in files) / 1e6, 1),
                "snapshots": len(table.snapshots()),
            }
        )
    return found


def _evidence() -> set[int]:
    """Snapshots that loaded roll-ups name, and those that these were made from: they stay, however old."""
    with connect("loader") as connection:
        rows = connection.execute(
            "select distinct lake_snapshot_id from raw_ami.validated_date"
            " union select distinct lake_snapshot_id from raw_ami.point_day"
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


def remove_orphans(older_than_hours: float = ORPHAN_HOURS) -> int:
    """Delete Parquet files that no snapshot holds: left by killed runs, or by expired snapshots."""
    limit, removed = time.time() - older_than_hours * 3600, 0
    for name in tables.SCHEMAS:
        known = set(_referenced(tables.load(name)))
        for path in tables.folder(name).rglob("*.parquet"):
            if str(path) not in known and path.stat().st_mtime < limit:
                path.unlink()
                removed += 1
    return removed
