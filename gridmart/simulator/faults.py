"""Faults of the demo utility: what goes wrong, how often, and each instance as truth.

A plan is drawn once for the whole period, so that it does not depend on how files are split or who writes them.
Its rows are the truth; `docs/faults.md` describes the kinds.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from gridmart.simulator.loads import SLOTS
from gridmart.simulator.utility import NEM12_STATION, Utility

# share of point-days, (fewest, most) intervals
RATES: dict[str, tuple[float, int, int]] = {
    "gap_short": (0.004, 1, 6),
    "gap_long": (0.002, 12, 60),
    "gap_day": (0.001, SLOTS, SLOTS),
    "spike": (0.0004, 1, 1),
    "negative": (0.0001, 1, 1),
    "duplicate_row": (0.001, 0, 0),
}
GAPS = ("gap_short", "gap_long", "gap_day", "concentrator")
UNKNOWN_POINT = "P999999999"
COLUMNS = ("fault", "point_no", "account_no", "business_date", "first_slot", "slots", "factor")


def plan(utility: Utility) -> pd.DataFrame:
    """Every fault of the readings: one row per instance, columns `COLUMNS`."""
    rng = np.random.default_rng([utility.seed, 4])
    points = utility.points
    size = len(points) * utility.days
    frames = []

    def add(kind: str, picks: np.ndarray, day: np.ndarray, slot: np.ndarray, slots: np.ndarray, factor: float) -> None:
        frames.append(
            pd.DataFrame(
                {
                    "fault": kind,
                    "point_no": points["point_no"].to_numpy()[picks],
                    "account_no": points["account_no"].to_numpy()[picks],
                    "business_date": [utility.first + timedelta(days=int(d)) for d in day],
                    "first_slot": slot,
                    "slots": slots,
                    "factor": factor,
                }
            )
        )

    for kind, (rate, low, high) in RATES.items():
        count = max(2, int(rng.poisson(rate * size)))
        slots = rng.integers(low, high + 1, count)
        begin = (rng.random(count) * (SLOTS - slots + 1)).astype(int)
        factor = 25.0 if kind == "spike" else -1.0
        add(kind, rng.integers(0, len(points), count), rng.integers(0, utility.days, count), begin, slots, factor)
    areas = utility.transformers.loc[utility.transformers["ownership"] == "public", "transformer_no"].to_numpy()
    for _ in range(max(1, utility.days // 30)):
        picks = np.flatnonzero((points["transformer_no"] == rng.choice(areas)).to_numpy())
        on, hours, since = int(rng.integers(0, utility.days)), int(rng.integers(6, 13)), int(rng.integers(0, 12))
        same = np.ones(picks.size, int)
        add("concentrator", picks, same * on, same * since * 4, same * hours * 4, -1.0)
    return pd.concat(frames, ignore_index=True)


def thieves(utility: Utility) -> dict[str, tuple[date, float]]:
    """Account → (since, constant share of use that its meter does not see): the largest shop."""
    accounts = utility.accounts[utility.accounts["usage_category"].eq("commercial")]
    account = accounts.sort_values("mean_kw")["account_no"].iloc[-1]
    return {str(account): (utility.first + timedelta(days=utility.days * 2 // 3), 0.6)}


def swaps(utility: Utility) -> dict[str, date]:
    """Point → date of its meter swap, mid-month: two households read in gridmart CSV."""
    accounts = utility.accounts
    picked = accounts[accounts["org_no"].ne(NEM12_STATION) & accounts["usage_category"].eq("residential")].iloc[[3, 7]]
    day = min(utility.first + timedelta(days=utility.days // 2), utility.last)
    return {str(point): day for point in picked["point_no"]}


def wrong_multipliers(utility: Utility) -> dict[str, int]:
    """Point → CT ratio that the CIS believes, while the meter has another: one customer, all the time."""
    points = utility.points
    read_by_register = points["point_kind"].eq("customer") & points["org_no"].ne(NEM12_STATION)
    chosen = points[read_by_register & points["ct_ratio"].gt(1)].sort_values("ct_ratio", kind="stable").iloc[0]
    return {str(chosen["point_no"]): int(chosen["ct_ratio"]) * 3 // 2}


def lasting(utility: Utility) -> pd.DataFrame:
    """The faults that last: theft, swaps, wrong multipliers; same columns as `plan`, `business_date` is the first."""
    account_of = dict(zip(utility.points["point_no"], utility.points["account_no"], strict=True))
    point_of = {v: k for k, v in account_of.items()}
    rows: list[tuple] = []
    for account, (since, share) in thieves(utility).items():
        rows.append(("theft_constant_share", point_of[account], account, since, 0, 0, share))
    for point, day in swaps(utility).items():
        rows.append(("meter_swap", point, account_of[point], day, 0, 0, 1.0))
    for point, ratio in wrong_multipliers(utility).items():
        rows.append(("wrong_multiplier", point, account_of[point], utility.first, 0, 0, float(ratio)))
    rows.append(("unknown_meter", UNKNOWN_POINT, None, utility.last, 0, 0, 1.0))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def apply(values: np.ndarray, points: list[str], start: date, count: int, planned: pd.DataFrame) -> np.ndarray:
    """Delivered kWh with a span's faults: points x (days * 96), NaN where nothing is delivered.

    `values` are true energies in Wh of `points` for `count` days from `start`; `planned` is a plan.
    """
    delivered = values / 1000.0
    row_of = {point: i for i, point in enumerate(points)}
    end = start + timedelta(days=count)
    here = planned[planned["business_date"].ge(start) & planned["business_date"].lt(end)]
    order = {"spike": 0, "negative": 1}  # a gap hides what lies in it
    for fault in sorted(here.itertuples(), key=lambda f: order.get(f.fault, 2)):
        row = row_of[fault.point_no]
        begin = (fault.business_date - start).days * SLOTS + fault.first_slot
        span = slice(begin, begin + fault.slots)
        if fault.fault in GAPS:
            delivered[row, span] = np.nan
        elif fault.fault == "spike":
            delivered[row, span] = np.round(np.maximum(delivered[row, span], 0.05) * fault.factor, 3)
        elif fault.fault == "negative":
            delivered[row, span] = -np.maximum(delivered[row, span], 0.01)
    return delivered
