"""Theft: every night the meter stands still."""

from datetime import date

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, thieves
from gridmart.simulator.plan import SLOTS

FAULT = Fault(
    name="theft_night_zero",
    title_zh="窃电：夜间归零",
    title_en="Theft: zero at night",
    stage="meter",
    scope="span",
    rate=thieves.RATE,
    per=thieves.PER,
    what="from a date on the meter counts nothing from 21:00–23:00 (first_slot) for 6 to 9 hours (slots), over "
    "midnight; half with event terminal_cover_open",
    found_by="energy balance of the area at night; zeros",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Thieves of the history."""

    def details(rng: np.random.Generator, rows: np.ndarray) -> dict[str, object]:
        since, hours = rng.integers(21, 24, rows.size), rng.integers(6, 10, rows.size)
        return {"first_slot": since * 4, "slots": hours * 4, "factor": 0.0}

    return thieves.draw(FAULT, drawing, rate, "terminal_cover_open", details)


def metered(wh: np.ndarray, row: pd.Series, start: date, days: int) -> np.ndarray:
    """What the meter counts of one point's true Wh [days × 96]; the first day's morning is in it."""
    share = np.ones(SLOTS)
    share[np.arange(row["first_slot"], row["first_slot"] + row["slots"]) % SLOTS] = 0.0
    return thieves.counted(wh, row, start, days, share)
