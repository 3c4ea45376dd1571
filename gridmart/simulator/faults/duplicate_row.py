"""A row stands in its file twice."""

import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, picks

FAULT = Fault(
    name="duplicate_row",
    title_zh="重复上送",
    title_en="Row delivered twice",
    stage="file",
    scope="day",
    rate=0.001,
    per="point-days",
    what="the import of a point and date stands in its file twice, with equal values",
    found_by="duplicate",
)
ORDER = 10


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Repeated rows of one date."""
    _, rows = picks.of_day(FAULT, drawing, rate)
    return picks.at_points(FAULT, drawing.population, rows, from_date=drawing.first, to_date=drawing.first)


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Repeat the row."""
    for row in rows.itertuples(index=False):
        delivery.copies[delivery.row_of[row.point_no, "import_kwh"], delivery.day_index(row.from_date)] += 1
