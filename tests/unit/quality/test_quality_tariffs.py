"""The gate of tariffs names file and row of what it refuses; the project's own tariffs pass."""

import shutil
from pathlib import Path

import pytest

from gridmart.errors import GridmartError
from gridmart.quality import tariffs
from gridmart.tariffs import SEEDS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the project's tariffs that a test may spoil."""
    return Path(shutil.copytree(SEEDS, tmp_path / "tariffs"))


def row_number(path: Path, row: str) -> int:
    """Number of a row as an editor shows it."""
    return path.read_text(encoding="utf-8").splitlines().index(row) + 1


def starting(path: Path, text: str) -> str:
    """The one row that begins with a text."""
    (row,) = (line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(text))
    return row


def replace(path: Path, row: str, new: str) -> int:
    """Write another row (or none) in the place of one; returns its number."""
    number = row_number(path, row)
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[number - 1 : number] = [new] if new else []
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return number


def test_the_tariffs_of_the_project_are_well() -> None:
    assert tariffs.problems() == []


# file, a row's beginning, what is replaced in it by what, what the gate says
SPOILT = {
    "a version that overlaps the next": (
        "tariff_version", "COM_TOU,2022-01-01", "2026-05-01", "2026-06-01",
        r"tariff_version.csv row 3: COM_TOU from 2026-05-01 overlaps row 2 \(valid_to 2026-06-01\)",
    ),
    "a version that never ends before the next": (
        "tariff_version", "COM_TOU,2022-01-01", ",2026-05-01,", ",,",
        r"tariff_version.csv row 3: COM_TOU from 2026-05-01 overlaps row 2 \(valid_to open\)",
    ),
    "a hole between two versions": (
        "tariff_version", "FICTION,2026-01-01", "2026-06-16", "2026-06-10",
        r"tariff_version.csv row 11: FICTION has a hole between 2026-06-10 \(row 10\) and 2026-06-16",
    ),
    "a version that ends before it begins": (
        "tariff_version", "FICTION,2026-01-01", "2026-06-16", "2025-12-31", r"tariff_version.csv row 10: valid_to",
    ),
    "a tier from fewer kWh than the one below": (
        "tariff_tier", "RES_TIER,2022-01-01,ordinary,3", "260", "160",
        r"tariff_tier.csv row 4: tier goes down: from 160 kWh, row 3 170",
    ),
    "a tier that is cheaper than the one below": (
        "tariff_tier", "RES_TIER,2022-01-01,ordinary,3", "0.777", "0.444",
        r"tariff_tier.csv row 4: tier goes down: 0.444000 yuan, row 3 0.527000",
    ),
    "a tier that is left out": (
        "tariff_tier", "RES_TIER,2022-01-01,ordinary,3", "ordinary,3", "ordinary,4", r"row 4: tier 4 follows tier 2",
    ),
    "a tariff that nobody knows": (
        "tariff_version", "AGR,2022-01-01", "AGR", "AGRI",
        r"tariff_version.csv row 8: tariff_code 'AGRI' is unknown: tariff.csv has no such",
    ),
    "a calendar that nobody knows": (
        "tariff_version", "AGR,2022-01-01", "single", "double", r"row 8: calendar_code 'double' is unknown",
    ),
    "a period that nobody knows": (
        "tou_period", "single,", "flat", "shoulder", r"tou_period.csv row 2: period_code: 'shoulder' is unknown",
    ),
    "a kind of day that nobody knows": (
        "tou_period", "single,", "any", "sunday", r"tou_period.csv row 2: day_type: 'sunday' is unknown",
    ),
    "a kind of household that nobody knows": (
        "tariff_tier", "FICTION,2026-01-01,large_family,1", "large_family", "palace",
        r"tariff_tier.csv row \d+: household_code 'palace' is unknown",
    ),
    "hours that no rule holds for": (
        "tou_period", "single,", ",0,24,", ",0,23,", r"tou_period.csv row 2: calendar 'single' .* has a hole: no rule "
        r"for hour 23 on a workday in month 1 \(48 such hours\)",
    ),
    "a month that no rule holds for": (
        "tou_period", "single,", "10 11 12", "10 11", r"row 2: calendar 'single' .* hole: .* month 12 \(96 such hours",
    ),
    "two rules for one hour": (
        "tou_period", "fiction_tou,2026-01-01,,7 8,workday,19,21,sharp", "sharp,2", "sharp,1",
        r"tou_period.csv row \d+: claims hours of row \d+ with the same priority for another period",
    ),
    "a period that has no price": (
        "tariff_price", "COM_TOU,2026-05-01,deep_valley", "deep_valley", "sharp",
        r"tariff_version.csv row 3: no price of period 'deep_valley' of calendar 'commercial_tou'",
    ),
    "a price of a version that is not there": (
        "tariff_price", "AGR,2022-01-01,flat", "2022-01-01", "2023-01-01",
        r"tariff_price.csv row \d+: tariff_version.csv has no AGR from 2023-01-01",
    ),
    "a price that is no number": (
        "tariff_price", "AGR,2022-01-01,flat", "0.486200", "0,4862", r"tariff_price.csv row \d+: another number of",
    ),
    "a price with a letter": (
        "tariff_price", "AGR,2022-01-01,flat", "0.486200", "O.4862", r"price_yuan_per_kwh: 'O.4862' is no number",
    ),
    "a price below zero": (
        "tariff_price", "AGR,2022-01-01,flat", "0.486200", "-0.486200", r"price_yuan_per_kwh: -0.486200 is below zero",
    ),
    "a day that is none": (
        "tariff_version", "AGR,2022-01-01", "2022-01-01", "2022-02-30", r"valid_from: '2022-02-30' is no date",
    ),
    "a charge without a rule": (
        "tariff_version", "IND_TOU_CAP,2026-05-01", "month_start", "none", r"row 5: capacity_rule and the prices",
    ),
    "tiers without a basis": (
        "tariff_version", "RES_TIER,2022-01-01", "none,month,price", "none,none,none", r"row 9: tier_basis",
    ),
    "a table of power factors with a step left out": (
        "power_factor_adjustment", "0.90,0.85", "0.90,0.85", "0.905,0.85", r"power_factor_adjustment.csv row \d+: f",
    ),
    "an adjustment of the wrong sign": (
        "power_factor_adjustment", "0.80,0.85", "2.5", "-2.5", r"row \d+: adjustment falls below that of row \d+",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILT)
def test_a_bad_file_is_refused_by_file_and_row(folder: Path, case: str) -> None:
    name, beginning, old, new, message = SPOILT[case]
    path = folder / f"{name}.csv"
    row = starting(path, beginning)
    assert old in row
    replace(path, row, row.replace(old, new, 1))
    with pytest.raises(GridmartError, match=message) as error:
        tariffs.refuse_bad(folder)
    assert "add_a_tariff" in error.value.next_step


def test_a_row_that_stands_twice_is_refused(folder: Path) -> None:
    path = folder / "tariff_price.csv"
    row = starting(path, "AGR,2022-01-01,flat")
    number = replace(path, row, f"{row}\n{row}")
    assert tariffs.problems(folder) == [
        f"tariff_price.csv row {number + 1}: says AGR 2022-01-01 flat again, after row {number}"
    ]


def test_a_missing_file_and_a_missing_column_are_named(folder: Path) -> None:
    (folder / "household.csv").unlink()
    levies = folder / "tariff_levy.csv"
    levies.write_text(levies.read_text(encoding="utf-8").replace("levy_code", "code", 1), encoding="utf-8")
    assert tariffs.problems(folder) == ["tariff_levy.csv row 1: no column levy_code", "household.csv is missing"]
