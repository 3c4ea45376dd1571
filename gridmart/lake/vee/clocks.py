"""Meters that say themselves that their clock is off: their readings stand on the grid, but at other times than theirs.

A day's curve cannot show it: what people do is not so punctual. The head-end compares clocks and reports.
"""

from collections.abc import Iterable
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridmart.lake.vee.days import dates_between
from gridmart.lake.vee.rules import CONTEXT_DAYS

FAULT = "clock_fault"
SET_RIGHT = ("clock_synchronised", "meter_installed")
COLUMNS = ["point_no", "event_code", "occurred_at", "business_date"]
CLOCK_TYPES = {"point_no": pa.string(), "business_date": pa.date32()}


class Clocks:
    """Events of clocks; `days` and `wrong_on` answer for dates whose four weeks before are among the files."""

    def __init__(self, paths: Iterable[str]) -> None:
        """paths: Parquet files of ami.event."""
        chosen = [("event_code", "in", [FAULT, *SET_RIGHT])]
        parts = [pq.read_table(path, columns=COLUMNS, filters=chosen, partitioning=None) for path in paths]
        found = pa.concat_tables(parts).to_pandas() if parts else pd.DataFrame(columns=COLUMNS)
        is_fault = found["event_code"] == FAULT
        self.faults, self.ends = found[is_fault], found[~is_fault]

    def wrong_on(self, day: date) -> list[str]:
        """Points whose clock was off at some time of a date, in order.

        From the date of a report on, for four weeks (the head-end repeats it while it lasts), and up to the date on
        which the clock was set or another meter came.
        """
        dates = self.faults["business_date"]
        told = self.faults[(dates <= day) & (dates >= day - timedelta(days=CONTEXT_DAYS))]
        latest = told.groupby("point_no")["occurred_at"].max().rename("told_at")
        ended = self.ends[self.ends["business_date"] < day].merge(latest, left_on="point_no", right_index=True)
        return sorted(latest.index.difference(ended.loc[ended["occurred_at"] > ended["told_at"], "point_no"]))

    def days(self, first: date, last: date) -> pa.Table:
        """One row per point and date of `wrong_on`: CLOCK_TYPES."""
        rows = [(point, day) for day in dates_between(first, last) for point in self.wrong_on(day)]
        return pa.table(
            {"point_no": [point for point, _ in rows], "business_date": [day for _, day in rows]},
            schema=pa.schema(list(CLOCK_TYPES.items())),
        )
