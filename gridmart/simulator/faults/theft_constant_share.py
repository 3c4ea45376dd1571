"""Theft: the meter counts a constant share of the use (a resistor in the measuring circuit)."""

from datetime import date

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, thieves

FAULT = Fault(
    name="theft_constant_share",
    title_zh="窃电：按固定比例少计",
    title_en="Theft: constant share",
    stage="meter",
    scope="span",
    rate=thieves.RATE,
    per=thieves.PER,
    what="from a date on the meter counts a constant 20 to 70 % (factor) of every interval; half with event cover_open",
    found_by="energy balance of the area; step in level",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Thieves of the history."""
    return thieves.draw(
        FAULT, drawing, rate, "cover_open", lambda rng, rows: {"factor": np.round(rng.uniform(0.2, 0.7, rows.size), 2)}
    )


def metered(wh: np.ndarray, row: pd.Series, start: date, days: int) -> np.ndarray:
    """What the meter counts of one point's true Wh [days × 96]."""
    return thieves.counted(wh, row, start, days, row["factor"])
