"""Bills in whole numbers are those of the plain rules in decimals; uses add up by period and month."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from cis_facts import people

from benchmarks.billing_plain import Segment, bill
from gridmart.simulator import billing, month_use
from gridmart.simulator.billing import ITEMS, LINE_PERIODS
from gridmart.simulator.month_use import PERIOD_WH
from gridmart.tariffs import CALENDAR_OF, PERIODS, in_force, seed, tou_hours

CENT = Decimal("0.01")
TARIFFS = ("RES_TIER", "COM_TOU", "AGR", "IND_TOU_CAP", "IND_TOU_DEM")
MONTHS = (date(2025, 12, 1), date(2026, 4, 1), date(2026, 5, 1))


def to_step(value: Decimal, step: str = "0.01") -> Decimal:
    """Half up to a step of 10^-n."""
    return value.quantize(Decimal(step), ROUND_HALF_UP)


def reference_adjustment_pct(energy: Decimal, kvarh: Decimal) -> Decimal:
    """Per cent of the base, standard 0.90."""
    if energy == 0:
        return Decimal(0)
    factor = to_step(energy / (energy**2 + kvarh**2).sqrt())
    table = {
        Decimal(row["power_factor"]): Decimal(row["adjustment_pct"])
        for row in seed("power_factor_adjustment")
        if row["standard"] == "0.90"
    }
    return table[min(max(factor, min(table)), max(table))]


def reference_lines(tariff: str, month: date, capacity_kva: Decimal, use: dict[str, int]) -> list[tuple]:
    """(item, period, quantity, price, amount) of one bill, written down as the rules are told."""
    made: list[tuple] = []

    def add(item: str, period: str, quantity: Decimal, price: str) -> Decimal:
        amount = to_step(quantity * Decimal(price))
        made.append((item, period, quantity, Decimal(price), amount))
        return amount

    energy = {p: to_step(Decimal(use[f"{p}_wh"]) / 1000) for p in PERIODS}
    total = sum(energy.values(), Decimal(0))
    if tariff == "RES_TIER":
        for low, high, price in (("0", "170", "0.477"), ("170", "260", "0.527"), ("260", "Infinity", "0.777")):
            if total > Decimal(low) or low == "0":
                add("energy", "total", min(total, Decimal(high)) - Decimal(low), price)
        return made
    (held,) = (row for row in seed("tariff_version") if row["tariff_code"] == tariff and in_force(row, month))

    def of_version(name: str) -> list[dict[str, str]]:
        return [row for row in seed(name) if (row["tariff_code"], row["valid_from"]) == (tariff, held["valid_from"])]

    prices = {row["period_code"]: row["price_yuan_per_kwh"] for row in of_version("tariff_price")}
    (levies,) = of_version("tariff_levy")
    base = Decimal(0)
    if tariff == "IND_TOU_CAP":
        base += add("capacity", "total", capacity_kva, held["capacity_price_yuan_per_kva"])
    if tariff == "IND_TOU_DEM":
        demand = to_step(Decimal(use["max_demand_w"]) / 1000, "0.1")
        base += add("demand", "total", demand, held["demand_price_yuan_per_kw"])
    if tariff == "AGR":
        energy = {"flat": total}
    for period, quantity in energy.items():
        if quantity:
            base += add("energy", period, quantity, prices[period])
    if tariff.startswith("IND"):
        share = reference_adjustment_pct(total, to_step(Decimal(use["import_varh"]) / 1000)) / 100
        made.append(("power_factor", "total", base, share, to_step(base * share)))
    add("levies", "total", total, levies["price_yuan_per_kwh"])
    return made


def lines_of(made: billing.Lines, bill: int) -> list[tuple]:
    """The same five of a bill of `charge`."""
    rows = np.flatnonzero(made.bill == bill)
    assert made.sequence[rows].tolist() == list(range(1, rows.size + 1))
    return [
        (
            ITEMS[made.item[k]],
            LINE_PERIODS[made.period[k]],
            Decimal(int(made.quantity[k])) / 100,
            Decimal(int(made.price[k])) / 10**6,
            Decimal(int(made.amount[k])) / 100,
        )
        for k in rows
    ]


def some_uses() -> pd.DataFrame:
    """Random uses of every tariff and month, with tier borders, nothing at all, and all sizes."""
    rng = np.random.default_rng(3)
    rows = []
    for tariff in TARIFFS:
        for month in MONTHS:
            for size in [
                0,
                0,
                4,
                5,
                1_000,
                169_994,
                169_995,
                170_000,
                170_005,
                259_995,
                260_004,
                260_005,
                *10 ** rng.uniform(2, 11, 40),
            ]:
                share = rng.dirichlet(np.ones(5)) * (rng.random(5) < 0.8)
                wh = (share * size).astype(int)
                wh[2] = int(size) - wh.sum() + wh[2]
                if tariff in ("RES_TIER", "AGR"):
                    wh[:] = [0, 0, int(size), 0, 0]
                if tariff == "COM_TOU":
                    wh[:] = [0, wh[0] + wh[1], wh[2], wh[3] + wh[4], 0]
                if month < date(2026, 5, 1):
                    wh[3:] = [wh[3] + wh[4], 0]
                use = dict(zip(PERIOD_WH, wh.tolist(), strict=True))
                use |= {
                    "import_varh": int(size * rng.uniform(0, 1.2)),
                    "max_demand_w": int(size * rng.uniform(0, 0.01)),
                }
                rows.append(use | {"tariff_code": tariff, "month": month, "capacity": int(rng.integers(1, 10**6))})
    frame = pd.DataFrame(rows).sample(frac=1.0, random_state=1, ignore_index=True)
    return frame.astype({"month": "datetime64[s]"})


def test_every_line_is_that_of_the_rules_in_decimals() -> None:
    uses = some_uses()
    made = billing.charge(uses)
    total = made.amounts(len(uses))
    for k, use in enumerate(uses.to_dict("records")):
        expected = reference_lines(use["tariff_code"], use["month"].date(), Decimal(use["capacity"]) / 100, use)
        assert lines_of(made, k) == expected, use
        assert Decimal(int(total[k])) / 100 == sum(line[4] for line in expected)


@pytest.mark.parametrize(
    ("kwh", "amount"),
    [(0, "0.00"), (170, "81.09"), (171, "81.62"), (260, "128.52"), (261, "129.30")],
)
def test_households_pay_by_tier(kwh: int, amount: str) -> None:
    use = dict.fromkeys((*PERIOD_WH, "import_varh", "max_demand_w"), 0) | {"flat_wh": kwh * 1000, "capacity": 800}
    made = billing.charge(pd.DataFrame([use | {"tariff_code": "RES_TIER", "month": pd.Timestamp(2026, 5, 1)}]))
    assert made.amounts(1)[0] == Decimal(amount) * 100
    assert made.energies(1)[0] == kwh * 100


@pytest.mark.parametrize(
    ("household", "amount"), [("ordinary", "159.60"), ("large_family", "144.60"), ("low_income", "159.60")]
)
def test_a_large_family_has_tiers_of_its_own(household: str, amount: str) -> None:
    use = dict.fromkeys((*PERIOD_WH, "import_varh", "max_demand_w"), 0) | {"flat_wh": 300_000, "capacity": 800}
    use |= {"tariff_code": "RES_TIER", "month": pd.Timestamp(2026, 5, 1)}
    both = pd.DataFrame([use | {"household_code": "ordinary"}, use | {"household_code": household}])
    assert billing.charge(both).amounts(2).tolist() == [15_960, Decimal(amount) * 100]
    # another program, written from the rules alone
    segment = Segment("RES_TIER", "2022-01-01", 31, 31, {"flat": Decimal(300)}, household=household)
    assert sum(line[-1] for line in bill([segment])) == Decimal(amount)


def nearest_to_a_half(half: int) -> list[tuple[int, int]]:
    """Energies and reactive energies whose factor lies so near to half / 200 that floats see no difference.

    Convergents of the border's kvarh / kWh, in turn below and above it.
    """
    with localcontext() as context:
        context.prec = 80
        border = Fraction((Decimal(40_000 - half * half)).sqrt() / half)
    found, rest = [], border
    before, now = (0, 1), (1, 0)
    while now[1] < 10**10:
        whole = rest.numerator // rest.denominator
        before, now = now, (whole * now[0] + before[0], whole * now[1] + before[1])
        rest = 1 / (rest - whole)
        found.append((now[1], now[0]))
    return found


def test_the_power_factor_is_exact_next_to_every_half() -> None:
    """At each border between two rows of the table, one varh more or less decides."""
    pairs = [(0, 500)]
    for half in range(1, 200, 2):  # the factor is half / 200
        for kwh in (10**5, 10**9 + 7):
            border = int((Decimal(kwh) ** 2 * (Decimal(200) / half) ** 2 - Decimal(kwh) ** 2).sqrt())
            pairs += [(kwh, border + k) for k in (-1, 0, 1, 2)]
        pairs += nearest_to_a_half(half)
    energy, reactive = (np.array(values, np.int64) for values in zip(*pairs, strict=True))
    for (kwh, kvarh), share in zip(pairs, billing.adjustment(energy, reactive).tolist(), strict=True):
        assert Decimal(share) / 100 == reference_adjustment_pct(Decimal(kwh) / 100, Decimal(kvarh) / 100), (kwh, kvarh)


def test_a_tariff_that_does_not_price_a_period_bills_it_as_the_next() -> None:
    use = {"sharp_wh": 1_000, "peak_wh": 2_000, "flat_wh": 4_000, "valley_wh": 8_000, "deep_valley_wh": 16_000}
    use |= {"import_varh": 0, "max_demand_w": 0, "capacity": 0, "month": pd.Timestamp(2026, 4, 1)}
    made = billing.charge(pd.DataFrame([use | {"tariff_code": code} for code in ("COM_TOU", "AGR")]))
    energy = [[line[1:3] for line in lines_of(made, k) if line[0] == "energy"] for k in range(2)]
    assert energy == [[("peak", 3), ("flat", 4), ("valley", 24)], [("flat", 31)]]


def test_half_up_is_away_from_zero() -> None:
    assert billing.half_up(np.array([-15, -14, 14, 15, 0]), 10).tolist() == [-2, -1, 1, 2, 0]


def test_large_customers_choose_between_two_tariffs_for_good() -> None:
    made = people(2000)
    codes = pd.Series(billing.tariffs(made))
    of = made.accounts["usage_category"]
    assert set(codes[of.eq("large_industrial")]) == set(billing.INDUSTRIAL)
    assert set(codes[of.eq("residential")]) == {"RES_TIER"} and set(codes[of.eq("commercial")]) == {"COM_TOU"}
    assert (billing.tariffs(made) == codes.to_numpy()).all()


def test_energy_falls_into_the_periods_of_the_calendar() -> None:
    made = people()
    station = made.stations[0]
    start, days = date(2026, 4, 29), 4  # other hours from 1 May on, which is a festival
    categories = made.accounts["usage_category"].to_numpy()[made.rows_of(station)]
    metered = np.random.default_rng(1).integers(0, 5_000, (categories.size, days * 96)).astype(np.int32)
    used = month_use.time_of_use(made, station, start, days, metered)
    assert used.dtype == np.int64 and (used.sum(axis=(1, 2)) == metered.sum(axis=1)).all()
    hours = tou_hours(start, date(2026, 5, 2)).to_pandas().set_index(["calendar_code", "business_date", "local_hour"])
    for row in [int(np.flatnonzero(categories == category)[0]) for category in sorted(set(categories))]:
        for day, business_date in enumerate(sorted(set(hours.index.get_level_values(1)))):
            expected = dict.fromkeys(PERIODS, 0)
            for slot in range(96):
                period = hours.loc[(CALENDAR_OF[categories[row]], business_date, slot // 4), "period_code"]
                expected[period] += int(metered[row, day * 96 + slot])
            assert used[row, day].tolist() == list(expected.values())


def test_months_add_up_however_the_days_are_cut() -> None:
    made = people()
    station = made.stations[0]
    accounts = made.accounts.iloc[made.rows_of(station)]
    rng = np.random.default_rng(2)
    shape = [len(accounts), int(accounts["has_generation"].sum()), int(accounts["sends_electrical"].sum())]
    wh = [rng.integers(0, 9_000, (rows, 40 * 96)).astype(np.int32) for rows in shape]

    def part(first: int, days: int) -> pd.DataFrame:
        cut = [values[:, first * 96 : (first + days) * 96] for values in wh]
        start = (pd.Timestamp(2026, 4, 25) + pd.Timedelta(days=first)).date()
        return month_use.accumulate(made, station, start, days, *cut)

    whole = month_use.together([part(0, 40)])
    pd.testing.assert_frame_equal(whole, month_use.together([part(0, 3), part(3, 20), part(23, 17)]))
    assert whole[list(PERIOD_WH)].sum().sum() == wh[0].sum(dtype=np.int64)
    assert whole["export_wh"].sum() == wh[1].sum(dtype=np.int64) and whole["import_varh"].sum() == wh[2].sum(
        dtype=np.int64
    )
    may = whole[whole["month"].eq(pd.Timestamp(2026, 5, 1))]
    assert (may["max_demand_w"].to_numpy() == wh[0][:, 6 * 96 : 37 * 96].max(axis=1).astype(np.int64) * 4).all()
    kept = month_use.complete(whole, date(2026, 4, 25), date(2026, 6, 3))
    assert set(kept["month"]) == {pd.Timestamp(2026, 5, 1)} and len(kept) == len(accounts)
