"""Train the models, backtest them, promote what is better.

Starts weekly, Sunday 03:00, or by hand. Each task's candidate is compared with the current model and the
naive baseline on the same time-split folds; only a better one is promoted. Emits `models`.

When it fails: the current models stay in use. Read the log, repair, run again.
"""

from airflow.sdk import DAG
from command import Command
from wiring import DEFAULTS, MODELS, clock

with DAG(
    dag_id="train_models",
    schedule=clock("0 3 * * 0"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["models"],
):
    Command(task_id="train", arguments=["ml", "train"], outlets=[MODELS])
