"""The CIS believes that a meter has another current transformer than it has."""

import json

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, instances, number

FAULT = Fault(
    name="wrong_ct_ratio",
    title_zh="互感器变比错误",
    title_en="Wrong CT ratio",
    stage="system",
    scope="span",
    rate=0.004,
    per="customer's point with current transformers",
    what="all the time the CIS holds half, one and a half times or twice (factor) the true CT ratio; energies and "
    "demand of its bills are multiplied by that",
    found_by="register_sum: intervals against register advance × multiplier",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Points of accounts that are there all through the history."""
    population, rng = drawing.population, drawing.stream(FAULT.name)
    accounts = population.accounts
    points = population.points.iloc[: len(accounts)]  # customers' come first, in the order of the accounts
    steady = accounts["opened_date"].le(drawing.first) & accounts["closed_date"].isna()
    true = points["ct_ratio"].to_numpy(np.int64)
    rows = np.flatnonzero(steady.to_numpy() & (true > 1))
    chosen = np.sort(rng.choice(rows, number(rng, rate, rows.size, at_least_one=True), replace=False))
    ratios = true[chosen]
    halves = np.array([1, 3, 4])[rng.integers(0, 3, chosen.size)]
    believed = np.where(halves * ratios % 2 == 0, halves * ratios // 2, 2 * ratios)
    numbers = points["point_no"].to_numpy(object)[chosen]
    return instances(
        FAULT,
        system="cis",
        entity="meter",
        entity_no=[f"M{point}" for point in numbers],
        point_no=numbers,
        account_no=points["account_no"].to_numpy(object)[chosen],
        from_date=[drawing.first] * chosen.size,
        factor=believed / ratios,
        detail=[
            json.dumps({"true_ct_ratio": t, "believed_ct_ratio": b})
            for t, b in zip(ratios.tolist(), believed.tolist(), strict=True)
        ],
    )
