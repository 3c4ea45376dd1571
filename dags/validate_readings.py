"""Validate, estimate and roll up readings of the dates that were touched.

Starts on `lake/reading_raw`. Replaces `ami.reading` per business date, loads the roll-ups into
`raw_ami` in one transaction, then runs the arrival gate of the metering source. Emits `raw/ami`.

When it fails: in `validate`, the log says which dates; run the task again. In `arrival_gate`, see the
data quality dashboard or `bin/gridmart quality report`: dashboards keep the last good data meanwhile.
"""

from airflow.sdk import DAG
from command import Command
from wiring import DEFAULTS, RAW_AMI, READING_RAW

with DAG(
    dag_id="validate_readings",
    schedule=[READING_RAW],
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["lake", "arrival"],
):
    validate = Command(task_id="validate", arguments=["validate"], ranged=True)
    gate = Command(
        task_id="arrival_gate", arguments=["quality", "arrival", "ami"], ranged=True, retries=0, outlets=[RAW_AMI]
    )
    validate >> gate
