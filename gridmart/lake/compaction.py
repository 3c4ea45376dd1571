"""Many small files of a date become one sorted file; the rows, and what is derived from them, stay the same.

Ingestion appends a file a batch and date, so a date that comes in small deliveries has many. Validation replaces
whole dates and needs no merging. A data file's identity is its name (files never change once written); a merged file
carries in its name the sum of the identities of what it holds, so that a date has one content number, however its
rows are cut into files.
"""

import hashlib
import uuid
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.manifest import DataFile

from gridmart.lake import tables

APPENDED = ("file", "reading_raw", "register_read", "event", "collection_task", "quarantine", "edit")
FULL_ROWS = 2_000_000  # a file with more is left as it is; one merge holds about 0.6 GB at this size
ORDER = ("arrived_at", "point_no", "channel", "interval_start", "occurred_at", "version", "file_id", "row_number")
MERGED = "merged-"
IDENTITIES = 1 << 128


def content(paths: Iterable[str | Path]) -> str:
    """Number of the content of data files as text: the same before and after they are merged, in any order."""
    return f"{sum(_identity(Path(path).stem) for path in paths) % IDENTITIES:032x}"


def _identity(name: str) -> int:
    if name.startswith(MERGED):
        return int(name.split("-")[1], 16)
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:16])


def groups(table: str) -> list[tuple[date | None, list[DataFile]]]:
    """Small files of a table that merging would make one: each group of one partition date, two files or more."""
    if table not in APPENDED:
        return []
    by_date: dict[date | None, list[DataFile]] = {}
    for file in tables.live_files(table):
        if file.record_count < FULL_ROWS:
            by_date.setdefault(tables.day_of(file) if tables.PARTITION[table] else None, []).append(file)
    found = []
    for day, files in by_date.items():
        group: list[DataFile] = []
        rows = 0
        for file in sorted(files, key=lambda file: file.file_path):
            if group and rows + file.record_count > FULL_ROWS:
                found.append((day, group))
                group, rows = [], 0
            group.append(file)
            rows += file.record_count
        found.append((day, group))
    return [(day, group) for day, group in found if len(group) > 1]


def compact(table: str) -> tuple[int, int]:
    """Merge the small files of a table, in one commit; (files merged, files written).

    Earlier snapshots keep the files that they had. A run that dies before its commit leaves files of nobody.
    """
    old: list[str] = []
    new: list[str] = []
    for day, files in groups(table):
        paths = [tables.local(file.file_path) for file in files]
        new.append(str(_merge(table, day, paths)))
        old += paths
    return (len(old), len(new)) if old and tables.rewrite_files(table, old, new) else (0, 0)


def _merge(table: str, day: date | None, paths: list[str]) -> Path:
    schema = tables.arrow_schema(table)
    rows = pa.concat_tables(
        [pq.read_table(path, partitioning=None).select(schema.names).cast(schema) for path in paths]
    )
    order = ORDER if table == "file" else ORDER[1:]
    rows = rows.sort_by([(name, "ascending") for name in order if name in schema.names])
    return tables.write(table, rows, day, f"{MERGED}{content(paths)}-{uuid.uuid4().hex[:8]}")
