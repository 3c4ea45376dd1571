"""The DAGs as Airflow itself loads them: exactly these, joined by exactly these assets."""

import os
import subprocess
from pathlib import Path

import pytest
from airflow_script import ROOT, run

from gridmart.warehouse import dbt

TAGS = {"lake", "sources", "arrival", "warehouse", "models", "publication", "maintenance"}

# dag_id: what starts it, what it announces
EXPECTED = {
    "ingest_meter_files": ("*/15 * * * *", {"lake/reading_raw"}),
    "validate_readings": ({"lake/reading_raw"}, {"raw/ami"}),
    "extract_systems": ("30 1 * * *", {"alias:extracted"}),
    "build_warehouse": (
        {"raw/ami", "raw/cis", "raw/network", "raw/market", "raw/crm", "raw/weather", "raw/calendar"},
        {"marts"},
    ),
    "train_models": ("0 3 * * 0", {"models"}),
    "score_models": ({"marts"}, {"scores"}),
    "publish": ({"marts", "scores"}, {"published"}),
    "maintain_storage": ("30 4 * * 0", set()),
}

LOADER = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import Asset, AssetAlias

def names(condition):
    if isinstance(condition, Asset):
        return {condition.name}
    return set().union(*(names(each) for each in condition.objects))

bag = DagBag(sys.argv[1])
dags = {}
for dag_id, dag in bag.dags.items():
    condition = getattr(dag.timetable, "asset_condition", None)
    starts = sorted(names(condition)) if condition else dag.timetable.expression
    outlets = set()
    for task in dag.tasks:
        for outlet in task.outlets:
            outlets.add(outlet.name if isinstance(outlet, Asset) else f"alias:{outlet.name}")
    dags[dag_id] = {
        "starts": starts,
        "outlets": sorted(outlets),
        "tags": sorted(dag.tags),
        "doc": dag.doc_md,
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "file": dag.fileloc,
        "retries": {t.task_id: t.retries for t in dag.tasks},
        "operators": {t.task_id: t.task_type for t in dag.tasks},
        "rules": {t.task_id: t.trigger_rule for t in dag.tasks},
        "deferrable": sorted(t.task_id for t in dag.tasks if getattr(t, "deferrable", False)),
        "upstream": {t.task_id: sorted(t.upstream_task_ids) for t in dag.tasks},
        "models": {t.task_id: t.models for t in dag.tasks if t.task_type == "WatchSubject"},
    }
print("RESULT" + json.dumps({"dags": dags, "errors": {k: str(v) for k, v in bag.import_errors.items()}}))
"""


@pytest.fixture(scope="session")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The DAG folder loaded by the real Airflow, with the models that dbt has just parsed."""
    var = tmp_path_factory.mktemp("dags") / "var"
    env = {**os.environ, "GRIDMART_VAR_DIR": str(var), "GRIDMART_HOME": str(ROOT)}
    subprocess.run([ROOT / "bin" / "gridmart", "dbt", "parse", "--quiet"], env=env, check=True, timeout=120)
    dbt.outline(var / "dbt" / "target" / "manifest.json", var / "dbt" / "models.json")
    return run(LOADER, var, ROOT / "dags", GRIDMART_DBT_MODELS=str(var / "dbt" / "models.json"))[0]


def test_the_folder_holds_exactly_these_dags(bag: dict) -> None:
    assert bag["errors"] == {}
    assert set(bag["dags"]) == set(EXPECTED)


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_a_dag_is_joined_by_its_assets(bag: dict, dag_id: str) -> None:
    starts, outlets = EXPECTED[dag_id]
    found = bag["dags"][dag_id]
    assert (set(found["starts"]) if isinstance(starts, set) else found["starts"]) == starts
    assert set(found["outlets"]) == outlets


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_a_dag_says_what_it_does_and_keeps_the_house_rules(bag: dict, dag_id: str) -> None:
    dag = bag["dags"][dag_id]
    assert Path(dag["file"]).stem == dag_id
    assert "When it fails:" in dag["doc"]
    assert set(dag["tags"]) <= TAGS and dag["tags"]
    assert dag["catchup"] is False and dag["max_active_runs"] == 1
    assert len(Path(dag["file"]).read_text().splitlines()) <= 80
    for task_id, retries in dag["retries"].items():
        gate = "gate" in task_id or task_id == "publish"
        watcher = task_id.startswith(("dbt.", "score_marts."))
        assert retries >= 1 or gate or watcher, f"{dag_id}.{task_id} is not tried again"


@pytest.mark.parametrize(("dag_id", "group"), [("build_warehouse", "dbt"), ("score_models", "score_marts")])
def test_a_broken_off_build_announces_nothing(bag: dict, dag_id: str, group: str) -> None:
    dag, done = bag["dags"][dag_id], f"{group}.dbt_producer_watcher_done"
    tried = {retries for task, retries in dag["retries"].items() if task.startswith(f"{group}.") and task != done}
    assert tried == {0}, "Cosmos would skip the build when it is tried again"
    assert dag["upstream"][done] == [f"{group}.dbt_producer_watcher"]
    assert done in dag["upstream"]["announce"]
    assert dag["rules"][done] == dag["rules"]["announce"] == "all_success"


def test_no_task_defers(bag: dict) -> None:
    assert {dag_id: dag["deferrable"] for dag_id, dag in bag["dags"].items() if dag["deferrable"]} == {}, (
        "Airflow can fail a deferred task whose work is done"
    )


def test_every_mart_is_watched_in_the_task_of_its_subject(bag: dict) -> None:
    build = bag["dags"]["build_warehouse"]
    assert "DbtProducerWatcherOperator" in build["operators"].values()
    folders = {path.parent for path in (ROOT / "dbt" / "models" / "marts").rglob("*.sql")}
    assert {task_id: set(models) for task_id, models in build["models"].items()} == {
        f"dbt.{folder.name}": {f"model.gridmart.{path.stem}" for path in folder.glob("*.sql")} for folder in folders
    }


def test_scoring_builds_what_shows_scores(bag: dict) -> None:
    models = bag["dags"]["score_models"]["models"]
    assert "model.gridmart.fct_load_forecast_hour" in models["score_marts.market"]
    assert not any("fct_bill" in model for watched in models.values() for model in watched)
