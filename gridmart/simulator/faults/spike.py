"""One interval is far too high."""

from typing import Any

import numpy as np
import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, picks
from gridmart.simulator.plan import SLOTS

FACTOR = 25.0
FLOOR_KWH = 0.05

FAULT = Fault(
    name="spike",
    title_zh="突变",
    title_en="Spike",
    stage="reading",
    scope="day",
    rate=0.0004,
    per="point-days",
    what=f"one import interval is {FACTOR:g} times as high (of at least {FLOOR_KWH} kWh); registers are right",
    found_by="spike",
)
ORDER = 30


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Spikes of one date."""
    rng, rows = picks.of_day(FAULT, drawing, rate)
    return picks.at_points(
        FAULT, drawing.population, rows, from_date=drawing.first, to_date=drawing.first,
        first_slot=rng.integers(0, SLOTS, rows.size), slots=1, factor=FACTOR,
    )  # fmt: skip


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Raise the interval."""
    for row in rows.itertuples(index=False):
        raise_interval(delivery, delivery.row_of[row.point_no, "import_kwh"], row)


def raise_interval(delivery: Delivery, place: int, row: Any) -> None:
    """Raise the interval of an instance in a row of the delivery; where nothing is sent, nothing stands out."""
    columns = delivery.slots(row.from_date, row.first_slot, row.slots)
    raised = np.maximum(delivery.values[place, columns], FLOOR_KWH) * row.factor
    delivery.values[place, columns] = np.round(raised, 3)
