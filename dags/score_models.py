"""Score forecasts and segments with the promoted models.

Starts on `marts`. Where no model has been promoted yet, the first task trains one; otherwise it does
nothing (training is the weekly DAG's work). Scores land in schema `ml`; the marts that show them are
built again. Emits `scores`.

When it fails: a score that cannot be computed falls back to the seasonal-naive baseline by itself and
says so in its rows, so a red task is a defect: read its log, and trigger this DAG again.
"""

from airflow.sdk import DAG
from command import Command
from dbt_group import dbt_group, dbt_vars
from wiring import DEFAULTS, MARTS, SCORES, announce

with DAG(
    dag_id="score_models",
    schedule=[MARTS],
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["models"],
    user_defined_macros={"dbt_vars": dbt_vars},
):
    train = Command(task_id="train_first_models", arguments=["ml", "train", "--if-missing"])
    score = Command(task_id="score", arguments=["ml", "score"])
    train >> score >> dbt_group("score_marts", select="tag:scores") >> announce(SCORES)
