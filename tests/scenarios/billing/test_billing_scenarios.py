"""Every folder given_… beside this file is a bill that an expert can check by hand; the real models make them all."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gridmart.settings import Settings
from gridmart.tariffs import tou_hours
from gridmart.warehouse.database import connect
from tests.integration.dbt import small_utility
from tests.integration.dbt.dbt_run import failed, forget_built, run
from tests.scenarios.billing.scenario import FOLDERS, HERE, STANDARDS, YEAR, Case, load, rows

ENERGY_KWH = Decimal(1_000_000)
TESTED = ("dim_tariff", "fct_bill_line", "fct_shadow_bill_line", "fct_shadow_bill", "fct_bill_difference",
          "rpt_tariff_impact")  # fmt: skip
TABLE = [(int(Decimal(s) * 100), hundredths) for s in list(STANDARDS)[1:] for hundredths in range(100, 39, -1)]


def adjustment_pct(standard: int, factor: int) -> Decimal:
    """The notice of 1983 in its own words; power factors in hundredths.

    Above the standard the bill falls by 0.1 % a hundredth up to 0.90 and by 0.15 % a hundredth from there, up to 0.94
    (standard 0.85), 0.92 (0.80), 0.95 (0.90). Below it rises by 0.5 % a hundredth for 20 of them, by 1 % for
    the next five, and by 2 % from there.
    """
    if factor >= standard:
        highest = {90: 95, 85: 94, 80: 92}[standard]
        reached = min(factor, highest)
        slow, fast = min(reached, 90) - min(standard, 90), max(reached - 90, 0)
        return -(Decimal("0.1") * slow + Decimal("0.15") * fast)
    below = standard - factor
    return Decimal("0.5") * min(below, 20) + max(min(below, 25) - 20, 0) + 2 * max(below - 25, 0)


def a_shop_in_october() -> Case:
    """A shop that used 1000 kWh at noon of a holiday, which its own tariff counts as flat."""
    contract = {"valid_from": "2020-01-01", "valid_to": "", "tariff_code": "COM_TOU", "capacity_kva": "0",
                "basis": "none", "standard": "", "household": ""}  # fmt: skip
    readings = {"point": "P1", "from_date": "2026-10-01", "to_date": "2026-10-31", "flat": "1000"}
    readings |= dict.fromkeys(("sharp", "peak", "valley", "deep_valley", "kvarh", "max_kw", "estimated"), "")
    return Case("SHOP", [contract], [readings], [])


def of_the_table(standard: int, factor: int) -> Case:
    """A customer whose power factor in July 2026 is exactly a row of the table."""
    share = Decimal(factor) / 100
    kvarh = (ENERGY_KWH * (1 - share * share).sqrt() / share).quantize(Decimal("0.01"))
    contract = {"valid_from": "2020-01-01", "valid_to": "", "tariff_code": "IND_TOU_CAP", "capacity_kva": "1000",
                "basis": "capacity", "standard": f"0.{standard}", "household": ""}  # fmt: skip
    readings = {"point": "P1", "from_date": "2026-07-01", "to_date": "2026-07-31", "flat": str(ENERGY_KWH),
                "kvarh": str(kvarh), "max_kw": "2000", "estimated": ""}  # fmt: skip
    readings |= dict.fromkeys(("sharp", "peak", "valley", "deep_valley"), "")
    return Case(f"T{standard}{factor:03}", [contract], [readings], [])


@dataclass(frozen=True)
class Billed:
    """Lines and differences of all accounts, as the warehouse has them."""

    lines: list[tuple[Any, ...]]
    differences: list[tuple[Any, ...]]
    status: dict[str, str]
    impact: dict[tuple[str, str], tuple[Any, ...]]
    hours: list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def billed(warehouse: Settings) -> Iterator[Billed]:
    """All scenarios, and a customer a row of the table of power factors, billed in one run."""
    cases = [Case.read(n, folder) for n, folder in enumerate(FOLDERS, start=1)]
    cases += [a_shop_in_october(), *(of_the_table(*row) for row in TABLE)]
    with connect("loader") as connection:
        load(connection, cases)
    for words in (
        ("seed",),
        ("run", "--select", "+fct_bill_difference", "+fct_bill", "+rpt_tariff_impact"),
        ("test", "--select", *TESTED, "--exclude-resource-type", "unit_test"),
    ):
        assert failed(run(*words)) == set()
    with connect("builder") as connection:
        lines = connection.execute(
            "select account_no, bill_month, segment_no, line_kind_code, period_code, coalesce(detail_code, ''), "
            "quantity, unit_price_yuan, amount_yuan from marts_candidate.fct_shadow_bill_line"
        ).fetchall()
        differences = connection.execute(
            "select account_no, bill_month, bill_no, cause_code, difference_yuan, is_wrong "
            "from marts_candidate.fct_bill_difference"
        ).fetchall()
        status = dict(
            connection.execute(
                "select account_no, status_code from marts_candidate.fct_shadow_bill where bill_no is not null"
            ).fetchall()
        )
        impact = connection.execute(
            "select level_code, level_no, accounts, present_yuan, proposed_yuan, change_yuan, accounts_paying_more "
            "from marts_candidate.rpt_tariff_impact"
        ).fetchall()
        hours = connection.execute(
            "select calendar_code, business_date, local_hour, period_code from intermediate.int_tariff_hour"
        ).fetchall()
    yield Billed(lines, differences, status, {row[:2]: row[2:] for row in impact}, hours)
    forget_built()
    with connect("loader") as connection:
        small_utility.create(connection)
        small_utility.drop(connection)


def test_the_catalogue_lists_every_scenario() -> None:
    catalogue = (HERE / "README.md").read_text(encoding="utf-8")
    assert len(FOLDERS) >= 60
    assert [folder.name for folder in FOLDERS if f"`{folder.name}`" not in catalogue] == []


@pytest.mark.parametrize("number", range(1, len(FOLDERS) + 1), ids=lambda n: FOLDERS[n - 1].name)
def test_every_line_and_every_difference(billed: Billed, number: int) -> None:
    folder = FOLDERS[number - 1]
    case = Case.read(number, folder)
    month = max(row["from_date"] for row in case.readings)[:7]
    assert _lines(billed, case.account_no, month) == _expected_lines(folder)
    found = sorted(
        (no.removeprefix(f"{case.account_no}-"), cause, yuan, wrong)
        for account, at, no, cause, yuan, wrong in billed.differences
        if account == case.account_no and f"{at:%Y-%m}" == month
    )
    assert found == sorted(
        (row["bill_no"], row["cause"], Decimal(row["yuan"]), row["is_wrong"] == "true")
        for row in rows(folder / "then" / "differences.csv")
    )


def _lines(billed: Billed, account_no: str, month: str) -> list[tuple[Any, ...]]:
    return sorted(line[2:] for line in billed.lines if line[0] == account_no and f"{line[1]:%Y-%m}" == month)


def _expected_lines(folder: Path) -> list[tuple[Any, ...]]:
    return sorted(
        (int(row["segment"]), row["kind"], row["period"], row["detail"], Decimal(row["quantity"]),
         Decimal(row["price"]), Decimal(row["amount"]))
        for row in rows(folder / "then" / "lines.csv")
    )  # fmt: skip


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_folder_s_own_sums_are_right(folder: Path) -> None:
    """The golden files against themselves: each line is its product, and the causes are what was issued too much."""
    lines = rows(folder / "then" / "lines.csv")
    for row in lines:
        assert abs(Decimal(row["quantity"]) * Decimal(row["price"]) - Decimal(row["amount"])) <= Decimal("0.005")
    if lines or not rows(folder / "when" / "bill.csv"):
        issued = sum((Decimal(row["amount"]) for row in rows(folder / "when" / "bill.csv")), Decimal(0))
        right = sum((Decimal(row["amount"]) for row in lines), Decimal(0))
        told = sum((Decimal(row["yuan"]) for row in rows(folder / "then" / "differences.csv")), Decimal(0))
        assert issued - right == told


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("given_a_month_with_a_day_that_was_not_read", "not_read"),
        ("given_a_contract_of_an_unknown_tariff", "no_tariff"),
        ("given_a_household_with_one_kwh", "calculated"),
    ],
)
def test_what_cannot_be_calculated_says_why(billed: Billed, name: str, status: str) -> None:
    (number,) = (n for n, folder in enumerate(FOLDERS, start=1) if folder.name == name)
    assert billed.status[f"S{number:04}"] == status


@pytest.mark.parametrize(("standard", "factor"), TABLE)
def test_every_row_of_the_table_of_power_factors(billed: Billed, standard: int, factor: int) -> None:
    account_no = of_the_table(standard, factor).account_no
    # 1000 kVA × 24 yuan and 1,000,000 kWh × 0.46 yuan
    base = Decimal(24_000 + 460_000)
    (line,) = (line for line in _lines(billed, account_no, "2026-07") if line[1] == "power_factor")
    share = adjustment_pct(standard, factor) / 100
    assert line[4:] == (base, share, base * share)


def test_a_proposed_tariff_is_billed_by_the_hours_of_its_own_calendar(billed: Billed) -> None:
    """1000 kWh × (0.52 + 0.0272) now; proposed 1000 × 0.275 (noon of a holiday is valley) + 6.20 + 19.00 of levies."""
    assert billed.impact["account", "SHOP"] == (1, Decimal("547.20"), Decimal("300.20"), Decimal("-247.00"), 0)
    # the other shops of October used 77.77 kWh (42.56 yuan) and nothing: both would pay the minimum of 60
    company = (3, Decimal("589.76"), Decimal("420.20"), Decimal("-169.56"), 2)
    assert billed.impact["company", ""] == billed.impact["usage_category", "commercial"] == company


def test_every_hour_of_the_year_is_in_the_period_that_readings_are_counted_by(billed: Billed) -> None:
    """Models and roll-ups read the calendars apart: every hour of every season, kind of day and version agrees."""
    table = tou_hours(YEAR, YEAR.replace(month=12, day=31))
    counted = set(zip(*table.to_pydict().values(), strict=True))
    assert len(counted) == len(billed.hours) == 4 * 365 * 24
    assert set(billed.hours) == counted
