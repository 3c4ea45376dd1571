"""Rows come days later, in a file of their own."""

import json
from datetime import date, timedelta

import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, picks

FAULT = Fault(
    name="late_row",
    title_zh="迟到数据",
    title_en="Late row",
    stage="file",
    scope="day",
    rate=0.0005,
    per="point-days",
    what="all channels of a point and date are not in their file, but 1 to 6 days later in another",
    found_by="missing until then; the date is validated again when they come",
)
ORDER = 40


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Late rows of one date."""
    rng, rows = picks.of_day(FAULT, drawing, rate)
    due = [drawing.first + timedelta(days=int(k)) for k in rng.integers(1, 7, rows.size)]
    return picks.at_points(
        FAULT, drawing.population, rows, from_date=drawing.first, to_date=drawing.first,
        detail=[json.dumps({"due_date": day.isoformat()}) for day in due],
    )  # fmt: skip


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Withhold the rows."""
    for row in rows.itertuples(index=False):
        due = date.fromisoformat(json.loads(row.detail)["due_date"])
        for place in delivery.rows_of(row.point_no):
            delivery.withhold(place, row.from_date, due)
