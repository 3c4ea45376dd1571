"""Bills: tiers, power factor, sums, dates, and what a wrong multiplier does."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from gridmart.simulator import billing, cis, utility
from gridmart.simulator.billing import MonthUse, adjustment_pct, lines

MADE = utility.build(60, date(2026, 5, 1), date(2026, 7, 1), 7)


def _use(kwh: float, rows: int = 1, month: date = date(2026, 5, 1)) -> MonthUse:
    energy = np.zeros((rows, 5))
    energy[:, 2] = kwh
    return MonthUse(month, energy, np.full(rows, kwh / 3), np.full(rows, 50.0))


@pytest.mark.parametrize(
    ("kwh", "amount"),
    [(0, "0.00"), (170, "81.09"), (171, "81.62"), (260, "128.52"), (261, "129.30")],
)
def test_households_pay_by_tier(kwh: int, amount: str) -> None:
    made = lines("residential", "RES_TIER", 8.0, _use(kwh), 0)
    assert sum(line[4] for line in made) == Decimal(amount)
    assert sum(line[2] for line in made) == kwh


@pytest.mark.parametrize(("kwh", "kvarh", "pct"), [(1, 0, "-0.75"), (100, "48.43", "0"), (0, 5, "0")])
def test_power_factor_table(kwh: int, kvarh: str, pct: str) -> None:
    assert adjustment_pct(Decimal(kwh), Decimal(kvarh), Decimal("0.90")) == Decimal(pct)


def test_a_factor_below_the_table_pays_its_last_row() -> None:
    worst, bad = (adjustment_pct(Decimal(1), Decimal(q), Decimal("0.90")) for q in (1000, 2))
    assert worst >= bad > 0


def test_bills_add_up_and_nothing_is_from_the_future() -> None:
    uses = [_use(400.0, 60, date(2026, 5, 1)), _use(300.0, 60, date(2026, 6, 1))]
    made = billing.issue(MADE, uses, cis.tariffs_of(MADE))
    assert len(made["bill"]) == 60  # June's bill is issued on 2 July, after the last date
    amounts: dict[str, Decimal] = {}
    for line in made["bill_line"]:
        amounts[line[0]] = amounts.get(line[0], Decimal(0)) + line[6]
    for number, _, month, issued, due, _, amount, _, _ in made["bill"]:
        assert amount == amounts[number]
        assert month == date(2026, 5, 1) and issued == date(2026, 6, 2) < due
    assert made["payment"]
    owed = {bill[0]: bill[6] for bill in made["bill"]}
    for _, bill, _, paid, amount, _, _ in made["payment"]:
        assert date(2026, 6, 2) <= paid.date() <= MADE.last and amount == owed[bill]
    assert {b[0] for b in made["bill"] if b[7] == "paid"} == {p[1] for p in made["payment"]}
