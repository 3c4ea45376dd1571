"""Keep storage well: small files merged, readings out of their age (if set), snapshot expiry, files of nobody, vacuum.

Starts weekly, Sunday 04:30, or by hand. Snapshots that a published number refers to stay.

When it fails: nothing is lost; run it again. A full disk is named in the log.
"""

from airflow.sdk import DAG
from command import Command
from wiring import DEFAULTS, clock

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
