"""What must be ready before the services start: metadata of Airflow and Superset, the outline of dbt's models.

Each part leaves a stamp of what it was made from, and is skipped while the stamp is right.
"""

import hashlib
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gridmart.errors import GridmartError
from gridmart.secrets import secret
from gridmart.settings import PROJECT_DIR, Settings
from gridmart.stack import supervisor
from gridmart.stack.services import VENVS, airflow_environment, base_environment, models, superset_environment
from gridmart.warehouse import dbt
from gridmart.warehouse.database import connect


@dataclass(frozen=True)
class Part:
    """One thing to prepare: its stamp says from what, `run` makes it."""

    name: str
    title: str
    stamp: Callable[[Settings], str]
    run: Callable[[Settings], None]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _cluster() -> str:
    with connect("postgres", "postgres") as connection:
        row = connection.execute("select system_identifier from pg_control_system()").fetchone()
    return str(row[0]) if row else ""


def _script_stamp(environment: str) -> Callable[[Settings], str]:
    def stamp(s: Settings) -> str:
        lock = (PROJECT_DIR / "requirements" / f"{environment}.txt").read_text()
        script = (Path(__file__).parent / f"prepare_{environment}.py").read_text()
        users = [secret("web_airflow_admin"), secret("web_superset_admin"), secret("web_superset_manager")]
        return _digest(lock, script, _cluster(), *users)

    return stamp


def _run(words: list[str], environment: dict[str, str], folder: Path, s: Settings, name: str) -> None:
    log = supervisor.log_folder(s) / f"prepare-{name}.log"
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("w") as out:
        done = subprocess.run(words, env=environment, cwd=folder, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").strip().splitlines()[-12:])
        raise GridmartError(
            f"preparing {name} failed:\n{tail}", f"the whole log is {log}; then repeat `gridmart up`, it goes on here"
        )


def _script(environment: str, users: tuple[str, ...], variables: Callable[[Settings], dict[str, str]]) -> Callable:
    def run(s: Settings) -> None:
        given = {f"GRIDMART_WEB_{user.upper()}": secret(f"web_{user}") for user in users}
        python = str(VENVS / environment / "bin" / "python")
        script = str(Path(__file__).parent / f"prepare_{environment}.py")
        _run([python, script], variables(s) | given, s.var_dir.resolve() / environment, s, environment)

    return run


def _dbt_stamp(s: Settings) -> str:
    return dbt.project_stamp() if models(s).exists() else ""


def _dbt_parse(s: Settings) -> None:
    if not (PROJECT_DIR / "dbt" / "dbt_project.yml").exists():
        return
    _run([str(PROJECT_DIR / "bin" / "gridmart"), "dbt", "parse"], base_environment(s), PROJECT_DIR, s, "dbt")
    dbt.outline(dbt.home() / "target" / "manifest.json", models(s))


PARTS = (
    Part(
        "airflow", "Airflow's tables and users", _script_stamp("airflow"),
        _script("airflow", ("airflow_admin",), airflow_environment),
    ),
    Part(
        "superset", "Superset's tables and users", _script_stamp("superset"),
        _script("superset", ("superset_admin", "superset_manager"), superset_environment),
    ),
    Part("dbt", "dbt models parsed", _dbt_stamp, _dbt_parse),
)  # fmt: skip


def _stamps(s: Settings) -> Path:
    return supervisor.folder(s) / "prepared.json"


def due(s: Settings) -> list[Part]:
    """The parts whose stamp is missing or old; asks PostgreSQL."""
    path = _stamps(s)
    stored = json.loads(path.read_text()) if path.exists() else {}
    return [part for part in PARTS if not (now := part.stamp(s)) or stored.get(part.name) != now]


def mark_done(s: Settings, part: Part) -> None:
    """Write the stamp of a part that has been prepared."""
    path = _stamps(s)
    stored = json.loads(path.read_text()) if path.exists() else {}
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(stored | {part.name: part.stamp(s)}, indent=1))
    partial.replace(path)
