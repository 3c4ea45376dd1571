"""A file holds a meter that nobody has registered."""

import numpy as np
import pandas as pd

from gridmart.simulator.delivery import Delivery, Record
from gridmart.simulator.faults import Drawing, Fault, picks
from gridmart.simulator.plan import SLOTS

FAULT = Fault(
    name="unknown_meter",
    title_zh="未建档电表",
    title_en="Unknown meter",
    stage="file",
    scope="day",
    rate=0.01,
    per="stations and days",
    what="the file of a station holds one row of a point (P99…) that is in no register; factor: its kWh an interval",
    found_by="unknown_point (quarantine)",
)
ORDER = 20


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Unknown meters of one date."""
    rng, names = picks.stations(FAULT, drawing, rate)
    parts = [
        picks.at_station(
            FAULT, name, "station", point_no=f"P99{int(rng.integers(0, 10**7)):07d}", from_date=drawing.first,
            to_date=drawing.first, slots=SLOTS, factor=int(rng.integers(20, 400)) / 1000.0,
        )
        for name in names
    ]  # fmt: skip
    return picks.all_of(FAULT, parts)


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Add the row."""
    for row in rows.itertuples(index=False):
        delivery.extra.append(Record(row.point_no, "import_kwh", row.from_date, 1, np.full(SLOTS, row.factor)))
