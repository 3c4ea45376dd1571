"""Facts of a small utility with invented monthly uses, for tests of what the CIS makes of them."""

from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd

from gridmart.simulator import collection, faults, month_use, population
from gridmart.simulator.keys import generator
from gridmart.simulator.plan import Plan
from gridmart.simulator.population import Population
from gridmart.simulator.systems.model import Facts

READ_BY_CIS = (
    "bill_not_issued", "bill_twice", "meter_swap", "payment_wrong_account", "power_factor_misread", "tariff_misapplied",
    "wrong_ct_ratio",
)  # fmt: skip
FIRST, LAST = date(2026, 2, 10), date(2026, 9, 20)


@lru_cache(maxsize=4)
def people(accounts: int = 240, seed: int = 7) -> Population:
    """A utility whose history is FIRST to LAST."""
    return population.build(accounts, FIRST, LAST, seed)


def uses(made: Population, end: date) -> pd.DataFrame:
    """A use for every account and complete month: a function of the month alone, 0 where an account is not open."""
    accounts = made.accounts
    category = accounts["usage_category"].to_numpy(object)
    large = category == "large_industrial"
    parts = []
    for month in month_use.complete_months(made.first, end):
        wh = accounts["mean_kw"].to_numpy() * 720_000 * generator(made.seed, "use", month).uniform(0.6, 1.4, len(large))
        wh = np.where(collection.is_billed(collection.habits(made), month), wh, 0).astype(np.int64)
        by_period = {
            "sharp_wh": wh // 10 * large,
            "peak_wh": wh // 3 * np.isin(category, ["commercial"]) + wh // 5 * large,
        }
        by_period |= {"valley_wh": wh // 7 * large, "deep_valley_wh": wh * 0}
        columns = {
            "account_no": accounts["account_no"].to_numpy(object),
            "month": np.datetime64(month, "s"),
            **by_period,
        }
        columns |= {"flat_wh": wh - sum(by_period.values()), "export_wh": 0, "import_varh": wh // 2 * large}
        parts.append(pd.DataFrame(columns | {"max_demand_w": wh // 300}))
    if not parts:
        return month_use.together([])
    return pd.concat(parts, ignore_index=True).astype(month_use.COLUMNS)[list(month_use.COLUMNS)]


def facts(
    made: Population, end: date, rates: dict[str, float] | None = None, more: dict[str, pd.DataFrame] | None = None
) -> Facts:
    """Facts by the end of a date: faults drawn at `rates`, and further instances as given."""
    planted = tuple(sorted((rates or {}).items()))
    drawn = dict.fromkeys(READ_BY_CIS, pd.DataFrame(columns=list(faults.TRUTH)))
    drawn |= faults.draw(made.seed, made, planted, made.first, end, (made.first, made.last)) | (more or {})
    plan = Plan(len(made.accounts), made.first, made.last, made.seed, rates=planted, through=end)
    timeline = collection.timeline(made, made.first, end)
    swaps = drawn.get("meter_swap")
    removed = (
        {} if swaps is None else {p: 123.45 for p, d in zip(swaps.point_no, swaps.from_date, strict=True) if d <= end}
    )
    return Facts(plan, made, None, drawn, timeline, uses(made, end), removed, pd.DataFrame())  # type: ignore[arg-type]
