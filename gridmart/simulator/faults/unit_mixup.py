"""A meter's file says Wh where it holds kWh: what is read is a thousandth of what was used."""

import json

import numpy as np
import pandas as pd

from gridmart.simulator.delivery import UNITS, Delivery
from gridmart.simulator.faults import Drawing, Fault, number, picks

WRONG = {"kWh": "Wh", "kvarh": "varh"}

FAULT = Fault(
    name="unit_mixup",
    title_zh="单位混淆",
    title_en="Unit mix-up",
    stage="reading",
    scope="month",
    rate=0.0008,
    per="customer points and months",
    what="for 1 to 3 days within a month a meter's energies, in kWh, are labelled Wh; registers are right",
    found_by="register_sum, high_low",
)
ORDER = 50


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Meters whose unit is wrong in a month."""
    rng = drawing.stream(FAULT.name)
    customers = np.flatnonzero(drawing.population.points["point_kind"].eq("customer").to_numpy())
    rows = customers[picks.some(rng, customers.size, number(rng, rate, customers.size))]
    days = rng.integers(1, 4, rows.size)
    begin = (rng.random(rows.size) * (drawing.days - days + 1)).astype(np.int64)
    return picks.at_points(
        FAULT, drawing.population, rows, from_date=picks.dates(drawing.first, begin),
        to_date=picks.dates(drawing.first, begin + days - 1), factor=0.001, detail=json.dumps({"unit": "Wh"}),
    )  # fmt: skip


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Label the energies wrongly."""
    for row in rows.itertuples(index=False):
        for place in delivery.rows_of(row.point_no):
            unit = WRONG.get(UNITS[delivery.channels[place]])
            if unit:
                delivery.units |= {(place, k): unit for k in delivery.days_of(row.from_date, row.to_date)}
