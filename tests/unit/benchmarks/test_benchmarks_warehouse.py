"""The warehouse benchmark asks what the dashboards ask: every chart, with its filters, and once more in a station."""

from benchmarks.chart_queries import queries
from benchmarks.warehouse import DAY, parts
from gridmart.dashboards import source


def test_every_chart_and_every_list_of_a_filter_is_asked() -> None:
    asked = {query.name for query in queries("S")}
    files = source.load()
    for dashboard in files.dashboards.values():
        assert {chart.slug for chart in dashboard.charts.values()} <= asked
        lists = {f"{dashboard.name}/filter {spec['slug']}" for spec in dashboard.content["filters"] if "column" in spec}
        assert lists <= asked


def test_a_query_has_the_charts_columns_metrics_and_filters() -> None:
    (asked,) = (query for query in queries("S") if query.name == "cockpit/loss_classes, one station")
    assert asked.mart == "fct_energy_balance_day"
    assert asked.sql.startswith("select date_trunc('month', business_date), case balance_class")
    assert 'count(*) as "area_days"' in asked.sql
    where = asked.sql.split(" where ")[1]
    assert where.startswith("level_code = 'transformer' and balance_class IN ('high_loss', 'negative_loss') and ")
    assert "station_name_zh = 'S' group by 1, 2" in where


def test_a_day_is_made_of_parts_that_are_there() -> None:
    assert set(DAY) <= set(parts())
