"""The dbt project as text: what every mart must have, without a database."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gridmart.errors import GridmartError
from gridmart.simulator import orders_text
from gridmart.warehouse import dbt

MARTS = dbt.PROJECT / "models" / "marts"
MODELS = sorted(path.stem for path in MARTS.rglob("*.sql"))
UNIT_TESTED = {
    test["model"]
    for path in (dbt.PROJECT / "models").rglob("_unit_tests.yml")
    for test in yaml.safe_load(path.read_text())["unit_tests"]
}


def described(name: str) -> dict[str, Any]:
    (path,) = MARTS.rglob(f"{name}.yml")
    (model,) = yaml.safe_load(path.read_text())["models"]
    return model


def test_the_set_of_marts_is_exact() -> None:
    assert set(MODELS) == {
        "dim_date", "dim_organisation", "dim_account", "dim_metering_point", "dim_transformer", "customer_360",
        "rpt_segment", "fct_point_day", "fct_transformer_load_hour", "fct_feeder_load_hour", "fct_weather_hour",
        "fct_collection_day", "fct_bill", "fct_payment", "fct_energy_balance_day", "rpt_recovery_month",
        "rpt_sales_month", "fct_load_forecast_hour", "rpt_forecast_accuracy", "fct_quality_result", "fct_quarantine",
        "fct_file", "dim_feeder", "dim_point_transformer", "fct_outage", "fct_repair", "rpt_reliability_month",
        "fct_device_health", "fct_spot_price_hour", "fct_contract_position_month", "fct_trade_settlement_day",
        "fct_application_stage", "rpt_read_cycle", "rpt_billing_error_month", "dim_kpi",
        "rpt_purchase_sale_margin", "fct_demand_response", "fct_meter_event", "fct_register_day",
        "dim_tariff", "fct_bill_line", "fct_shadow_bill", "fct_shadow_bill_line", "fct_bill_difference",
        "rpt_tariff_impact", "dim_campaign", "fct_campaign_exposure", "rpt_campaign_uplift",
        "fct_channel_funnel_hour", "fct_feedback", "rpt_product_portfolio",
        "fct_interaction", "customer_tag",
        "fct_arrears_day", "fct_dunning", "fct_receivable", "rpt_payment_channel",
        "fct_exception", "dim_identity", "rpt_silo_scorecard", "rpt_collection_station_day", "rpt_loss_station_day",
        "rpt_collection_area_month", "fct_collection_task", "fct_collection_failure",
        "rpt_loss_area_month", "rpt_meter_event_day", "rpt_customer_tag",
    }  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_each_mart_says_its_grain_and_how_it_is_published(name: str) -> None:
    model = described(name)
    assert "One row per " in model["description"].rstrip(".").rsplit(". ", 1)[-1]
    meta = model["config"]["meta"]
    assert meta["publish"] in ("full", "by_date", "always")
    assert (meta["publish"] == "by_date") == ("date_column" in meta)
    assert set(model["config"]["tags"]) <= {"core", "scores"} and model["config"]["tags"]


@pytest.mark.parametrize("name", MODELS)
def test_each_mart_types_every_column_and_guards_its_key(name: str) -> None:
    model = described(name)
    assert all(column.get("data_type") for column in model["columns"])
    keyed = [c for c in model.get("constraints", []) if c["type"] == "primary_key"]
    keyed += [c for column in model["columns"] for c in column.get("constraints", []) if c["type"] == "primary_key"]
    tested = [given for kind, given in checks_of(model) if kind == "key" and "config" not in given]
    assert len(keyed) + len(tested) == 1  # a view has no constraints


def checks_of(model: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Tests of a model and of its columns, by kind, with what they are given."""
    found = [*model.get("data_tests", []), *(t for c in model.get("columns", []) for t in c.get("data_tests", []))]
    return [(t, {}) if isinstance(t, str) else next(iter(t.items())) for t in found]


@pytest.mark.parametrize("name", MODELS)
def test_what_postgresql_can_hold_of_a_table_is_a_constraint(name: str) -> None:
    model = described(name)
    if model["config"].get("materialized") == "view":
        return
    tested = [kind for kind, given in checks_of(model) if given.get("config", {}).get("severity") != "warn"]
    assert not {"not_null", "unique", "accepted_values", "expression_is_true"} & set(tested)
    named = [c["name"] for c in model.get("constraints", []) if c["type"] == "check"]
    # a quality result and an error of PostgreSQL are found by it
    assert all(found.startswith(name) and len(found) < 64 for found in named) and len(named) == len(set(named))


@pytest.mark.parametrize("name", MODELS)
def test_a_test_of_what_is_not_tested_yet_is_of_a_fact_by_date_or_month(name: str) -> None:
    asked = [given for _, given in checks_of(described(name)) if "not_tested(" in str(given)]
    if asked:
        (source,) = (dbt.PROJECT / "models").rglob(f"{name}.sql")
        assert "built_by_" in source.read_text()  # of others nothing is remembered: they would never be looked at
    for given in asked:
        assert "not_tested(" in given["config"]["where"]
        # both sides are of the same dates
        there = given["arguments"].get("where_expression")
        assert there is None or "not_tested(" in there


@pytest.mark.parametrize("path", sorted(MARTS.rglob("*.sql")), ids=lambda path: path.stem)
def test_energy_and_money_are_never_floating_point(path: Path) -> None:
    floating = [
        column["name"]
        for column in described(path.stem)["columns"]
        if column["data_type"] == "double precision" and column["name"].endswith(("_kwh", "_kvarh", "_yuan"))
    ]
    assert floating == []


@pytest.mark.parametrize(
    "name",
    [path.stem for path in sorted((dbt.PROJECT / "models").rglob("*.sql")) if " when " in path.read_text()],
)
def test_each_model_with_branches_has_a_unit_test(name: str) -> None:
    assert name in UNIT_TESTED


def test_every_tag_looks_at_a_measure_and_every_measure_earns_one() -> None:
    with (dbt.PROJECT / "seeds" / "customer" / "customer_tag_rule.csv").open(encoding="utf-8", newline="") as lines:
        asked = {row["measure_code"] for row in csv.DictReader(lines)}
    measures = (dbt.PROJECT / "models" / "intermediate" / "int_account_measure.sql").read_text()
    assert set(re.findall(r"^ +\('(\w+)', ", measures, re.M)) == asked


def test_a_topic_of_the_crm_is_one_that_may_be_shown() -> None:
    with (dbt.PROJECT / "seeds" / "customer" / "interaction_topic.csv").open(encoding="utf-8", newline="") as lines:
        known = {row["topic_zh"]: row["topic_code"] for row in csv.DictReader(lines)}
    assert {kind.name: code for code, kind in orders_text.categories().items()}.items() <= known.items()
    assert {topic for topics in orders_text.topics().values() for topic in topics} <= known.keys()


def test_personal_columns_are_read_by_nothing_but_the_masking_model() -> None:
    readers = {
        path.stem
        for path in (dbt.PROJECT / "models").rglob("*.sql")
        if any(word in path.read_text() for word in ("customer_name", "phone", "id_number", "address"))
    }
    assert readers == {"stg_cis__customer", "dim_account"}


def test_what_clerks_and_customers_wrote_is_read_by_nothing_but_the_rules_of_feedback() -> None:
    models = {path.stem: path.read_text() for path in (dbt.PROJECT / "models").rglob("*.sql")}
    in_raw_only = ("full_name", "caller_mobile", "addr_text", "source.content", "result_text")
    assert [name for name, text in models.items() if any(word in text for word in in_raw_only)] == []
    assert {name for name, text in models.items() if "comment_text" in text} == {"stg_crm__feedback", "fct_feedback"}


def test_dbt_is_told_its_folders_once() -> None:
    assert dbt.command(["build"])[1:] == [
        "build", "--project-dir", str(dbt.PROJECT), "--profiles-dir", str(dbt.PROJECT)
    ]  # fmt: skip
    given = ["build", "--project-dir", "copy", "--profiles-dir=profile"]
    assert dbt.command(given)[1:] == given
    assert dbt.command(["--version"])[1:] == ["--version"]


def test_the_range_of_a_run_is_no_variable_of_dbt() -> None:
    dates = {"from_date": "2026-10-01", "to_date": "2026-10-31"}
    # as a person writes it, as Airflow does, beside other variables, and not at all
    assert dbt.split_range(["build", "--vars", "{from_date: 2026-10-01, to_date: 2026-10-31}"]) == (["build"], dates)
    assert dbt.split_range([f"--vars={json.dumps(dates)}", "-q"]) == (["-q"], dates)
    assert dbt.split_range(["--vars", json.dumps(dates | {"hot_oil_c": 90}), "-q"]) == (
        ["--vars", '{"hot_oil_c": 90}', "-q"], dates
    )  # fmt: skip
    assert dbt.split_range(["test", "--vars", "{every_date: true}"]) == (["test"], {"every_date": "True"})
    assert dbt.split_range(["build", "--vars", "{}"]) == (["build"], {})
    assert dbt.split_range(["build", "--select", "fct_bill"]) == (["build", "--select", "fct_bill"], {})


@pytest.mark.parametrize("given", ["{from_date: 2026-10-01}", "{from_date: 2026-10-02, to_date: 2026-10-01}",
                                   "{from_date: ' -c x=1', to_date: 2026-10-01}", "a word"])  # fmt: skip
def test_a_range_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(GridmartError):
        dbt.split_range(["build", "--vars", given])


def test_the_stamp_of_a_project_tells_every_change_and_no_output(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / "models" / "a.sql").write_text("select 1")
    stamps = [dbt.project_stamp(tmp_path)]
    (tmp_path / "target" / "manifest.json").write_text("{}")
    assert dbt.project_stamp(tmp_path) == stamps[0]
    for name, text in (("a.sql", "select 10"), ("b.sql", "select 1")):
        (tmp_path / "models" / name).write_text(text)
        stamps.append(dbt.project_stamp(tmp_path))
    (tmp_path / "models" / "a.sql").unlink()
    stamps.append(dbt.project_stamp(tmp_path))
    assert len(set(stamps)) == 4
