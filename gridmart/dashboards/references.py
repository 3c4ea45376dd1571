"""Which metrics and columns a chart uses, by the words of Superset's parameters; and what it asks the database."""

import json
from typing import Any

from gridmart.dashboards.bundle import chart_params, columns_of, operator_and_value, time_column
from gridmart.dashboards.source import Source, SourceFile

METRIC_PARAMS = ("metric", "metrics", "metrics_b", "percent_metrics", "timeseries_limit_metric", "secondary_metric")
COLUMN_PARAMS = ("x_axis", "groupby", "groupby_b", "all_columns", "columns", "series")
MIXED_PARAMS = ("x_axis_sort",)  # may name a metric or a column
OF_ALL_SERIES = {"name", "sum", "min", "max", "avg"}  # Superset's words for the order of a chart with several series
ROW_LIMIT = 1000


def _names(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(each) for each in values if each not in (None, "")]


def metrics_used(params: dict[str, Any]) -> list[str]:
    """Names of metrics in a chart's parameters, in order, each once."""
    return list(dict.fromkeys(name for key in METRIC_PARAMS for name in _names(params.get(key))))


def columns_used(params: dict[str, Any]) -> list[str]:
    """Names of columns in a chart's parameters, in order, each once."""
    names = [name for key in COLUMN_PARAMS for name in _names(params.get(key))]
    names += [json.loads(order)[0] for order in params.get("order_by_cols", [])]
    return list(dict.fromkeys(names))


def either_used(params: dict[str, Any]) -> list[str]:
    """Names that may be a metric or a column: sorting, column formats, conditional formats."""
    words = OF_ALL_SERIES if params.get("groupby") else set()
    names = [name for key in MIXED_PARAMS for name in _names(params.get(key)) if name not in words]
    names += list(params.get("column_config", {}))
    names += [rule["column"] for rule in params.get("conditional_formatting", [])]
    return list(dict.fromkeys(names))


def query_context(source: Source, chart: SourceFile, dataset_id: int, chart_id: int) -> dict[str, Any]:
    """What the chart asks, in the form of Superset's chart data interface, one query with all that it shows.

    The browser may split or pivot it; columns, metrics and filters are the same, so an error shows here too.
    """
    params = chart_params(source, chart)
    dataset = source.datasets[chart.content["dataset"]]
    raw = params.get("query_mode") == "raw"
    columns: list[Any] = list(columns_used({k: v for k, v in params.items() if k != "order_by_cols"}))
    if params.get("time_grain_sqla") and params.get("x_axis"):
        label = params["x_axis"]
        columns = [name for name in columns if name != label]
        columns.insert(
            0,
            {
                "columnType": "BASE_AXIS",
                "expressionType": "SQL",
                "label": label,
                "sqlExpression": columns_of(dataset)[label].get("expression") or label,
                "timeGrain": params["time_grain_sqla"],
            },
        )
    filters: list[dict[str, Any]] = []
    for column, wanted in chart.content.get("filters", {}).items():
        operator, value = operator_and_value(wanted)
        filters.append({"col": column, "op": operator, "val": value})
    if time := time_column(dataset):
        filters.append({"col": time, "op": "TEMPORAL_RANGE", "val": "No filter"})
    query = {
        "columns": columns,
        "metrics": None if raw else metrics_used(params),
        "filters": filters,
        "orderby": [json.loads(order) for order in params.get("order_by_cols", [])] if raw else [],
        "row_limit": min(params.get("row_limit", ROW_LIMIT), ROW_LIMIT),
    }
    return {
        "datasource": {"id": dataset_id, "type": "table"},
        "force": False,
        "queries": [query],
        "form_data": {"slice_id": chart_id, "viz_type": params["viz_type"]},
        "result_format": "json",
        "result_type": "full",
    }
