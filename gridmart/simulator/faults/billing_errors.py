"""What the errors of single bills share: whom they may hit in a month, and what their truth says.

Each account meets one kind of error only (`billing.may_bear`). Hit are reliable payers who have supply all month, so
that the bill is not zero and no disconnection hangs on it. An error shows from the day of the bill or payment on
(`seen_from` of the detail); a month that is not complete when the history ends shows later or not at all.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridmart.simulator import billing, collection
from gridmart.simulator.faults import Drawing, Fault, instances, number
from gridmart.simulator.month_use import complete_months, last_day

if TYPE_CHECKING:
    from gridmart.simulator.population import Population

CATEGORIES = ("residential", "commercial", "large_industrial")  # irrigation may rest for a month
FEWEST_FOR_CERTAIN = 500  # a smaller utility may go without


@lru_cache(maxsize=1)
def habits(population: "Population") -> collection.Habits:
    """`collection.habits`, kept for the months of one population."""
    return collection.habits(population)


@lru_cache(maxsize=len(billing.ERRORS))
def _may_bear(population: "Population", error: str) -> np.ndarray:
    return billing.may_bear(population, error)


def of_month(
    fault: Fault, drawing: Drawing, rate: float, categories: Sequence[str] = CATEGORIES, is_any_payer: bool = False
) -> tuple[np.random.Generator, np.ndarray, int]:
    """The stream of a month; accounts (rows) that the fault may hit, in the order in which it takes them; how many.

    None for a month of which the history lacks the beginning; at least one for the month in the history's middle.
    """
    rng, population, month = drawing.stream(fault.name), drawing.population, drawing.first
    drawn = habits(population)
    billed = collection.is_billed(drawn, month)
    in_category = population.accounts["usage_category"].isin(list(categories)).to_numpy()
    fit = billed & in_category & _may_bear(population, fault.name)
    fit &= (drawn.opened < np.datetime64(month)) & ~(drawn.closed <= np.datetime64(last_day(month)))
    if not is_any_payer:
        fit &= drawn.is_reliable
    rows = np.flatnonzero(fit)
    whole = complete_months(*drawing.anchor)
    is_certain = bool(whole) and month == whole[len(whole) // 2] and len(billed) >= FEWEST_FOR_CERTAIN
    count = number(rng, rate, int((billed & in_category).sum()), at_least_one=is_certain)
    if month < drawing.anchor[0]:
        count = 0
    return rng, rng.permutation(rows), min(count, rows.size)


def of_bills(fault: Fault, drawing: Drawing, entity: str, rows: np.ndarray, **columns: object) -> pd.DataFrame:
    """Truth of bills or payments of the month, one of each account (row)."""
    accounts = drawing.population.accounts
    return instances(
        fault, system="cis", entity=entity, account_no=accounts["account_no"].to_numpy(object)[rows],
        point_no=accounts["point_no"].to_numpy(object)[rows], from_date=[drawing.first] * rows.size,
        to_date=[last_day(drawing.first)] * rows.size, **columns,
    )  # fmt: skip


def month_number(drawing: Drawing) -> int:
    """YYYYMM of the month that is drawn."""
    return drawing.first.year * 100 + drawing.first.month


def bill_numbers(drawing: Drawing, rows: np.ndarray, copy: int = 0) -> list[str]:
    """Numbers of the accounts' bills of the month."""
    accounts = drawing.population.accounts["account_no"].to_numpy(object)[rows]
    return [billing.bill_no(month_number(drawing), account, copy) for account in accounts]
