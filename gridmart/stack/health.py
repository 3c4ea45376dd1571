"""Is each service well: what the supervisor says, and what the service itself answers."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from typing import Any

import psutil
import psycopg

from gridmart.settings import Settings
from gridmart.stack import processes
from gridmart.stack.services import POSTGRES, SUPERSET, services
from gridmart.stack.supervisor import Supervisor
from gridmart.warehouse.database import connect

AIRFLOW_PARTS = {
    "airflow-api": "metadatabase",
    "airflow-scheduler": "scheduler",
    "airflow-dag-processor": "dag_processor",
    "airflow-triggerer": "triggerer",
}
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy does not lead to this host


@dataclass(frozen=True)
class State:
    """One service: `state` is the supervisor's word, `is_healthy` the service's own answer."""

    name: str
    title: str
    state: str
    is_healthy: bool
    detail: str
    pid: int
    uptime_s: int
    port: int


def urls(s: Settings) -> dict[str, str]:
    """Addresses for the browser."""
    return {"airflow": f"http://{s.host}:{s.airflow_port}", "superset": f"http://{s.host}:{s.superset_port}"}


def _get(url: str, timeout_s: float = 5) -> tuple[int, str]:
    try:
        with LOCAL.open(url, timeout=timeout_s) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, ""
    except OSError as error:
        return 0, str(error)


def airflow_health(s: Settings) -> dict[str, tuple[bool, str]]:
    """Service name → healthy or not, and the word for it; a heartbeat counts for 30 s after it was given."""
    status, body = _get(f"{urls(s)['airflow']}/api/v2/monitor/health")
    answer: dict[str, Any] = {}
    if status == 200:
        answer = json.loads(body)
    found = {}
    for name, part in AIRFLOW_PARTS.items():
        word = (answer.get(part) or {}).get("status") or ("no answer" if status == 0 else f"HTTP {status}")
        found[name] = (word == "healthy", word)
    return found


def superset_health(s: Settings) -> tuple[bool, str]:
    """Superset can show its login page: `/health` says OK also when the application is broken."""
    status, _ = _get(f"{urls(s)['superset']}/login/")
    return status == 200, "healthy" if status == 200 else ("no answer" if status == 0 else f"HTTP {status} at /login/")


def postgres_health() -> tuple[bool, str]:
    """PostgreSQL answers a query of the warehouse's loader."""
    try:
        with connect("loader") as connection:
            connection.execute("select 1")
    except psycopg.Error as error:
        return False, str(error).strip().splitlines()[-1][:100]
    return True, "healthy"


def states(s: Settings) -> list[State]:
    """Every service, as it is now."""
    told = Supervisor(s).states()
    answers: dict[str, tuple[bool, str]] = {}
    if told:
        answers = {POSTGRES.name: postgres_health(), SUPERSET.name: superset_health(s), **airflow_health(s)}
    found = []
    for service in services(s):
        info = told.get(service.name)
        state = info["statename"].lower() if info else "stopped"
        is_healthy, detail = answers.get(service.name, (False, "supervisor is down"))
        if state != "running":
            is_healthy, detail = False, (info or {}).get("spawnerr") or state
        found.append(
            State(
                service.name, service.title, state, is_healthy, detail,
                pid=info["pid"] if info else 0,
                uptime_s=info["now"] - info["start"] if info and state == "running" else 0,
                port=service.port(s),
            )
        )  # fmt: skip
    return found


def wait_until_healthy(s: Settings, patience_s: float) -> list[State]:
    """Wait until every service is healthy; returns the last states, healthy or not."""
    deadline = time.monotonic() + patience_s
    while True:
        found = states(s)
        if all(state.is_healthy for state in found) or time.monotonic() > deadline:
            return found
        if any(state.state == "fatal" for state in found):
            return found
        time.sleep(0.5)


def report(s: Settings) -> dict[str, Any]:
    """All that `gridmart status --json` prints."""
    found = states(s)
    mine = processes.of_installation(s)
    return {
        "is_healthy": bool(found) and all(state.is_healthy for state in found),
        "services": [asdict(state) for state in found],
        "urls": urls(s),
        "postgres": f"{s.pg_host}:{s.postgres_port}",
        "var_dir": str(s.var_dir.resolve()),
        "secrets_file": str(s.secrets_file.resolve()),
        "log_dir": str(s.var_dir.resolve() / "log"),
        "processes": len(mine),
        "memory_mb": round(processes.resident_bytes(mine) / 2**20),
    }


def listeners(s: Settings) -> list[tuple[int, str, int]]:
    """Every TCP address that a process of this installation listens on: (pid, address, port)."""
    found = []
    for process in processes.of_installation(s):
        try:
            for connection in process.net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    found.append((process.pid, connection.laddr[0], connection.laddr[1]))
        except psutil.Error:
            continue
    return sorted(set(found))
