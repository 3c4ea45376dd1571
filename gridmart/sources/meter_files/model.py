"""What every format's parser returns: delivered days, register reads, and what was refused with its reason."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import ParamSpec, Protocol, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

P = ParamSpec("P")
T = TypeVar("T")

MAX_POINT_LENGTH = 64
MAX_REJECTS = 500_000  # of one file
CONTENT_LENGTH = 500  # characters of a refused record that quarantine keeps
LENGTHS = (1, 5, 10, 15, 30, 60)  # minutes of an interval that are known

# One row per delivered record: a point, channel and local day with its values as delivered (null: not delivered).
# stream: the channel's name in the file; channel: ours, null where none fits; scale: value × scale is kWh or kvarh,
# or value ÷ -scale where scale is negative (a division keeps decimal values exact).
# flag: quality flag of all values; flags: one flag a value, where they differ.
DAYS = pa.schema(
    {
        "point_no": pa.string(),
        "stream": pa.string(),
        "channel": pa.string(),
        "unit": pa.string(),
        "scale": pa.int32(),
        "business_date": pa.date32(),
        "interval_minutes": pa.int32(),
        "version": pa.int64(),
        "row_number": pa.int64(),
        "flag": pa.string(),
        "flags": pa.list_(pa.string()),
        "values": pa.large_list(pa.float64()),
    }
)

# Secondary index values at local 00:00 of the date and of the next date; null where not delivered.
REGISTERS = pa.schema(
    {
        "point_no": pa.string(),
        "channel": pa.string(),
        "business_date": pa.date32(),
        "index_start": pa.float64(),
        "index_end": pa.float64(),
        "version": pa.int64(),
        "row_number": pa.int64(),
    }
)

# What is no interval of a day: an index at a moment (start_s = end_s), or an energy over any other time (a month)
# with the indexes at its ends where they are delivered. start_s, end_s: seconds since 1970; channel, scale: as in DAYS,
# a register of one tariff has a channel of its own (import_kwh_peak).
READS = pa.schema(
    {
        "point_no": pa.string(),
        "stream": pa.string(),
        "channel": pa.string(),
        "unit": pa.string(),
        "scale": pa.int32(),
        "start_s": pa.int64(),
        "end_s": pa.int64(),
        "value": pa.float64(),
        "index_start": pa.float64(),
        "index_end": pa.float64(),
        "flag": pa.string(),
        "version": pa.int64(),
        "row_number": pa.int64(),
    }
)

# What a meter, or the head-end about it, reports; occurred_at: UTC, business_date: its local date.
EVENTS = pa.schema(
    {
        "point_no": pa.string(),
        "meter_no": pa.string(),
        "event_code": pa.string(),
        "occurred_at": pa.timestamp("us", "UTC"),
        "business_date": pa.date32(),
        "row_number": pa.int64(),
    }
)

# How many points answered a task of a head-end with a result, at which try; planned_at: UTC, org_no: the station.
TASKS = pa.schema(
    {
        "org_no": pa.string(),
        "business_date": pa.date32(),
        "task_code": pa.string(),
        "planned_at": pa.timestamp("us", "UTC"),
        "result_code": pa.string(),
        "tries": pa.int32(),
        "points": pa.int64(),
        "row_number": pa.int64(),
    }
)

# What a record says beside its values: one row a word (a service order, a reason, a meter's number).
DETAILS = pa.schema(
    {
        "point_no": pa.string(),
        "stream": pa.string(),
        "business_date": pa.date32(),
        "row_number": pa.int64(),
        "name": pa.string(),
        "text": pa.string(),
    }
)

# made once: to make them anew for every file takes longer than to read a small one
NO_DAYS, NO_REGISTERS, NO_READS, NO_DETAILS, NO_EVENTS, NO_TASKS = (
    schema.empty_table() for schema in (DAYS, REGISTERS, READS, DETAILS, EVENTS, TASKS)
)

UNITS = {"kwh": 1, "wh": -1000, "mwh": 1000, "kvarh": 1, "varh": -1000, "mvarh": 1000, "v": 1, "a": 1}
QUANTITY = {
    "kwh": "energy", "wh": "energy", "mwh": "energy", "kvarh": "reactive", "varh": "reactive", "mvarh": "reactive",
    "v": "voltage", "a": "current",
}  # fmt: skip
CHANNELS = {
    "import_kwh": "energy", "export_kwh": "energy", "import_kvarh": "reactive", "export_kvarh": "reactive",
    "voltage_v": "voltage", "current_a": "current",
}  # fmt: skip

NEXT_STEPS = {
    "empty_file": "ask the head-end to export the file again",
    "damaged": "the transfer broke or the export failed: export the file again and deliver it",
    "binary_zeros": "the transfer broke: deliver the file again",
    "bad_encoding": "export the file as UTF-8 and deliver it again",
    "bad_archive": "pack the files again as one plain zip or gzip and deliver it again",
    "nested_archive": "deliver the inner archive by itself",
    "archive_limit": "split the delivery into smaller archives",
    "path_escape": "find out who packed this archive, then deliver its files with plain names",
    "unknown_format": "see docs/formats.md for what is read, or add the format (docs/runbooks/add_a_meter_format.md)",
    "missing_header": "deliver the file again with its header record",
    "bad_structure": "correct the record at the head-end and deliver it again",
    "bad_number": "correct the value at the head-end and deliver the record again with a higher version",
    "bad_date": "correct the date at the head-end (local date, YYYY-MM-DD) and deliver the record again",
    "future": "check the clock of the meter or head-end, then deliver the record again with its true date",
    "stale": "deliver it through the correction process if the date is meant: files reach back five years",
    "unit_mismatch": "deliver the record in a unit that fits its channel (kWh, Wh, kvarh, varh)",
    "interval_mismatch": "deliver as many values as the day has intervals",
    "unknown_channel": "map the register to a channel, or stop delivering it",
    "truncated": "the file ends too early: deliver it again in full",
    "xml_entities": "export the file without a document type (DTD); entities are not expanded",
    "not_an_interval": "deliver the load profile on the grid of the local day, or the index at local 00:00",
}


class RefusalError(Exception):
    """A whole file, or member of an archive, that cannot be read."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule, self.reason = rule, reason


@dataclass
class Reject:
    """One refused record; row_number 0: the whole file."""

    row_number: int
    rule: str
    reason: str
    point_no: str | None = None
    channel: str | None = None
    business_date: date | None = None
    content: str = ""

    @property
    def next_step(self) -> str:
        """What a person does about it."""
        return NEXT_STEPS[self.rule]


class Rejects(list[Reject]):
    """Refused records of one file, as many as memory can be asked to hold."""

    def append(self, reject: Reject) -> None:
        """Add one; a RefusalError of the whole file when there are too many to tell one by one."""
        if len(self) >= MAX_REJECTS:
            raise RefusalError("bad_structure", f"more than {MAX_REJECTS:,} records are refused, as: {reject.reason}")
        super().append(reject)


@dataclass
class Parsed:
    """Content of one file: delivered = rows of days, reads, events and tasks + records of frozen + rejects.

    frozen: registers that come by themselves, several of a record (row_number); screened, they are registers.
    zones: the local time that the file itself states for a point, where it does.
    """

    format: str
    days: pa.Table = field(default_factory=lambda: NO_DAYS)
    registers: pa.Table = field(default_factory=lambda: NO_REGISTERS)
    rejects: list[Reject] = field(default_factory=list)
    lines: int = 0
    reads: pa.Table = field(default_factory=lambda: NO_READS)
    details: pa.Table = field(default_factory=lambda: NO_DETAILS)
    zones: dict[str, tzinfo] = field(default_factory=dict)
    events: pa.Table = field(default_factory=lambda: NO_EVENTS)
    frozen: pa.Table = field(default_factory=lambda: NO_REGISTERS)
    tasks: pa.Table = field(default_factory=lambda: NO_TASKS)

    @property
    def accepted(self) -> int:
        """Records that can be read."""
        records = len(np.unique(self.frozen["row_number"].to_numpy())) if self.frozen.num_rows else 0
        return self.days.num_rows + self.reads.num_rows + self.events.num_rows + self.tasks.num_rows + records

    @property
    def delivered(self) -> int:
        """Records in the file, accepted or not."""
        return self.accepted + len(self.rejects)


class Format(Protocol):
    """A file format: a module with these names, listed in `registry.FORMATS`."""

    NAME: str
    IS_TEXT: bool  # False: content is bytes as delivered, which nobody has looked at

    def matches(self, head: bytes) -> bool:
        """Whether content that starts with these bytes is of this format. A text has no BOM and is there with at
        least its first line; bytes that are no text are there in whole."""

    def parse(self, data: bytes, zone: ZoneInfo) -> Parsed:
        """Read content (a text: valid UTF-8); a RefusalError when nothing in it can be read."""


def value_lists(matrix: np.ndarray, counts: np.ndarray | None = None) -> pa.LargeListArray:
    """Rows of a float matrix as lists, NaN as null; counts: values of each row, when fewer than the columns."""
    rows, width = matrix.shape
    if counts is None or (counts == width).all():
        return flat_lists(matrix.ravel(), np.full(rows, width))
    return flat_lists(matrix[np.arange(width) < counts[:, None]], counts)


def flat_lists(values: np.ndarray, counts: np.ndarray) -> pa.LargeListArray:
    """Values one after the other as lists of so many each, NaN as null."""
    offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    return pa.LargeListArray.from_arrays(offsets, pa.array(values, from_pandas=True))


def slices(table: pa.Table, counts: Iterable[int]) -> Iterator[pa.Table]:
    """Parts of a table one after the other, of so many rows each."""
    place = 0
    for count in counts:
        yield table.slice(place, count)
        place += count


def attempt(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | RefusalError:
    """What the work gives, or the RefusalError that it ends with."""
    try:
        return work(*args, **kwargs)
    except RefusalError as refusal:
        return refusal


def only(found: list[Parsed | RefusalError]) -> Parsed:
    """The one file of a list; raises its RefusalError."""
    (one,) = found
    if isinstance(one, RefusalError):
        raise one
    return one


def short(text: str | bytes) -> str:
    """The part of a record that quarantine keeps."""
    if isinstance(text, bytes):
        text = text[: CONTENT_LENGTH * 4].decode("utf-8", "replace")
    return text.rstrip("\r\n")[:CONTENT_LENGTH]


def join(parts: Iterable[Parsed]) -> Parsed:
    """Several members of one archive as one file: row numbers go on from member to member."""
    listed = list(parts)
    if len(listed) == 1:
        return listed[0]
    days, registers, rejects, offset = [], [], [], 0
    reads, details, events, frozen, tasks, zones = [], [], [], [], [], {}
    for part in listed:
        reads.append(_shifted(part.reads, offset))
        details.append(_shifted(part.details, offset))
        events.append(_shifted(part.events, offset))
        frozen.append(_shifted(part.frozen, offset))
        tasks.append(_shifted(part.tasks, offset))
        zones.update(part.zones)
        days.append(_shifted(part.days, offset))
        registers.append(_shifted(part.registers, offset))
        for reject in part.rejects:
            reject.row_number += offset
        rejects += part.rejects
        offset += max(part.lines, 1)
    names = sorted({part.format for part in listed if part.format})
    return Parsed(
        "+".join(names), pa.concat_tables(days), pa.concat_tables(registers), rejects, offset,
        pa.concat_tables(reads), pa.concat_tables(details), zones, pa.concat_tables(events),
        pa.concat_tables(frozen), pa.concat_tables(tasks),
    )  # fmt: skip


def _shifted(table: pa.Table, offset: int) -> pa.Table:
    place = table.column_names.index("row_number")
    return table.set_column(place, "row_number", pa.array(table["row_number"].to_numpy() + offset, pa.int64()))
