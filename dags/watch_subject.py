"""The task that shows a subject of marts while one `dbt build` runs for all."""

from typing import Any

from airflow.sdk import BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowFailException
from cosmos.operators._watcher.state import (
    get_status_xcom_key,
    is_dbt_node_status_success,
    is_producer_task_terminated,
)

WATCH_EVERY_S = 3


class WatchSubject(BaseSensorOperator):
    """Waits until the build has ended each of `models`; fails with the names of those that it could not build.

    `models` are dbt's unique ids; `producer_task_id` is the task that builds and reports what became of each.
    The task's log shows every model as it ends.
    """

    def __init__(self, *, models: list[str], producer_task_id: str, **kwargs: Any) -> None:
        super().__init__(poke_interval=WATCH_EVERY_S, **kwargs)
        self.models = models
        self.producer_task_id = producer_task_id

    def execute(self, context: Context) -> None:
        """Wait; raises AirflowFailException if a model failed or was not reached."""
        self.waiting = list(self.models)
        self.failed: list[str] = []
        super().execute(context)
        if self.failed:
            names = ", ".join(model.rsplit(".")[-1] for model in self.failed)
            raise AirflowFailException(f"not built: {names}; the log of {self.producer_task_id} says why")

    def poke(self, context: Context) -> bool:
        """Take in what was reported since the last look; true when nothing is left to wait for."""
        ti = context["ti"]
        states = ti.get_task_states(ti.dag_id, task_ids=[self.producer_task_id], run_ids=[ti.run_id])
        has_ended = is_producer_task_terminated(states.get(ti.run_id, {}).get(self.producer_task_id))
        while self.waiting:
            model = self.waiting[0]
            report = ti.xcom_pull(task_ids=self.producer_task_id, key=get_status_xcom_key(model))
            if report is None and not has_ended:
                return False
            status = report["status"] if report else "not reached"
            self.log.info("%s: %s", model, status)
            if not is_dbt_node_status_success(status):
                self.failed.append(model)
            self.waiting.pop(0)
        return True
