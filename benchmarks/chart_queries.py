"""What the dashboards ask the database: one SQL query for each query of each chart, from their files in Git.

As Superset writes them: a chart's columns, its dataset's metrics, its filters; and each once more within one supply
station, as a manager of it would look. The lists of values of the dashboards' own filters are queries too.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gridmart.dashboards import source
from gridmart.dashboards.bundle import chart_params, columns_of, operator_and_value
from gridmart.dashboards.references import columns_used, metrics_used
from gridmart.dashboards.source import Source, SourceFile

GRAINS = {"PT1H": "hour", "P1D": "day", "P1W": "week", "P1M": "month"}
STATION = "station_name_zh"
ROW_LIMIT = 10_000  # Superset's own, where a chart names none


@dataclass(frozen=True)
class Query:
    """A query of a chart (`dashboard/chart`), of a mart."""

    name: str
    mart: str
    sql: str


def queries(station: str, files: Source | None = None) -> list[Query]:
    """Every query of every chart and of every filter of every dashboard; `station` is the name of a supply station."""
    files = files or source.load()
    found = []
    for dashboard in files.dashboards.values():
        for chart in dashboard.charts.values():
            found += list(_of_chart(files, chart, station))
        for spec in dashboard.content["filters"]:
            if "column" in spec:
                dataset = files.datasets[spec["dataset"]]
                column = _sql(dataset, spec["column"])
                where = _where(dataset, spec.get("filters", {}))
                sql = f"select {column} from marts.{dataset.name}{where} group by 1 order by 1 limit 1000"
                found.append(Query(f"{dashboard.name}/filter {spec['slug']}", dataset.name, sql))
    return found


def _of_chart(files: Source, chart: SourceFile, station: str) -> Iterator[Query]:
    dataset = files.datasets[chart.content["dataset"]]
    params = chart_params(files, chart)
    filters = dict(chart.content.get("filters", {}))
    for suffix in ("", "_b") if params["viz_type"] == "mixed_timeseries" else ("",):
        asked = _statement(dataset, params, suffix)
        name = chart.slug + suffix
        yield Query(name, dataset.name, asked.format(where=_where(dataset, filters)))
        if STATION in columns_of(dataset):
            within = filters | {STATION: station}
            yield Query(f"{name}, one station", dataset.name, asked.format(where=_where(dataset, within)))


def _statement(dataset: SourceFile, params: dict[str, Any], suffix: str) -> str:
    """The query with a place for its condition."""
    limit = params.get("row_limit", ROW_LIMIT)
    if params.get("query_mode") == "raw":
        names = [f'{_sql(dataset, name)} as "{name}"' for name in params["all_columns"]]
        orders = [json.loads(order) for order in params.get("order_by_cols", [])]
        order = ", ".join(f"{_sql(dataset, name)} {'asc' if up else 'desc'}" for name, up in orders)
        order = f" order by {order}" if order else ""
        return f"select {', '.join(names)} from marts.{dataset.name}{{where}}{order} limit {limit}"
    other = {key for key in params if key.endswith("_b") and key.removesuffix("_b") in params}
    mine = {key: value for key, value in params.items() if key not in other}
    if suffix:
        mine |= {"metrics": params["metrics_b"], "groupby": params.get("groupby_b", [])}
    mine.pop("metrics_b", None)
    columns = [_grained(dataset, name, params) for name in columns_used(mine)]
    expressions = {metric["metric_name"]: metric["expression"] for metric in dataset.content["metrics"]}
    metrics = [f'{expressions[name]} as "{name}"' for name in metrics_used(mine)]
    group = f" group by {', '.join(str(n + 1) for n in range(len(columns)))}" if columns else ""
    order = params.get("timeseries_limit_metric") or metrics_used(mine)[0]
    return (
        f"select {', '.join([*columns, *metrics])} from marts.{dataset.name}{{where}}{group} "
        f'order by "{order}" desc limit {limit}'
    )


def _sql(dataset: SourceFile, column: str) -> str:
    """A column, or the expression of a calculated one."""
    return str(columns_of(dataset)[column].get("expression") or column).replace("{", "{{").replace("}", "}}")


def _grained(dataset: SourceFile, name: str, params: dict[str, Any]) -> str:
    sql = _sql(dataset, name)
    grain = params.get("time_grain_sqla")
    return f"date_trunc('{GRAINS[grain]}', {sql})" if grain and name == params.get("x_axis") else sql


def _where(dataset: SourceFile, filters: dict[str, Any]) -> str:
    """Conditions of a chart's filters, as it writes them in Git."""
    conditions = []
    for column, wanted in filters.items():
        operator, value = operator_and_value(wanted)
        right = {"IN": f"({_values(value)})"}.get(operator, _values(value)) if value is not None else ""
        conditions.append(f"{_sql(dataset, column)} {'=' if operator == '==' else operator} {right}".rstrip())
    return f" where {' and '.join(conditions)}" if conditions else ""


def _values(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join(
        str(each) if isinstance(each, bool | int | float) else "'" + str(each).replace("'", "''") + "'"
        for each in values
    )
