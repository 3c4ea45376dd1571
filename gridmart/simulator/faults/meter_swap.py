"""A customer gets a new meter in the middle of a month; its index starts at 0."""

import numpy as np
import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, picks

FIRST_DAY, LAST_DAY = 5, 25

FAULT = Fault(
    name="meter_swap",
    title_zh="换表",
    title_en="Meter swap",
    stage="reading",
    scope="span",
    rate=0.004,
    per="customers",
    what="at 00:00 of a day from the 5th to the 25th the meter is replaced: registers start at 0, the CIS holds two "
    "meters",
    found_by="meters of the CIS: the advance of that day is not taken from registers",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Meters that are replaced in the history, not on its first day."""
    later = picks.dates(drawing.first, np.arange(1, drawing.days))
    middle = [day for day in later if FIRST_DAY <= day.day <= LAST_DAY] or later
    if not middle:
        return picks.none(FAULT)
    rng, rows = picks.meters(FAULT, drawing, rate, picks.steady(drawing.population))
    chosen = [middle[k] for k in rng.integers(0, len(middle), rows.size)]
    return picks.at_points(FAULT, drawing.population, rows, from_date=chosen, to_date=chosen)


def dates(rows: pd.DataFrame | None) -> dict:
    """Point → date at whose start the new meter counts from 0."""
    return {} if rows is None else dict(zip(rows["point_no"], rows["from_date"], strict=True))


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Nothing more: the registers of the delivery were made with `dates`."""
