"""dbt on the tests' PostgreSQL, and what it has built there."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import pytest

from gridmart.warehouse import dbt
from gridmart.warehouse.database import connect

BY_DATE = (
    "fct_point_day",
    "fct_transformer_load_hour",
    "fct_feeder_load_hour",
    "fct_collection_day",
    "fct_energy_balance_day",
    "rpt_collection_station_day",
    "rpt_loss_station_day",
)
BY_MONTH = {
    "fct_shadow_bill": "bill_month",
    "rpt_billing_error_month": "bill_month",
    "rpt_read_cycle": "read_month",
    "rpt_collection_area_month": "collection_month",
    "rpt_loss_area_month": "loss_month",
}
HEALTH = "fct_device_health"  # by date too, from int_telemetry_date_version
REGISTERS = "fct_register_day"  # by date too; what its dates are made of is told by int_register_date_version
WITHOUT_UNIT_TESTS = ["--exclude-resource-type", "unit_test"]


def run(*arguments: str, artifacts: bool = False) -> dict[str, str]:
    """Run dbt quietly, in this process, which has loaded it once; returns the status of each node by its own name.

    Its manifest and results become files only with `artifacts`: writing them takes longer than a few models.
    """
    from dbt.cli.main import dbtRunner

    dbt.home().mkdir(parents=True, exist_ok=True)
    given, dates = dbt.split_range(arguments)
    files = "--write-json" if artifacts else "--no-write-json"
    words = dbt.command(["--log-level", "none", "--log-level-file", "none", files, *given])[1:]
    with pytest.MonkeyPatch.context() as patched:
        for name, value in dbt.environment(dates).items():
            patched.setenv(name, value)
        done = dbtRunner().invoke(words)
    assert done.exception is None, done.exception
    return {_name(result.node.unique_id): str(result.status) for result in done.result.results}


def _name(unique_id: str) -> str:
    """model.gridmart.NAME, test.gridmart.NAME.hash, unit_test.gridmart.model.NAME."""
    parts = unique_id.split(".")
    return parts[3 if parts[0] == "unit_test" else 2]


def failed(statuses: dict[str, str]) -> set[str]:
    """Names of the nodes that failed."""
    return {name for name, status in statuses.items() if status in ("fail", "error")}


def query(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of a query as builder."""
    with connect("builder") as connection:
        return connection.execute(statement, values).fetchall()


def checksum(table: str) -> tuple[int, str]:
    """Rows and an order-free hash of a mart, the time of building aside."""
    ((columns,),) = query(
        "select string_agg(column_name, ',' order by ordinal_position) from information_schema.columns "
        "where table_schema = 'marts_candidate' and table_name = %s and column_name != 'built_at'",
        table,
    )
    ((rows, total),) = query(
        f"select count(*), coalesce(sum(hashtextextended(row({columns})::text, 0)::numeric), 0)::text "
        f"from marts_candidate.{table}"
    )
    return rows, total


def checksums() -> dict[str, tuple[int, str]]:
    """Checksum of every mart."""
    tables = query("select tablename from pg_tables where schemaname = 'marts_candidate' order by 1")
    return {table: checksum(table) for (table,) in tables}


def built_at(tables: Iterable[str] = BY_DATE) -> dict[str, dict[date, datetime]]:
    """When each date of each fact by date was built."""
    return {
        table: dict(query(f"select business_date, max(built_at) from marts_candidate.{table} group by 1"))
        for table in tables
    }


def rebuilt(before: dict[str, dict[date, datetime]]) -> dict[str, set[date]]:
    """Dates of each fact that were built since `before`."""
    now = built_at(before)
    return {table: {day for day, at in now[table].items() if before[table].get(day) != at} for table in before}


def months_built_at() -> dict[str, dict[date, datetime]]:
    """When each month of each fact by month was built."""
    return {
        table: dict(query(f"select {month}, max(built_at) from marts_candidate.{table} group by 1"))
        for table, month in BY_MONTH.items()
    }


def months_rebuilt(before: dict[str, dict[date, datetime]]) -> dict[str, set[date]]:
    """Months of each fact that were built since `before`."""
    now = months_built_at()
    return {table: {at for at, when in now[table].items() if before[table].get(at) != when} for table in BY_MONTH}


def forget_built() -> None:
    """Drop everything that dbt has built."""
    with connect("builder") as connection:
        for schema in ("marts_candidate", "intermediate", "history", "staging", "seeds"):
            for kind, name in connection.execute(
                "select case c.relkind when 'v' then 'view' else 'table' end, c.relname from pg_class c "
                "where c.relnamespace = %s::regnamespace and c.relkind in ('r', 'v')",
                (schema,),
            ).fetchall():
                connection.execute(f"drop {kind} if exists {schema}.{name} cascade")
