"""dbt in the environment it needs: connection, hash key and output folders through the child's environment."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gridmart.errors import GridmartError
from gridmart.quality import tariffs
from gridmart.secrets import secret
from gridmart.settings import PROJECT_DIR, settings
from gridmart.warehouse.database import WAREHOUSE

PROJECT = PROJECT_DIR / "dbt"
EXECUTABLE = Path(sys.executable).with_name("dbt")
READS_TARIFFS = ("seed", "run", "build")  # commands before which the gate of tariffs stands


def home() -> Path:
    """Folder of dbt's own output: target/ (manifest, run results, catalog) and logs/."""
    return settings().var_dir / "dbt"


def environment() -> dict[str, str]:
    """What profiles.yml and the macros read, for the child process only.

    The hash key travels as a session setting of PostgreSQL: dbt then never writes it into compiled files.
    """
    s = settings()
    return {
        "DBT_TARGET_PATH": str(home() / "target"),
        "DBT_LOG_PATH": str(home() / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_ENV_SECRET_GRIDMART_PASSWORD": secret("db_builder"),
        "GRIDMART_DBT_HOST": s.pg_host,
        "GRIDMART_DBT_PORT": str(s.postgres_port),
        "GRIDMART_DBT_DATABASE": WAREHOUSE,
        "GRIDMART_TIMEZONE": s.timezone,
        "PGOPTIONS": f"-c gridmart.pii_hash_key={secret('pii_hash_key')} -c work_mem=64MB",
    }


def command(arguments: Sequence[str]) -> list[str]:
    """The command line of dbt; folders that the caller names (Cosmos does) stay as they are."""
    given = {word.split("=")[0] for word in arguments}
    folders = [] if "--project-dir" in given else ["--project-dir", str(PROJECT)]
    folders += [] if "--profiles-dir" in given else ["--profiles-dir", str(PROJECT)]
    informs_only = not arguments or bool(given & {"--help", "-h", "--version", "-V", "-v"})
    return [str(EXECUTABLE), *arguments, *([] if informs_only else folders)]


def gate(arguments: Sequence[str]) -> None:
    """Raise a GridmartError that names file and row if dbt would take in bad tariffs."""
    if any(word in READS_TARIFFS for word in arguments):
        tariffs.refuse_bad()


def run(arguments: Sequence[str]) -> int:
    """Run dbt, output passed through; returns its exit code (0 good, 1 a node failed, 2 misuse).

    Raises GridmartError before dbt starts when tariffs are refused.
    """
    gate(arguments)
    home().mkdir(parents=True, exist_ok=True)
    return subprocess.run(command(arguments), env=os.environ | environment(), check=False).returncode


def dictionary() -> Path:
    """Build dbt's docs as one page that needs no server and no network; returns its path.

    In a folder of its own: a build that runs at the same time keeps its artifacts.
    """
    folder = home() / "docs"
    code = run(["docs", "generate", "--static", "--quiet", "--target-path", str(folder)])
    if code:
        raise GridmartError("dbt could not write the data dictionary", f"see {home() / 'logs' / 'dbt.log'}")
    page = folder / "static_index.html"
    return page.replace(folder / "index.html")


def replace_process(arguments: Sequence[str]) -> None:
    """Become dbt: signals and exit code are its own (for `bin/dbt`, which Airflow calls)."""
    gate(arguments)
    home().mkdir(parents=True, exist_ok=True)
    words = command(arguments)
    # unit tests prove the code, not the data: people and CI run them, a load does not
    quick = {"DBT_EXCLUDE_RESOURCE_TYPES": "unit_test"}
    os.execve(words[0], words, os.environ | environment() | quick)  # noqa: S606  our own command, no shell


if __name__ == "__main__":
    try:
        replace_process(sys.argv[1:])
    except GridmartError as refusal:
        sys.exit(str(refusal))
