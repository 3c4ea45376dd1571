"""A spike is seen at the head-end, which sends the day again in a later file, with a higher version."""

import json
from datetime import date, timedelta

import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, picks
from gridmart.simulator.faults.spike import FACTOR, raise_interval
from gridmart.simulator.plan import SLOTS

FAULT = Fault(
    name="corrected_file",
    title_zh="更正文件",
    title_en="Corrected file",
    stage="file",
    scope="day",
    rate=0.0002,
    per="point-days",
    what=f"one import interval is {FACTOR:g} times as high; 1 to 3 days later a file brings version 2 of the day",
    found_by="versions: the later wins",
)
ORDER = 30


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Spikes of one date that are corrected; all of a date in one file."""
    rng, rows = picks.of_day(FAULT, drawing, rate)
    due = drawing.first + timedelta(days=int(rng.integers(1, 4)))
    return picks.at_points(
        FAULT, drawing.population, rows, from_date=drawing.first, to_date=drawing.first,
        first_slot=rng.integers(0, SLOTS, rows.size), slots=1, factor=FACTOR,
        detail=json.dumps({"due_date": due.isoformat(), "version": 2}),
    )  # fmt: skip


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Raise the interval in this file; the day as it stood comes later."""
    for row in rows.itertuples(index=False):
        place = delivery.row_of[row.point_no, "import_kwh"]
        due = date.fromisoformat(json.loads(row.detail)["due_date"])
        delivery.late.append((due, delivery.record(place, row.from_date, 2)))
        raise_interval(delivery, place, row)
