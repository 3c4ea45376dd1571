"""From values with their own times to rows of model.DAYS and model.READS."""

from array import array
from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from gridmart.sources.meter_files import model
from gridmart.sources.meter_files.model import LENGTHS, Parsed, Reject, Rejects
from gridmart.sources.meter_files.times import day_minutes, day_start_s

EARLIEST_S, LATEST_S = 0, int(datetime(2200, 1, 1, tzinfo=UTC).timestamp())
QUARTER_S = 900  # every zone's offset since 1970 is a multiple of it
DAY_S = 86_400


class Stream(NamedTuple):
    """What the values of one register have in common; see model.DAYS."""

    point: str
    name: str
    channel: str | None
    unit: str
    scale: int
    version: int = 0


_Read = tuple[Stream, int, int, float | None, float | None, float | None, str, int]


class Gatherer:
    """Takes values one by one, gives them back as one row per stream and local day."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.zones: dict[str, tzinfo] = {}
        self.streams: dict[Stream, int] = {}
        self.flags: dict[str, int] = {}
        self.rejects = Rejects()
        self._which, self._start, self._seconds = array("q"), array("q"), array("q")
        self._value, self._flag, self._row = array("d"), array("q"), array("q")
        self._reads: list[_Read] = []

    def reject(self, row: int, rule: str, reason: str, stream: Stream | None = None, content: str = "") -> None:
        """Refuse a record."""
        name = (stream.channel or stream.name) if stream else None
        point = stream.point if stream else None
        self.rejects.append(Reject(row, rule, reason, point, name, content=model.short(content)))

    def interval(self, stream: Stream, start_s: int, seconds: int, value: float, flag: str, row: int) -> None:
        """A value of an interval; one that lies on no grid of the local day becomes a read."""
        if not (EARLIEST_S <= start_s <= LATEST_S and 0 < seconds <= 400 * DAY_S):
            self.reject(
                row, "bad_date", f"{seconds} s from {start_s} s since 1970 is no interval", stream, f"{value:g}"
            )
            return
        self._which.append(self.streams.setdefault(stream, len(self.streams)))
        self._start.append(start_s)
        self._seconds.append(seconds)
        self._value.append(value)
        self._flag.append(self.flags.setdefault(flag, len(self.flags)))
        self._row.append(row)

    def index(self, stream: Stream, at_s: int, value: float, flag: str, row: int) -> None:
        """An index at a moment."""
        self.read(stream, at_s, at_s, None, None, value, flag, row)

    def read(
        self, stream: Stream, start_s: int, end_s: int, value: float | None, index_start: float | None,
        index_end: float | None, flag: str, row: int,
    ) -> None:  # fmt: skip
        """An energy over any time, with the indexes at its ends where they are delivered."""
        if not EARLIEST_S <= start_s <= end_s <= LATEST_S:
            self.reject(row, "bad_date", f"from {start_s} to {end_s} s since 1970", stream)
            return
        self._reads.append((stream, start_s, end_s, value, index_start, index_end, flag, row))

    def parsed(self, name: str, lines: int) -> Parsed:
        """Everything gathered, as format `name`."""
        (found,) = together(name, [(self, lines)])
        return found

    def _days(self) -> pa.Table:
        if not self._start:
            return model.NO_DAYS
        start, seconds = np.array(self._start, dtype=np.int64), np.array(self._seconds, dtype=np.int64)
        which, row = np.array(self._which, dtype=np.int64), np.array(self._row, dtype=np.int64)
        value, flag = np.array(self._value), np.array(self._flag, dtype=np.int64)
        quarters, place = np.unique(start // QUARTER_S, return_inverse=True)
        local = [datetime.fromtimestamp(quarter * QUARTER_S, self.zone).date() for quarter in quarters.tolist()]
        ordinal = np.array([day.toordinal() for day in local], dtype=np.int64)[place]
        begins = np.array([day_start_s(day, self.zone) for day in local], dtype=np.int64)[place]
        minutes = seconds // 60
        slot = (start - begins) // np.maximum(seconds, 1)
        on_grid = (seconds % 60 == 0) & np.isin(minutes, LENGTHS) & (begins + slot * seconds == start)
        streams, flags = list(self.streams), list(self.flags)
        for n in np.flatnonzero(~on_grid).tolist():
            entry = (streams[which[n]], int(start[n]), int(start[n] + seconds[n]), float(value[n]), None, None)
            self._reads.append((*entry, flags[flag[n]], int(row[n])))
        parts = (which, ordinal, minutes, slot, value, flag, row)
        return self._rows(*(part[on_grid] for part in parts)) if on_grid.any() else model.NO_DAYS

    def _rows(
        self, which: np.ndarray, ordinal: np.ndarray, minutes: np.ndarray, slot: np.ndarray, value: np.ndarray,
        flag: np.ndarray, row: np.ndarray,
    ) -> pa.Table:  # fmt: skip
        """One row per stream, date, length and layer: a slot that is delivered again goes into a layer of its own."""
        flags = list(self.flags)
        order = np.lexsort((np.arange(len(which)), slot, minutes, ordinal, which))
        which, ordinal, minutes, slot = (part[order] for part in (which, ordinal, minutes, slot))
        value, flag, row = value[order], flag[order], row[order]
        same = np.ones(len(which), dtype=bool)
        same[0] = False
        for part in (which, ordinal, minutes, slot):
            same[1:] &= part[1:] == part[:-1]
        place = np.arange(len(which))
        layer = place - np.maximum.accumulate(np.where(same, 0, place))
        keys, group = np.unique(np.stack([which, ordinal, minutes, layer]), axis=1, return_inverse=True)
        group = group.ravel()
        streams = list(self.streams)
        dates = [date.fromordinal(number) for number in keys[1].tolist()]
        due = np.array([day_minutes(day, self.zone) for day in dates], dtype=np.int64) // keys[2]
        width = int(due.max())
        matrix = np.full((len(dates), width), np.nan)
        matrix[group, slot] = value
        marks = np.full((len(dates), width), -1, dtype=np.int64)
        marks[group, slot] = flag
        first_row = np.full(len(dates), np.iinfo(np.int64).max)
        np.minimum.at(first_row, group, row)
        highest = marks.max(axis=1)
        mixed = ((marks >= 0) & (marks != highest[:, None])).any(axis=1)
        each: list[list[str] | None] = [None] * len(dates)
        for n in np.flatnonzero(mixed).tolist():
            each[n] = [flags[mark] if mark >= 0 else "A" for mark in marks[n, : due[n]].tolist()]
        owners = [streams[number] for number in keys[0].tolist()]
        columns = {
            "point_no": [owner.point for owner in owners],
            "stream": [owner.name for owner in owners],
            "channel": [owner.channel for owner in owners],
            "unit": [owner.unit for owner in owners],
            "scale": [owner.scale for owner in owners],
            "business_date": dates,
            "interval_minutes": keys[2],
            "version": [owner.version for owner in owners],
            "row_number": first_row,
            "flag": [flags[mark] for mark in highest.tolist()],
            "flags": each,
        }
        arrays = {name: pa.array(found, model.DAYS.field(name).type) for name, found in columns.items()}
        return pa.table({**arrays, "values": model.value_lists(matrix, due)}, schema=model.DAYS)


def together(name: str, gathered: Sequence[tuple[Gatherer, int]]) -> list[Parsed]:
    """What was gathered of several files, with the number of lines of each; their reads are slices of one table."""
    days = [found._days() for found, _ in gathered]  # first, since what lies on no grid becomes a read
    rows = [read for found, _ in gathered for read in found._reads]
    reads = model.slices(_read_table(rows), [len(found._reads) for found, _ in gathered])
    parsed = []
    for (found, lines), of_days, of_reads in zip(gathered, days, reads, strict=True):
        found.rejects.sort(key=lambda reject: reject.row_number)
        parsed.append(Parsed(name, of_days, rejects=found.rejects, lines=lines, reads=of_reads, zones=found.zones))
    return parsed


def _read_table(rows: list[_Read]) -> pa.Table:
    if not rows:
        return model.NO_READS
    owners, start_s, end_s, value, index_start, index_end, flag, row = zip(*rows, strict=True)
    columns = {
        "point_no": [owner.point for owner in owners],
        "stream": [owner.name for owner in owners],
        "channel": [owner.channel for owner in owners],
        "unit": [owner.unit for owner in owners],
        "scale": [owner.scale for owner in owners],
        "start_s": start_s, "end_s": end_s, "value": value, "index_start": index_start, "index_end": index_end,
        "flag": flag,
        "version": [owner.version for owner in owners],
        "row_number": row,
    }  # fmt: skip
    arrays = {name: pa.array(found, model.READS.field(name).type) for name, found in columns.items()}
    return pa.table(arrays, schema=model.READS)
