"""What a head-end is about to send for one station and a span of days, before it is written to files."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from gridmart.simulator.plan import SLOTS

UNITS = {
    "import_kwh": "kWh", "export_kwh": "kWh", "import_kvarh": "kvarh", "export_kvarh": "kvarh",
    "voltage_v": "V", "current_a": "A",
}  # fmt: skip


@dataclass
class Record:
    """One further record: a correction, an unknown meter, a day that comes late. `values`: 96, NaN where not sent.
    `unit`: what the file says of them, if it is not the channel's own unit."""

    point_no: str
    channel: str
    day: date
    version: int
    values: np.ndarray
    register_start: float = float("nan")
    register_end: float = float("nan")
    unit: str = ""


@dataclass
class Delivery:
    """Rows are point × channel, ordered by point; faults change it in place.

    `values` [rows, days × 96] in the channel's unit, NaN where nothing is sent; a row and day without any value is
    left out of the file. `registers` [rows, days, 2]: secondary index at the day's start and end, NaN where there is
    none. `copies` [rows, days]: how often the record stands in the file (0: withheld, 1: once). `extra`: further
    records at the end of this file. `late`: (date of delivery, record) for a later file; dates beyond the plan's end
    wait until that day is made. `again`: further names under which the same bytes are delivered. `is_sent`: False:
    the whole file is never delivered. `units`: (row, day's position) → unit that the file says, where it is wrong.
    """

    station: str
    start: date
    days: int
    points: np.ndarray
    channels: np.ndarray
    values: np.ndarray
    registers: np.ndarray
    true_values: np.ndarray
    copies: np.ndarray
    row_of: dict[tuple[str, str], int]
    extra: list[Record] = field(default_factory=list)
    late: list[tuple[date, Record]] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    is_sent: bool = True
    units: dict[tuple[int, int], str] = field(default_factory=dict)

    def day_index(self, day: date) -> int:
        """Position of a date; outside of the span it is negative or too large."""
        return (day - self.start).days

    def days_of(self, first: date, last: date | None) -> range:
        """Positions of the dates from `first` to `last` (None: open end) that lie within the span."""
        end = self.days if last is None or pd.isna(last) else min(self.day_index(last) + 1, self.days)
        return range(max(self.day_index(first), 0), max(end, 0))

    def slots(self, day: date, first_slot: int = 0, slots: int = SLOTS) -> slice:
        """Columns of `values` for a part of a date."""
        begin = self.day_index(day) * SLOTS + first_slot
        return slice(begin, begin + slots)

    def rows_of(self, point_no: str) -> list[int]:
        """Rows of all channels of a point."""
        return [row for channel in UNITS if (row := self.row_of.get((point_no, channel), -1)) >= 0]

    def record(self, row: int, day: date, version: int, values: np.ndarray | None = None) -> Record:
        """The record of a row and date as it stands, or with other values."""
        k = self.day_index(day)
        return Record(
            str(self.points[row]), str(self.channels[row]), day, version,
            self.values[row, self.slots(day)].copy() if values is None else values,
            float(self.registers[row, k, 0]), float(self.registers[row, k, 1]), self.units.get((row, k), ""),
        )  # fmt: skip

    def withhold(self, row: int, day: date, due: date) -> None:
        """Leave a row and date out of this file; it comes on the date `due`, as often as it stood here."""
        k = self.day_index(day)
        if np.isfinite(self.values[row, self.slots(day)]).any():
            self.late += [(due, self.record(row, day, 1))] * int(self.copies[row, k])
        self.copies[row, k] = 0
