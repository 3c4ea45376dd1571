"""The DAGs as Airflow itself loads them: exactly these, joined by exactly these assets."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AIRFLOW_PYTHON = ROOT / ".venvs" / "airflow" / "bin" / "python"
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
    }
print("RESULT" + json.dumps({"dags": dags, "errors": {k: str(v) for k, v in bag.import_errors.items()}}))
"""


@pytest.fixture(scope="session")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The DAG folder loaded by the real Airflow, with a manifest that dbt has just parsed."""
    var = tmp_path_factory.mktemp("dags") / "var"
    env = {**os.environ, "GRIDMART_VAR_DIR": str(var), "GRIDMART_HOME": str(ROOT)}
    subprocess.run([ROOT / "bin" / "gridmart", "dbt", "parse", "--quiet"], env=env, check=True, timeout=120)
    env |= {
        "AIRFLOW_HOME": str(var / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "GRIDMART_DBT_MANIFEST": str(var / "dbt" / "target" / "manifest.json"),
        "PYTHONPATH": str(ROOT / "dags"),
    }
    done = subprocess.run(
        [AIRFLOW_PYTHON, "-c", LOADER, ROOT / "dags"], env=env, capture_output=True, text=True, timeout=180
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert lines, done.stderr[-3000:]
    return json.loads(lines[0].removeprefix("RESULT"))


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
    assert tried == {0}, "Cosmos would mend it mart by mart, from old intermediate models"
    assert dag["upstream"][done] == [f"{group}.dbt_producer_watcher"]
    assert done in dag["upstream"]["announce"]
    assert dag["rules"][done] == dag["rules"]["announce"] == "all_success"


def test_no_task_defers(bag: dict) -> None:
    assert {dag_id: dag["deferrable"] for dag_id, dag in bag["dags"].items() if dag["deferrable"]} == {}, (
        "Airflow can fail a deferred task whose work is done"
    )


def test_models_are_tasks_of_the_build(bag: dict) -> None:
    tasks = bag["dags"]["build_warehouse"]["operators"]
    assert "DbtProducerWatcherOperator" in tasks.values()
    assert any("fct_point_day" in task for task in tasks)
    scored = bag["dags"]["score_models"]["operators"]
    assert any("fct_load_forecast_hour" in task for task in scored)
    assert not any("fct_bill" in task for task in scored)
