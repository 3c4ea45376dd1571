"""Walks dashboard → chart → dataset → dbt column without a server, and lists what does not fit together."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

from gridmart.dashboards import bundle, organisations, references
from gridmart.dashboards.source import Dashboard, Source, SourceFile, stable_uuid

SLUG = re.compile(r"^[a-z][a-z0-9_]*$")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{2,}")
ID_KEYS = {"id", "ids", "slice_id", "chartId", "datasetId", "datasource", "datasource_id", "database_id", "dashboards"}
KEYS = {
    "database": {"uuid", "database_name", "cache_timeout"},
    "dataset": {
        "uuid",
        "table_name",
        "description",
        "organisations",
        "main_dttm_col",
        "cache_timeout",
        "columns",
        "metrics",
    },
    "chart": {"uuid", "slice_name", "description", "dataset", "viz_type", "filters", "params"},
    "dashboard": {"uuid", "dashboard_title", "description", "color_scheme", "label_colors", "filters", "layout"},
}
REQUIRED = {
    "database": {"uuid", "database_name"},
    "dataset": {"uuid", "table_name", "description", "columns"},
    "chart": {"uuid", "slice_name", "description", "dataset", "viz_type", "params"},
    "dashboard": {"uuid", "dashboard_title", "description", "color_scheme", "filters", "layout"},
}
BADGE_DATASET = "rpt_publication"
COLUMNS_OF_GRID = 12


@dataclass(frozen=True)
class Problem:
    """One thing that does not fit: where, what, and what to do."""

    path: Path
    what: str
    next_step: str


def problems(source: Source, marts: dict[str, dict[str, str]]) -> list[Problem]:
    """Every problem of the files; `marts` is {relation: {column: type}}."""
    found: list[Problem] = []
    everything: list[SourceFile] = [source.database, *source.datasets.values()]
    for dashboard in source.dashboards.values():
        everything += [dashboard, *dashboard.charts.values()]
    broken_form = False
    for file in everything:
        form = list(_form(file))
        broken_form |= any(problem.next_step.startswith("Add") for problem in form)
        found += form
    if broken_form:
        return found  # what follows reads the missing keys
    for dataset in source.datasets.values():
        found += _dataset(dataset, marts)
    for dashboard in source.dashboards.values():
        for chart in dashboard.charts.values():
            found += _chart(source, chart)
        found += _dashboard(source, dashboard)
    found += _unused(source)
    found += _access(source)
    return found


def _form(file: SourceFile) -> Iterator[Problem]:
    """Slug, UUID, keys, titles, no numeric ids."""
    for part in file.slug.split("/"):
        if not SLUG.match(part):
            yield Problem(file.path, f"`{part}` is no slug", "Name files in lower case words joined by `_`.")
    wanted = stable_uuid(file.kind, file.slug)
    if file.content.get("uuid") not in (None, wanted):
        yield Problem(file.path, f"uuid {file.content['uuid']} does not derive from its name", f"Write uuid: {wanted}")
    for key in sorted(REQUIRED[file.kind] - set(file.content)):
        hint = f"Add `{key}: {wanted}`." if key == "uuid" else f"Add `{key}:`; see a neighbouring {file.kind}."
        yield Problem(file.path, f"`{key}` is missing", hint)
    for key in sorted(set(file.content) - KEYS[file.kind]):
        yield Problem(file.path, f"unknown key `{key}`", f"Known keys: {', '.join(sorted(KEYS[file.kind]))}.")
    for where in _numeric_ids(file.content, ""):
        yield Problem(
            file.path, f"numeric id at {where}", "Remove it: ids differ between installations; names join files."
        )
    for title in _titles(file):
        if not (CHINESE.search(title) and LATIN.search(title)):
            yield Problem(file.path, f"title {title!r} is not bilingual", "Write Chinese, then English, in one title.")


def _numeric_ids(node: Any, where: str) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ID_KEYS and (isinstance(value, int | list) or str(value)[:1].isdigit()):
                yield f"{where}.{key}".lstrip(".")
            else:
                yield from _numeric_ids(value, f"{where}.{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _numeric_ids(value, f"{where}[{number}]")


def _titles(file: SourceFile) -> Iterator[str]:
    content = file.content
    for key in ("slice_name", "dashboard_title"):
        if key in content:
            yield str(content[key])
    if file.kind == "dataset":
        yield from (str(metric.get("verbose_name", metric["metric_name"])) for metric in content.get("metrics", []))
    if file.kind == "dashboard":
        yield from (str(row["header"]) for row in content.get("layout", []) if "header" in row)
        yield from (str(spec["name"]) for spec in content.get("filters", []))


def _family(kind: str) -> str:
    """Kind of a type for comparison: Superset cares for time, numbers, text, truth."""
    kind = kind.lower()
    for family, words in (
        ("time", ("timestamp", "date")),
        ("number", ("numeric", "int", "double", "float", "real", "decimal")),
        ("truth", ("bool",)),
        ("text", ("text", "char", "json")),
    ):
        if any(word in kind for word in words):
            return family
    return kind


def _dataset(dataset: SourceFile, marts: dict[str, dict[str, str]]) -> Iterator[Problem]:
    content = dataset.content
    if content["table_name"] != dataset.name:
        yield Problem(dataset.path, f"table_name {content['table_name']} is not the file's name", "Name both alike.")
    mart = marts.get(content["table_name"])
    if mart is None:
        yield Problem(
            dataset.path,
            f"no mart {content['table_name']} with an enforced contract",
            "Add it under dbt/models/marts with its contract, or to superset/external_relations.yaml.",
        )
        return
    yield from _whose_rows(dataset, mart)
    columns = bundle.columns_of(dataset)
    for name, column in columns.items():
        if "expression" in column:
            yield from _expression(dataset, f"calculated column {name}", column["expression"], mart)
        elif name not in mart:
            yield Problem(dataset.path, f"column {name} is not in mart {dataset.name}", _did_you_mean(name, mart))
        elif mart[name] and _family(mart[name]) != _family(column["type"]):
            what = f"column {name} is {column['type']} here and {mart[name]} in the mart"
            yield Problem(dataset.path, what, "Write the mart's type.")
        if column.get("is_dttm", False) != (_family(column["type"]) == "time"):
            yield Problem(dataset.path, f"column {name}: is_dttm does not fit {column['type']}", "Correct is_dttm.")
    for metric in content.get("metrics", []):
        yield from _expression(dataset, f"metric {metric['metric_name']}", metric["expression"], mart)
        for key in ("verbose_name", "description", "d3format"):
            if not metric.get(key):
                yield Problem(dataset.path, f"metric {metric['metric_name']} has no {key}", f"Add `{key}:`.")
    time = content.get("main_dttm_col")
    if time and not columns.get(time, {}).get("is_dttm"):
        yield Problem(dataset.path, f"main_dttm_col {time} is no time column", "Name a column with is_dttm: true.")


def _whose_rows(dataset: SourceFile, mart: dict[str, str]) -> Iterator[Problem]:
    """A manager of one organisation sees its rows of a dataset, all of it, or nothing: never by forgetting."""
    limited, said = organisations.is_limited(dataset), dataset.content.get("organisations")
    if organisations.COLUMN in mart and not limited:
        what = f"the mart has {organisations.COLUMN}, the dataset has not: no organisation's rows can be told"
        yield Problem(dataset.path, what, f"Add the column {organisations.COLUMN}, and no `organisations:`.")
    elif limited and said:
        what = f"`organisations: {said}` and the column {organisations.COLUMN} say two things"
        yield Problem(dataset.path, what, "Remove `organisations:`; rows are told by the column.")
    elif not limited and said not in ("all", "none"):
        what = "nothing says which organisations' managers may see it"
        next_step = "Write `organisations: all` if it is of the company as a whole, else `organisations: none`."
        yield Problem(dataset.path, what, next_step)


def _expression(dataset: SourceFile, what: str, expression: str, mart: dict[str, str]) -> Iterator[Problem]:
    try:
        tree = sqlglot.parse_one(expression, read="postgres")
    except sqlglot.errors.ParseError as error:
        yield Problem(dataset.path, f"{what} is not SQL: {str(error).splitlines()[0]}", "Correct its expression.")
        return
    for column in sorted({column.name for column in tree.find_all(exp.Column)} - set(mart)):
        yield Problem(dataset.path, f"{what} uses {column}, not in mart {dataset.name}", _did_you_mean(column, mart))


def _did_you_mean(name: str, known: Any) -> str:
    return f"Correct `{name}`; known: {', '.join(sorted(known))}."


def _chart(source: Source, chart: SourceFile) -> Iterator[Problem]:
    dataset = source.datasets.get(chart.content["dataset"])
    if dataset is None:
        yield Problem(chart.path, f"no dataset {chart.content['dataset']}", _did_you_mean("dataset", source.datasets))
        return
    try:
        params = bundle.chart_params(source, chart)
        columns = set(bundle.columns_of(dataset))
        metrics = {metric["metric_name"] for metric in dataset.content.get("metrics", [])}
        used = references.columns_used(params)
    except (AttributeError, KeyError, TypeError, json.JSONDecodeError) as error:
        yield Problem(chart.path, f"its parameters cannot be read: {error!r}", "See a neighbouring chart for the form.")
        return
    for name in references.metrics_used(params):
        if name not in metrics:
            yield Problem(chart.path, f"metric {name} is not in dataset {dataset.name}", _did_you_mean(name, metrics))
    for name in [*used, *chart.content.get("filters", {})]:
        if name not in columns:
            yield Problem(chart.path, f"column {name} is not in dataset {dataset.name}", _did_you_mean(name, columns))
    for name in references.either_used(params):
        if name not in columns | metrics:
            what = f"{name} is neither metric nor column of dataset {dataset.name}"
            yield Problem(chart.path, what, _did_you_mean(name, columns | metrics))


def _dashboard(source: Source, dashboard: Dashboard) -> Iterator[Problem]:
    path, content = dashboard.path, dashboard.content
    rows = [row.get("row", "") for row in content["layout"]]
    for row in sorted({row for row in rows if rows.count(row) > 1}):
        yield Problem(path, f"row {row} stands twice in the layout", "Give each row its own name.")
    placed = [name for name, _ in bundle.layout_charts(dashboard)]
    for row in content["layout"]:
        if not SLUG.match(str(row.get("row", ""))):
            yield Problem(path, f"row {row.get('row')!r} is no slug", "Name rows in lower case words.")
        if sum(row.get("charts", {}).values()) > COLUMNS_OF_GRID:
            yield Problem(
                path, f"row {row['row']} is wider than {COLUMNS_OF_GRID} columns", "Make its charts narrower."
            )
        if not isinstance(row.get("height"), int):
            yield Problem(path, f"row {row.get('row')} has no height", "Write height in units of 8 pixels.")
    for name in placed:
        if name not in dashboard.charts:
            yield Problem(path, f"layout names chart {name}, which has no file", f"Write charts/{name}.yaml.")
        if placed.count(name) > 1:
            yield Problem(path, f"chart {name} stands twice in the layout", "Keep one of them.")
    yield from _dashboard_filters(source, dashboard)
    if not _shows_badge(dashboard):
        what = "no chart in the first row shows the badge and `data as of`"
        yield Problem(path, what, f"Put a chart on {BADGE_DATASET} with badge and data_as_of into the first row.")
    if re.search(r"https?://|//[a-z]|@import", dashboard.css):
        yield Problem(source.root / "style.css", "the style reaches another host", "Keep every resource in the page.")
    titles = [chart.content["slice_name"] for chart in dashboard.charts.values()]
    for title in sorted({title for title in titles if titles.count(title) > 1}):
        yield Problem(path, f"two charts are called {title!r}", "Give each its own title.")


def _dashboard_filters(source: Source, dashboard: Dashboard) -> Iterator[Problem]:
    path = dashboard.path
    slugs = [spec.get("slug") for spec in dashboard.content["filters"]]
    for spec in dashboard.content["filters"]:
        dataset = source.datasets.get(spec.get("dataset", ""))
        if "column" in spec:
            if dataset is None:
                yield Problem(path, f"filter {spec['slug']} has no dataset", _did_you_mean("dataset", source.datasets))
            else:
                columns = bundle.columns_of(dataset)
                for name in [spec["column"], *spec.get("filters", {})]:
                    if name not in columns:
                        what = f"filter {spec['slug']}: column {name} is not in dataset {dataset.name}"
                        yield Problem(path, what, _did_you_mean(name, columns))
        for parent in spec.get("within", []):
            if parent not in slugs:
                yield Problem(path, f"filter {spec['slug']} lies within unknown {parent}", _did_you_mean(parent, slugs))


def _shows_badge(dashboard: Dashboard) -> bool:
    for name in dashboard.content["layout"][0].get("charts", {}):
        chart = dashboard.charts.get(name)
        if chart and chart.content["dataset"] == BADGE_DATASET:
            shown = references.columns_used(chart.content["params"])
            return "badge" in shown and any(column.startswith("data_as_of") for column in shown)
    return False


def _unused(source: Source) -> Iterator[Problem]:
    used = set()
    for dashboard in source.dashboards.values():
        placed = {name for name, _ in bundle.layout_charts(dashboard)}
        for name, chart in dashboard.charts.items():
            used.add(chart.content["dataset"])
            if name not in placed:
                yield Problem(chart.path, "the chart is in no layout", "Place it, or delete the file.")
        used |= {spec["dataset"] for spec in dashboard.content["filters"] if "dataset" in spec}
    for name, dataset in source.datasets.items():
        if name not in used:
            yield Problem(dataset.path, "no chart or filter uses the dataset", "Use it, or delete the file.")


def _access(source: Source) -> Iterator[Problem]:
    path = source.root / "access.yaml"
    for name, role in source.access.get("roles", {}).items():
        for key in ("description", "reason", "permissions", "users"):
            if not role.get(key):
                yield Problem(path, f"role {name} has no {key}", f"Add `{key}:`.")
        for rule in role.get("permissions", []):
            if not (rule.get("may") and rule.get("what") and rule.get("reason")):
                yield Problem(path, f"role {name}: {rule} is incomplete", "Write may, what and reason.")
    limited = source.access.get("organisations", {})
    for key in ("as", "description", "reason", "rows"):
        if not limited.get(key):
            yield Problem(path, f"`organisations` has no {key}", f"Add `{key}:`.")
    if limited.get("as") not in source.access.get("roles", {}):
        yield Problem(path, f"`organisations` is as no role of this file: {limited.get('as')}", "Name a role.")
    if "{org_no}" not in limited.get("rows", ""):
        yield Problem(path, "`rows` of `organisations` limits nothing: it has no {org_no}", "Compare with '{org_no}'.")
