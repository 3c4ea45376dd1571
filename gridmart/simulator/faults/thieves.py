"""What the ways of theft share: who steals, since when, and which of the events of a meter tell of it."""

import json
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, picks
from gridmart.simulator.plan import SLOTS

RATE = 0.0006
PER = "small customers"
FEWEST_KW = 0.15  # who hardly uses anything has no reason


def small(drawing: Drawing) -> np.ndarray:
    """Households, shops, small industry and irrigation without generation, bool [accounts]."""
    accounts = drawing.population.accounts
    large = accounts["usage_category"].eq("large_industrial") | accounts["sends_electrical"].astype(bool)
    fit = ~large & ~accounts["has_generation"].astype(bool) & accounts["mean_kw"].ge(FEWEST_KW)
    return fit.to_numpy(bool) & picks.steady(drawing.population)


def draw(
    fault: Fault,
    drawing: Drawing,
    rate: float,
    event: str,
    details: Callable[[np.random.Generator, np.ndarray], dict[str, object]],
    eligible: np.ndarray | None = None,
) -> pd.DataFrame:
    """Thieves of the history. They begin at a fifth to seven tenths of it and do not stop; half of their meters
    notice `event`. `details(rng, accounts)` gives further columns of the truth; `detail` are lists of dicts."""
    fit = small(drawing) if eligible is None else small(drawing) & eligible
    rng, rows = picks.meters(fault, drawing, rate, fit)
    begin = (rng.uniform(0.2, 0.7, rows.size) * drawing.days).astype(np.int64)
    noticed = rng.random(rows.size) < 0.5
    columns = details(rng, rows)
    given = columns.pop("detail", [{}] * rows.size)
    known = [{"event": event} if seen else {} for seen in noticed.tolist()]
    return picks.at_points(
        fault, drawing.population, rows, from_date=picks.dates(drawing.first, begin), to_date=None,
        detail=[json.dumps(a | b) for a, b in zip(known, given, strict=True)], **columns,  # type: ignore[call-overload]
    )  # fmt: skip


def counted(wh: np.ndarray, row: pd.Series, start: date, days: int, share: np.ndarray | float) -> np.ndarray:
    """Wh of a point [days × 96] of which the meter counts a share, on the days of the theft; rounded to Wh.
    `share`: one number, or an array that fits [days of the theft, 96]."""
    made = wh.copy()
    daily = made.reshape(days, SLOTS)
    hit = picks.days_hit(row, start, days)
    daily[hit] = np.round(daily[hit] * share)
    return made
