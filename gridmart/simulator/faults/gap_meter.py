"""A meter does not answer for some intervals, for hours, or for a whole day."""

import numpy as np
import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, picks
from gridmart.simulator.plan import SLOTS

FAULT = Fault(
    name="gap_meter",
    title_zh="单表缺数",
    title_en="Gap of a meter",
    stage="reading",
    scope="day",
    rate=0.007,
    per="point-days",
    what="all channels of a meter miss 1 to 6 intervals (4 of 7), 12 to 60 (2 of 7) or the whole day (1 of 7)",
    found_by="missing",
)
ORDER = 60
_FEWEST, _MOST, _SHARES = np.array([1, 12, SLOTS]), np.array([6, 60, SLOTS]), np.array([4, 2, 1]) / 7


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Gaps of one date."""
    rng, rows = picks.of_day(FAULT, drawing, rate)
    kind = rng.choice(3, rows.size, p=_SHARES)
    slots = rng.integers(_FEWEST[kind], _MOST[kind] + 1)
    return picks.at_points(
        FAULT, drawing.population, rows, from_date=drawing.first, to_date=drawing.first,
        first_slot=(rng.random(rows.size) * (SLOTS - slots + 1)).astype(np.int64), slots=slots,
    )  # fmt: skip


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Take the intervals away."""
    for row in rows.itertuples(index=False):
        columns = delivery.slots(row.from_date, row.first_slot, row.slots)
        for place in delivery.rows_of(row.point_no):
            delivery.values[place, columns] = np.nan
