"""Publish: the last gate, then dashboards.

Starts when `marts` and `scores` are both new. Runs the publication suites on the candidate marts; if they
pass, the candidate is copied to `marts` in one transaction, dashboards are synchronised with Git and their
cache is warmed. If they fail, the old marts stay, the badge turns red, and this run is red. The quality
report is written in both cases; the data dictionary (dbt docs) is renewed if models have changed. Emits `published`.

When it fails: the badge's reason on every dashboard names suite, table and expectation.
"""

from airflow.sdk import DAG, TriggerRule
from command import Command
from wiring import DEFAULTS, MARTS, PUBLISHED, SCORES

with DAG(
    dag_id="publish",
    schedule=[MARTS, SCORES],
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["publication"],
):
    publish = Command(task_id="publish", arguments=["publish"], ranged=True, retries=0, outlets=[PUBLISHED])
    dashboards = Command(task_id="sync_dashboards", arguments=["dashboards", "sync"])
    report = Command(task_id="quality_report", arguments=["quality", "report"], trigger_rule=TriggerRule.ALL_DONE)
    warm = Command(task_id="warm_cache", arguments=["dashboards", "check"])
    dictionary = Command(task_id="data_dictionary", arguments=["warehouse", "dictionary"])
    publish >> dashboards >> warm
    publish >> [report, dictionary]
