"""Take new meter files into the lake.

Starts every 15 minutes, or by hand. Registers each file of the drop folder by its sha256, parses it,
appends its readings to `ami.reading_raw`, meter events to `ami.event`, collection tasks to
`ami.collection_task`, and refuses bad records into `ami.quarantine`. A file that is known changes nothing.
Emits `lake/reading_raw` with the business dates that new files touch.

When it fails: the log names the file and the cause. Run it again; what is registered is not read twice.
"""

from airflow.sdk import DAG
from command import Command
from wiring import DEFAULTS, READING_RAW, clock

with DAG(
    dag_id="ingest_meter_files",
    schedule=clock("*/15 * * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["lake", "arrival"],
):
    Command(task_id="ingest", arguments=["ingest"], ranged=True, announce_if="touched", outlets=[READING_RAW])
