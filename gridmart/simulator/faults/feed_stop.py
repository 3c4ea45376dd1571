"""A station's head-end stops: for days it sends no file, and does not make up for it."""

from datetime import timedelta

import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, number, picks

SHORTEST_HISTORY = 12  # days

FAULT = Fault(
    name="feed_stop",
    title_zh="接口中断",
    title_en="Feed that stops",
    stage="file",
    scope="span",
    rate=0.1,
    per="stations",
    what="a station sends nothing for 2 to 4 days in the middle half of the history, and never makes up for it",
    found_by="missing at every point of the station; collection success",
)
ORDER = 80


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Stations that stop sending once in the history."""
    rng = drawing.stream(FAULT.name)
    names = drawing.population.stations
    if drawing.days < SHORTEST_HISTORY:
        return picks.none(FAULT)
    parts = []
    for k in picks.some(rng, len(names), number(rng, rate, len(names), at_least_one=True)).tolist():
        days = int(rng.integers(2, 5))
        begin = drawing.first + timedelta(days=drawing.days // 4 + int(rng.integers(0, drawing.days // 2 - days)))
        last = begin + timedelta(days=days - 1)
        parts.append(picks.at_station(FAULT, names[k], "station", from_date=begin, to_date=last))
    return picks.all_of(FAULT, parts)


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Leave the days out; a file of which nothing is left is never sent."""
    for row in rows.itertuples(index=False):
        days = delivery.days_of(row.from_date, row.to_date)
        delivery.copies[:, days.start : days.stop] = 0
        delivery.extra = [r for r in delivery.extra if delivery.day_index(r.day) not in days]
    if not delivery.copies.any() and not delivery.extra:
        delivery.is_sent = False
