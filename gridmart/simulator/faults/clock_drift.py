"""A meter's clock is wrong: its curve stands at other times than its energy was used."""

import json

import numpy as np
import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, picks
from gridmart.simulator.plan import MINUTES, SLOTS

FAULT = Fault(
    name="clock_drift",
    title_zh="时钟超差",
    title_en="Clock drift",
    stage="reading",
    scope="span",
    rate=0.001,
    per="customers",
    what="for 20 to 90 days a clock is 15 to 60 minutes fast (slots above 0: the curve is late) or slow; within each "
    "day the curve turns round, so that the day's energy and registers stay right",
    found_by="meter event; comparison with like days",
)
ORDER = 10


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Meters whose clock is wrong at some time of the history."""
    rng, rows = picks.meters(FAULT, drawing, rate, picks.steady(drawing.population))
    slots = rng.integers(1, 5, rows.size) * rng.choice([-1, 1], rows.size)
    begin, days = rng.integers(0, drawing.days, rows.size), rng.integers(20, 91, rows.size)
    details = [json.dumps({"event": "clock_fault", "minutes": MINUTES * int(k)}) for k in slots]
    return picks.at_points(
        FAULT, drawing.population, rows, from_date=picks.dates(drawing.first, begin),
        to_date=picks.dates(drawing.first, begin + days - 1), slots=slots, detail=details,
    )  # fmt: skip


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Turn each day of all channels of the meter."""
    for row in rows.itertuples(index=False):
        days = delivery.days_of(row.from_date, row.to_date)
        columns = slice(days.start * SLOTS, days.stop * SLOTS)
        for place in delivery.rows_of(row.point_no):
            daily = delivery.values[place, columns].reshape(-1, SLOTS)
            delivery.values[place, columns] = np.roll(daily, row.slots, axis=1).reshape(-1)
