"""Codes of the sources and what the contract calls them."""

import csv

import pytest

from gridmart.quality import suites
from gridmart.settings import PROJECT_DIR
from gridmart.sources import contract
from gridmart.tariffs import CALENDAR_OF, PERIODS

with contract.CODES.open(encoding="utf-8", newline="") as lines:
    ROWS = list(csv.DictReader(lines))
# tables whose codes staging maps; others may have columns of the same name
SEEDED = {
    "c_cons", "c_contract", "c_household", "c_mp", "e_bill", "e_bill_det", "a_pay_flow", "pms_dept", "pms_transformer",
    "oms_fault", "oms_outage",
}  # fmt: skip
COLUMNS = sorted({(row["source_name"], row["source_column"]) for row in ROWS})


def test_a_code_has_one_meaning():
    keys = [(row["source_name"], row["source_column"], row["source_code"]) for row in ROWS]
    assert len(keys) == len(set(keys))


def test_usage_categories_are_those_that_tariffs_and_reports_know():
    known = set(contract.codes("cis", "elec_type_code").values())
    with (PROJECT_DIR / "dbt" / "seeds" / "codes" / "usage_category.csv").open(encoding="utf-8") as names:
        assert known == {row["usage_category"] for row in csv.DictReader(names)} == set(CALENDAR_OF)
    assert set(contract.codes("cis", "prd_code").values()) == {"total", *PERIODS}


@pytest.mark.parametrize(("source", "column"), COLUMNS)
def test_the_arrival_gate_lets_in_exactly_the_codes_that_are_known(source, column):
    table, _, name = column.rpartition(".")  # a column that means another thing in each table is named with its own
    allowed = {
        str(value)
        for suite in suites.arrival(source)
        if suite.table in (SEEDED if not table else {table})
        for expectation in suite.expectations
        if expectation["type"] == "expect_column_values_to_be_in_set" and expectation["kwargs"]["column"] == name
        for value in expectation["kwargs"]["value_set"]
    }
    without_meaning = {"0"} if column == "pf_std_code" else set()  # no standard: the contract has none
    assert allowed == contract.codes(source, column).keys() | without_meaning


@pytest.mark.parametrize("entity", contract.ENTITIES)
def test_coded_columns_are_columns_of_their_entity(entity):
    about = contract.ENTITIES[entity]
    for column, (source, name) in about.codes.items():
        assert f"{name} as {column}" in about.query
        assert contract.codes(source, name)
