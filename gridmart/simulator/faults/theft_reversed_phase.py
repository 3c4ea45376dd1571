"""Theft: the current transformer of one phase is reversed, so the meter subtracts that phase."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, picks, thieves
from gridmart.simulator.keys import generator
from gridmart.simulator.plan import SLOTS

MEAN, SPREAD = 1 / 3, 0.06  # two phases less one, of three that carry about the same

FAULT = Fault(
    name="theft_reversed_phase",
    title_zh="窃电：反接一相",
    title_en="Theft: reversed phase",
    stage="meter",
    scope="span",
    rate=thieves.RATE * 3,
    per="small customers with three phases",
    what="from a date on one of three phases is subtracted: the meter counts about a third, as unevenly as the phases "
    "are loaded; half with event reverse_current",
    found_by="energy balance of the area; step to a third",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Thieves of the history; `key` in the detail names the stream of their phases."""

    def details(rng: np.random.Generator, rows: np.ndarray) -> dict[str, object]:
        keys, phases = rng.integers(0, 2**62, rows.size).tolist(), rng.choice(list("ABC"), rows.size).tolist()
        return {"factor": MEAN, "detail": [{"key": k, "phase": p} for k, p in zip(keys, phases, strict=True)]}

    three = drawing.population.accounts["phase"].eq("ABC").to_numpy(bool)
    return thieves.draw(FAULT, drawing, rate, "reverse_current", details, three)


def metered(wh: np.ndarray, row: pd.Series, start: date, days: int) -> np.ndarray:
    """What the meter counts of one point's true Wh [days × 96]; it stops at 0, it does not turn back."""
    key = json.loads(row["detail"])["key"]
    hit = range(days)[picks.days_hit(row, start, days)]
    shares = [generator(key, "phase", start + timedelta(days=k)).normal(MEAN, SPREAD, 24) for k in hit]
    share = np.clip(np.array(shares).reshape(-1, 24), 0, 1)
    return thieves.counted(wh, row, start, days, np.repeat(share, SLOTS // 24, axis=1))
