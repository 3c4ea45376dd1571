"""What all DAGs share: the assets that join them, the command task, the range of dates.

DAGs run commands of the warehouse environment (`bin/gridmart …`). A command prints one JSON object
as its last line; its `from` and `to` travel to the next DAG in the extra of the asset event.
"""

import json
import os
import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Asset, Context, CronTriggerTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

HOME = Path(os.environ.get("GRIDMART_HOME", Path(__file__).resolve().parent.parent))
GRIDMART = HOME / "bin" / "gridmart"

SOURCES = ("cis", "network", "crm", "market", "weather", "calendar")

READING_RAW = Asset("lake/reading_raw")
RAW_AMI = Asset("raw/ami")
RAW = {source: Asset(f"raw/{source}") for source in SOURCES}
MARTS = Asset("marts")
MODELS = Asset("models")
SCORES = Asset("scores")
PUBLISHED = Asset("published")

DEFAULTS = {
    "owner": "gridmart",
    "retries": 2,
    "retry_delay": timedelta(seconds=20),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
}
ZONE = os.environ.get("GRIDMART_TIMEZONE", "Asia/Shanghai")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def clock(cron: str) -> CronTriggerTimetable:
    """A schedule by local time; what was due before the DAG was first seen is not made up for."""
    return CronTriggerTimetable(cron, timezone=ZONE, run_immediately=timedelta(0))


def run_range(context: Context) -> dict[str, str]:
    """The run's business dates: given when it was triggered, else what its asset events cover, else none."""
    conf = context["dag_run"].conf or {}
    if conf.get("from") and conf.get("to"):
        found = {"from": conf["from"], "to": conf["to"]}
    else:
        extras = [e.extra for events in context["triggering_asset_events"].values() for e in events]
        dated = [extra for extra in extras if extra.get("from") and extra.get("to")]
        if not dated:
            return {}
        found = {"from": min(e["from"] for e in dated), "to": max(e["to"] for e in dated)}
    for name, value in found.items():
        if not DATE.fullmatch(value):
            raise ValueError(f"'{name}' of this run is {value!r}; give dates as YYYY-MM-DD")
    return found


class Command(BashOperator):
    """One `gridmart` command as a task.

    `arguments` are words of the command line; with `ranged` the run's `--from` and `--to` are added.
    Its XCom is the JSON object that the command printed last. Assets in `outlets` receive the range.
    With `announce_if` set, outlets are announced only if that key of the result is true or the run
    was started for a given range.
    """

    template_fields = ("arguments", *BashOperator.template_fields)

    def __init__(self, *, arguments: list[str], ranged: bool = False, announce_if: str = "", **kwargs: Any) -> None:
        super().__init__(bash_command="", cwd=str(HOME), **kwargs)
        self.arguments = arguments
        self.ranged = ranged
        self.announce_if = announce_if

    def execute(self, context: Context) -> Any:
        """Run the command; return its JSON result and announce the outlets."""
        dates = run_range(context) if self.ranged else {}
        words = [str(GRIDMART), *self.arguments]
        for name, value in dates.items():
            words += [f"--{name}", value]
        self.bash_command = shlex.join(words)
        output = super().execute(context)
        result = json.loads(output) if output and output.startswith("{") else {}
        if self.outlets and self.announce_if and not (result.get(self.announce_if) or dates):
            raise AirflowSkipException("nothing new: the next DAG is not started")
        covered = {name: result[name] for name in ("from", "to") if result.get(name)} or run_range(context)
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = covered
        return result


def announce(asset: Asset) -> Any:
    """A last task that emits `asset` with the run's range of dates."""

    @task(task_id="announce", outlets=[asset])
    def _announce(**context: Any) -> None:
        context["outlet_events"][asset].extra = run_range(context)

    return _announce()
