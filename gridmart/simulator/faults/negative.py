"""One import interval is below zero."""

import numpy as np
import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, picks
from gridmart.simulator.plan import SLOTS

FLOOR_KWH = 0.01

FAULT = Fault(
    name="negative",
    title_zh="负值",
    title_en="Negative value",
    stage="reading",
    scope="day",
    rate=0.0001,
    per="point-days",
    what=f"one import interval has the wrong sign (at least {FLOOR_KWH} kWh); registers are right",
    found_by="negative",
)
ORDER = 40


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Negative intervals of one date."""
    rng, rows = picks.of_day(FAULT, drawing, rate)
    return picks.at_points(
        FAULT, drawing.population, rows, from_date=drawing.first, to_date=drawing.first,
        first_slot=rng.integers(0, SLOTS, rows.size), slots=1, factor=-1.0,
    )  # fmt: skip


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Turn the sign."""
    for row in rows.itertuples(index=False):
        place = delivery.row_of[row.point_no, "import_kwh"]
        columns = delivery.slots(row.from_date, row.first_slot, row.slots)
        delivery.values[place, columns] = -np.maximum(np.abs(delivery.values[place, columns]), FLOOR_KWH)
