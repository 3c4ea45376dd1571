"""The gate of tariffs: files of `dbt/seeds/tariffs/` are refused, by file and row, before dbt takes them in.

`python -m gridmart.quality.tariffs [FOLDER]` checks a folder and prints what it finds. Rows are numbered as an editor
shows them: the header is row 1.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

from gridmart.errors import GridmartError
from gridmart.tariffs import PERIODS, SEEDS

ONE_OF = {
    ("tariff_version", "capacity_rule"): ("none", "month_start", "by_day"),
    ("tariff_version", "tier_basis"): ("none", "month", "year"),
    ("tariff_version", "tier_price_kind"): ("none", "price", "surcharge"),
    ("tariff_version", "is_power_factor_adjusted"): ("true", "false"),
    ("tariff_price", "period_code"): PERIODS,
    ("tou_period", "period_code"): PERIODS,
    ("tou_period", "day_type"): ("any", "workday", "weekend", "holiday", "festival"),
}
# column: the file and column that must know its values
KNOWN_IN = {
    ("tariff_version", "tariff_code"): ("tariff", "tariff_code"),
    ("tariff_version", "calendar_code"): ("tou_period", "calendar_code"),
    ("tariff_tier", "household_code"): ("household", "household_code"),
    ("tariff_proposal", "from_tariff_code"): ("tariff", "tariff_code"),
}
DATES = ("valid_from", "valid_to", "to_valid_from")
OPTIONAL = ("valid_to", "capacity_price_yuan_per_kva", "demand_price_yuan_per_kw")
MAY_BE_NEGATIVE = (("tariff_tier", "price_yuan_per_kwh"), ("power_factor_adjustment", "adjustment_pct"))
NUMBERS = (
    "price_yuan_per_kwh", "capacity_price_yuan_per_kva", "demand_price_yuan_per_kw", "minimum_yuan", "late_fee_rate",
    "late_fee_rate_later_years", "energy_decimals", "demand_decimals", "amount_decimals", "total_decimals", "from_kwh",
    "tier_no", "start_hour", "end_hour", "priority", "power_factor", "standard", "adjustment_pct",
)  # fmt: skip
KEYS = {
    "tariff": ("tariff_code",),
    "tariff_version": ("tariff_code", "valid_from"),
    "tariff_price": ("tariff_code", "valid_from", "period_code"),
    "tariff_levy": ("tariff_code", "valid_from", "levy_code"),
    "tariff_tier": ("tariff_code", "valid_from", "household_code", "tier_no"),
    "tou_period": ("calendar_code", "valid_from", "months", "day_type", "start_hour", "end_hour"),
    "household": ("household_code",),
    "tariff_proposal": ("proposal_code",),
    "power_factor_adjustment": ("power_factor", "standard"),
}
# what a day may be: (day_type of the calendar, whether it is a festival) → what rules may say of it
DAYS = {
    "workday": ("any", "workday"),
    "weekend": ("any", "weekend"),
    "holiday": ("any", "holiday"),
    "festival": ("any", "holiday", "festival"),
}
HEADER = 1


@dataclass(frozen=True)
class Row:
    """A row of a file with its number there."""

    file: str
    number: int
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """Text of a column."""
        return self.values[column]

    def says(self, problem: str) -> str:
        """A problem with the place where it is."""
        return f"{self.file}.csv row {self.number}: {problem}"


Files = dict[str, list[Row]]


def read(folder: Path) -> tuple[Files, list[str]]:
    """The rows of every file, and what keeps them from being read: a missing file or column, a short or long row."""
    files: Files = {}
    found = []
    for name, key in KEYS.items():
        path = folder / f"{name}.csv"
        if not path.is_file():
            found.append(f"{name}.csv is missing")
            continue
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines, restkey="", restval=None)
            rows = [Row(name, reader.line_num, row) for row in reader]
            columns = set(reader.fieldnames or ())
        needed = {*key, *(c for file, c in (*ONE_OF, *KNOWN_IN) if file == name)} - columns
        if needed:
            found.append(f"{name}.csv row {HEADER}: no column {', '.join(sorted(needed))}")
        found += [row.says("another number of fields than the header") for row in rows if _is_uneven(row)]
        files[name] = rows
    return files, found


def _is_uneven(row: Row) -> bool:
    return "" in row.values or None in row.values.values()


def problems(folder: Path = SEEDS) -> list[str]:
    """Everything that is wrong with the tariff files of a folder, each with file and row; empty when all is well."""
    files, found = read(folder)
    if found:
        return found
    found = [problem for check in (_values, _keys) for problem in check(files)]
    if found:  # what follows counts with these values
        return found
    checks: tuple[Callable[[Files], Iterator[str]], ...] = (
        _codes, _validities, _belonging, _prices, _tiers, _calendars, _power_factors,
    )  # fmt: skip
    return [problem for check in checks for problem in check(files)]


def refuse_bad(folder: Path = SEEDS) -> None:
    """Raise a GridmartError that names every problem, if there is one."""
    found = problems(folder)
    if found:
        raise GridmartError(
            "tariffs are refused:\n" + "\n".join(f"  {problem}" for problem in found),
            f"repair the rows in {folder}, see docs/runbooks/add_a_tariff.md; nothing was changed",
        )


def _values(files: Files) -> Iterator[str]:
    """Dates and numbers that are none; codes that are not in a closed list."""
    for rows in files.values():
        for row in rows:
            for column, text in row.values.items():
                problem = _wrong(row.file, column, text)
                if problem:
                    yield row.says(f"{column}: {problem}")


def _wrong(file: str, column: str, text: str) -> str:
    if not text:
        return "" if column in OPTIONAL else "is empty"
    if column in DATES:
        try:
            date.fromisoformat(text)
        except ValueError:
            return f"'{text}' is no date (YYYY-MM-DD)"
    if column in NUMBERS:
        try:
            number = Decimal(text)
        except InvalidOperation:
            return f"'{text}' is no number"
        if not number.is_finite() or (number < 0 and (file, column) not in MAY_BE_NEGATIVE):
            return f"{text} is below zero"
        if column.startswith("price") and -number.as_tuple().exponent > 6:  # type: ignore[operator]
            return f"{text} has more than six decimals"
    allowed = ONE_OF.get((file, column))
    if allowed and text not in allowed:
        return f"'{text}' is unknown; known are {', '.join(allowed)}"
    return ""


def _keys(files: Files) -> Iterator[str]:
    for name, rows in files.items():
        seen: dict[tuple[str, ...], Row] = {}
        for row in rows:
            key = tuple(row[column] for column in KEYS[name])
            if key in seen:
                yield row.says(f"says {' '.join(key)} again, after row {seen[key].number}")
            seen.setdefault(key, row)


def _codes(files: Files) -> Iterator[str]:
    for (file, column), (other, known_as) in KNOWN_IN.items():
        known = {row[known_as] for row in files[other]}
        for row in files[file]:
            if row[column] not in known:
                yield row.says(f"{column} '{row[column]}' is unknown: {other}.csv has no such {known_as}")


def _validities(files: Files) -> Iterator[str]:
    """Versions that end before they begin, overlap, or leave a hole."""
    for name, key in (("tariff_version", "tariff_code"), ("tou_period", "calendar_code")):
        spans: dict[str, dict[tuple[str, str], Row]] = defaultdict(dict)
        for row in files[name]:
            if row["valid_to"] and row["valid_to"] <= row["valid_from"]:
                yield row.says(f"valid_to {row['valid_to']} is not after valid_from {row['valid_from']}")
            else:
                spans[row[key]].setdefault((row["valid_from"], row["valid_to"]), row)
        for code, held in spans.items():
            before: Row | None = None
            for (since, _), row in sorted(held.items()):
                if before and (not before["valid_to"] or before["valid_to"] > since):
                    until = before["valid_to"] or "open"
                    yield row.says(f"{code} from {since} overlaps row {before.number} (valid_to {until})")
                elif before and before["valid_to"] < since:
                    yield row.says(f"{code} has a hole between {before['valid_to']} (row {before.number}) and {since}")
                before = row


def _belonging(files: Files) -> Iterator[str]:
    """Rows of a version that is not there."""
    versions = {(row["tariff_code"], row["valid_from"]) for row in files["tariff_version"]}
    for name in ("tariff_price", "tariff_levy", "tariff_tier"):
        for row in files[name]:
            if (row["tariff_code"], row["valid_from"]) not in versions:
                yield row.says(f"tariff_version.csv has no {row['tariff_code']} from {row['valid_from']}")
    for row in files["tariff_proposal"]:
        if (row["to_tariff_code"], row["to_valid_from"]) not in versions:
            yield row.says(f"tariff_version.csv has no {row['to_tariff_code']} from {row['to_valid_from']}")


def _prices(files: Files) -> Iterator[str]:
    """Versions without a price for a period of their calendar, or whose rules contradict each other."""
    priced: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in files["tariff_price"]:
        priced[row["tariff_code"], row["valid_from"]].add(row["period_code"])
    tiered = {(row["tariff_code"], row["valid_from"]) for row in files["tariff_tier"]}
    for row in files["tariff_version"]:
        key = (row["tariff_code"], row["valid_from"])
        has_charge = bool(row["capacity_price_yuan_per_kva"] or row["demand_price_yuan_per_kw"])
        if has_charge != (row["capacity_rule"] != "none"):
            yield row.says("capacity_rule and the prices of capacity and demand contradict each other")
        if (row["tier_basis"] != "none") != (key in tiered) or (row["tier_price_kind"] != "none") != (key in tiered):
            yield row.says("tier_basis, tier_price_kind and tariff_tier.csv contradict each other")
        if row["tier_price_kind"] == "price":
            if priced[key]:
                yield row.says("the tiers are its prices, but tariff_price.csv has prices of periods too")
            continue
        used = {
            rule["period_code"]
            for rule in files["tou_period"]
            if rule["calendar_code"] == row["calendar_code"] and _meet(rule, row)
        }
        for period in sorted(used - priced[key]):
            yield row.says(f"no price of period '{period}' of calendar '{row['calendar_code']}' in tariff_price.csv")


def _meet(one: Row, other: Row) -> bool:
    """Whether two validities have a day in common."""
    return (not one["valid_to"] or other["valid_from"] < one["valid_to"]) and (
        not other["valid_to"] or one["valid_from"] < other["valid_to"]
    )


def _tiers(files: Files) -> Iterator[str]:
    """Ladders that do not begin at 0, miss a step, or go down in energy or in price."""
    ladders: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in files["tariff_tier"]:
        ladders[row["tariff_code"], row["valid_from"], row["household_code"]].append(row)
    for rows in ladders.values():
        rows.sort(key=lambda row: int(row["tier_no"]))
        if Decimal(rows[0]["from_kwh"]) != 0 or rows[0]["tier_no"] != "1":
            yield rows[0].says("the first tier is not number 1 from 0 kWh")
        for below, row in pairwise(rows):
            if int(row["tier_no"]) != int(below["tier_no"]) + 1:
                yield row.says(f"tier {row['tier_no']} follows tier {below['tier_no']} of row {below.number}")
            if Decimal(row["from_kwh"]) <= Decimal(below["from_kwh"]):
                yield row.says(f"tier goes down: from {row['from_kwh']} kWh, row {below.number} {below['from_kwh']}")
            if Decimal(row["price_yuan_per_kwh"]) < Decimal(below["price_yuan_per_kwh"]):
                yield row.says(
                    f"tier goes down: {row['price_yuan_per_kwh']} yuan, row {below.number} "
                    f"{below['price_yuan_per_kwh']}"
                )
    without = {(code, since) for code, since, _ in ladders} - {k[:2] for k in ladders if k[2] == "ordinary"}
    for code, since in sorted(without):
        yield f"tariff_tier.csv: {code} from {since} has no tiers for ordinary households"


def _calendars(files: Files) -> Iterator[str]:
    """Hours of a month and kind of day that no rule holds for, or that two of one priority claim."""
    versions: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in files["tou_period"]:
        problem = _bad_span(row)
        if problem:
            yield row.says(problem)
        else:
            versions[row["calendar_code"], row["valid_from"], row["valid_to"]].append(row)
    for (code, since, _), rows in versions.items():
        holes: dict[tuple[int, str], list[int]] = defaultdict(list)
        clashes: dict[tuple[int, int], tuple[Row, Row]] = {}
        for month in range(1, 13):
            here = [row for row in rows if str(month) in row["months"].split()]
            for kind, types in DAYS.items():
                of_day = [row for row in here if row["day_type"] in types]
                for hour in range(24):
                    claims = [row for row in of_day if int(row["start_hour"]) <= hour < int(row["end_hour"])]
                    if not claims:
                        holes[month, kind].append(hour)
                        continue
                    highest = max(int(row["priority"]) for row in claims)
                    best = [row for row in claims if int(row["priority"]) == highest]
                    if len({row["period_code"] for row in best}) > 1:
                        clashes.setdefault((best[0].number, best[1].number), (best[0], best[1]))
        for one, other in clashes.values():
            yield other.says(f"claims hours of row {one.number} with the same priority for another period")
        if holes:
            (month, kind), hours = next(iter(holes.items()))
            yield rows[-1].says(
                f"calendar '{code}' from {since} has a hole: no rule for hour {hours[0]} on a {kind} in month {month}"
                f" ({sum(map(len, holes.values()))} such hours)"
            )


def _bad_span(row: Row) -> str:
    start, end = int(row["start_hour"]), int(row["end_hour"])
    if not start < end <= 24:
        return f"hours {start}-{end} are no span within a day"
    unknown = [month for month in row["months"].split() if month not in {str(n) for n in range(1, 13)}]
    return f"month '{unknown[0]}' is unknown" if unknown else ""


def _power_factors(files: Files) -> Iterator[str]:
    """A standard's table that misses a step of 0.01, or whose adjustment falls when the factor falls."""
    tables: dict[Decimal, list[Row]] = defaultdict(list)
    for row in files["power_factor_adjustment"]:
        tables[Decimal(row["standard"])].append(row)
    for rows in tables.values():
        rows.sort(key=lambda row: -Decimal(row["power_factor"]))
        if Decimal(rows[0]["power_factor"]) != 1:
            yield rows[0].says("the table does not begin at 1.00")
        for above, row in pairwise(rows):
            if Decimal(above["power_factor"]) - Decimal(row["power_factor"]) != Decimal("0.01"):
                yield row.says(f"follows {above['power_factor']} of row {above.number}: steps are 0.01")
            if Decimal(row["adjustment_pct"]) < Decimal(above["adjustment_pct"]):
                yield row.says(f"adjustment falls below that of row {above.number}, though the factor is worse")


if __name__ == "__main__":
    refused = problems(Path(sys.argv[1]) if len(sys.argv) > 1 else SEEDS)
    print("\n".join(refused) or "tariffs are well")
    sys.exit(1 if refused else 0)
