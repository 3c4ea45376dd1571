"""The task of a subject, run by Airflow itself beside a build that reports as Cosmos's does."""

import pytest
from airflow_script import run

# one build that fails: of three models one is built, one failed, one is never reached
DAG = """
from airflow.sdk import DAG, task
from cosmos.operators._watcher.state import get_status_xcom_key
from watch_subject import WatchSubject

with DAG("watched", schedule=None):
    @task
    def build(**context):
        for model, status in (("a.b.good", "success"), ("a.b.fine", "success"), ("a.b.bad", "error")):
            context["ti"].xcom_push(get_status_xcom_key(model), {"status": status, "outlet_uris": []})
        raise RuntimeError("a model failed")

    built = build()
    for name, models in {"well": ["a.b.fine", "a.b.good"], "ill": ["a.b.bad", "a.b.good", "a.b.late"]}.items():
        # one after the other: Airflow tests a DAG task by task
        built >> WatchSubject(task_id=name, models=models, producer_task_id="build", trigger_rule="all_done")
"""

SCRIPT = """
import json, os, sys
from airflow.cli.cli_parser import get_parser
arguments = get_parser().parse_args(["db", "migrate"])
arguments.func(arguments)
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
run = bag.dags["watched"].test()
print("RESULT" + json.dumps({ti.task_id: ti.state for ti in run.get_task_instances()}), flush=True)
os._exit(0)  # a thread of Airflow's own would keep the process
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], str]:
    """States of the tasks after the build, and what they logged."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "dags").mkdir()
    (folder / "dags" / "watched.py").write_text(DAG)
    return run(SCRIPT, folder, folder / "dags")


def test_a_subject_whose_models_are_built_is_good_although_the_build_failed(watched: tuple) -> None:
    assert watched[0] == {"build": "failed", "well": "success", "ill": "failed"}


def test_a_subject_names_the_models_that_were_not_built(watched: tuple) -> None:
    assert "not built: bad, late; the log of build says why" in watched[1]
