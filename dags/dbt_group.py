"""dbt models as tasks: one `dbt build` runs, a task a model watches it (Cosmos, watcher mode)."""

import os
from typing import Any

import airflow  # noqa: F401  Cosmos must find Airflow imported
from airflow.sdk import TriggerRule
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import (
    PRODUCER_WATCHER_DONE_TASK_ID,
    PRODUCER_WATCHER_TASK_ID,
    ExecutionMode,
    InvocationMode,
    LoadMode,
    TestBehavior,
)
from cosmos.operators.watcher import DbtConsumerWatcherSensor
from wiring import HOME, run_range

MANIFEST = os.environ.get("GRIDMART_DBT_MANIFEST", str(HOME / "var" / "dbt" / "target" / "manifest.json"))

WATCH_EVERY_S = 1


def dbt_vars(**context: Any) -> str:
    """The run's range as dbt variables, for the template of `vars`."""
    dates = run_range(context)
    return f'{{"from_date": "{dates["from"]}", "to_date": "{dates["to"]}"}}' if dates else "{}"


def dbt_group(group_id: str, select: str, build: str = "") -> DbtTaskGroup:
    """A task group of the models that `select` names.

    `build` is what the one `dbt build` makes, by default the same; staging and intermediate models are built
    with the marts that need them, without tasks of their own. A build that was broken off is not tried again here:
    Cosmos would run single marts on what staging and intermediate models were before. The next run does it all.

    The watching tasks wait in their own process. Deferred ones can be failed by Airflow although their model is
    built: the executor reports the process that deferred as done, and when the scheduler reads that only after the
    trigger has resumed the task, it takes the task for lost (apache/airflow issue 72716).
    """
    group = DbtTaskGroup(
        group_id=group_id,
        project_config=ProjectConfig(
            dbt_project_path=HOME / "dbt", manifest_path=MANIFEST, project_name="gridmart", install_dbt_deps=False
        ),
        profile_config=ProfileConfig(
            profile_name="gridmart", target_name="gridmart", profiles_yml_filepath=HOME / "dbt" / "profiles.yml"
        ),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.WATCHER,
            invocation_mode=InvocationMode.SUBPROCESS,
            dbt_executable_path=str(HOME / "bin" / "dbt"),
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=[select],
            test_behavior=TestBehavior.NONE,  # no tasks of their own: tests run within the build, after each model
            emit_datasets=False,
        ),
        operator_args={
            "vars": "{{ dbt_vars(dag_run=dag_run, triggering_asset_events=triggering_asset_events) }}",
            "install_deps": False,
            "retries": 0,
        },
    )
    producer = group.children[f"{group_id}.{PRODUCER_WATCHER_TASK_ID}"]
    producer.dbt_cmd_flags = []  # Cosmos would leave the tests out
    if build:
        producer.select = build
    for task in group.children.values():
        if isinstance(task, DbtConsumerWatcherSensor):
            task.deferrable = False
            task.poke_interval = WATCH_EVERY_S
            task.poke_retry_number = 1  # a failed build fails its watchers; without this the first look runs the model
    # cleared by hand, the build is skipped: nothing may be announced then
    group.children[f"{group_id}.{PRODUCER_WATCHER_DONE_TASK_ID}"].trigger_rule = TriggerRule.ALL_SUCCESS
    return group
