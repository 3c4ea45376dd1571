"""The file of a date comes after those of later dates."""

import json
from datetime import date, timedelta

import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, picks

DAYS = 2

FAULT = Fault(
    name="out_of_order_file",
    title_zh="文件乱序到达",
    title_en="File out of order",
    stage="file",
    scope="day",
    rate=0.01,
    per="stations and days",
    what=f"all rows of a station and date come {DAYS} days later, after those of the next date",
    found_by="missing until then; the result does not depend on the order of arrival",
)
ORDER = 50


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Stations whose file of one date is delayed."""
    _, names = picks.stations(FAULT, drawing, rate)
    due = drawing.first + timedelta(days=DAYS)
    parts = [
        picks.at_station(
            FAULT, name, "file", from_date=drawing.first, to_date=drawing.first,
            detail=json.dumps({"due_date": due.isoformat()}),
        )
        for name in names
    ]  # fmt: skip
    return picks.all_of(FAULT, parts)


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Withhold the date; a file of which nothing is left is not sent now."""
    for row in rows.itertuples(index=False):
        due = date.fromisoformat(json.loads(row.detail)["due_date"])
        for place in range(len(delivery.points)):
            delivery.withhold(place, row.from_date, due)
    if not delivery.copies.any() and not delivery.extra:
        delivery.is_sent = False
