"""Every calculated column and metric of the datasets runs on a real PostgreSQL, as bi_reader."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gridmart.dashboards import bundle, marts, source
from gridmart.settings import Settings
from gridmart.warehouse.database import connect

EXAMPLE = Path(__file__).with_name("example_marts.sql")


@pytest.fixture(scope="module")
def reader(warehouse: Settings) -> Iterator[psycopg.Connection]:
    """A reader of marts that hold plausible made-up data."""
    with connect("builder") as builder:
        builder.execute(EXAMPLE.read_text(encoding="utf-8"))
    with connect("bi_reader", autocommit=True) as connection:
        connection.execute("set timezone = 'Asia/Shanghai'")
        yield connection


def test_the_example_has_the_columns_of_the_marts_that_dashboards_read(reader: psycopg.Connection) -> None:
    known = marts.relations()
    for name, dataset in source.load().datasets.items():
        rows = reader.execute(
            "select column_name from information_schema.columns where table_schema = 'marts' and table_name = %s",
            [name],
        ).fetchall()
        columns = {str(row[0]) for row in rows}
        named = {column for column, content in bundle.columns_of(dataset).items() if "expression" not in content}
        assert named <= columns, name
        assert named <= set(known[name]), name


@pytest.mark.parametrize("name", sorted(source.load().datasets))
def test_calculated_columns_and_metrics_run_as_bi_reader(reader: psycopg.Connection, name: str) -> None:
    dataset = source.load().datasets[name]
    calculated = [column["expression"] for column in dataset.content["columns"] if "expression" in column]
    if calculated:
        row = reader.execute(f"select {', '.join(calculated)} from marts.{name} limit 1").fetchone()
        assert row is not None
        assert None not in row
    metrics = [metric["expression"] for metric in dataset.content["metrics"]]
    row = reader.execute(f"select {', '.join(metrics)} from marts.{name}").fetchone()
    assert row is not None
    assert None not in row


def test_metrics_are_ratios_of_sums_never_means_of_ratios(reader: psycopg.Connection) -> None:
    metrics = {
        metric["metric_name"]: metric["expression"]
        for metric in source.load().datasets["rpt_recovery_month"].content["metrics"]
    }
    row = reader.execute(
        f"select {metrics['recovery_rate']}, sum(received_yuan) / sum(receivable_yuan), avg(recovery_rate) "
        "from marts.rpt_recovery_month"
    ).fetchone()
    assert row is not None
    assert row[0] == row[1] != row[2]


def test_local_time_of_a_forecast_hour_is_the_business_date_it_belongs_to(reader: psycopg.Connection) -> None:
    hour = bundle.columns_of(source.load().datasets["fct_load_forecast_hour"])["hour_local"]["expression"]
    row = reader.execute(
        f"select count(*) from marts.fct_load_forecast_hour where ({hour})::date != business_date"
    ).fetchone()
    assert row == (0,)


def test_bi_reader_cannot_read_behind_the_marts(reader: psycopg.Connection) -> None:
    for relation in ("supervision.publication", "raw_ami.point_day"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(f"select 1 from {relation}")


@pytest.mark.parametrize(
    "expression",
    [
        "query_to_xml('select 1', true, false, '')",
        "table_to_xml('marts.rpt_sales_month', true, false, '')",
        "schema_to_xml('marts', true, false, '')",
        "ts_stat('select to_tsvector(org_no) from marts.rpt_sales_month')",
        "ts_rewrite('a'::tsquery, 'select ''a''::tsquery, org_no::tsquery from marts.rpt_sales_month')",
    ],
)
def test_no_function_runs_a_query_that_is_given_as_text(reader: psycopg.Connection, expression: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="for function"):
        reader.execute(f"select {expression}".encode())
