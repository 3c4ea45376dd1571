"""dbt in the environment it needs: connection, hash key and output folders through the child's environment."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType

import yaml

from gridmart.errors import GridmartError
from gridmart.quality import tariffs
from gridmart.secrets import secret
from gridmart.settings import PROJECT_DIR, settings
from gridmart.warehouse.database import WAREHOUSE

PROJECT = PROJECT_DIR / "dbt"
EXECUTABLE = Path(sys.executable).with_name("dbt")
READS_TARIFFS = ("seed", "run", "build")  # commands before which the gate of tariffs stands
NOT_OF_THE_PROJECT = {"target", "logs", "dbt_packages"}
RANGE = ("from_date", "to_date")  # the dates of a run that are built besides those that changed
EVERY_DATE = "every_date"  # tests look at all dates, not at those alone that were built since they passed
NO_RANGE: Mapping[str, str] = MappingProxyType({})


def home() -> Path:
    """Folder of dbt's own output: target/ (manifest, run results, catalog) and logs/."""
    return settings().var_dir / "dbt"


def split_range(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The words without the run's range in `--vars` and without `every_date`, and these, for `environment`.

    dbt parses the whole project anew when a variable has another value than last time, which takes longer than a
    small load. Raises GridmartError if the variables are no mapping or the range is no pair of dates.
    """
    words = [part for word in arguments for part in (word.split("=", 1) if word.startswith("--vars=") else [word])]
    if "--vars" not in words[:-1]:
        return words, {}
    at = words.index("--vars")
    given = yaml.safe_load(words[at + 1]) or {}
    if not isinstance(given, dict):
        raise GridmartError(f"--vars {words[at + 1]} is no mapping", "write it as '{name: value}'", 2)
    found = {name: str(given.pop(name)) for name in (*RANGE, EVERY_DATE) if name in given}
    is_ranged = any(name in found for name in RANGE)
    try:
        whole = not is_ranged or date.fromisoformat(found["from_date"]) <= date.fromisoformat(found["to_date"])
    except (KeyError, ValueError):
        whole = False
    if not whole:
        raise GridmartError(f"--vars {words[at + 1]} names no range", "give from_date and to_date as YYYY-MM-DD", 2)
    return words[:at] + (["--vars", json.dumps(given)] if given else []) + words[at + 2 :], found


def environment(dates: Mapping[str, str] = NO_RANGE) -> dict[str, str]:
    """What profiles.yml and the macros read, for the child process only; `dates` as of `split_range`.

    The hash key travels as a session setting of PostgreSQL: dbt then never writes it into compiled files. So do the
    dates of the run.
    """
    s = settings()
    session = {"pii_hash_key": secret("pii_hash_key"), **{name: dates[name] for name in RANGE if name in dates}}
    return {
        "GRIDMART_DBT_EVERY_DATE": "1" if dates.get(EVERY_DATE, "").lower() == "true" else "",
        "DBT_TARGET_PATH": str(home() / "target"),
        "DBT_LOG_PATH": str(home() / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_ENV_SECRET_GRIDMART_PASSWORD": secret("db_builder"),
        "GRIDMART_DBT_HOST": s.pg_host,
        "GRIDMART_DBT_PORT": str(s.postgres_port),
        "GRIDMART_DBT_DATABASE": WAREHOUSE,
        "GRIDMART_TIMEZONE": s.timezone,
        "PGOPTIONS": " ".join(f"-c gridmart.{name}={value}" for name, value in session.items()) + " -c work_mem=64MB",
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
    words, dates = split_range(arguments)
    gate(words)
    home().mkdir(parents=True, exist_ok=True)
    return subprocess.run(command(words), env=os.environ | environment(dates), check=False).returncode


def test_every_date() -> int:
    """Run all tests of data, whatever they have passed already; returns dbt's exit code.

    In a folder of its own: a build that runs at the same time keeps its artifacts.
    """
    words = ["test", "--exclude-resource-type", "unit_test", "--vars", f"{{{EVERY_DATE}: true}}"]
    return run([*words, "--target-path", str(home() / "every_date")])


def project_stamp(project: Path = PROJECT) -> str:
    """What the files of the dbt project are now: another text as soon as one is changed, added or removed."""
    digest = hashlib.sha256()
    for path in sorted(project.rglob("*")):
        if path.is_file() and not NOT_OF_THE_PROJECT & set(path.relative_to(project).parts):
            found = path.stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def outline(manifest: Path, models: Path) -> None:
    """Write what Airflow needs of dbt's manifest to draw its tasks: name, folder and tags of each model.

    A small file of its own: every task reads it as it starts, and every dbt command writes its manifest anew.
    """
    whole = json.loads(manifest.read_text(encoding="utf-8"))
    found = {
        "metadata": {key: whole["metadata"][key] for key in ("project_name", "dbt_schema_version")},
        "nodes": {
            name: {key: node[key] for key in ("resource_type", "package_name", "original_file_path", "fqn", "tags")}
            for name, node in whole["nodes"].items()
            if node["resource_type"] == "model"
        },
    }
    partial = models.with_suffix(".partial")
    partial.write_text(json.dumps(found), encoding="utf-8")
    partial.replace(models)


def dictionary() -> Path:
    """Build dbt's docs as one page that needs no server and no network; returns its path.

    In a folder of its own: a build that runs at the same time keeps its artifacts. A page of the project as it is now
    stays: every publication asks for one.
    """
    folder = home() / "docs"
    page, stamp, now = folder / "index.html", folder / "made_from", project_stamp()
    if page.exists() and stamp.exists() and stamp.read_text() == now:
        return page
    code = run(["docs", "generate", "--static", "--quiet", "--target-path", str(folder)])
    if code:
        raise GridmartError("dbt could not write the data dictionary", f"see {home() / 'logs' / 'dbt.log'}")
    (folder / "static_index.html").replace(page)
    stamp.write_text(now)
    return page


def replace_process(arguments: Sequence[str]) -> None:
    """Become dbt: signals and exit code are its own (for `bin/dbt`, which Airflow calls)."""
    given, dates = split_range(arguments)
    gate(given)
    home().mkdir(parents=True, exist_ok=True)
    words = command(given)
    # unit tests prove the code, not the data: people and CI run them, a load does not
    quick = {"DBT_EXCLUDE_RESOURCE_TYPES": "unit_test"}
    os.execve(words[0], words, os.environ | environment(dates) | quick)  # noqa: S606  our own command, no shell


if __name__ == "__main__":
    try:
        replace_process(sys.argv[1:])
    except GridmartError as refusal:
        sys.exit(str(refusal))
