"""The validator finds every kind of broken reference, and the repository's own dashboards have none."""

import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from gridmart.dashboards import bundle, marts, source, validate
from gridmart.errors import GridmartError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of superset/ that a test may break."""
    shutil.copytree(source.SUPERSET_DIR, tmp_path / "superset")
    return tmp_path / "superset"


@lru_cache(maxsize=1)
def _own_datasets() -> dict[str, source.SourceFile]:
    return source.load().datasets


def known_marts() -> dict[str, dict[str, str]]:
    """Marts that hold exactly what the datasets name, so that a test breaks one thing at a time."""
    return {
        name: {
            column["column_name"]: column["type"] for column in dataset.content["columns"] if "expression" not in column
        }
        for name, dataset in _own_datasets().items()
    }


def change(path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Edit one YAML file in place."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def found(folder: Path, changed_marts: dict[str, dict[str, str]] | None = None) -> list[str]:
    """What the validator says about a folder."""
    return [
        f"{problem.path.name}: {problem.what}"
        for problem in validate.problems(source.load(folder), changed_marts or known_marts())
    ]


def test_the_own_dashboards_fit_the_marts_of_dbt() -> None:
    problems = validate.problems(source.load(), marts.relations())
    assert problems == []


def test_an_unbroken_copy_has_no_problem(folder: Path) -> None:
    assert found(folder) == []


CHART = "dashboards/cockpit/charts/energy_sold.yaml"
DATASET = "datasets/rpt_sales_month.yaml"
DASHBOARD = "dashboards/cockpit/dashboard.yaml"
OPEN = "datasets/rpt_payment_channel.yaml"
ACCESS = "access.yaml"
ORG_NO = {"column_name": "org_no", "verbose_name": "供电单位编号 Organisation no.", "type": "TEXT"}

BREAKS: list[tuple[str, str, Callable[[dict[str, Any]], Any], str]] = [
    ("unknown metric", CHART, lambda c: c["params"].update(metric="sales"), "metric sales is not in dataset"),
    ("unknown column", CHART, lambda c: c["params"].update(x_axis="month"), "column month is not in dataset"),
    ("unknown group", CHART, lambda c: c["params"].update(groupby=["who"]), "column who is not in dataset"),
    ("unknown filter column", CHART, lambda c: c.update(filters={"who": 1}), "column who is not in dataset"),
    ("unknown sorting", CHART, lambda c: c["params"].update(x_axis_sort="who"), "who is neither metric nor column"),
    ("sum without series", CHART, lambda c: c["params"].update(x_axis_sort="sum"), "sum is neither metric nor column"),
    ("unknown dataset", CHART, lambda c: c.update(dataset="rpt_nothing"), "no dataset rpt_nothing"),
    ("another uuid", CHART, lambda c: c.update(uuid="7b12a243-88e0-4dc5-ac33-9a840bb0ac5a"), "does not derive"),
    ("numeric id", CHART, lambda c: c["params"].update(slice_id=17), "numeric id at params.slice_id"),
    ("one language", CHART, lambda c: c.update(slice_name="Energy sold"), "is not bilingual"),
    ("misspelt key", CHART, lambda c: c.update(titel="x"), "unknown key `titel`"),
    ("missing key", CHART, lambda c: c.pop("description"), "`description` is missing"),
    (
        "metric on lost column",
        DATASET,
        lambda c: c["metrics"][0].update(expression="sum(kwh)"),
        "uses kwh, not in mart",
    ),
    ("metric no SQL", DATASET, lambda c: c["metrics"][0].update(expression="sum("), "is not SQL"),
    ("metric unexplained", DATASET, lambda c: c["metrics"][0].pop("description"), "has no description"),
    ("date as text", DATASET, lambda c: c["columns"][0].update(type="TEXT"), "is TEXT here and DATE in the mart"),
    ("no time column", DATASET, lambda c: c.update(main_dttm_col="org_no"), "is no time column"),
    ("rows of nobody", OPEN, lambda c: c.pop("organisations"), "nothing says which organisations' managers"),
    ("rows of whoever", OPEN, lambda c: c.update(organisations="some"), "nothing says which organisations' managers"),
    ("rows told twice", DATASET, lambda c: c.update(organisations="all"), "say two things"),
    (
        "organisation left out",
        DATASET,
        lambda c: c["columns"].remove(ORG_NO),
        "the mart has org_no, the dataset has not",
    ),
    ("rule without number", ACCESS, lambda c: c["organisations"].update(rows="true"), "limits nothing"),
    ("rule without reason", ACCESS, lambda c: c["organisations"].pop("reason"), "`organisations` has no reason"),
    ("rights of no role", ACCESS, lambda c: c["organisations"].update({"as": "boss"}), "as no role of this file: boss"),
    ("table renamed", DATASET, lambda c: c.update(table_name="rpt_sales"), "is not the file's name"),
    ("chart without file", DASHBOARD, lambda c: c["layout"][1]["charts"].update(lost=1), "layout names chart lost"),
    ("row too wide", DASHBOARD, lambda c: c["layout"][2]["charts"].update(sales_by_category=9), "wider than 12"),
    ("chart left out", DASHBOARD, lambda c: c["layout"].pop(), "the chart is in no layout"),
    ("no badge", DASHBOARD, lambda c: c["layout"].append(c["layout"].pop(0)), "no chart in the first row shows"),
    ("filter on lost column", DASHBOARD, lambda c: c["filters"][1].update(column="who"), "filter district: column who"),
    ("filter within nothing", DASHBOARD, lambda c: c["filters"][2].update(within=["x"]), "lies within unknown x"),
    ("one language header", DASHBOARD, lambda c: c["layout"][2].update(header="Sales"), "is not bilingual"),
    ("row twice", DASHBOARD, lambda c: c["layout"][1].update(row="trust"), "stands twice"),
]


@pytest.mark.parametrize(("name", "path", "edit", "message"), BREAKS, ids=[each[0] for each in BREAKS])
def test_a_break_is_found(
    folder: Path, name: str, path: str, edit: Callable[[dict[str, Any]], Any], message: str
) -> None:
    change(folder / path, edit)
    assert any(message in text for text in found(folder)), name


def test_a_column_that_the_mart_has_lost_is_found_with_its_dataset(folder: Path) -> None:
    changed = known_marts()
    del changed["rpt_sales_month"]["energy_kwh"]
    problems = found(folder, changed)
    assert "rpt_sales_month.yaml: column energy_kwh is not in mart rpt_sales_month" in problems
    assert any("metric energy_sold_mwh uses energy_kwh" in problem for problem in problems)


def test_a_mart_without_enforced_contract_does_not_count(tmp_path: Path) -> None:
    models = tmp_path / "models" / "marts"
    models.mkdir(parents=True)
    columns = "columns: [{name: a, data_type: date}]"
    (models / "m.yml").write_text(
        f"models:\n  - {{name: loose, {columns}}}\n"
        f"  - {{name: tight, config: {{contract: {{enforced: true}}}}, {columns}}}\n"
    )
    assert marts.relations(tmp_path, tmp_path) == {"tight": {"a": "date"}}


def test_a_contract_enforced_for_the_folder_counts_for_its_marts(tmp_path: Path) -> None:
    models = tmp_path / "models" / "marts"
    models.mkdir(parents=True)
    (tmp_path / "dbt_project.yml").write_text("models: {gridmart: {marts: {+contract: {enforced: true}}}}")
    (models / "m.yml").write_text("models: [{name: tight, columns: [{name: a, data_type: date}]}]")
    assert marts.relations(tmp_path, tmp_path) == {"tight": {"a": "date"}}


def test_an_unused_dataset_and_an_unplaced_chart_are_reported(folder: Path) -> None:
    content = yaml.safe_load((folder / DATASET).read_text())
    content |= {"table_name": "fct_extra", "uuid": source.stable_uuid("dataset", "fct_extra")}
    (folder / "datasets" / "fct_extra.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))
    known = known_marts() | {"fct_extra": known_marts()["rpt_sales_month"]}
    assert "fct_extra.yaml: no chart or filter uses the dataset" in found(folder, known)


def test_a_style_that_reaches_another_host_is_found(folder: Path) -> None:
    (folder / "style.css").write_text("@import url(https://fonts.example/x.css);")
    assert "style.css: the style reaches another host" in found(folder)


def test_a_role_without_reason_is_found(folder: Path) -> None:
    change(folder / "access.yaml", lambda content: content["roles"]["manager"].pop("reason"))
    assert "access.yaml: role manager has no reason" in found(folder)


def test_a_file_that_is_no_yaml_names_itself(folder: Path) -> None:
    (folder / CHART).write_text("uuid: [")
    with pytest.raises(GridmartError, match=r"energy_sold\.yaml cannot be read"):
        source.load(folder)


def test_a_filter_reaches_exactly_the_charts_that_have_its_column() -> None:
    files = source.load()
    cockpit = files.dashboards["cockpit"]
    for column in ("station_name_zh", "usage_category_name", None):
        excluded = set(bundle.excluded_charts(files, cockpit, column))
        for name, chart in cockpit.charts.items():
            dataset = files.datasets[chart.content["dataset"]]
            has = bool(bundle.time_column(dataset)) if column is None else column in bundle.columns_of(dataset)
            assert (name in excluded) != has
