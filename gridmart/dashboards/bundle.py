"""From the files in Git to Superset's import format (assets, version 1.0.0), in memory.

What a person would have to repeat by hand is worked out here: the time filter of every chart, the scope of
every filter (a filter reaches exactly the charts whose dataset has its column), layout boxes and UUIDs.
Superset's format joins layout and filters by numeric chart ids; they are counted here and renumbered by the
import, and never stand in Git.
"""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import yaml

from gridmart.dashboards.source import Dashboard, Source, SourceFile
from gridmart.secrets import secret
from gridmart.settings import settings
from gridmart.warehouse.database import url

DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
VERSION = "1.0.0"
MASK = "XXXXXXXXXX"  # what Superset shows in place of a password
NO_TIME_RANGE = "No filter"
SLUG_PARAM = "gridmart_slug"  # with the UUID it proves that a live chart is ours, also when Git has dropped it


def columns_of(dataset: SourceFile) -> dict[str, dict[str, Any]]:
    """Columns of a dataset by name."""
    return {column["column_name"]: column for column in dataset.content.get("columns", [])}


def time_column(dataset: SourceFile) -> str | None:
    """The column that the date filter acts on; None: the dataset has no business date."""
    return dataset.content.get("main_dttm_col")


def layout_charts(dashboard: Dashboard) -> Iterator[tuple[str, int]]:
    """Charts of the layout with their width in columns (of 12), from top to bottom."""
    for section in dashboard.content.get("layout", []):
        yield from section.get("charts", {}).items()


def chart_filters(chart: SourceFile, dataset: SourceFile) -> list[dict[str, Any]]:
    """Superset's ad-hoc filters: the chart's own ones and the time range that a dashboard's filter replaces."""
    filters: list[dict[str, Any]] = []
    for column, wanted in chart.content.get("filters", {}).items():
        filters.append(_simple_filter(column, *operator_and_value(wanted)))
    if time := time_column(dataset):
        filters.append(_simple_filter(time, "TEMPORAL_RANGE", NO_TIME_RANGE))
    return filters


def operator_and_value(wanted: Any) -> tuple[str, Any]:
    """A chart's filter as written in Git: a value, a list of values, or `{operator: value}`."""
    if isinstance(wanted, dict):
        operator, value = next(iter(wanted.items()))
        return str(operator), value
    return ("IN" if isinstance(wanted, list) else "=="), wanted


def _simple_filter(column: str, operator: str, value: Any) -> dict[str, Any]:
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": column,
        "operator": operator,
        "comparator": value,
    }


def chart_params(source: Source, chart: SourceFile) -> dict[str, Any]:
    """All parameters of a chart: its type's defaults, its own, and its filters."""
    viz_type = chart.content["viz_type"]
    dataset = source.datasets[chart.content["dataset"]]
    params = source.chart_defaults.get(viz_type, {}) | chart.content.get("params", {})
    params |= {SLUG_PARAM: chart.slug, "viz_type": viz_type, "adhoc_filters": chart_filters(chart, dataset)}
    if viz_type == "mixed_timeseries":
        params["adhoc_filters_b"] = chart_filters(chart, dataset)
    return params


def _chart(source: Source, chart: SourceFile) -> dict[str, Any]:
    content = chart.content
    return {
        "slice_name": content["slice_name"],
        "description": content.get("description"),
        "certified_by": None,
        "certification_details": None,
        "viz_type": content["viz_type"],
        "params": chart_params(source, chart),
        "query_context": None,  # holds dataset ids that go stale; Superset makes it anew
        "cache_timeout": None,
        "uuid": content["uuid"],
        "version": VERSION,
        "dataset_uuid": source.datasets[content["dataset"]].content["uuid"],
        "is_managed_externally": True,
    }


def _dataset(source: Source, dataset: SourceFile) -> dict[str, Any]:
    content = dataset.content
    return {
        "table_name": content["table_name"],
        "main_dttm_col": content.get("main_dttm_col"),
        "description": content.get("description"),
        "schema": "marts",
        "sql": None,
        "params": None,
        "filter_select_enabled": True,
        "cache_timeout": content.get("cache_timeout", source.database.content.get("cache_timeout")),
        "uuid": content["uuid"],
        "metrics": [
            {"metric_type": None, "description": None, "d3format": None, "extra": None, "warning_text": None} | metric
            for metric in content.get("metrics", [])
        ],
        "columns": [
            {"is_dttm": False, "is_active": True, "groupby": True, "filterable": True, "expression": None}
            | {"description": None}
            | column
            for column in content["columns"]
        ],
        "version": VERSION,
        "database_uuid": source.database.content["uuid"],
        "is_managed_externally": True,
    }


def _database(source: Source, masked: bool) -> dict[str, Any]:
    content = source.database.content
    uri = url("bi_reader", scheme="postgresql+psycopg2")
    return {
        "database_name": content["database_name"],
        "sqlalchemy_uri": uri.replace(f":{uri.split(':', 2)[2].split('@')[0]}@", f":{MASK}@") if masked else uri,
        "cache_timeout": content.get("cache_timeout"),
        "expose_in_sqllab": False,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        # Timestamps are UTC in marts; `::timestamp` in a calculated column is then local time.
        "extra": {
            "allows_virtual_table_explore": False,
            "engine_params": {"connect_args": {"options": f"-c timezone={settings().timezone}"}},
        },
        "uuid": content["uuid"],
        "version": VERSION,
        "is_managed_externally": True,
    }


def position(dashboard: Dashboard, chart_ids: dict[str, int]) -> dict[str, Any]:
    """Superset's layout tree; keys are words: ROW-kpi, CHART-energy_sold."""
    tree: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": dashboard.content["dashboard_title"]}},
    }
    for section in dashboard.content["layout"]:
        if text := section.get("header"):
            key = f"HEADER-{section['row']}"
            meta = {"text": text, "headerSize": "MEDIUM_HEADER", "background": "BACKGROUND_TRANSPARENT"}
            tree[key] = {"type": "HEADER", "id": key, "children": [], "parents": ["ROOT_ID", "GRID_ID"], "meta": meta}
            tree["GRID_ID"]["children"].append(key)
        row = f"ROW-{section['row']}"
        parents = ["ROOT_ID", "GRID_ID"]
        meta_row = {"background": "BACKGROUND_TRANSPARENT"}
        tree[row] = {"type": "ROW", "id": row, "children": [], "parents": parents, "meta": meta_row}
        tree["GRID_ID"]["children"].append(row)
        for name, width in section["charts"].items():
            key = f"CHART-{name}"
            chart = dashboard.charts[name]
            tree[row]["children"].append(key)
            tree[key] = {
                "type": "CHART",
                "id": key,
                "children": [],
                "parents": [*parents, row],
                "meta": {
                    "chartId": chart_ids[name],
                    "uuid": chart.content["uuid"],
                    "sliceName": chart.content["slice_name"],
                    "width": width,
                    "height": section["height"],
                },
            }
    return tree


def excluded_charts(source: Source, dashboard: Dashboard, column: str | None) -> list[str]:
    """Charts that a filter on `column` (None: on the date) cannot reach: their dataset has no such column."""
    excluded = []
    for name, _ in layout_charts(dashboard):
        dataset = source.datasets[dashboard.charts[name].content["dataset"]]
        if (column is None and not time_column(dataset)) or (column is not None and column not in columns_of(dataset)):
            excluded.append(name)
    return excluded


def _native_filter(source: Source, dashboard: Dashboard, spec: dict[str, Any], ids: dict[str, int]) -> dict[str, Any]:
    column = spec.get("column")
    target = (
        {"datasetUuid": source.datasets[spec["dataset"]].content["uuid"], "column": {"name": column}} if column else {}
    )
    select = {
        "multiSelect": True,
        "enableEmptyFilter": False,
        "inverseSelection": False,
        "searchAllOptions": False,
        "defaultToFirstItem": False,
    }
    where = [_simple_filter(name, "==", value) for name, value in spec.get("filters", {}).items()]
    return {
        "id": f"NATIVE_FILTER-{spec['slug']}",
        "name": spec["name"],
        "description": spec.get("description", ""),
        "filterType": "filter_select" if column else "filter_time",
        "type": "NATIVE_FILTER",
        "targets": [target],
        "controlValues": select if column else {"enableEmptyFilter": False},
        "adhoc_filters": where,
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [f"NATIVE_FILTER-{parent}" for parent in spec.get("within", [])],
        "scope": {
            "rootPath": ["ROOT_ID"],
            "excluded": [ids[name] for name in excluded_charts(source, dashboard, column)],
        },
    }


def dimensions(chart: SourceFile) -> list[str]:
    """Columns on which a click in the chart filters the other charts."""
    params = chart.content.get("params", {})
    groupby = [column for column in params.get("groupby", []) if isinstance(column, str)]
    return groupby or ([params["x_axis"]] if params.get("x_axis") and params.get("xAxisForceCategorical") else [])


def _cross_filters(source: Source, dashboard: Dashboard, ids: dict[str, int]) -> dict[str, Any]:
    configuration = {}
    for name, number in ids.items():
        chart = dashboard.charts[name]
        excluded = {name}
        for column in dimensions(chart):
            excluded |= set(excluded_charts(source, dashboard, column))
        scope = {"rootPath": ["ROOT_ID"], "excluded": sorted(ids[other] for other in excluded)}
        configuration[str(number)] = {"id": number, "crossFilters": {"scope": scope, "chartsInScope": []}}
    return configuration


def _dashboard(source: Source, dashboard: Dashboard) -> dict[str, Any]:
    content = dashboard.content
    ids = {name: number for number, (name, _) in enumerate(layout_charts(dashboard), 1)}
    return {
        "dashboard_title": content["dashboard_title"],
        "description": content.get("description"),
        "css": dashboard.css,
        "slug": dashboard.slug,
        "certified_by": None,
        "certification_details": None,
        "published": True,
        "uuid": content["uuid"],
        "position": position(dashboard, ids),
        "metadata": {
            "color_scheme": content["color_scheme"],
            "label_colors": content.get("label_colors", {}),
            "shared_label_colors": [],
            "map_label_colors": content.get("label_colors", {}),
            "cross_filters_enabled": True,
            "expanded_slices": {},
            "refresh_frequency": 0,
            "timed_refresh_immune_slices": [],
            "filter_bar_orientation": "HORIZONTAL",
            "native_filter_configuration": [
                _native_filter(source, dashboard, spec, ids) for spec in content["filters"]
            ],
            "chart_configuration": _cross_filters(source, dashboard, ids),
            "global_chart_configuration": {
                "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
                "chartsInScope": list(ids.values()),
            },
        },
        "version": VERSION,
        "is_managed_externally": True,
    }


def files(source: Source, masked: bool = False) -> dict[str, dict[str, Any]]:
    """Import files by path in the bundle; `masked` leaves the database's password out."""
    made = {"databases/warehouse.yaml": _database(source, masked)}
    for slug, dataset in source.datasets.items():
        made[f"datasets/warehouse/{slug}.yaml"] = _dataset(source, dataset)
    for dashboard in source.dashboards.values():
        for name, chart in dashboard.charts.items():
            made[f"charts/{dashboard.slug}__{name}.yaml"] = _chart(source, chart)
        made[f"dashboards/{dashboard.slug}.yaml"] = _dashboard(source, dashboard)
    return made


def archive(source: Source) -> bytes:
    """The zip that Superset imports, byte for byte the same for the same files; it holds a password: never on disk."""
    secret("db_bi_reader")  # fails early, before any call to Superset, if this installation has no secrets
    metadata = {"version": VERSION, "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path, content in {"metadata.yaml": metadata, **files(source)}.items():
            entry = zipfile.ZipInfo(f"gridmart/{path}", date_time=(2026, 1, 1, 0, 0, 0))
            bundle.writestr(entry, yaml.dump(content, Dumper=DUMPER, allow_unicode=True, sort_keys=False))
    return out.getvalue()
