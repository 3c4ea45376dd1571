"""Theft: at certain hours of the day most of the use passes the meter by."""

from datetime import date

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, thieves
from gridmart.simulator.plan import SLOTS

FAULT = Fault(
    name="theft_hours",
    title_zh="窃电：分时段少计",
    title_en="Theft: hours of the day",
    stage="meter",
    scope="span",
    rate=thieves.RATE,
    per=thieves.PER,
    what="from a date on the meter counts 5 to 35 % (factor) in the same 3 to 8 hours (first_slot, slots) of every "
    "day, between 7:00 and 23:00; half with event cover_open",
    found_by="energy balance of the area by hour; changed shape",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Thieves of the history."""

    def details(rng: np.random.Generator, rows: np.ndarray) -> dict[str, object]:
        hours = rng.integers(3, 9, rows.size)
        since = 7 + (rng.random(rows.size) * (17 - hours)).astype(np.int64)
        return {"first_slot": since * 4, "slots": hours * 4, "factor": np.round(rng.uniform(0.05, 0.35, rows.size), 2)}

    return thieves.draw(FAULT, drawing, rate, "cover_open", details)


def metered(wh: np.ndarray, row: pd.Series, start: date, days: int) -> np.ndarray:
    """What the meter counts of one point's true Wh [days × 96]."""
    share = np.ones(SLOTS)
    share[row["first_slot"] : row["first_slot"] + row["slots"]] = row["factor"]
    return thieves.counted(wh, row, start, days, share)
