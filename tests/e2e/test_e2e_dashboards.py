"""Dashboards as a manager sees them: numbers equal SQL on marts, filters change them, nothing fails in the browser.

`pipeline` is the running stack with a small utility carried through it, as its Settings.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from browser import Browser, browser

from gridmart.dashboards import sync
from gridmart.dashboards.client import Superset
from gridmart.dashboards.source import load
from gridmart.secrets import secret
from gridmart.settings import Settings
from gridmart.warehouse.database import connect

# {key figure: (SQL, format)}; %(where)s takes a condition on the organisation
KEY_FIGURES = {
    "energy_sold": ("select sum(energy_kwh) / 1000 from marts.rpt_sales_month where {where}", "{:,.0f}"),
    "receivable": ("select sum(receivable_yuan) / 10000 from marts.rpt_recovery_month where {where}", "{:,.1f}"),
    "received": ("select sum(received_yuan) / 10000 from marts.rpt_recovery_month where {where}", "{:,.1f}"),
    "recovery_rate": (
        "select 100 * sum(received_yuan) / sum(receivable_yuan) from marts.rpt_recovery_month where {where}",
        "{:.2f}%",
    ),
    "loss_rate": (
        "select 100 * sum(loss_kwh) / sum(supplied_kwh) filter (where loss_kwh is not null) "
        "from marts.fct_energy_balance_day where level_code = 'station' and {where}",
        "{:.2f}%",
    ),
    "average_price": ("select sum(revenue_yuan) / sum(energy_kwh) from marts.rpt_sales_month where {where}", "{:.3f}"),
}
# {dashboard: (key figure, SQL by another way than the chart's own, format)}
FIGURE_OF = {
    "collection": ("overdue", "select sum(outstanding_yuan) / 10000 from marts.fct_bill where is_overdue", "{:,.2f}"),
    "marketing": (
        "satisfied_share",
        "select 100.0 * count(*) filter (where score in (4, 5)) / count(*) from marts.fct_feedback",
        "{:.1f}%",
    ),
    "network": (
        "saidi",
        "select sum(saidi_hours * customers) / sum(customers) from marts.rpt_reliability_month "
        "where org_type = 'company'",
        "{:,.2f}",
    ),
    "market": (
        "margin_price",
        "select sum(revenue_yuan) / sum(sold_kwh) - sum(purchase_yuan) / sum(purchased_kwh) "
        "from marts.rpt_purchase_sale_margin where purchase_yuan is not null and revenue_yuan is not null",
        "{:.3f}",
    ),
    "billing_review": (
        "wrong_bills",
        "select count(distinct bill_no) from marts.fct_bill_difference where is_wrong and bill_no <> ''",
        "{:,.0f}",
    ),
}
LAST_DIGIT = {"{:,.0f}": Decimal(1), "{:,.1f}": Decimal("0.1"), "{:.1f}%": Decimal("0.1"), "{:,.2f}": Decimal("0.01"),
              "{:.2f}%": Decimal("0.01"), "{:.3f}": Decimal("0.001")}  # fmt: skip


@pytest.fixture(scope="module")
def marts(pipeline: Settings) -> Iterator[psycopg.Connection]:
    """What Superset itself may see: marts, as bi_reader."""
    with connect("bi_reader", autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def manager(pipeline: Settings) -> Iterator[Browser]:
    """A manager's browser, logged in."""
    with browser(f"http://{pipeline.host}:{pipeline.superset_port}") as opened:
        opened.log_in("superset_manager", secret("web_superset_manager"))
        yield opened


def expected(marts: psycopg.Connection, name: str, where: str = "true") -> Decimal:
    """A key figure by SQL."""
    row = marts.execute(KEY_FIGURES[name][0].format(where=where)).fetchone()
    assert row is not None and row[0] is not None, f"marts hold nothing for {name}"
    return Decimal(row[0])


def assert_number(manager: Browser, name: str, wanted: Decimal, form: str) -> None:
    """A key figure on the page equals a number to its last shown digit (half a digit may round either way)."""
    shown = Decimal(manager.number(name).replace(",", "").rstrip("%"))
    assert abs(shown - wanted) <= LAST_DIGIT[form] / 2 + Decimal("1e-9"), name


def assert_shown(manager: Browser, marts: psycopg.Connection, where: str) -> None:
    """Each key figure of the cockpit equals SQL."""
    for name, (_, form) in KEY_FIGURES.items():
        assert_number(manager, name, expected(marts, name, where), form)


def test_the_cockpit_shows_what_marts_hold(manager: Browser, marts: psycopg.Connection, pictures: Path) -> None:
    manager.language("zh")
    manager.open("cockpit")
    manager.screenshot(pictures / "cockpit_zh.png")
    assert manager.chart_errors() == []
    assert_shown(manager, marts, "true")


def test_every_dashboard_shows_badge_and_data_as_of(manager: Browser, marts: psycopg.Connection) -> None:
    row = marts.execute("select badge, to_char(data_as_of, 'YYYY-MM-DD') from marts.rpt_publication").fetchone()
    for slug in sorted(load().dashboards, reverse=True):
        manager.show(slug)
        assert manager.rows("publication_badge")[0][:2] == list(row or ())


def test_the_loss_table_lists_the_areas_that_lose_most(manager: Browser, marts: psycopg.Connection) -> None:
    wanted = marts.execute(
        "select level_no from marts.fct_energy_balance_day where level_code = 'transformer' and loss_kwh is not null "
        "group by level_no order by sum(loss_kwh) desc limit 3"
    ).fetchall()
    manager.show("cockpit")
    assert [row[0] for row in manager.rows("loss_transformers")[:3]] == [row[0] for row in wanted]


def test_a_station_chosen_changes_every_number_to_its_own(
    manager: Browser, marts: psycopg.Connection, pictures: Path
) -> None:
    names = marts.execute("select distinct station_name_zh from marts.rpt_sales_month order by 1").fetchall()
    station = str(names[0][0])
    assert len(names) > 1, "one station alone cannot show that the filter filters"
    manager.show("cockpit")
    before = manager.number("energy_sold")
    manager.choose("station", station)
    manager.screenshot(pictures / "cockpit_station.png")
    assert manager.number("energy_sold") != before
    assert_shown(manager, marts, f"station_name_zh = '{station}'")


def test_data_quality_shows_what_marts_hold(manager: Browser, marts: psycopg.Connection, pictures: Path) -> None:
    manager.language("en")
    manager.open("data_quality")
    manager.screenshot(pictures / "data_quality_en.png")
    assert manager.chart_errors() == []
    success, files = marts.execute(
        "select 100.0 * sum(points_read) / sum(points_due), (select count(*) from marts.fct_file) "
        "from marts.fct_collection_day"
    ).fetchone() or (None, None)
    assert abs(Decimal(manager.number("collection_success").rstrip("%")) - Decimal(success)) <= Decimal("0.0051")
    assert manager.number("files_received").replace(",", "") == str(files)
    failed = marts.execute(
        "select count(*) from marts.fct_quality_result where is_latest and not is_success"
    ).fetchone()
    assert manager.number("failed_checks") == str((failed or (None,))[0])


def test_every_dashboard_has_a_test_of_its_numbers() -> None:
    assert set(FIGURE_OF) | {"cockpit", "data_quality"} == set(load().dashboards)


@pytest.mark.parametrize("slug", sorted(FIGURE_OF))
def test_a_dashboard_shows_what_marts_hold(
    manager: Browser, marts: psycopg.Connection, pictures: Path, slug: str
) -> None:
    name, query, form = FIGURE_OF[slug]
    manager.show(slug)
    manager.screenshot(pictures / f"{slug}.png")
    assert manager.chart_errors() == []
    row = marts.execute(query).fetchone()
    assert row is not None and row[0], f"marts hold nothing for {slug}"
    assert_number(manager, name, Decimal(row[0]), form)


def test_the_largest_overdue_bill_comes_first(manager: Browser, marts: psycopg.Connection) -> None:
    wanted = marts.execute(
        "select account_no, outstanding_yuan from marts.fct_bill where is_overdue order by 2 desc limit 1"
    ).fetchone()
    manager.show("collection")
    first = manager.rows("overdue_bills")[0]
    assert (first[0], Decimal(first[5].replace(",", ""))) == wanted


def test_every_chart_returns_rows_and_none_an_error(pipeline: Settings) -> None:
    with Superset() as client:
        answers = sync.check(client, load(), lambda text: None)
    assert [answer for answer in answers if answer.error] == []
    # a small utility has little that goes wrong, and nobody to ask for less load
    may_be_empty = {
        "data_quality/quarantine_by_rule", "data_quality/quarantine_rows", "data_quality/quarantined",
        "data_quality/open_events",
        "market/promised_and_delivered", "market/replies", "marketing/late_stages",
        "billing_review/exceptions_by_rule", "billing_review/exception_rows",
    }  # fmt: skip
    assert [answer.chart for answer in answers if not answer.rows and answer.chart not in may_be_empty] == []


def test_a_manager_reads_dashboards_and_nothing_else(pipeline: Settings, marts: psycopg.Connection) -> None:
    with Superset("superset_manager") as client:
        titles = {row["dashboard_title"] for row in client.listing("/api/v1/dashboard/")}
        assert titles == {dashboard.content["dashboard_title"] for dashboard in load().dashboards.values()}
        refused = client._http.post("/api/v1/sqllab/execute/", json={"database_id": 1, "sql": "select 1"})
        assert refused.status_code in (403, 404)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        marts.execute("select 1 from raw_cis.c_cust")


def test_sync_again_changes_nothing_and_a_dropped_chart_goes(pipeline: Settings) -> None:
    source = load()
    with Superset() as client:
        again = sync.sync(client, source, lambda text: None)
        assert (again.imported, again.pruned, again.access_changes) == (0, [], [])
        chart = source.dashboards["cockpit"].charts["average_price"]
        layout = next(row["charts"] for row in source.dashboards["cockpit"].content["layout"] if row["row"] == "kpi")
        width = layout.pop("average_price")
        del source.dashboards["cockpit"].charts["average_price"]
        try:
            dropped = sync.sync(client, source, lambda text: None)
            assert [each.uuid for each in dropped.pruned] == [chart.content["uuid"]]
        finally:
            layout["average_price"] = width
            source.dashboards["cockpit"].charts["average_price"] = chart
            healed = sync.sync(client, load(), lambda text: None)
        assert healed.imported


def test_nothing_failed_in_the_browser_and_no_other_host_answered(manager: Browser, pipeline: Settings) -> None:
    assert manager.errors == []
    outside = {host for host in manager.hosts if not host.startswith((manager.base_url, "data:", "blob:"))}
    # asked for by Superset's page, refused by its content security policy before it leaves
    assert outside <= {"https://apachesuperset.gateway.scarf.sh"}
