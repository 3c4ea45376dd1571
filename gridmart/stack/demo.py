"""The demo behind `gridmart up`: a utility, its history through Airflow, its dashboards."""

import hashlib
import subprocess
import time

import psycopg
from rich.console import Console

from gridmart.errors import GridmartError
from gridmart.settings import PROJECT_DIR, Settings
from gridmart.stack import supervisor
from gridmart.stack.lifecycle import Phases
from gridmart.stack.services import TELEMETRY_OFF, base_environment
from gridmart.warehouse.database import connect

ACCEPTED = ("green", "amber")


def is_published(s: Settings) -> bool:
    """True if the demo's last business date has passed the publication gate."""
    with connect("loader") as connection:
        try:
            row = connection.execute(
                "select 1 from supervision.publication where data_as_of >= %s and status = any(%s) limit 1",
                (s.demo_to, list(ACCEPTED)),
            ).fetchone()
        except psycopg.errors.UndefinedTable:
            return False
    return row is not None


def _step(s: Settings, phases: Phases, title: str, *words: str) -> None:
    """One command of ours with its own live output; its phase counts in the table."""
    console: Console = phases.console
    console.print(f"[bold]{title}[/] [dim]gridmart {' '.join(words)}[/]", highlight=False)
    environment = {
        name: value
        for name, value in (base_environment(s) | TELEMETRY_OFF).items()
        if name != "GRIDMART_STACK"  # a step belongs to this command, not to the stack
    }
    started = time.monotonic()
    done = subprocess.run([str(PROJECT_DIR / "bin" / "gridmart"), *words], env=environment, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise GridmartError(
            f"`gridmart {' '.join(words)}` ended with exit code {done.returncode}",
            "repair what it says above, then repeat `gridmart up`: what is done is skipped",
            exit_code=done.returncode if done.returncode > 0 else 1,
        )
    phases.add(title, time.monotonic() - started)


def _dashboards(s: Settings) -> str:
    """What the dashboards in Git, and the organisations whose managers are limited, are now."""
    digest = hashlib.sha256(",".join(s.organisations).encode())
    for path in sorted((PROJECT_DIR / "superset").rglob("*.yaml")):
        digest.update(str(path.relative_to(PROJECT_DIR)).encode() + path.read_bytes())
    return digest.hexdigest()


def load(s: Settings, phases: Phases) -> None:
    """Make the demo utility and carry its history to the dashboards; skips what is there."""
    stamp, now = supervisor.folder(s) / "dashboards", _dashboards(s)
    if not is_published(s):
        _step(s, phases, "demo utility", "simulate")
        _step(s, phases, "history through Airflow", "run", "--from", f"{s.demo_from}", "--to", f"{s.demo_to}")
        stamp.write_text(now)  # publishing has brought them
    if not stamp.exists() or stamp.read_text() != now:
        _step(s, phases, "dashboards", "dashboards", "sync")
        stamp.write_text(now)
