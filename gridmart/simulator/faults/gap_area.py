"""A whole area is silent for days: its concentrator is broken and waits for repair."""

from datetime import timedelta

import numpy as np
import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, number, picks
from gridmart.simulator.plan import SLOTS

FAULT = Fault(
    name="gap_area",
    title_zh="台区整日缺数",
    title_en="Area silent for days",
    stage="reading",
    scope="month",
    rate=0.03,
    per="public areas and months",
    what="no point of a transformer's area sends anything for 1 to 3 days within a month; one instance a point",
    found_by="missing",
)
ORDER = 62


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Areas that are silent in a month."""
    rng = drawing.stream(FAULT.name)
    areas = picks.areas(drawing.population)
    parts = []
    for area in picks.some(rng, len(areas), number(rng, rate, len(areas))).tolist():
        days = int(rng.integers(1, 4))
        begin = drawing.first + timedelta(days=int(rng.integers(0, drawing.days - days + 1)))
        parts.append(
            picks.at_points(
                FAULT, drawing.population, areas[area], from_date=begin, to_date=begin + timedelta(days=days - 1),
                slots=np.full(areas[area].size, SLOTS),
            )
        )  # fmt: skip
    return picks.all_of(FAULT, parts)


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Take the days away."""
    for row in rows.itertuples(index=False):
        days = delivery.days_of(row.from_date, row.to_date)
        for place in delivery.rows_of(row.point_no):
            delivery.values[place, days.start * SLOTS : days.stop * SLOTS] = np.nan
