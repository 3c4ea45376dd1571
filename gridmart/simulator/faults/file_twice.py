"""A file comes again under another name."""

import json

import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, picks

FAULT = Fault(
    name="file_twice",
    title_zh="文件重复",
    title_en="File delivered twice",
    stage="file",
    scope="day",
    rate=0.01,
    per="stations and days",
    what="the file that holds a station and date is delivered again under another name, with the same bytes",
    found_by="sha256 of the file",
)
ORDER = 90


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Stations whose file of one date comes twice."""
    _, names = picks.stations(FAULT, drawing, rate)
    day = drawing.first
    parts = [
        picks.at_station(
            FAULT, name, "file", from_date=day, to_date=day, detail=json.dumps({"name": f"again_{name}_{day:%Y%m%d}"})
        )
        for name in names
    ]
    return picks.all_of(FAULT, parts)


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Name the second file; its format is told by its content."""
    if delivery.is_sent:
        delivery.again += [json.loads(detail)["name"] for detail in rows["detail"]]
