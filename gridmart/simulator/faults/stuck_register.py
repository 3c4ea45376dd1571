"""A meter stops counting, or repeats one value: its readings are zero while the index stands, or all the same."""

import json
from datetime import date

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, picks
from gridmart.simulator.plan import SLOTS

FAULT = Fault(
    name="stuck_register",
    title_zh="表计停走",
    title_en="Stuck register",
    stage="meter",
    scope="span",
    rate=0.001,
    per="customers",
    what="for 15 to 60 days a meter counts nothing (3 of 5: readings 0, the index stands) or the same each interval "
    "(factor: Wh); what was used meanwhile is never billed",
    found_by="zero_run, flatline; energy balance of the area",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Meters that stop at some time of the history."""
    rng, rows = picks.meters(FAULT, drawing, rate, picks.steady(drawing.population))
    begin, days = rng.integers(0, drawing.days, rows.size), rng.integers(15, 61, rows.size)
    mean_wh = drawing.population.accounts["mean_kw"].to_numpy(float)[rows] * 250.0
    wh = np.where(rng.random(rows.size) < 0.6, 0.0, np.maximum(np.round(mean_wh), 1.0))
    return picks.at_points(
        FAULT, drawing.population, rows, from_date=picks.dates(drawing.first, begin),
        to_date=picks.dates(drawing.first, begin + days - 1), slots=SLOTS, factor=wh,
        detail=[json.dumps({"kind": "flat" if k else "zero", "wh": int(k)}) for k in wh],
    )  # fmt: skip


def metered(wh: np.ndarray, row: pd.Series, start: date, days: int) -> np.ndarray:
    """What the meter counts of one point's true Wh [days × 96]."""
    made = wh.copy()
    made.reshape(days, SLOTS)[picks.days_hit(row, start, days)] = int(row["factor"])
    return made
