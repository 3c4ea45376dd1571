"""A small client of Airflow's public REST API (v2)."""

import time
from typing import Any

import httpx

from gridmart.errors import GridmartError
from gridmart.secrets import secret
from gridmart.settings import settings

ENDED = {"success", "failed"}


class Airflow:
    """Airflow of this installation, logged in as its administrator."""

    def __init__(self) -> None:
        s = settings()
        self.base = f"http://{s.host}:{s.airflow_port}"
        self._client = httpx.Client(base_url=self.base, timeout=30, trust_env=False)
        self._log_in()

    def _log_in(self) -> None:
        body = {"username": "airflow_admin", "password": secret("web_airflow_admin")}
        try:
            answer = self._client.post("/auth/token", json=body)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise GridmartError(
                f"Airflow does not answer at {self.base}: {error}", "start the stack with `gridmart up --no-demo`"
            ) from error
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, patience_s: float = 60, **kwargs: Any) -> Any:
        """One request to `/api/v2`; tries again while Airflow restarts, for `patience_s`; renews the token."""
        deadline = time.monotonic() + patience_s
        while True:
            try:
                answer = self._client.request(method, f"/api/v2{path}", **kwargs)
            except httpx.TransportError as error:
                if time.monotonic() > deadline:
                    raise GridmartError(
                        f"Airflow stopped answering at {self.base}: {error}",
                        "see `gridmart status` and `gridmart logs`",
                    ) from error
                time.sleep(1)
                continue
            if answer.status_code == httpx.codes.UNAUTHORIZED and time.monotonic() < deadline:
                self._log_in()
                continue
            if answer.status_code >= 500 and time.monotonic() < deadline:
                time.sleep(1)
                continue
            if answer.is_error:
                raise GridmartError(
                    f"Airflow refused {method} {path}: {answer.status_code} {answer.text[:500]}",
                    "see `gridmart logs airflow-api`",
                )
            return answer.json() if answer.content else {}

    def get(self, path: str, **params: Any) -> Any:
        """GET a path below `/api/v2`."""
        return self.call("GET", path, params=params)

    def dags(self) -> list[dict[str, Any]]:
        """All DAGs that the processor has parsed."""
        return self.get("/dags", limit=200, exclude_stale=True)["dags"]

    def import_errors(self) -> list[dict[str, Any]]:
        """Files that could not be imported as DAGs."""
        return self.get("/importErrors")["import_errors"]

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run."""
        self.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Start a run with a configuration; returns its run id."""
        return self.call("POST", f"/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})["dag_run_id"]

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One DAG run."""
        return self.get(f"/dags/{dag_id}/dagRuns/{run_id}")

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        return self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=1000)["task_instances"]

    def is_busy(self, dag_id: str) -> bool:
        """Whether a DAG has a run that is queued or running."""
        return self.get(f"/dags/{dag_id}/dagRuns", state=["queued", "running"], limit=1)["total_entries"] > 0

    def events(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The asset events of a run: name, and the runs that they started.

        While a started run is still queued, Airflow cannot answer (its model wants a start date): no events then.
        """
        params = {"source_dag_id": dag_id, "source_run_id": run_id}
        try:
            return self.call("GET", "/assets/events", patience_s=0, params=params)["asset_events"]
        except GridmartError:
            return []

    def log_tail(self, task: dict[str, Any], lines: int = 25) -> list[str]:
        """The last lines of a task instance's log, as text."""
        path = (
            f"/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
            f"/logs/{max(task['try_number'], 1)}"
        )
        content = self.get(path, map_index=task["map_index"], full_content=True).get("content", [])
        if isinstance(content, str):
            return content.splitlines()[-lines:]
        return [str(entry.get("event", entry)) if isinstance(entry, dict) else str(entry) for entry in content][-lines:]
