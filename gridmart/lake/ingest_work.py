"""What the worker processes of an ingest do: parse some files; write the rows of some dates."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gridmart.lake import tables
from gridmart.sources.meter_files import flatten, registry
from gridmart.sources.meter_files.model import Parsed
from gridmart.sources.meter_files.times import day_start_s

DICTIONARY = ("point_no", "channel", "quality_flag", "file_id", "interval_start", "business_date", "interval_minutes",
              "version", "arrived_at", "row_number")  # fmt: skip

EVENT_ORDER = ("point_no", "occurred_at", "event_code", "file_id", "row_number")
TASK_ORDER = ("org_no", "planned_at", "task_code", "file_id", "row_number")

ParseJob = tuple[dict[str, str], datetime, str, Path]
WriteJob = tuple[list[date], list[str], str, str, Path]


@dataclass
class Result:
    """Accounts of one parsed file; its rows wait in the scratch folder, with those of the job's other files.

    delivered: records counted as the file was read, before any was judged; readings, registers, events, tasks:
    rows for the lake.
    """

    file_id: str
    format: str
    delivered: int
    accepted: int
    readings: int
    registers: int
    events: int
    tasks: int
    dates: list[date]
    first_at: datetime | None
    last_at: datetime | None
    message: str
    rejects: list[dict[str, Any]] = field(default_factory=list)


def parse(job: ParseJob) -> list[Result]:
    """Parse (kept bytes by file_id, arrived_at, timezone, scratch) into one Arrow file a kind, sorted by date."""
    files, arrived_at, timezone, scratch = job
    zone = ZoneInfo(timezone)
    results: list[Result] = []
    rows: dict[str, dict[str, pa.Table]] = {"days": {}, "registers": {}, "events": {}, "tasks": {}}
    for file_id, (_, delivered) in zip(files, registry.parse_files(map(Path, files.values()), zone), strict=True):
        if isinstance(delivered, OSError):
            raise delivered
        parsed = flatten.screen(delivered, arrived_at, zone)
        results.append(_result(file_id, delivered.delivered, parsed, zone))
        for kind, parts in rows.items():
            if (part := getattr(parsed, kind)).num_rows:
                parts[file_id] = part
    for kind, parts in rows.items():
        if parts:
            _save(scratch / f"{next(iter(files))}.{kind}", _from_files(parts, arrived_at).sort_by("business_date"))
    return results


def _result(file_id: str, delivered: int, parsed: Parsed, zone: ZoneInfo) -> Result:
    rejects = [
        {
            "row_number": reject.row_number, "rule": reject.rule, "reason": reject.reason,
            "next_step": reject.next_step, "point_no": reject.point_no, "channel": reject.channel,
            "business_date": reject.business_date, "content": reject.content,
        }
        for reject in parsed.rejects
    ]  # fmt: skip
    first_at, last_at = _span(parsed, zone)
    dated = (parsed.days, parsed.registers, parsed.events, parsed.tasks)
    dates = {day for rows in dated if rows.num_rows for day in rows["business_date"].unique().to_pylist()}
    return Result(
        file_id, parsed.format, delivered, parsed.accepted, flatten.count_readings(parsed.days),
        parsed.registers.num_rows, parsed.events.num_rows, parsed.tasks.num_rows, sorted(dates), first_at, last_at,
        _message(parsed.rejects), rejects,
    )  # fmt: skip


def _message(rejects: list[Any]) -> str:
    if len(rejects) == 1:
        return str(rejects[0].reason)
    return ", ".join(f"{rule} × {count}" for rule, count in Counter(reject.rule for reject in rejects).most_common())


def _from_files(parts: dict[str, pa.Table], arrived_at: datetime) -> pa.Table:
    """Rows by file_id as one table that says of each its file and when that arrived."""
    rows = pa.concat_tables(parts.values())
    numbers = np.repeat(np.arange(len(parts)), [part.num_rows for part in parts.values()])
    rows = rows.append_column("file_id", pa.array(list(parts), pa.string()).take(pa.array(numbers)))
    return rows.append_column("arrived_at", pa.repeat(pa.scalar(arrived_at, pa.timestamp("us", "UTC")), len(numbers)))


def _save(path: Path, rows: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())


def _span(parsed: Parsed, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Start of the first delivered day, read, event or task and end of the last, UTC; a frozen register stands at its
    end."""
    days, reads, events, frozen = parsed.days, parsed.reads, parsed.events, parsed.frozen
    starts, ends = [], []
    if frozen.num_rows:
        first, last = pc.min_max(frozen["business_date"]).as_py().values()
        starts.append(day_start_s(first + timedelta(days=1), zone))
        ends.append(day_start_s(last + timedelta(days=1), zone))
    if days.num_rows:
        dates = days["business_date"].to_numpy()
        first, last = dates.min(), dates.max()
        lengths = pc.list_value_length(days["values"]).to_numpy() * days["interval_minutes"].to_numpy()
        starts.append(day_start_s(first.item(), zone))
        ends.append(day_start_s(last.item(), zone) + int(lengths[dates == last].max()) * 60)
    if reads.num_rows:
        starts.append(pc.min(reads["start_s"]).as_py())
        ends.append(pc.max(reads["end_s"]).as_py())
    moments = [rows[name] for rows, name in ((events, "occurred_at"), (parsed.tasks, "planned_at")) if rows.num_rows]
    for moment in moments:
        seconds = moment.cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.int64())
        starts.append(pc.min(seconds).as_py())
        ends.append(pc.max(seconds).as_py())
    if not starts:
        return None, None
    return datetime.fromtimestamp(min(starts), UTC), datetime.fromtimestamp(max(ends), UTC)


def _rows(scratch: Path, kind: str, day: date) -> pa.Table | None:
    """Rows of one date from every file of the batch; the files are memory-mapped and sorted by date."""
    parts = []
    for path in sorted(scratch.glob(f"*.{kind}")):
        table = _open(path)
        dates = table["business_date"].to_numpy()
        low, high = np.searchsorted(dates, [np.datetime64(day), np.datetime64(day) + 1])
        if high > low:
            parts.append(table.slice(low, high - low))
    return pa.concat_tables(parts).combine_chunks() if parts else None


def _open(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


@dataclass
class Written:
    """Data files written, not yet committed: their paths, and their rows by file_id, by table."""

    paths: dict[str, list[str]]
    rows: dict[str, Counter[str]]

    @classmethod
    def nothing(cls, names: list[str]) -> "Written":
        """Of these tables, no file yet."""
        return cls({name: [] for name in names}, {name: Counter() for name in names})

    def add(self, name: str, path: Path, rows: pa.Table) -> None:
        """Note a data file with these rows."""
        self.paths[name].append(str(path))
        for counted in pc.value_counts(rows["file_id"].combine_chunks()).to_pylist():
            self.rows[name][counted["values"]] += counted["counts"]

    def join(self, other: "Written") -> None:
        """Note what another one holds."""
        for name in other.paths:
            self.paths[name] += other.paths[name]
            self.rows[name] += other.rows[name]


def write_dates(job: WriteJob) -> Written:
    """Write (dates, table names, batch_id, timezone, scratch) as one file per table and date."""
    dates, names, batch_id, timezone, scratch = job
    zone = ZoneInfo(timezone)
    written = Written.nothing(names)
    for day in dates:
        if "reading_raw" in names and (rows := _rows(scratch, "days", day)) is not None:
            table = flatten.readings(rows, day, zone)
            if table.num_rows:
                path = tables.new_file_path("reading_raw", day, batch_id)
                columns = tables.arrow_schema("reading_raw").names
                pq.write_table(
                    table.select(columns), path, compression=tables.COMPRESSION, use_dictionary=list(DICTIONARY),
                    store_schema=False,
                )  # fmt: skip
                written.add("reading_raw", path, table)
        if "register_read" in names and (reads := _rows(scratch, "registers", day)) is not None:
            reads = reads.sort_by([(name, "ascending") for name in ("point_no", "channel", "version", "file_id")])
            written.add("register_read", tables.write("register_read", reads, day, batch_id), reads)
        if "event" in names and (events := _rows(scratch, "events", day)) is not None:
            events = events.sort_by([(name, "ascending") for name in EVENT_ORDER])
            written.add("event", tables.write("event", events, day, batch_id), events)
        if "collection_task" in names and (tasks := _rows(scratch, "tasks", day)) is not None:
            tasks = tasks.sort_by([(name, "ascending") for name in TASK_ORDER])
            written.add("collection_task", tables.write("collection_task", tasks, day, batch_id), tasks)
    return written
