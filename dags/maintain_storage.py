"""Keep storage well: snapshot expiry, files of nobody, old logs, vacuum.

Starts weekly, Sunday 04:30, or by hand. Nothing that a published number refers to is removed.

When it fails: nothing is lost; run it again. A full disk is named in the log.
"""

from airflow.sdk import DAG
from wiring import DEFAULTS, Command, clock

with DAG(
    dag_id="maintain_storage",
    schedule=clock("30 4 * * 0"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["maintenance"],
):
    Command(task_id="lake", arguments=["lake", "maintain"])
    Command(task_id="warehouse", arguments=["warehouse", "maintain"])
