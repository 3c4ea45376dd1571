"""A manager of one organisation sees its rows and no others, whatever he asks Superset.

`pipeline` is the running stack with a small utility carried through it, as its Settings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from browser import browser

from gridmart.dashboards import access, organisations
from gridmart.dashboards.client import Superset
from gridmart.dashboards.source import SourceFile, load
from gridmart.errors import GridmartError
from gridmart.secrets import secret
from gridmart.settings import Settings
from gridmart.warehouse.database import connect
from tests.conftest import forget

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


Shown = dict[str, float | None]


def ask(client: Superset, dataset: int, columns: list[Any], metric: Any, **query: Any) -> list[tuple[Any, ...]]:
    """Rows of one query of chart data."""
    asked = {"columns": columns, "metrics": [metric], "row_limit": 10_000} | query
    (result,) = client.chart_data({"datasource": {"id": dataset, "type": "table"}, "queries": [asked]})
    assert result["error"] is None
    return [tuple(row.values()) for row in result["data"]]


def first_metric(dataset: SourceFile) -> dict[str, Any]:
    """The first metric of a dataset's file."""
    return dict(dataset.content["metrics"][0])


def by_organisation(client: Superset, limited: Limited) -> dict[str, Shown]:
    """{dataset: {organisation: its first metric}} as a user sees them."""
    return {
        name: dict(ask(client, limited.datasets[name], ["org_no"], first_metric(dataset)["metric_name"]))
        for name, dataset in load().datasets.items()
        if organisations.is_limited(dataset)
    }


def in_marts(marts: psycopg.Connection, where: str = "", *values: str) -> dict[str, Shown]:
    """The same by SQL."""
    found = {}
    for name, dataset in load().datasets.items():
        if organisations.is_limited(dataset):
            asked = (
                f"select org_no, ({first_metric(dataset)['expression']})::float from marts.{name} {where} group by 1"
            )
            rows = marts.execute(asked.encode(), values).fetchall()
            found[name] = {org_no: value if value is None else pytest.approx(value) for org_no, value in rows}
    return found


def test_each_manager_sees_the_rows_of_his_organisation(marts: psycopg.Connection, limited: Limited) -> None:
    everything = in_marts(marts)
    assert len(everything) > 15 and limited.other in everything["rpt_sales_month"]
    # the one who sees all asks first and last: no answer may come from another's cache
    for user, expected in (
        ("superset_manager", everything),
        (f"superset_manager_{limited.station}", in_marts(marts, BELOW, limited.station)),
        (f"superset_manager_{limited.district}", in_marts(marts, BELOW, limited.district)),
        ("superset_manager", everything),
    ):
        with Superset(user) as client:
            assert by_organisation(client, limited) == expected, user
    assert set(in_marts(marts, BELOW, limited.station)["rpt_sales_month"]) == {limited.station}


def test_a_sum_is_of_the_own_station(marts: psycopg.Connection, limited: Limited) -> None:
    ((total, own),) = marts.execute(
        "select sum(energy_kwh) / 1000, sum(energy_kwh) filter (where org_no = %s) / 1000 from marts.rpt_sales_month",
        (limited.station,),
    ).fetchall()
    assert own < total
    with Superset(f"superset_manager_{limited.station}") as client:
        ((shown,),) = ask(client, limited.datasets["rpt_sales_month"], [], "energy_sold_mwh")
    assert shown == pytest.approx(float(own))


def test_what_belongs_to_no_organisation_is_open_or_closed_as_its_file_says(limited: Limited) -> None:
    free = {name: dataset for name, dataset in load().datasets.items() if not organisations.is_limited(dataset)}
    with Superset(f"superset_manager_{limited.station}") as client, Superset("superset_manager") as general:
        for name, dataset in free.items():
            asked = limited.datasets[name], [], first_metric(dataset)["metric_name"]
            if organisations.is_open(dataset):
                assert ask(client, *asked) == ask(general, *asked), name
            else:
                with pytest.raises(GridmartError, match=r"answered 403.*Only managers of the whole company"):
                    ask(client, *asked)
        titles = {row["dashboard_title"] for row in client.listing("/api/v1/dashboard/")}
    assert titles == {dashboard.content["dashboard_title"] for dashboard in load().dashboards.values()}


def test_a_chart_that_is_closed_says_why(limited: Limited, pipeline: Settings, pictures: Path) -> None:
    user = f"superset_manager_{limited.station}"
    with browser(f"http://{pipeline.host}:{pipeline.superset_port}") as page:
        page.log_in(user, secret(f"web_{user}"))
        page.open("data_quality")
        page.screenshot(pictures / "data_quality_of_a_station.png")
        assert "此图只对公司级管理者开放" in page.chart("gate_results").inner_text()
        assert "此图只对公司级管理者开放" not in page.chart("read_rate_by_month").inner_text()


# a failed cast tells a value of a row that the rule would have kept back
PROBE = "cast('' || org_no as date) is null"
TRICKS: dict[str, dict[str, Any]] = {
    "condition": {"extras": {"where": PROBE}},
    "condition on groups": {"extras": {"having": PROBE}},
    "column": {"columns": [{"expressionType": "SQL", "label": "x", "sqlExpression": "lower(org_no)"}]},
    "metric": {"metric": {"expressionType": "SQL", "label": "x", "sqlExpression": "count(*)"}},
    "order": {"orderby": [[{"expressionType": "SQL", "label": "x", "sqlExpression": "count(*)"}, True]]},
    "filter": {"filters": [{"col": {"expressionType": "SQL", "label": "x", "sqlExpression": PROBE}, "op": "IS TRUE"}]},
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_manager_writes_no_sql_of_his_own(limited: Limited, trick: str) -> None:
    with Superset(f"superset_manager_{limited.station}") as client:
        dataset, asked = limited.datasets["rpt_sales_month"], {"columns": ["org_no"], "metric": "energy_sold_mwh"}
        assert [org_no for org_no, _ in ask(client, dataset, **asked)] == [limited.station]
        with pytest.raises(GridmartError, match="A query may hold no SQL of its own"):
            ask(client, dataset, **asked | TRICKS[trick])


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
