"""The suites in expectations/ are complete and well formed."""

import json

import pytest
import yaml

from gridmart.errors import GridmartError
from gridmart.quality import suites
from gridmart.sources import catalog
from gridmart.warehouse import dbt

MARTS = dbt.PROJECT / "models" / "marts"
ALL = sorted(suites.FOLDER.rglob("*.json"))


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(suites.FOLDER)))
def test_suite_is_named_after_its_path_and_each_expectation_has_its_own_name(path):
    suite = suites.read(path)
    assert suite.name == ".".join(path.relative_to(suites.FOLDER).with_suffix("").parts)
    keys = [
        (
            e["meta"].get("name", e["type"]),
            str(e["kwargs"].get("column") or e["kwargs"].get("column_list") or e["kwargs"].get("column_set")),
        )
        for e in suite.expectations
    ]
    assert len(keys) == len(set(keys)), "two expectations of one name could not be told apart in the results"


def test_every_table_of_every_source_has_an_arrival_suite():
    for source in catalog.sources().values():
        assert {suite.table for suite in suites.arrival(source.name)} == set(source.keys)


def test_values_of_tables_with_personal_data_are_not_stored():
    personal = {suite.name for name in catalog.sources() for suite in suites.arrival(name) if suite.personal}
    assert personal == {
        "arrival.cis.c_cust", "arrival.crm.profile", "arrival.crm.service_order", "arrival.crm.feedback",
        "arrival.market.mkt_member",
    }  # fmt: skip


def test_every_mart_has_a_publication_suite_and_every_suite_a_mart():
    assert {suite.table for suite in suites.publication()} == {path.stem for path in MARTS.rglob("*.sql")}


@pytest.mark.parametrize("suite", suites.publication(), ids=lambda suite: suite.table)
def test_the_dates_that_are_checked_alone_are_those_that_are_published_alone(suite):
    (path,) = MARTS.rglob(f"{suite.table}.yml")
    (model,) = yaml.safe_load(path.read_text())["models"]
    assert suite.date_column == model["config"]["meta"].get("date_column")


def test_expectation_without_a_reason_is_refused(tmp_path):
    path = tmp_path / "bill.json"
    expectation = {"type": "t", "kwargs": {}, "meta": {"severity": "critical", "since": "2026-11-24", "why": ""}}
    path.write_text(json.dumps({"name": "arrival.x.bill", "expectations": [expectation]}))
    with pytest.raises(GridmartError, match=r"severity.*since, why"):
        suites.read(path)


def test_source_without_suites_is_named():
    with pytest.raises(GridmartError, match="'scada' has no arrival suites"):
        suites.arrival("scada")
