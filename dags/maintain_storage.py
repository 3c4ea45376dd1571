"""Keep storage well: small files merged, readings out of their age (if set), snapshot expiry, files of nobody, vacuum.
Then every mart is tested on all dates, since a build tests what it built.

Starts weekly, Sunday 04:30, or by hand. Snapshots that a published number refers to stay.

When it fails: nothing is lost; run it again. A full disk, and each failing test, is named in the log.
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
    vacuumed = Command(task_id="warehouse", arguments=["warehouse", "maintain"])
    vacuumed >> Command(task_id="tests", arguments=["warehouse", "test"])
