"""What a day leaves for the next: indexes of registers, uses of months, hours of areas, records that come late.

State of one date is one folder, named by it; the note of `Home` says which counts, so a killed run changes nothing.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from gridmart.simulator.delivery import Record

LATE_COLUMNS = (
    "station", "due_date", "point_no", "channel", "day", "version", "register_start", "register_end", "unit",
    "values",
)  # fmt: skip


@dataclass
class State:
    """At the end of a date. Frames have RangeIndex.

    `registers`: point_no, total_wh (int64, metered since the first date), base_wh (total at the last restart of the
    index), base_index, the same by period (accounts' points), removal_index (of a swapped meter, NaN), in the order of
    `Population.points`.
    `month_use`: see `month_use.accumulate`. `device_hours`: as in `Facts`. `late`: records for later files.
    """

    registers: pd.DataFrame
    month_use: pd.DataFrame
    device_hours: pd.DataFrame
    late: list[tuple[str, date, Record]]

    def write(self, folder: Path) -> None:
        """Write the state as Parquet files into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.registers.to_parquet(folder / "registers.parquet", index=False)
        self.month_use.to_parquet(folder / "month_use.parquet", index=False)
        self.device_hours.to_parquet(folder / "device_hours.parquet", index=False)
        rows = [
            (station, due, r.point_no, r.channel, r.day, r.version, r.register_start, r.register_end, r.unit, r.values)
            for station, due, r in self.late
        ]
        pd.DataFrame(rows, columns=list(LATE_COLUMNS)).to_parquet(folder / "late.parquet", index=False)

    @classmethod
    def read(cls, folder: Path) -> "State":
        """The state in `folder`."""
        late = [
            (row.station, row.due_date,
             Record(row.point_no, row.channel, row.day, int(row.version), np.array(row.values, float),
                    row.register_start, row.register_end, row.unit))
            for row in pd.read_parquet(folder / "late.parquet").itertuples()
        ]  # fmt: skip
        return cls(
            pd.read_parquet(folder / "registers.parquet"),
            pd.read_parquet(folder / "month_use.parquet"),
            pd.read_parquet(folder / "device_hours.parquet"),
            late,
        )


def folder_of(day: date) -> str:
    """Name of the state of a date."""
    return f"{day:%Y%m%d}"
