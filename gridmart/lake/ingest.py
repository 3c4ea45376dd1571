"""Meter files into the lake: register by content, keep the bytes, parse, append, account for every record.

One batch of files is six commits: reading_raw, register_read, event, collection_task, quarantine and, last, file. A
batch is written before its first commit (folder `pending` of the lake) with its files and arrival time, and every
commit carries the batch's id. So a run that dies anywhere is finished by the next one: same rows, commits that are
there are left alone, nothing is lost and nothing doubled.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gridmart.errors import GridmartError
from gridmart.lake import accounts, ingest_work, tables
from gridmart.lake.ingest_work import Result, Written
from gridmart.settings import settings
from gridmart.warehouse.database import alone

BATCH_BYTES = 320 << 20  # of unpacked text: about 45 million readings, 0.4 GB of scratch
SMALL_BYTES = 1 << 20
PACKED_RATIO = 12  # what gzip and zip are reckoned to unpack to, for the size of batches only
JOB_BYTES = 64 << 10  # of small files that one worker parses together
JOB_FILES = 100
UNFINISHED = (".part", ".tmp", ".partial", ".crdownload")
PROPERTY = "gridmart.batch"
LOCK = 7_463_001  # of PostgreSQL's advisory locks in database `lake`: one ingest at a time
DATA_TABLES = ("reading_raw", "register_read", "event", "collection_task")
HEAD_END = ("events", "frozen", "collection")  # kinds of files besides curves


@dataclass(frozen=True)
class Found:
    """A file of the inbox that is new: what it is, and where its bytes are kept."""

    file_id: str
    name: str
    path: str
    size_bytes: int
    mtime_ns: int
    kept: str


@dataclass
class Batch:
    """Files that are committed together."""

    batch_id: str
    arrived_at: datetime
    files: list[Found]

    @property
    def manifest(self) -> Path:
        """Where this batch is written down until its result is reported."""
        return _pending() / f"{self.batch_id}.json"


@dataclass
class Outcome:
    """What a run took in. Call `done` once it is reported; until then the next run reports it again."""

    dates: set[date] = field(default_factory=set)
    files: list[dict[str, Any]] = field(default_factory=list)
    reported: list[Path] = field(default_factory=list)

    def done(self) -> None:
        """Forget the batches of this run."""
        for manifest in self.reported:
            manifest.unlink(missing_ok=True)

    def json(self, first: date | None, last: date | None) -> dict[str, Any]:
        """The command's answer: the dates touched within first…last, or that range itself when none is."""
        inside = sorted(day for day in self.dates if (first or day) <= day <= (last or day))
        low, high = (inside[0], inside[-1]) if inside else (first, last)
        return {
            "from": low.isoformat() if low else None,
            "to": high.isoformat() if high else None,
            "files": len(self.files),
            "readings": sum(row["readings"] for row in self.files),
            "quarantined": sum(row["quarantined_records"] for row in self.files),
            "touched": bool(inside),
        }


def _pending() -> Path:
    folder = settings().lake / "pending"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of ingestion; it ends with this process, however that ends."""
    with ExitStack() as held:
        try:
            free = held.enter_context(alone("lake", LOCK))
        except psycopg.OperationalError as error:
            raise GridmartError(
                f"the lake's catalog cannot be reached: {error}".strip(), "start PostgreSQL: gridmart up"
            ) from error
        if not free:
            raise GridmartError("another ingest is running", "wait until it has ended: its files need no second run")
        yield


def ingest(progress: Any = None) -> Outcome:
    """Take in every new file of the inbox; finishes first what an earlier run began.

    progress: called with (step, done, all), where given. Raises GridmartError when PostgreSQL does not answer, or
    when the account of a file does not balance (accepted + quarantined = delivered): its batch then waits, whole.
    A file that cannot be read is no error: it is in ami.file and ami.quarantine.
    """
    tell = progress or (lambda step, done, total: None)
    tables.ensure_tables()
    outcome = Outcome()
    with _alone():
        batches = [_read_manifest(path) for path in sorted(_pending().glob("*.json"))]
        begun = {found.file_id for batch in batches for found in batch.files}
        batches += _plan(_scan(begun, tell))
        if not batches:
            return outcome
        with _workers(batches) as pool:
            for number, batch in enumerate(batches):
                tell("batch", number, len(batches))
                rows = _take_in(batch, pool, tell)
                outcome.files += rows
                outcome.dates |= {day for row in rows for day in row["dates"]}
                outcome.reported.append(batch.manifest)
        _mirror([row["file_id"] for row in outcome.files])
    return outcome


def _workers(batches: list[Batch]) -> Executor:
    """Processes for much work; for little, starting them would take longer than the work."""
    size = sum(file.size_bytes for batch in batches for file in batch.files)
    if size <= SMALL_BYTES:
        return ThreadPoolExecutor(1)
    return ProcessPoolExecutor(settings().lake_workers, mp_context=get_context("spawn"))


def _known() -> tuple[set[str], set[tuple[str, int, int]]]:
    paths = tables.data_files("file")
    columns = ["file_id", "path", "size_bytes", "mtime_ns"]
    rows = [row for path in paths for row in pq.read_table(path, columns=columns, partitioning=None).to_pylist()]
    return {row["file_id"] for row in rows}, {(row["path"], row["size_bytes"], row["mtime_ns"]) for row in rows}


def _scan(begun: set[str], tell: Any) -> list[Found]:
    """New files of the inbox in order of path; each content once. Hidden and unfinished names are left alone."""
    inbox = settings().inbox
    inbox.mkdir(parents=True, exist_ok=True)
    ids, seen = _known()
    ids |= begun
    head_end = settings().head_end_inbox
    sent = [(inbox, inbox.rglob("*")), *((head_end, head_end.rglob(f"{name}_*")) for name in HEAD_END)]
    paths = sorted((path, base) for base, all_ in sent for path in all_ if path.is_file() and not path.is_symlink())
    found = []
    for number, (path, base) in enumerate(paths):
        tell("scan", number + 1, len(paths))
        inside = path.relative_to(base)
        if any(part.startswith(".") for part in inside.parts) or path.suffix.lower() in UNFINISHED:
            continue
        try:
            stat = path.stat()
            if (str(path), stat.st_size, stat.st_mtime_ns) in seen:
                continue
            with path.open("rb") as stream:
                file_id = hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            continue  # taken away meanwhile by who put it there
        if file_id not in ids:
            ids.add(file_id)
            kept = _keep(path, file_id)
            found.append(Found(file_id, path.name, str(path), stat.st_size, stat.st_mtime_ns, str(kept)))
    return found


def _keep(path: Path, file_id: str) -> Path:
    """Keep a file's bytes under var/archive, by hard link where the file system can."""
    folder = settings().var_dir / "archive" / file_id[:2]
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{file_id}_{path.name[-120:]}"
    if kept.exists():
        return kept
    try:
        os.link(path, kept)
    except OSError:
        partial = kept.with_name(f".{kept.name[-150:]}.{os.getpid()}")
        shutil.copyfile(path, partial)
        partial.replace(kept)
    return kept


def _plan(found: list[Found]) -> list[Batch]:
    """Batches of bounded size, written down before anything is done."""
    arrived_at = datetime.now(UTC)
    groups: list[list[Found]] = []
    room = 0
    for file in found:
        packed = file.name.lower().endswith((".gz", ".zip"))
        size = file.size_bytes * (PACKED_RATIO if packed else 1)
        if not groups or size > room:
            groups.append([])
            room = BATCH_BYTES
        groups[-1].append(file)
        room -= size
    batches = []
    for number, files in enumerate(groups):
        name = f"{arrived_at:%Y%m%dT%H%M%S%f}-{number:03d}-{uuid.uuid4().hex[:8]}"
        batch = Batch(name, arrived_at, files)
        text = json.dumps({"arrived_at": arrived_at.isoformat(), "files": [asdict(file) for file in files]})
        partial = batch.manifest.with_suffix(".partial")
        with partial.open("w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(batch.manifest)
        batches.append(batch)
    return batches


def _parse_jobs(files: list[Found]) -> list[dict[str, str]]:
    """Where the bytes of files are kept, by file_id: a large file alone, small ones together."""
    jobs: list[dict[str, str]] = []
    room = 0
    for file in files:
        if not jobs or file.size_bytes > room or len(jobs[-1]) >= JOB_FILES:
            jobs.append({})
            room = JOB_BYTES
        jobs[-1][file.file_id] = file.kept
        room -= file.size_bytes
    return jobs


def _read_manifest(path: Path) -> Batch:
    stored = json.loads(path.read_text())
    arrived_at = datetime.fromisoformat(stored["arrived_at"])
    return Batch(path.stem, arrived_at, [Found(**file) for file in stored["files"]])


def _take_in(batch: Batch, pool: Executor, tell: Any) -> list[dict[str, Any]]:
    """Parse and commit one batch; returns its rows of ami.file."""
    if batch.batch_id in tables.snapshot_property("file", PROPERTY):
        return _file_rows({file.file_id for file in batch.files})
    scratch = settings().var_dir / "scratch" / f"ingest_{batch.batch_id}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        zone, arrived_at = settings().timezone, batch.arrived_at
        jobs = [(files, arrived_at, zone, scratch) for files in _parse_jobs(batch.files)]
        results: list[Result] = []
        for parsed in pool.map(ingest_work.parse, jobs):
            results += parsed
            tell("parse", len(results), len(batch.files))
        open_tables = [name for name in DATA_TABLES if batch.batch_id not in tables.snapshot_property(name, PROPERTY)]
        days = sorted({day for result in results for day in result.dates})
        written = Written.nothing(open_tables)
        work = [(days[n : n + 8], open_tables, batch.batch_id, zone, scratch) for n in range(0, len(days), 8)]
        for number, part in enumerate(pool.map(ingest_work.write_dates, work if open_tables else [])):
            tell("write", min(8 * (number + 1), len(days)), len(days))
            written.join(part)
        accounts.check(results, {file.file_id: file.name for file in batch.files}, written.rows)
        for name in open_tables:
            tables.append_files(name, written.paths[name], {PROPERTY: batch.batch_id})
        _append_quarantine(batch, results)
        rows = [_file_row(batch, file, result) for file, result in zip(batch.files, results, strict=True)]
        schema = tables.arrow_schema("file")
        path = tables.write("file", pa.Table.from_pylist(rows, schema), name=batch.batch_id)
        tables.append_files("file", [path], {PROPERTY: batch.batch_id})
        return rows
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _append_quarantine(batch: Batch, results: list[Result]) -> None:
    if batch.batch_id in tables.snapshot_property("quarantine", PROPERTY):
        return
    names = {file.file_id: file.name for file in batch.files}
    today = batch.arrived_at.date()
    rows = [
        {**reject, "file_id": result.file_id, "file_name": names[result.file_id], "arrived_date": today}
        for result in results
        for reject in result.rejects
    ]
    if rows:
        table = pa.Table.from_pylist(rows, tables.arrow_schema("quarantine"))
        path = tables.write("quarantine", table, today, batch.batch_id)
        tables.append_files("quarantine", [path], {PROPERTY: batch.batch_id})


def _file_row(batch: Batch, file: Found, result: Result) -> dict[str, Any]:
    refused = len(result.rejects)
    status = "accepted" if not refused else "partly" if result.accepted else "refused"
    return {
        "file_id": file.file_id, "name": file.name, "path": file.path, "size_bytes": file.size_bytes,
        "mtime_ns": file.mtime_ns, "format": result.format, "status": status,
        "delivered_records": result.delivered, "accepted_records": result.accepted,
        "quarantined_records": refused, "readings": result.readings, "first_at": result.first_at,
        "last_at": result.last_at, "dates": sorted(result.dates), "message": result.message,
        "arrived_at": batch.arrived_at,
    }  # fmt: skip


def _rows_of(table: str, file_ids: set[str], dates: set[date] | None = None) -> pa.Table:
    paths = tables.data_files(table, dates)
    if not paths:
        return tables.arrow_schema(table).empty_table()
    rows = pa.concat_tables([pq.read_table(path, partitioning=None) for path in paths])
    return rows.filter(pc.is_in(rows["file_id"], pa.array(sorted(file_ids), pa.string())))


def _file_rows(file_ids: set[str]) -> list[dict[str, Any]]:
    return _rows_of("file", file_ids).to_pylist()


def _mirror(file_ids: list[str]) -> None:
    """Bring the mirrors in raw_ami, and register_day, up to date with these files; safe to repeat."""
    from gridmart.lake import load

    files = _rows_of("file", set(file_ids))
    arrived = {at.date() for at in files["arrived_at"].to_pylist()}
    if arrived:
        told = {day for days in files["dates"].to_pylist() for day in days}
        events, tasks, registers = (
            _rows_of(name, set(file_ids), told) if told else None
            for name in ("event", "collection_task", "register_read")
        )
        load.mirror(files, _rows_of("quarantine", set(file_ids), arrived), events, registers, tasks)
