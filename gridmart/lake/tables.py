"""The lake's Iceberg tables: their schemas, and commits of plain Parquet files.

An engine writes Parquet files under `new_file_path`; `append_files` and `replace_dates` make them part of a
table, many dates in one commit. A commit either happens or does not; every earlier state stays readable by its
snapshot id. A file never changes: a data file holds exactly one business date, so that replacing a date
drops whole files.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression, GreaterThanOrEqual, LessThanOrEqual
from pyiceberg.io.pyarrow import parquet_files_to_data_files, schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (
    DateType,
    DoubleType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)
from sqlalchemy.exc import OperationalError

from gridmart.errors import GridmartError
from gridmart.settings import settings
from gridmart.warehouse.database import url

NAMESPACE = "ami"
COMMIT_ATTEMPTS = 8
COMPRESSION = "zstd"

TEXT, WHOLE, BIG, REAL, DAY, TIME = (
    StringType(), IntegerType(), LongType(), DoubleType(), DateType(), TimestamptzType(),
)  # fmt: skip

_KEY: dict[str, IcebergType] = {"point_no": TEXT, "channel": TEXT}
_ORIGIN: dict[str, IcebergType] = {"version": BIG, "arrived_at": TIME, "file_id": TEXT, "row_number": BIG}

COLUMNS: dict[str, dict[str, IcebergType]] = {
    "file": {
        "file_id": TEXT, "name": TEXT, "path": TEXT, "size_bytes": BIG, "mtime_ns": BIG, "format": TEXT,
        "status": TEXT, "delivered_records": BIG, "accepted_records": BIG, "quarantined_records": BIG,
        "readings": BIG, "first_at": TIME, "last_at": TIME,
        "dates": ListType(element_id=1000, element_type=DAY, element_required=False),
        "message": TEXT, "arrived_at": TIME,
    },
    "reading_raw": {
        **_KEY, "interval_start": TIME, "business_date": DAY, "interval_minutes": WHOLE, "value": REAL,
        "quality_flag": TEXT, **_ORIGIN,
    },
    "register_read": {**_KEY, "business_date": DAY, "index_start": REAL, "index_end": REAL, **_ORIGIN},
    "event": {
        "point_no": TEXT, "meter_no": TEXT, "event_code": TEXT, "occurred_at": TIME, "business_date": DAY,
        "arrived_at": TIME, "file_id": TEXT, "row_number": BIG,
    },
    "collection_task": {
        "org_no": TEXT, "business_date": DAY, "task_code": TEXT, "planned_at": TIME, "result_code": TEXT,
        "tries": WHOLE, "points": BIG, "arrived_at": TIME, "file_id": TEXT, "row_number": BIG,
    },
    "quarantine": {
        "file_id": TEXT, "file_name": TEXT, "row_number": BIG, "rule": TEXT, "reason": TEXT, "next_step": TEXT,
        **_KEY, "business_date": DAY, "content": TEXT, "arrived_date": DAY,
    },
    "reading": {
        **_KEY, "interval_start": TIME, "business_date": DAY, "interval_minutes": WHOLE, "value": REAL,
        "quality_code": TEXT, "method_code": WHOLE, "rule_bits": WHOLE,
    },
    "edit": {
        **_KEY, "interval_start": TIME, "business_date": DAY, "old_value": REAL, "new_value": REAL,
        "edited_by": TEXT, "edited_at": TIME, "reason": TEXT, "file_id": TEXT, "row_number": BIG,
    },
    "day_summary": {
        **_KEY, "business_date": DAY, "interval_minutes": WHOLE, "due": WHOLE, "readings": WHOLE,
        "intervals": WHOLE, "total": REAL, "lowest": REAL, "highest": REAL, "third_highest": REAL,
        "duplicates": WHOLE, "duplicates_differing": WHOLE,
    },
}  # fmt: skip

PARTITION: dict[str, str | None] = {
    "file": None,
    "reading_raw": "business_date",
    "register_read": "business_date",
    "event": "business_date",
    "collection_task": "business_date",
    "quarantine": "arrived_date",
    "reading": "business_date",
    "edit": "business_date",
    "day_summary": "business_date",
}


def _schema(columns: Mapping[str, IcebergType]) -> Schema:
    fields = [NestedField(n, name, kind, required=False) for n, (name, kind) in enumerate(columns.items(), start=1)]
    return Schema(*fields)


SCHEMAS: dict[str, Schema] = {name: _schema(columns) for name, columns in COLUMNS.items()}


def arrow_schema(table: str) -> pa.Schema:
    """Arrow schema of a table as a writer should produce it: timestamps are UTC microseconds."""
    return schema_to_pyarrow(SCHEMAS[table], include_field_ids=False)


@lru_cache(maxsize=1)
def _catalog(uri: str, warehouse: str) -> SqlCatalog:
    return SqlCatalog("gridmart", uri=uri, warehouse=warehouse, pool_pre_ping="true", init_catalog_tables="true")


def catalog() -> SqlCatalog:
    """The Iceberg catalog, kept in PostgreSQL database `lake`; a GridmartError when PostgreSQL is not there."""
    lake = settings().lake
    lake.mkdir(parents=True, exist_ok=True)
    try:
        return _catalog(url("loader", "lake", scheme="postgresql+psycopg2"), lake.resolve().as_uri())
    except OperationalError as error:
        raise GridmartError(
            f"the lake's catalog cannot be reached: {str(error.orig).strip()}", "start PostgreSQL: gridmart up"
        ) from error


def _properties(partition: str | None) -> dict[str, str]:
    properties = {
        "format-version": "2",
        # bounds of the partition column name the partition of an added file; of point_no they let scans skip files
        "write.metadata.metrics.default": "counts",
        "write.metadata.metrics.column.point_no": "truncate(16)",
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "20",
        # a blind retry could keep two writers' files of one date: conflicts are planned again by `_commit`
        "commit.retry.num-retries": "0",
        "commit.manifest-merge.enabled": "true",
        "commit.manifest.min-count-to-merge": "16",
    }
    if partition:
        properties[f"write.metadata.metrics.column.{partition}"] = "full"
    return properties


def ensure_tables() -> None:
    """Create the namespace and every table that is not there yet."""
    here = catalog()
    with suppress(NamespaceAlreadyExistsError):
        here.create_namespace(NAMESPACE)
    known = {name for _, name in here.list_tables(NAMESPACE)}
    for name, schema in SCHEMAS.items():
        if name in known:
            continue
        column = PARTITION[name]
        spec = PartitionSpec()
        if column:
            source = schema.find_field(column).field_id
            spec = PartitionSpec(PartitionField(source, 1000, IdentityTransform(), column))
        location = f"{settings().lake.resolve().as_uri()}/{NAMESPACE}/{name}"
        try:
            here.create_table((NAMESPACE, name), schema, location, spec, properties=_properties(column))
        except TableAlreadyExistsError:
            continue


def load(table: str) -> Table:
    """A table as it is now; made first if it is not there."""
    try:
        return catalog().load_table((NAMESPACE, table))
    except NoSuchTableError:
        ensure_tables()
        return catalog().load_table((NAMESPACE, table))


def folder(table: str) -> Path:
    """Folder of a table's data files."""
    return settings().lake.resolve() / NAMESPACE / table / "data"


def new_file_path(table: str, day: date | None = None, name: str | None = None) -> Path:
    """Path for a new data file of a date (or of an unpartitioned table); its folder exists afterwards.

    name: a writer's own name that is the same when it runs again after a crash; otherwise a new one.
    """
    column = PARTITION[table]
    place = folder(table) / f"{column}={day.isoformat()}" if column and day else folder(table)
    place.mkdir(parents=True, exist_ok=True)
    return place / f"{name or uuid.uuid4()}.parquet"


def local(path: str) -> str:
    """Path in the file system of a data file's location."""
    return path.removeprefix("file://")


def _live(table: Table, row_filter: BooleanExpression, snapshot_id: int | None) -> list[DataFile]:
    if snapshot_id is None and table.current_snapshot() is None:
        return []
    return [task.file for task in table.scan(row_filter=row_filter, snapshot_id=snapshot_id).plan_files()]


def _range(column: str, dates: set[date]) -> BooleanExpression:
    low = GreaterThanOrEqual(term=column, value=min(dates).isoformat())
    return And(low, LessThanOrEqual(term=column, value=max(dates).isoformat()))


def day_of(file: DataFile) -> date:
    """Partition date of a data file."""
    value: Any = file.partition[0]
    return value if isinstance(value, date) else date.fromordinal(date(1970, 1, 1).toordinal() + int(value))


def _files_of(table: Table, name: str, dates: Iterable[date] | None, snapshot_id: int | None) -> list[DataFile]:
    if dates is None:
        return _live(table, AlwaysTrue(), snapshot_id)
    wanted, column = set(dates), PARTITION[name]
    if not wanted:
        return []
    if column is None:
        raise ValueError(f"table {name} has no partition by date")
    return [file for file in _live(table, _range(column, wanted), snapshot_id) if day_of(file) in wanted]


def live_files(table: str) -> list[DataFile]:
    """A table's data files of now."""
    return _live(load(table), AlwaysTrue(), None)


def data_files(table: str, dates: Iterable[date] | None = None, snapshot_id: int | None = None) -> list[str]:
    """Paths of a table's data files, sorted; of some partition dates, or of an earlier snapshot, when given."""
    return sorted(local(file.file_path) for file in _files_of(load(table), table, dates, snapshot_id))


def files_between(table: str, first: date, last: date, snapshot_id: int | None = None) -> list[DataFile]:
    """A table's data files whose partition dates lie between two dates, both included; of a snapshot, when given."""
    column = PARTITION[table]
    if column is None:
        raise ValueError(f"table {table} has no partition by date")
    return _live(load(table), _range(column, {first, last}), snapshot_id)


def added_by(table: str, day: date, snapshot_id: int | None) -> int | None:
    """Id of the snapshot that added the files which a date has in a snapshot, the last of several; None without."""
    found = load(table)
    snapshot = found.snapshot_by_id(snapshot_id) if snapshot_id else None
    entries = [
        (entry.sequence_number or 0, entry.snapshot_id)
        for manifest in (snapshot.manifests(found.io) if snapshot else ())
        for entry in manifest.fetch_manifest_entry(found.io, discard_deleted=True)
        if day_of(entry.data_file) == day
    ]
    return max(entries)[1] if entries else None


def dates_of(table: str) -> set[date]:
    """Partition dates that hold at least one file."""
    return {day_of(file) for file in _files_of(load(table), table, None, None)}


def current_snapshot_id(table: str) -> int | None:
    """Id of the latest snapshot, None before the first commit."""
    snapshot = load(table).current_snapshot()
    return snapshot.snapshot_id if snapshot else None


def snapshot_property(table: str, key: str) -> set[str]:
    """Values of a property over all snapshots of a table: what was committed, told by its writer."""
    found = set()
    for snapshot in load(table).snapshots():
        if snapshot.summary and (value := snapshot.summary.additional_properties.get(key)):
            found.add(value)
    return found


def _commit(name: str, change: Callable[[Table], None]) -> int | None:
    for attempt in range(COMMIT_ATTEMPTS):
        table = load(name)
        try:
            change(table)
            return current_snapshot_id(name)
        except (CommitFailedException, ValidationException):
            if attempt == COMMIT_ATTEMPTS - 1:
                raise
            time.sleep(0.05 * 2**attempt)
    raise AssertionError("not reached")


def append_files(table: str, paths: Iterable[str | Path], properties: dict[str, str] | None = None) -> int | None:
    """Add Parquet files to a table in one commit; returns the snapshot id after it.

    paths: files that hold the table's columns and one partition date each.
    properties: kept in the snapshot's summary.
    """
    added = [str(path) for path in paths]

    def change(current: Table) -> None:
        current.add_files(added, snapshot_properties=properties or {}, check_duplicate_files=False)

    return _commit(table, change) if added else current_snapshot_id(table)


def replace_dates(
    tables: Mapping[str, tuple[Iterable[date], Iterable[str | Path]]], properties: dict[str, str] | None = None
) -> dict[str, int | None]:
    """Replace all files of some dates by others: {table: (dates, paths)}; returns snapshot ids by table.

    Each table is one commit that drops the old files and adds the new ones; a reader sees one state or the
    other. The tables of one call are committed one after the other, in the order given. Running the same call
    again after a crash gives the same rows.
    """
    done: dict[str, int | None] = {}
    for name, (dates, paths) in tables.items():
        wanted, added = set(dates), [str(path) for path in paths]

        def change(current: Table, name: str = name, wanted: set[date] = wanted, added: list[str] = added) -> None:
            old = _files_of(current, name, wanted, None)
            if not old and not added:
                return
            metadata = current.metadata
            with current.transaction() as transaction:
                if metadata.name_mapping() is None:
                    mapping = metadata.schema().name_mapping.model_dump_json()
                    transaction.set_properties({"schema.name-mapping.default": mapping})
                with transaction.update_snapshot(snapshot_properties=properties or {}).overwrite() as overwrite:
                    for file in old:
                        overwrite.delete_data_file(file)
                    for file in parquet_files_to_data_files(current.io, metadata, iter(added)):
                        if day_of(file) not in wanted:
                            raise ValueError(f"{file.file_path} holds {day_of(file)}, which is not to be replaced")
                        overwrite.append_data_file(file)

        done[name] = _commit(name, change)
    return done


def rewrite_files(table: str, old: Iterable[str], new: Iterable[str]) -> bool:
    """Put files in the place of others that hold the same rows, in one commit.

    False, and nothing done, when one of the old files has left the table meanwhile. Files that others add
    meanwhile stay. A ValueError when the new files do not hold as many rows.
    """
    leaving, added, done = set(old), list(new), True

    def change(current: Table) -> None:
        nonlocal done
        files = [file for file in _live(current, AlwaysTrue(), None) if local(file.file_path) in leaving]
        done = len(files) == len(leaving)
        if not done:
            return
        with (
            current.transaction() as transaction,
            transaction.update_snapshot().overwrite() as overwrite,
        ):
            rows = sum(file.record_count for file in files)
            for file in files:
                overwrite.delete_data_file(file)
            for file in parquet_files_to_data_files(current.io, current.metadata, iter(added)):
                overwrite.append_data_file(file)
                rows -= file.record_count
            if rows:
                raise ValueError(f"ami.{table}: {rows} rows would be lost by rewriting its files")

    _commit(table, change)
    return done


def write(table: str, rows: pa.Table, day: date | None = None, name: str | None = None) -> Path:
    """Write Arrow rows of one partition date as a new data file (not yet committed); returns its path."""
    path = new_file_path(table, day, name)
    pq.write_table(rows.select(arrow_schema(table).names).cast(arrow_schema(table)), path, compression=COMPRESSION)
    return path
