"""dbt models in Airflow: one `dbt build` runs, a task a subject watches its models (Cosmos, watcher mode)."""

import os
from collections import defaultdict
from typing import Any

import airflow  # noqa: F401  Cosmos must find Airflow imported
from airflow.sdk import TriggerRule
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import (
    PRODUCER_WATCHER_DONE_TASK_ID,
    PRODUCER_WATCHER_TASK_ID,
    DbtResourceType,
    ExecutionMode,
    InvocationMode,
    LoadMode,
    TestBehavior,
)
from watch_subject import WatchSubject
from wiring import HOME, run_range

MODELS = os.environ.get("GRIDMART_DBT_MODELS", str(HOME / "var" / "dbt" / "models.json"))


def dbt_vars(**context: Any) -> str:
    """The run's range as dbt variables, for the template of `vars`."""
    dates = run_range(context)
    return f'{{"from_date": "{dates["from"]}", "to_date": "{dates["to"]}"}}' if dates else "{}"


def dbt_group(group_id: str, select: str, build: str = "") -> DbtTaskGroup:
    """A task group of the models that `select` names, a task for each of their folders.

    `build` is what the one `dbt build` makes, by default the same; staging and intermediate models are built
    with the marts that need them. A build that was broken off is not tried again here: the next run does it all.

    The watching tasks wait in their own process. Deferred ones can be failed by Airflow although their model is
    built: the executor reports the process that deferred as done, and when the scheduler reads that only after the
    trigger has resumed the task, it takes the task for lost (apache/airflow issue 72716).
    """
    group = DbtTaskGroup(
        group_id=group_id,
        project_config=ProjectConfig(
            dbt_project_path=HOME / "dbt", manifest_path=MODELS, project_name="gridmart", install_dbt_deps=False
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
            # a process of Airflow for every model costs more than building a small model
            node_converters={DbtResourceType.MODEL: lambda **_: None},
        ),
        operator_args={
            "vars": "{{ dbt_vars(dag_run=dag_run, triggering_asset_events=triggering_asset_events) }}",
            "install_deps": False,
            "retries": 0,
        },
    )
    producer = group.children[f"{group_id}.{PRODUCER_WATCHER_TASK_ID}"]
    producer.dbt_cmd_flags = []  # Cosmos would leave the tests out
    producer.tests_per_model = {"": []}  # nobody waits for single tests: Cosmos need not store each of them
    if build:
        producer.select = build
    subjects = defaultdict(list)
    for unique_id, node in group.dbt_graph.filtered_nodes.items():
        subjects[node.original_file_path.parent.name].append(unique_id)
    for subject, models in sorted(subjects.items()):
        WatchSubject(task_id=subject, task_group=group, models=models, producer_task_id=producer.task_id, retries=0)
    # cleared by hand, the build is skipped: nothing may be announced then
    group.children[f"{group_id}.{PRODUCER_WATCHER_DONE_TASK_ID}"].trigger_rule = TriggerRule.ALL_SUCCESS
    return group
