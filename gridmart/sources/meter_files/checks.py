"""What must hold of delivered records, whatever the format they came in: a point, channel and local day each."""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gridmart.sources.meter_files import model
from gridmart.sources.meter_files.model import LENGTHS, MAX_POINT_LENGTH, Parsed, Reject, Rejects, short
from gridmart.sources.meter_files.times import day_minutes

MAX_VERSION = 10**18
CONTROL = r"[\x00-\x1f\x7f]"
NO_DATE = np.datetime64("NaT", "D")


@dataclass
class Columns:
    """Columns of the records as they were read, one element a record.

    Texts are never null. `dates`: datetime64[D], NaT where the cell is no date; `versions`, `minutes`: -1 where the
    cell is no whole number; `numbers`: row numbers within the file.
    """

    points: pa.Array
    channels: pa.Array
    units: pa.Array
    dates: np.ndarray
    versions: np.ndarray
    minutes: np.ndarray
    numbers: np.ndarray


class Checks:
    """Refuses records one check after the other: a record that was refused is not looked at again.

    `said(column, row)`: text of a cell as delivered, for reasons; `content(row)`: the record as delivered.
    """

    def __init__(
        self, columns: Columns, zone: ZoneInfo, said: Callable[[str, int], str], content: Callable[[int], str | bytes]
    ) -> None:
        self.columns, self.zone, self.said, self.content = columns, zone, said, content
        self.good = np.ones(len(columns.numbers), dtype=bool)
        self.rejects = Rejects()
        self._check_columns()

    def refuse(self, bad: np.ndarray, rule: str, reason: Callable[[int], str]) -> None:
        """Refuse the records of a mask."""
        c = self.columns
        for row in np.flatnonzero(bad & self.good).tolist():
            day = c.dates[row].item()
            self.rejects.append(
                Reject(
                    int(c.numbers[row]), rule, reason(row), c.points[row].as_py()[:MAX_POINT_LENGTH],
                    c.channels[row].as_py()[:MAX_POINT_LENGTH], day, short(self.content(row)),
                )
            )  # fmt: skip
        self.good &= ~bad

    def _check_columns(self) -> None:
        c, said = self.columns, self.said
        bad_point = pc.or_(
            pc.or_(pc.equal(c.points, ""), pc.greater(pc.utf8_length(c.points), MAX_POINT_LENGTH)),
            pc.match_substring_regex(c.points, CONTROL),
        )
        self.refuse(
            mask(bad_point), "bad_structure",
            lambda row: f"the point is empty, longer than {MAX_POINT_LENGTH} characters or no plain text",
        )  # fmt: skip
        self.refuse(np.isnat(c.dates), "bad_date", lambda row: f"{said('date', row)!r} is not a date YYYY-MM-DD")
        kinds = by_value(c.channels, lambda channel: model.CHANNELS.get(channel, ""))
        self.refuse(kinds == "", "unknown_channel", lambda row: f"there is no channel {said('channel', row)!r}")
        self.refuse(
            by_value(c.units, lambda unit: model.QUANTITY.get(unit.lower(), "")) != kinds, "unit_mismatch",
            lambda row: f"unit {said('unit', row)!r} does not measure {said('channel', row)}",
        )  # fmt: skip
        self.refuse(
            (c.versions < 0) | (c.versions > MAX_VERSION), "bad_number",
            lambda row: f"version {said('version', row)!r} is not a whole number",
        )  # fmt: skip
        self.refuse(
            ~np.isin(c.minutes, LENGTHS), "interval_mismatch",
            lambda row: f"interval of {said('interval_minutes', row)!r} minutes is not one of {LENGTHS}",
        )  # fmt: skip

    def due(self) -> np.ndarray:
        """Intervals that each record's day has; 0 for refused records."""
        c = self.columns
        due = np.zeros(len(self.good), dtype=np.int64)
        keys = c.dates[self.good].astype(np.int64) * 100 + c.minutes[self.good]
        found, place = np.unique(keys, return_inverse=True)
        days = (found // 100).astype("datetime64[D]").tolist()
        lengths = (found % 100).tolist()
        each = [day_minutes(day, self.zone) // length for day, length in zip(days, lengths, strict=True)]
        due[self.good] = np.array(each, dtype=np.int64)[place]
        return due

    def check_values(self, due: np.ndarray, room: np.ndarray | int, used: np.ndarray, what: str) -> None:
        """Refuse records with room for fewer values than are due, or with a value after the last that is due.

        `used`: position of a record's last value, from 1; `what` has the room, for the reason.
        """
        rooms = np.broadcast_to(np.asarray(room), due.shape)
        self.refuse(
            due > rooms, "interval_mismatch",
            lambda row: f"the day has {due[row]} intervals, the {what} {rooms[row]}",
        )  # fmt: skip
        self.refuse(
            used > due, "interval_mismatch",
            lambda row: f"value {used[row]} is there, but the day has {due[row]} intervals",
        )  # fmt: skip

    def parsed(self, name: str, values: pa.Array, start: np.ndarray, end: np.ndarray, lines: int) -> Parsed:
        """The records that are good. `values`: their lists; `start`, `end`: registers of all, NaN where there is
        none."""
        c, good = self.columns, self.good
        kept = pa.array(good)
        channels = c.channels.filter(kept)
        days = pa.table(
            {
                "point_no": c.points.filter(kept),
                "stream": channels,
                "channel": channels,
                "unit": c.units.filter(kept),
                "scale": pa.array(by_value(c.units, lambda u: model.UNITS.get(u.lower(), 0))[good].astype(np.int32)),
                "business_date": pa.array(c.dates[good]),
                "interval_minutes": pa.array(c.minutes[good].astype(np.int32)),
                "version": pa.array(c.versions[good]),
                "row_number": pa.array(c.numbers[good]),
                "flag": pa.repeat(pa.scalar("A"), int(good.sum())),
                "flags": pa.nulls(int(good.sum()), model.DAYS.field("flags").type),
                "values": values,
            },
            schema=model.DAYS,
        )
        start, end = start[good], end[good]
        reads = days.select(["point_no", "channel", "business_date", "version", "row_number"])
        reads = reads.append_column("index_start", pa.array(start, from_pandas=True))
        reads = reads.append_column("index_end", pa.array(end, from_pandas=True))
        reads = reads.select(model.REGISTERS.names).filter(pa.array(~(np.isnan(start) & np.isnan(end))))
        self.rejects.sort(key=lambda reject: reject.row_number)
        return Parsed(name, days, reads, self.rejects, lines)


def by_value(column: pa.Array, of: Callable[[str], object]) -> np.ndarray:
    """`of` applied to each different value of a column of texts, spread over its rows; an array of objects."""
    encoded = pc.dictionary_encode(column)
    found = np.empty(len(encoded.dictionary), dtype=object)
    for place, value in enumerate(encoded.dictionary.to_pylist()):
        found[place] = of(value)
    return found[encoded.indices.to_numpy()] if len(column) else np.empty(0, dtype=object)


def mask(values: pa.Array) -> np.ndarray:
    """A column of booleans as an array."""
    return values.to_numpy(zero_copy_only=False).astype(bool)
