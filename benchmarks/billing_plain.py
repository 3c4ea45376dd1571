"""A bill in plain Python with decimals, one at a time: the peer of the models, written from the rules alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from gridmart.tariffs import PERIODS, rows_of, seed

NEXT = {"sharp": "peak", "peak": "flat", "deep_valley": "valley", "valley": "flat"}
ZERO, ONE = Decimal(0), Decimal(1)

Line = tuple[int, str, str, str, Decimal, Decimal, Decimal]  # segment, kind, period, detail, quantity, price, amount


@dataclass(frozen=True)
class Segment:
    """A span of a month with one contract and one version of its tariff; energies in kWh and kvarh, demand in kW."""

    tariff_code: str
    valid_from: str  # of the version
    days: int
    month_days: int
    energy: dict[str, Decimal]
    kvarh: Decimal = ZERO
    demand: Decimal = ZERO
    capacity: Decimal = ZERO
    basis: str = "none"
    standard: Decimal | None = None
    household: str = "ordinary"
    year_before: Decimal = ZERO


@dataclass(frozen=True)
class Tariff:
    """A version: its row of `tariff_version.csv`, prices by period, levies, tiers by kind of household."""

    row: dict[str, str]
    prices: dict[str, Decimal]
    levies: list[tuple[str, Decimal]]
    tiers: dict[str, list[tuple[Decimal, Decimal]]]

    def decimals(self, of: str) -> Decimal:
        """The step that energy, demand, amount or total is rounded to."""
        return _step(int(self.row[f"{of}_decimals"]))


@cache
def _step(decimals: int) -> Decimal:
    return ONE.scaleb(-decimals)


def half_up(value: Decimal, step: Decimal) -> Decimal:
    """Rounded half up, away from zero."""
    return value.quantize(step, ROUND_HALF_UP)


@cache
def tariff(code: str, valid_from: str) -> Tariff:
    """A version of a tariff by its key."""
    (row,) = (r for r in seed("tariff_version") if (r["tariff_code"], r["valid_from"]) == (code, valid_from))
    tiers: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for tier in rows_of("tariff_tier", row):
        step = (Decimal(tier["from_kwh"]), Decimal(tier["price_yuan_per_kwh"]))
        tiers.setdefault(tier["household_code"], []).append(step)
    return Tariff(
        row,
        {price["period_code"]: Decimal(price["price_yuan_per_kwh"]) for price in rows_of("tariff_price", row)},
        sorted((levy["levy_code"], Decimal(levy["price_yuan_per_kwh"])) for levy in rows_of("tariff_levy", row)),
        tiers,
    )


@cache
def adjustments(standard: Decimal) -> dict[Decimal, Decimal]:
    """Per cent by power factor, of a standard."""
    return {
        Decimal(row["power_factor"]): Decimal(row["adjustment_pct"])
        for row in seed("power_factor_adjustment")
        if Decimal(row["standard"]) == standard
    }


def bill(segments: Sequence[Segment]) -> list[Line]:
    """Lines of one bill, in their order."""
    lines: list[Line] = []
    month_kwh = month_kvarh = base = minimum = ZERO
    is_adjusted = False
    demands = [half_up(s.demand, tariff(s.tariff_code, s.valid_from).decimals("demand")) for s in segments]
    for number, part in enumerate(segments, start=1):
        rules = tariff(part.tariff_code, part.valid_from)
        cent = rules.decimals("amount")
        used = {period: half_up(part.energy.get(period, ZERO), rules.decimals("energy")) for period in PERIODS}
        total = sum(used.values(), ZERO)
        charged = _charges(number, part, rules, demands) + _energy(number, used, rules)
        before = month_kwh + (part.year_before if rules.row["tier_basis"] == "year" else ZERO)
        charged += _tiers(number, part.household, before, total, rules)
        made = [(*line, half_up(line[4] * line[5], cent)) for line in charged]
        lines += made
        if rules.row["is_power_factor_adjusted"] == "true":
            is_adjusted = True
            base += sum((line[6] for line in made), ZERO)
        if total:
            lines += [(number, "levies", "total", code, total, p, half_up(total * p, cent)) for code, p in rules.levies]
        month_kwh += total
        month_kvarh += half_up(part.kvarh, rules.decimals("energy"))
        minimum += Decimal(rules.row["minimum_yuan"]) * part.days / part.month_days
    last = segments[-1]
    rules = tariff(last.tariff_code, last.valid_from)
    cent = rules.decimals("amount")
    if is_adjusted and last.standard is not None and month_kwh and base:
        table = adjustments(last.standard)
        factor = half_up(month_kwh / (month_kwh * month_kwh + month_kvarh * month_kvarh).sqrt(), Decimal("0.01"))
        found = max(factor, min(table))
        share = table[found] / 100
        lines.append((len(segments), "power_factor", "total", str(found), base, share, half_up(base * share, cent)))
    total = sum((line[6] for line in lines), ZERO)
    lacking = max(half_up(minimum, cent) - total, ZERO)
    odd = half_up(total + lacking, rules.decimals("total")) - total - lacking
    for kind, amount in (("minimum", lacking), ("rounding", odd)):
        if amount:
            lines.append((len(segments), kind, "total", "", ONE, amount, amount))
    return lines


Charge = tuple[int, str, str, str, Decimal, Decimal]


def _charges(number: int, part: Segment, rules: Tariff, demands: list[Decimal]) -> list[Charge]:
    """Capacity or demand, as the contract chose."""
    price = {"capacity": "capacity_price_yuan_per_kva", "demand": "demand_price_yuan_per_kw"}.get(part.basis, "")
    if not rules.row.get(price):
        return []
    if rules.row["capacity_rule"] == "by_day":
        whole = part.capacity if part.basis == "capacity" else demands[number - 1]
        quantity = half_up(whole * part.days / part.month_days, Decimal("0.001"))
    elif number == 1:
        quantity = part.capacity if part.basis == "capacity" else max(demands)
    else:
        return []
    return [(number, part.basis, "total", "", quantity, Decimal(rules.row[price]))] if quantity else []


def _energy(number: int, used: dict[str, Decimal], rules: Tariff) -> list[Charge]:
    """By period; one without a price is billed as the next."""
    billed = dict.fromkeys(rules.prices, ZERO)
    for period, quantity in used.items() if billed else ():
        while period not in billed:
            period = NEXT[period]
        billed[period] += quantity
    return [(number, "energy", p, "", billed[p], rules.prices[p]) for p in PERIODS if billed.get(p)]


def _tiers(number: int, household: str, before: Decimal, total: Decimal, rules: Tariff) -> list[Charge]:
    """By tier of what was used before."""
    ladder = rules.tiers.get(household) or rules.tiers.get("ordinary", [])
    kind = "tier_surcharge" if rules.row["tier_price_kind"] == "surcharge" else "energy"
    found = []
    for k, (start, price) in enumerate(ladder):
        end = ladder[k + 1][0] if k + 1 < len(ladder) else before + total
        quantity = min(before + total, end) - max(before, start)
        if quantity > 0:
            found.append((number, kind, "total", str(k + 1), quantity, price))
    return found
