"""Bills: energies by period × tariff in whole numbers, each line rounded half up, many bills at once.

Quantities are counted in hundredths (of a kWh, kVA, kW; the base of the power-factor adjustment in cents), unit prices
in millionths of a yuan, amounts in cents: products stay exact in 64 bits up to 40 billion yuan a line. The rules are
those of the tariff data in `dbt/seeds/tariffs`:

| tariff | lines |
|---|---|
| with tiers | energy by tier of the month's use, a large family's by its own tiers (levies are within the price) |
| with capacity or demand charge | that charge, energy by period, power-factor adjustment, levies |
| other | energy by period, levies |
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

import numpy as np
import pandas as pd

from gridmart.simulator.keys import generator
from gridmart.simulator.month_use import PERIOD_WH
from gridmart.simulator.population import Population
from gridmart.tariffs import PERIODS, rows_of, seed, version

ITEMS = ("energy", "capacity", "demand", "power_factor", "levies")
ENERGY, CAPACITY, DEMAND, POWER_FACTOR, LEVIES = range(5)
LINE_PERIODS = ("total", *PERIODS)
TOTAL = 0
STANDARD = Decimal("0.90")  # power factor that large customers are held to
HUNDRED, MILLION = 100, 10**6
TARIFF_OF = {"residential": "RES_TIER", "commercial": "COM_TOU", "agricultural": "AGR"}
ORDINARY, LARGE_FAMILY = "ordinary", "large_family"  # kinds of households
INDUSTRIAL = ("IND_TOU_CAP", "IND_TOU_DEM")
# a tariff that does not price a period bills its energy as the next one here
BILLED_AS = {"sharp": "peak", "peak": "flat", "deep_valley": "valley", "valley": "flat"}


@dataclass(frozen=True)
class Lines:
    """Lines of bills, one array a column, ordered by bill and sequence; all int64.

    bill: row of the uses; sequence: 1, 2, … within the bill; item, period: places in ITEMS and LINE_PERIODS;
    quantity in hundredths; price in millionths of a yuan; amount in cents.
    """

    bill: np.ndarray
    sequence: np.ndarray
    item: np.ndarray
    period: np.ndarray
    quantity: np.ndarray
    price: np.ndarray
    amount: np.ndarray

    def amounts(self, bills: int) -> np.ndarray:
        """Cents of each of `bills` bills: the sum of its lines."""
        return _summed(self.bill, self.amount, bills)

    def energies(self, bills: int) -> np.ndarray:
        """Hundredths of a kWh that each bill charges."""
        is_energy = self.item == ENERGY
        return _summed(self.bill[is_energy], self.quantity[is_energy], bills)


def _summed(bill: np.ndarray, values: np.ndarray, bills: int) -> np.ndarray:
    total = np.zeros(bills, np.int64)
    np.add.at(total, bill, values)
    return total


def half_up(numerator: np.ndarray, denominator: int) -> np.ndarray:
    """Quotient of integers rounded half up, away from zero as `decimal.ROUND_HALF_UP` does."""
    return np.sign(numerator) * ((2 * np.abs(numerator) + denominator) // (2 * denominator))


def tariffs(population: Population) -> np.ndarray:
    """Tariff code of each account's contract; large industrial customers have chosen between the two charges."""
    chosen = generator(population.seed, "tariff").random(len(population.accounts)) < 0.5
    codes = population.accounts["usage_category"].map(TARIFF_OF).to_numpy(object)
    industrial = population.accounts["usage_category"].eq("large_industrial").to_numpy()
    codes[industrial] = np.where(chosen[industrial], *INDUSTRIAL)
    return codes


def adjustment(energy: np.ndarray, reactive: np.ndarray) -> np.ndarray:
    """Power-factor adjustment in hundredths of a per cent: the table of 1983 at P / √(P² + Q²) with two decimals.

    `energy` and `reactive` are hundredths of a kWh and kvarh; no energy, no adjustment.
    """
    real, imaginary = energy.astype(float), reactive.astype(float)
    with np.errstate(invalid="ignore"):
        factor = 100.0 * real / np.sqrt(real * real + imaginary * imaginary)
    factor[energy == 0] = 100.0
    below = np.floor(factor)
    rounded = np.floor(factor + 0.5).astype(np.int64)
    # a float cannot decide what lies next to a half: whole numbers can
    for k in np.flatnonzero(np.abs(factor - below - 0.5) < 1e-6):
        p, q, half = int(energy[k]), int(reactive[k]), 2 * int(below[k]) + 1
        rounded[k] = int(below[k]) + (40_000 * p * p >= half * half * (p * p + q * q))
    lowest, table = _adjustments()
    return np.where(energy == 0, 0, table[np.clip(rounded, lowest, 100)])


@lru_cache(maxsize=1)
def _adjustments() -> tuple[int, np.ndarray]:
    """The table's lowest power factor in hundredths, and its adjustments (hundredths of a per cent) by power factor."""
    found = {
        int(Decimal(row["power_factor"]) * HUNDRED): int(Decimal(row["adjustment_pct"]) * HUNDRED)
        for row in seed("power_factor_adjustment")
        if Decimal(row["standard"]) == STANDARD
    }
    table = np.zeros(101, np.int64)
    table[list(found)] = list(found.values())
    return min(found), table


@dataclass(frozen=True)
class _Prices:
    """A tariff in force, prices in millionths of a yuan; `tiers`: (from hundredths of a kWh, price)."""

    tiers: tuple[tuple[int, int], ...]
    energy: dict[str, int]
    levies: int
    charge: int | None
    charged: int


def _millionths(text: str) -> int:
    return int(Decimal(text) * MILLION)


@lru_cache(maxsize=256)
def _prices(tariff: str, household: str, month: date) -> _Prices:
    """Prices on the first of the month: versions begin with a month. A kind of household without tiers of its own has
    those of ordinary ones."""
    held = version(tariff, month)
    if held is None:
        raise ValueError(f"no version of {tariff} holds on {month}")
    ladders = rows_of("tariff_tier", held)
    own = [row for row in ladders if row["household_code"] == household]
    tiers = tuple(
        (int(Decimal(row["from_kwh"]) * HUNDRED), _millionths(row["price_yuan_per_kwh"]))
        for row in own or [row for row in ladders if row["household_code"] == ORDINARY]
    )
    charge, charged = None, CAPACITY
    if held["capacity_price_yuan_per_kva"]:
        charge = _millionths(held["capacity_price_yuan_per_kva"])
    elif held["demand_price_yuan_per_kw"]:
        charge, charged = _millionths(held["demand_price_yuan_per_kw"]), DEMAND
    energy = {row["period_code"]: _millionths(row["price_yuan_per_kwh"]) for row in rows_of("tariff_price", held)}
    levies = sum(_millionths(row["price_yuan_per_kwh"]) for row in rows_of("tariff_levy", held))
    return _Prices(tuple(sorted(tiers)), energy, levies, charge, charged)


class _Book:
    """Collects lines of many bills; `place` orders the lines of a bill."""

    def __init__(self) -> None:
        self.parts: list[tuple[np.ndarray, ...]] = []

    def add(
        self, bills: np.ndarray, place: int, item: int, period: int, quantity: np.ndarray, price: int | np.ndarray
    ) -> np.ndarray:
        """Lines of quantity × price; returns their cents."""
        amount = half_up(quantity * price, MILLION)
        self.put(bills, place, item, period, quantity, price, amount)
        return amount

    def put(
        self,
        bills: np.ndarray,
        place: int,
        item: int,
        period: int,
        quantity: np.ndarray,
        price: int | np.ndarray,
        amount: np.ndarray,
    ) -> None:
        """Lines as given."""
        same = [np.full(bills.size, value, np.int64) for value in (place, item, period)]
        self.parts.append((bills, *same, quantity, np.broadcast_to(price, bills.shape).astype(np.int64), amount))

    def lines(self) -> Lines:
        """All lines in order."""
        if not self.parts:
            return Lines(*(np.zeros(0, np.int64) for _ in range(7)))
        bill, place, item, period, quantity, price, amount = map(np.concatenate, zip(*self.parts, strict=True))
        order = np.lexsort((place, bill))
        bill = bill[order]
        first = np.flatnonzero(np.diff(bill, prepend=-1))
        sequence = np.arange(bill.size) - np.repeat(first, np.diff(first, append=bill.size)) + 1
        return Lines(bill, sequence, item[order], period[order], quantity[order], price[order], amount[order])


def charge(uses: pd.DataFrame) -> Lines:
    """Lines of one bill a row of `uses`.

    Columns: month (datetime64, first day), tariff_code, household_code (without it: all ordinary), capacity (hundredths
    of a kVA), and of `month_use`: PERIOD_WH, import_varh, max_demand_w, all int64. Energies are billed to 0.01 kWh,
    demand to 0.1 kW.
    """
    book = _Book()
    month = uses["month"].to_numpy("datetime64[M]")
    tariff, names = pd.factorize(uses["tariff_code"].to_numpy(object), sort=True)
    kinds = (
        uses["household_code"].to_numpy(object) if "household_code" in uses else np.full(len(uses), ORDINARY, object)
    )
    household, households = pd.factorize(kinds, sort=True)
    energy = half_up(uses[list(PERIOD_WH)].to_numpy(np.int64), 10)
    reactive = half_up(uses["import_varh"].to_numpy(np.int64), 10)
    demand = half_up(uses["max_demand_w"].to_numpy(np.int64), 100) * 10
    capacity = uses["capacity"].to_numpy(np.int64)
    group = (month.astype(np.int64) * len(names) + tariff) * len(households) + household
    order = np.argsort(group, kind="stable")
    for bills in np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(uses) else []:
        first = bills[0]
        day = month[first].astype("datetime64[D]").item()
        prices = _prices(str(names[tariff[first]]), str(households[household[first]]), day)
        if prices.tiers:
            _by_tier(book, bills, energy[bills].sum(axis=1), prices)
            continue
        charged = (demand if prices.charged == DEMAND else capacity)[bills]
        _by_period(book, bills, energy[bills], reactive[bills], charged, prices)
    return book.lines()


def _by_tier(book: _Book, bills: np.ndarray, energy: np.ndarray, prices: _Prices) -> None:
    """Energy of each tier that the month's use reaches; the first stands there always."""
    starts = [start for start, _ in prices.tiers]
    for place, ((start, price), end) in enumerate(zip(prices.tiers, [*starts[1:], None], strict=True)):
        within = energy - start if end is None else np.minimum(energy, end) - start
        here = (energy > start) | (start == 0)
        book.add(bills[here], place, ENERGY, TOTAL, within[here], price)


def _by_period(
    book: _Book, bills: np.ndarray, energy: np.ndarray, reactive: np.ndarray, charged: np.ndarray, prices: _Prices
) -> None:
    total = energy.sum(axis=1)
    base = np.zeros(bills.size, np.int64)
    if prices.charge is not None:
        base += book.add(bills, 0, prices.charged, TOTAL, charged, prices.charge)
    for period, quantity in _as_priced(energy, prices).items():
        used = quantity > 0
        k = PERIODS.index(period)
        base[used] += book.add(bills[used], 1 + k, ENERGY, 1 + k, quantity[used], prices.energy[period])
    if prices.charge is not None:
        share = adjustment(total, reactive)  # of base, hundredths of a per cent
        book.put(bills, 6, POWER_FACTOR, TOTAL, base, share * HUNDRED, half_up(base * share, HUNDRED * HUNDRED))
    book.add(bills, 7, LEVIES, TOTAL, total, prices.levies)


def _as_priced(energy: np.ndarray, prices: _Prices) -> dict[str, np.ndarray]:
    """Energy by the periods that the tariff prices, in their order."""
    found = {period: np.zeros(len(energy), np.int64) for period in PERIODS if period in prices.energy}
    for k, period in enumerate(PERIODS):
        billed = period
        while billed not in found:
            billed = BILLED_AS[billed]
        found[billed] += energy[:, k]
    return found


def bill_no(month: int, account_no: str, copy: int = 0) -> str:
    """Number of an account's bill of a month (YYYYMM); copy 1: of the one that was issued a second time."""
    return f"{month}{account_no}-2" if copy else f"{month}{account_no}"


def receipts(population: Population) -> np.ndarray:
    """A number for each account that says nothing about it: part of the numbers of its payments."""
    return generator(population.seed, "receipt").permutation(len(population.accounts))


def receipt_no(month: int, receipt: int, copy: int = 0) -> str:
    """Number of the payment of a bill."""
    return f"P{month}{receipt:07d}{copy}"


# what may go wrong with a bill: an account meets one kind only, so that each effect can be told apart
ERRORS = ("power_factor_misread", "bill_not_issued", "bill_twice", "payment_wrong_account", "tariff_misapplied")


def may_bear(population: Population, error: str) -> np.ndarray:
    """Accounts that may meet an error of ERRORS, bool: a fifth of every category."""
    accounts = population.accounts
    order = generator(population.seed, "billing error").permutation(len(accounts))
    place = np.empty(len(accounts), np.int64)
    mixed = accounts["usage_category"].iloc[order]
    place[order] = mixed.groupby(mixed.to_numpy()).cumcount().to_numpy()
    return place % len(ERRORS) == ERRORS.index(error)
