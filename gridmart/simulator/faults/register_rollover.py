"""A register is full: its index goes from the top back to 0."""

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.faults import Drawing, Fault, picks

if TYPE_CHECKING:
    from gridmart.simulator.population import Population

SEASONAL = ("irrigation", "school")  # may stand still for months: the index would not get to its top

FAULT = Fault(
    name="register_rollover",
    title_zh="表码翻转",
    title_en="Register rollover",
    stage="reading",
    scope="span",
    rate=0.002,
    per="customers",
    what="the index starts the history so near to its top (10 to the power of its whole digits) that it comes back "
    "to 0 at about a third of it; detail: start_index",
    found_by="register_decrease, told apart from a swap by the digits of the meter",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Meters that roll over. Their use is not known yet: a third of what is expected of the history is surely met."""
    accounts = drawing.population.accounts
    points = drawing.population.points.iloc[: len(accounts)]
    multiplier = (points["ct_ratio"] * points["pt_ratio"]).to_numpy(float)
    expected = accounts["mean_kw"].to_numpy(float) * 24 * drawing.days / multiplier
    fit = ~accounts["has_generation"].to_numpy(bool) & ~accounts["archetype"].isin(SEASONAL).to_numpy()
    fit &= (expected > 0.1) & picks.steady(drawing.population)
    rng, rows = picks.meters(FAULT, drawing, rate, fit)
    top = 10.0 ** (points["digits"].to_numpy(int)[rows] - 2)
    start = np.round(np.maximum(top - expected[rows] * rng.uniform(0.25, 0.4, rows.size), 0), 2)
    return picks.at_points(
        FAULT, drawing.population, rows, from_date=drawing.first, to_date=drawing.last,
        detail=[json.dumps({"start_index": float(value)}) for value in start],
    )  # fmt: skip


def start_index(population: "Population", rows: pd.DataFrame | None) -> dict:
    """Point → index at the start of the history, instead of that of the population."""
    if rows is None:
        return {}
    values = [json.loads(detail)["start_index"] for detail in rows["detail"]]
    return dict(zip(rows["point_no"], values, strict=True))


def apply(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Nothing more: the registers of the delivery were made with `start_index`."""
