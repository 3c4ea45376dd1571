"""Theft: a wire past the meter feeds all but a small base."""

from datetime import date

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, picks, thieves
from gridmart.simulator.plan import SLOTS

FAULT = Fault(
    name="theft_bypass",
    title_zh="窃电：绕越电表",
    title_en="Theft: bypass after a date",
    stage="meter",
    scope="span",
    rate=thieves.RATE,
    per=thieves.PER,
    what="from a date on the meter sees at most `limit_wh` of the detail an interval (10 to 40 % of the mean load); "
    "half with event current_unbalance",
    found_by="energy balance of the area; step in level, flat top",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Thieves of the history. `factor` is the limit in Wh."""
    mean_wh = drawing.population.accounts["mean_kw"].to_numpy(float) * 250.0

    def details(rng: np.random.Generator, rows: np.ndarray) -> dict[str, object]:
        limit = np.maximum(np.round(mean_wh[rows] * rng.uniform(0.1, 0.4, rows.size)), 1.0)
        return {"factor": limit, "detail": [{"limit_wh": int(wh)} for wh in limit]}

    return thieves.draw(FAULT, drawing, rate, "current_unbalance", details)


def metered(wh: np.ndarray, row: pd.Series, start: date, days: int) -> np.ndarray:
    """What the meter counts of one point's true Wh [days × 96]."""
    made = wh.copy()
    daily = made.reshape(days, SLOTS)
    hit = picks.days_hit(row, start, days)
    daily[hit] = np.minimum(daily[hit], int(row["factor"]))
    return made
