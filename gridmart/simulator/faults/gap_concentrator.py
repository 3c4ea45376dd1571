"""A concentrator is offline: every meter of its area is silent for the same hours of a day."""

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, number, picks
from gridmart.simulator.faults.gap_meter import apply

__all__ = ["FAULT", "ORDER", "apply", "draw"]

FAULT = Fault(
    name="gap_concentrator",
    title_zh="集中器离线",
    title_en="Concentrator offline",
    stage="reading",
    scope="day",
    rate=0.001,
    per="public areas and days",
    what="all points of a transformer's area miss the same 6 to 12 hours; one instance a point",
    found_by="missing",
)
ORDER = 61


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Areas that are silent on one date."""
    rng = drawing.stream(FAULT.name)
    areas = picks.areas(drawing.population)
    parts = []
    for area in picks.some(rng, len(areas), number(rng, rate, len(areas))).tolist():
        hours, since = int(rng.integers(6, 13)), int(rng.integers(0, 12))
        parts.append(
            picks.at_points(
                FAULT, drawing.population, areas[area], from_date=drawing.first, to_date=drawing.first,
                first_slot=np.full(areas[area].size, since * 4), slots=hours * 4,
            )
        )  # fmt: skip
    return picks.all_of(FAULT, parts)
