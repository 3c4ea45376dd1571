"""Theft: the meter counts another share every hour (a remote control in the measuring circuit)."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, picks, thieves
from gridmart.simulator.keys import generator
from gridmart.simulator.plan import SLOTS

LOW, HIGH = 0.1, 0.8

FAULT = Fault(
    name="theft_random_share",
    title_zh="窃电：随机比例少计",
    title_en="Theft: random share",
    stage="meter",
    scope="span",
    rate=thieves.RATE,
    per=thieves.PER,
    what="from a date on the meter counts 10 to 80 % of the use, another share every hour; half with event "
    "magnetic_field",
    found_by="energy balance of the area; irregular level",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Thieves of the history; `key` in the detail names the stream of their shares."""

    def details(rng: np.random.Generator, rows: np.ndarray) -> dict[str, object]:
        keys = rng.integers(0, 2**62, rows.size).tolist()
        return {"factor": (LOW + HIGH) / 2, "detail": [{"key": key} for key in keys]}

    return thieves.draw(FAULT, drawing, rate, "magnetic_field", details)


def metered(wh: np.ndarray, row: pd.Series, start: date, days: int) -> np.ndarray:
    """What the meter counts of one point's true Wh [days × 96]."""
    key = json.loads(row["detail"])["key"]
    hit = range(days)[picks.days_hit(row, start, days)]
    shares = [generator(key, "share", start + timedelta(days=k)).uniform(LOW, HIGH, 24) for k in hit]
    return thieves.counted(wh, row, start, days, np.repeat(np.array(shares).reshape(-1, 24), SLOTS // 24, axis=1))
