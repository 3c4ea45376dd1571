"""A manager of one organisation sees its rows and no others, whatever he asks Superset.

`pipeline` is the running stack with a small utility carried through it, as its Settings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from gridmart.dashboards import access, organisations
from gridmart.dashboards.client import Superset
from gridmart.dashboards.source import load
from gridmart.errors import GridmartError
from gridmart.settings import Settings
from gridmart.warehouse.database import connect
from tests.conftest import forget

ROWS: dict[str, Any] = {"expressionType": "SQL", "sqlExpression": "count(*)", "label": "rows"}
BELOW = "where org_no in (select org_no from marts.dim_organisation where %s in (org_no, district_no, company_no))"


@dataclass(frozen=True)
class Limited:
    """A station and a district that have managers of their own, another station, and numbers of our datasets."""

    station: str
    district: str
    other: str
    datasets: dict[str, int]


@pytest.fixture(scope="module")
def marts(pipeline: Settings) -> Iterator[psycopg.Connection]:
    """Marts as bi_reader."""
    with connect("bi_reader", autocommit=True) as connection:
        yield connection


def synced() -> list[str]:
    """What a sync changes for organisations."""
    with Superset() as client:
        return organisations.apply(client, load())


@contextmanager
def setting(*numbers: str) -> Iterator[None]:
    """Other organisations in the settings, for a while."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GRIDMART_SUPERSET_ORGANISATIONS", ",".join(numbers))
        forget()
        yield
    forget()


@pytest.fixture(scope="module")
def limited(pipeline: Settings, marts: psycopg.Connection) -> Limited:
    """The organisations whose managers are limited in this stack, as the pipeline has made them."""
    station, district = pipeline.organisations
    stations = "select org_no from marts.dim_organisation where org_type = 'station' and district_no <> %s"
    (other,) = marts.execute(stations, (district,)).fetchone() or ("",)
    with Superset() as client:
        live = access.live_datasets(client, load())
    return Limited(station, district, other, {name: each.number for name, each in live.items()})


def ask(client: Superset, dataset: int, columns: list[Any], metric: dict[str, Any] = ROWS, **query: Any) -> list[tuple]:
    """Rows of one query of chart data."""
    asked = {"columns": columns, "metrics": [metric], "row_limit": 10_000} | query
    (result,) = client.chart_data({"datasource": {"id": dataset, "type": "table"}, "queries": [asked]})
    assert result["error"] is None
    return [tuple(row.values()) for row in result["data"]]


def by_organisation(client: Superset, limited: Limited) -> dict[str, dict[str, int]]:
    """{dataset: {organisation: rows}} as a user sees them."""
    return {
        name: dict(ask(client, limited.datasets[name], ["org_no"]))
        for name, dataset in load().datasets.items()
        if organisations.is_limited(dataset)
    }


def in_marts(marts: psycopg.Connection, limited: Limited, where: str = "", *values: str) -> dict[str, dict[str, int]]:
    """The same by SQL."""
    names = [name for name, dataset in load().datasets.items() if organisations.is_limited(dataset)]
    counted = "select org_no, count(*) from marts.{} {} group by 1"
    return {name: dict(marts.execute(counted.format(name, where), values).fetchall()) for name in names}


def test_each_manager_sees_the_rows_of_his_organisation(marts: psycopg.Connection, limited: Limited) -> None:
    everything = in_marts(marts, limited)
    assert len(everything) > 15 and limited.other in everything["rpt_sales_month"]
    # the one who sees all asks first and last: no answer may come from another's cache
    for user, expected in (
        ("superset_manager", everything),
        (f"superset_manager_{limited.station}", in_marts(marts, limited, BELOW, limited.station)),
        (f"superset_manager_{limited.district}", in_marts(marts, limited, BELOW, limited.district)),
        ("superset_manager", everything),
    ):
        with Superset(user) as client:
            assert by_organisation(client, limited) == expected, user
    assert set(in_marts(marts, limited, BELOW, limited.station)["rpt_sales_month"]) == {limited.station}


def test_a_sum_is_of_the_own_station(marts: psycopg.Connection, limited: Limited) -> None:
    energy = ROWS | {"sqlExpression": "sum(energy_kwh)"}
    ((total, own),) = marts.execute(
        "select sum(energy_kwh), sum(energy_kwh) filter (where org_no = %s) from marts.rpt_sales_month",
        (limited.station,),
    ).fetchall()
    assert own < total
    with Superset(f"superset_manager_{limited.station}") as client:
        ((shown,),) = ask(client, limited.datasets["rpt_sales_month"], [], energy)
        assert shown == pytest.approx(float(own))


def test_what_belongs_to_no_organisation_is_open_or_closed_as_its_file_says(limited: Limited) -> None:
    free = {name: dataset for name, dataset in load().datasets.items() if not organisations.is_limited(dataset)}
    with Superset(f"superset_manager_{limited.station}") as client, Superset("superset_manager") as general:
        for name, dataset in free.items():
            if organisations.is_open(dataset):
                assert ask(client, limited.datasets[name], []) == ask(general, limited.datasets[name], []), name
            else:
                with pytest.raises(GridmartError, match="answered 403"):
                    ask(client, limited.datasets[name], [])
        titles = {row["dashboard_title"] for row in client.listing("/api/v1/dashboard/")}
    assert titles == {dashboard.content["dashboard_title"] for dashboard in load().dashboards.values()}


OTHERS = "from marts.rpt_sales_month"
TRICKS = {
    "a query within": f"(select max(org_no) {OTHERS})",
    "a query as text, to XML": f"query_to_xml('select * {OTHERS}', true, false, '')::text",
    "a table to XML": "table_to_xml('marts.rpt_sales_month', true, false, '')::text",
    "a schema to XML": "schema_to_xml('marts', true, false, '')::text",
    "a query as text, of words": f"(ts_stat('select to_tsvector(org_no) {OTHERS}')).word",
    "a query as text, of rules": f"ts_rewrite('a'::tsquery, 'select ''a''::tsquery, org_no::tsquery {OTHERS}')::text",
}


@pytest.mark.parametrize("trick", TRICKS)
def test_sql_that_a_manager_writes_himself_reaches_no_other_rows(limited: Limited, trick: str) -> None:
    with Superset(f"superset_manager_{limited.station}") as client:
        dataset = limited.datasets["rpt_sales_month"]
        assert ask(client, dataset, [{"expressionType": "SQL", "label": "own", "sqlExpression": "lower(org_no)"}])
        with pytest.raises(GridmartError, match=r"sub-queries|子查询|permission denied for function"):
            ask(client, dataset, [{"expressionType": "SQL", "label": "others", "sqlExpression": TRICKS[trick]}])


def test_a_condition_of_his_own_cannot_widen_the_rule(marts: psycopg.Connection, limited: Limited) -> None:
    expected = in_marts(marts, limited, BELOW, limited.station)["rpt_sales_month"]
    with Superset(f"superset_manager_{limited.station}") as client:
        dataset = limited.datasets["rpt_sales_month"]
        assert dict(ask(client, dataset, ["org_no"], extras={"where": "true or true"})) == expected
        with pytest.raises(GridmartError):
            ask(client, dataset, ["org_no"], extras={"where": "true) or (true"})


def test_sync_again_changes_nothing_and_puts_right_what_was_changed_by_hand(limited: Limited) -> None:
    assert synced() == []
    station, district = f"manager_{limited.station}", f"manager_{limited.district}"
    with Superset() as client:
        rules = {rule["name"]: rule for rule in client.listing(organisations.RULES)}
        client.put(f"{organisations.RULES}{rules[station]['id']}", {"clause": "true"})
        roles = {role["name"]: role["id"] for role in client.listing(access.ROLES)}
        user = next(row for row in client.listing(access.USERS) if row["username"] == f"superset_{station}")
        client.put(f"{access.USERS}{user['id']}", {"roles": [roles[station], roles[district]]})
    changes = synced()
    assert [change.split(" limited")[0] for change in changes] == [
        f"rows of {station}",
        f"user superset_{station} has role {station}",
    ]


def test_a_dropped_organisation_loses_role_rule_and_user(limited: Limited) -> None:
    name = f"manager_{limited.district}"
    try:
        with setting(limited.station):
            assert synced() == [f"role {name} deleted", f"rule {name} deleted"]
            with Superset() as client:
                assert name not in {role["name"] for role in client.listing(access.ROLES)}
                assert {rule["name"] for rule in client.listing(organisations.RULES)} == {f"manager_{limited.station}"}
            with pytest.raises(GridmartError, match="refuses the user"), Superset(f"superset_{name}"):
                pass
    finally:
        again = synced()
    assert f"user superset_{name} has role {name}" in again


def test_a_number_that_is_no_organisation_is_refused_before_anything_changes(limited: Limited) -> None:
    with setting("99"), pytest.raises(GridmartError, match="There is no organisation 99"):
        synced()
    assert synced() == []
