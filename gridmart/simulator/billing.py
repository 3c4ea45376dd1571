"""Bills and payments as the demo's CIS issued them: energies by period × tariff, each line rounded half up."""

import calendar as months
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import numpy as np

from gridmart.simulator.utility import Utility
from gridmart.tariffs import PERIODS, in_force, seed

CENT = Decimal("0.01")
ZONE = ZoneInfo("Asia/Shanghai")
CHANNELS = ("app", "bank", "counter", "agent", "auto_debit")


@dataclass(frozen=True)
class MonthUse:
    """What the CIS bills for one month: accounts x periods in kWh, kvarh and demand by account (0 where none)."""

    month: date
    energy_kwh: np.ndarray
    import_kvarh: np.ndarray
    max_demand_kw: np.ndarray


def rounded(amount: Decimal) -> Decimal:
    """Yuan with two decimals, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def adjustment_pct(energy_kwh: Decimal, kvarh: Decimal, standard: Decimal) -> Decimal:
    """Power-factor adjustment in per cent of its base: the table of 1983, P / sqrt(P² + Q²) with two decimals."""
    if energy_kwh == 0:
        return Decimal(0)
    factor = (energy_kwh / (energy_kwh**2 + kvarh**2).sqrt()).quantize(CENT, ROUND_HALF_UP)
    table = {
        Decimal(row["power_factor"]): Decimal(row["adjustment_pct"])
        for row in seed("power_factor_adjustment")
        if Decimal(row["standard"]) == standard
    }
    return table[min(max(factor, min(table)), max(table))]


def lines(category: str, tariff: str, capacity_kva: float, use: MonthUse, row: int) -> list[tuple]:
    """Lines of one bill: (line_kind, period_code, quantity, unit_price, amount_yuan)."""
    made: list[tuple] = []

    def add(kind: str, period: str, quantity: Decimal, price: Decimal) -> Decimal:
        amount = rounded(quantity * price)
        made.append((kind, period, quantity, price, amount))
        return amount

    by_period = {p: Decimal(str(round(float(use.energy_kwh[row, k]), 2))) for k, p in enumerate(PERIODS)}
    total = sum(by_period.values(), Decimal(0))
    if category == "residential":
        tiers = [t for t in seed("tariff_tier") if t["tariff_code"] == tariff and in_force(t, use.month)]
        starts = [Decimal(t["from_kwh_month"]) for t in tiers] + [Decimal("Infinity")]
        for tier, low, high in zip(tiers, starts[:-1], starts[1:], strict=True):
            if total > low or low == 0:
                add("energy", "total", max(min(total, high) - low, Decimal(0)), Decimal(tier["price_yuan_per_kwh"]))
        return made
    valid = [p for p in seed("tariff_price") if p["tariff_code"] == tariff and in_force(p, use.month)]
    prices = {p["period_code"]: p for p in valid}
    base = Decimal(0)
    if category == "large_industrial":
        flat = prices["flat"]
        if tariff == "IND_TOU_CAP":
            base += add("capacity", "total", Decimal(str(capacity_kva)), Decimal(flat["capacity_price_yuan_per_kva"]))
        else:
            demand = Decimal(str(round(float(use.max_demand_kw[row]), 1)))
            base += add("demand", "total", demand, Decimal(flat["demand_price_yuan_per_kw"]))
    for period, energy in by_period.items():
        if energy:
            base += add("energy", period, energy, Decimal(prices[period]["price_yuan_per_kwh"]))
    if category == "large_industrial":
        pct = adjustment_pct(total, Decimal(str(round(float(use.import_kvarh[row]), 2))), Decimal("0.90"))
        made.append(("power_factor", "total", base, pct / 100, rounded(base * pct / 100)))
    add("levies", "total", total, Decimal(prices["flat"]["levies_yuan_per_kwh"]))
    return made


def _paid_at(habit: str, issued: date, due: date, rng: np.random.Generator) -> datetime | None:
    draw = rng.random()
    if habit == "unpaid" and draw < 0.7:
        return None
    late = habit in ("late", "unpaid") or draw > 0.985
    if late:
        day = due + timedelta(days=int(rng.integers(3, 60)))
    elif habit == "prompt":
        day = issued + timedelta(days=int(rng.integers(0, 8)))
    else:
        day = due - timedelta(days=int(rng.integers(0, 6)))
    clock = time(int(rng.integers(8, 21)), int(rng.integers(0, 60)), tzinfo=ZONE)
    return datetime.combine(day, clock)


def issue(utility: Utility, uses: list[MonthUse], tariffs: dict[str, str]) -> dict[str, list[tuple]]:
    """Rows of `bill`, `bill_line`, `payment` for all complete months, as of the utility's last date.

    Bills are issued on the 2nd of the next month, due 20 days later; what is paid after the last date is not there yet.
    """
    rng = np.random.default_rng([utility.seed, 5])
    bills: list[tuple] = []
    bill_lines: list[tuple] = []
    payments: list[tuple] = []
    accounts = utility.accounts[["account_no", "usage_category", "capacity_kva", "payment_habit"]]
    for use in uses:
        last_day = use.month.replace(day=months.monthrange(use.month.year, use.month.month)[1])
        issued = last_day + timedelta(days=2)
        due = issued + timedelta(days=20)
        for row, (account, category, capacity, habit) in enumerate(accounts.itertuples(index=False)):
            paid = _paid_at(habit, issued, due, rng)
            channel = str(rng.choice(CHANNELS, p=[0.5, 0.12, 0.13, 0.1, 0.15]))
            if issued > utility.last:
                continue
            number = f"{use.month:%Y%m}{account}"
            made = lines(category, tariffs[account], capacity, use, row)
            amount = sum((line[4] for line in made), Decimal(0))
            at = datetime.combine(issued, time(8), tzinfo=ZONE)
            is_paid = paid is not None and paid.date() <= utility.last and amount > 0
            energy = sum((q for kind, _, q, _, _ in made if kind == "energy"), Decimal(0))
            status = "paid" if is_paid or amount == 0 else "unpaid"
            bills.append((number, account, use.month, issued, due, energy, amount, status, paid if is_paid else at))
            bill_lines += [(number, k + 1, *line, at) for k, line in enumerate(made)]
            if is_paid:
                payments.append((f"P{number}", number, account, paid, amount, channel, paid))
    return {"bill": bills, "bill_line": bill_lines, "payment": payments}
