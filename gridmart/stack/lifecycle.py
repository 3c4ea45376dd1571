"""`up` and `down`: bring the stack to life in phases, heal what a crash left, end it without a trace."""

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil
from rich.console import Console
from rich.table import Table

from gridmart.errors import GridmartError
from gridmart.secrets import load_or_create
from gridmart.settings import Settings
from gridmart.stack import health, postgres, prepare, processes
from gridmart.stack.services import AIRFLOW, POSTGRES, SUPERSET, VENVS, services
from gridmart.stack.supervisor import Supervisor
from gridmart.stack.supervisor import folder as supervisor_folder
from gridmart.warehouse import schema

HEALTH_PATIENCE_S = 400.0  # a laptop that does something else besides
STUCK_PATIENCE_S = 15.0


@dataclass
class Phases:
    """What was done, with its seconds; printed as it goes and as a table at the end."""

    console: Console
    done: list[tuple[str, float, str]] = field(default_factory=list)

    @contextmanager
    def phase(self, title: str) -> Iterator[list[str]]:
        """Time one phase; the block may append a note for the table."""
        notes: list[str] = []
        started = time.monotonic()
        with self.console.status(f"{title} …"):
            yield notes
        self.add(title, time.monotonic() - started, "; ".join(notes))

    def add(self, title: str, seconds: float, note: str = "") -> None:
        """Record a phase and say so."""
        self.done.append((title, seconds, note))
        self.console.print(f"[green]✓[/] {title} [dim]{seconds:.1f} s {note}[/]", highlight=False)

    def table(self) -> Table:
        """All phases and their sum."""
        table = Table(title="gridmart up")
        table.add_column("phase")
        table.add_column("seconds", justify="right")
        table.add_column("")
        for title, seconds, note in self.done:
            table.add_row(title, f"{seconds:.1f}", note)
        table.add_section()
        table.add_row("together", f"{sum(seconds for _, seconds, _ in self.done):.1f}", "")
        return table


@contextmanager
def alone(s: Settings) -> Iterator[None]:
    """Only one `up` or `down` of an installation at a time."""
    with (supervisor_folder(s) / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise GridmartError(
                f"another `gridmart up` or `down` works on {s.var_dir}", "wait until it has ended, then repeat"
            ) from error
        yield


def check_environments() -> None:
    """All three environments are there."""
    for name in ("airflow", "superset"):
        if not (VENVS / name / "bin" / "python").exists():
            raise GridmartError(f"the environment {name} is not built", "run `make setup`")


def check_ports(s: Settings) -> None:
    """Every port of the stack is free; names the setting to change where it is not."""
    for service in services(s):
        port = service.port(s)
        if port and not postgres.port_is_free(s.host, port):
            raise GridmartError(
                f"port {port} for {service.title} is taken by {_listener(port)}",
                f"set GRIDMART_{service.port_setting.upper()} to a free port, in .env or in the environment",
            )


def _listener(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,) and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return "another program"


def up(s: Settings, phases: Phases) -> None:
    """Bring every service to life and wait until each one says that it is well; safe to repeat."""
    check_environments()
    load_or_create(s.secrets_file)
    supervisor = Supervisor(s)
    if supervisor.pid() and not supervisor.is_current():
        with phases.phase("stop what runs with other settings"):
            down(s)
    if not supervisor.pid():
        with phases.phase("make room") as notes:
            left = processes.end(processes.of_installation(s))
            if left:
                notes.append(f"ended {left} processes that a crash left behind")
            check_ports(s)
            supervisor.start()
    with phases.phase("PostgreSQL") as notes:
        if s.postgres_host:
            postgres.wait_until_ready()
        else:
            if supervisor.states()[POSTGRES.name]["statename"] != "RUNNING":
                postgres.prepare(notes.append)
            supervisor.start_service(POSTGRES.name)
            _wait_for_postgres(supervisor)
        schema.apply()
    _prepare(s, phases, supervisor)
    with phases.phase("Airflow and Superset healthy"):
        found = health.wait_until_healthy(s, HEALTH_PATIENCE_S)
        ill = [state for state in found if not state.is_healthy]
        if ill:
            what = "; ".join(f"{state.title}: {state.detail}" for state in ill)
            raise GridmartError(f"not healthy — {what}", f"see `gridmart logs {ill[0].name}`")


def _wait_for_postgres(supervisor: Supervisor) -> None:
    deadline = time.monotonic() + postgres.START_PATIENCE_S
    while True:
        try:
            postgres.wait_until_ready(STUCK_PATIENCE_S)
            return
        except GridmartError:
            fatal = supervisor.states().get(POSTGRES.name, {}).get("statename") in ("FATAL", "BACKOFF")
            if fatal or time.monotonic() > deadline:
                raise


def _prepare(s: Settings, phases: Phases, supervisor: Supervisor) -> None:
    """Prepare what is due, side by side; Airflow and Superset start as soon as their own parts are ready."""
    waiting = {part.name for part in prepare.due(s)}
    failures: list[BaseException] = []
    took: dict[str, float] = {}
    lock = threading.Lock()

    def start_ready() -> None:
        if not waiting & {"airflow", "dbt"}:  # Airflow draws the DAGs from dbt's models
            for service in AIRFLOW:
                supervisor.start_service(service.name)
        if "superset" not in waiting:
            supervisor.start_service(SUPERSET.name)

    def work(part: prepare.Part) -> None:
        started = time.monotonic()
        try:
            part.run(s)
            with lock:
                prepare.mark_done(s, part)
                took[part.name] = time.monotonic() - started
                waiting.discard(part.name)
                start_ready()
        except BaseException as error:
            failures.append(error)

    start_ready()
    due = [part for part in prepare.PARTS if part.name in waiting]
    if not due:
        return
    with phases.phase(" · ".join(part.title for part in due)) as notes:
        threads = [threading.Thread(target=work, args=(part,), daemon=True) for part in due]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        notes.append(", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items()))


def down(s: Settings) -> int:
    """Stop everything of this installation, PostgreSQL last and cleanly; returns how many processes had to be ended."""
    supervisor = Supervisor(s)
    pid = supervisor.pid()
    if pid:
        supervisor.shutdown()
        with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            psutil.Process(pid).wait(timeout=STUCK_PATIENCE_S)
    return processes.end(processes.of_installation(s))
