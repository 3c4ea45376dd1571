"""Bring the source systems into the warehouse.

Starts daily at 01:30 local time, or by hand. For every source: extract what changed since the last run
(`raw_<source>`), then its arrival gate. A source that fails stops alone: the others go on, and
dashboards say so. Emits `raw/<source>` for each source that passed.

`announce: false` in the run's configuration brings the data in without starting the build: a ranged
run does that, since the readings that it validates next start it anyway.

When it fails: the log names source, table and cause. Repair the source, then clear its mapped task.
"""

from airflow.sdk import DAG, AssetAlias, Param, task, task_group
from command import Command
from wiring import DEFAULTS, RAW, SOURCES, clock, run_range

EXTRACTED = AssetAlias("extracted")


@task_group
def source_in(source: str) -> None:
    """One source: extract, gate, announce."""
    extract = Command(task_id="extract", arguments=["extract", source], ranged=True)
    gate = Command(task_id="arrival_gate", arguments=["quality", "arrival", source], ranged=True, retries=0)

    @task(outlets=[EXTRACTED])
    def announce(source: str, **context) -> None:
        if (context["dag_run"].conf or {}).get("announce", True):
            context["outlet_events"][EXTRACTED].add(RAW[source], extra=run_range(context))

    extract >> gate >> announce(source)


with DAG(
    dag_id="extract_systems",
    schedule=clock("30 1 * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["sources", "arrival"],
    params={"announce": Param(True, type="boolean", description="Start the build when the data is in.")},
):
    source_in.expand(source=list(SOURCES))
