"""What all DAGs share: the assets that join them, their clock, the range of dates."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, Context, CronTriggerTimetable, task

HOME = Path(os.environ.get("GRIDMART_HOME", Path(__file__).resolve().parent.parent))

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


def announce(asset: Asset) -> Any:
    """A last task that emits `asset` with the run's range of dates."""

    @task(task_id="announce", outlets=[asset])
    def _announce(**context: Any) -> None:
        context["outlet_events"][asset].extra = run_range(context)

    return _announce()
