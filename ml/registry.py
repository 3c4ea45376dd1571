"""Versions of models: files under `var/models`, their checksums and measures in `ml.model_version`.

A file is loaded only if its sha256 is the registered one: a model file is a pickle, and a pickle of
somebody else's can run their code.
"""

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import joblib
import psycopg

from gridmart.errors import GridmartError
from gridmart.settings import settings
from gridmart.warehouse.database import connect
from ml.errors import NoChampionError, PoorDataError, TamperedArtifactError


@dataclass(frozen=True)
class ModelVersion:
    """One row of `ml.model_version`."""

    task: str
    model_version: str
    train_from: date
    train_to: date
    data_snapshot: str
    metrics: dict[str, Any]
    baseline_metrics: dict[str, Any]
    is_champion: bool
    reason: str
    artifact_path: str = ""
    artifact_sha256: str = ""
    trained_at: datetime | None = None


@dataclass(frozen=True)
class Measure:
    """One row of `ml.backtest_result`, without its task and version."""

    level_code: str
    fold_no: int
    fold_from: date
    fold_to: date
    metric: str
    model_value: float
    baseline_value: float | None
    level_no: str = ""


def version_name(last_date: date, *parts: object) -> str:
    """Name of a version: last business date and a short hash of what determines the model (data, parameters)."""
    return f"{last_date:%Y%m%d}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:8]}"


def save(task: str, version: str, pipeline: object) -> tuple[str, str]:
    """Persist a pipeline; returns its path relative to the var folder and its sha256."""
    path = Path("models") / task / version / "model.joblib"
    target = settings().var_dir / path
    target.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer, compress=3)
    partial = target.with_suffix(".partial")
    partial.write_bytes(buffer.getvalue())
    partial.replace(target)
    return str(path), hashlib.sha256(buffer.getvalue()).hexdigest()


def content(version: ModelVersion) -> bytes:
    """The model file of a version; raises TamperedArtifactError if it is absent or not the registered one."""
    path = settings().var_dir / version.artifact_path
    repair = f"train again: `gridmart ml train --task {version.task}`"
    if not path.is_file():
        raise TamperedArtifactError(f"the model file {path} is missing", repair)
    found = path.read_bytes()  # read once: what is checked is what is loaded
    if hashlib.sha256(found).hexdigest() != version.artifact_sha256:
        raise TamperedArtifactError(f"the model file {path} is not the one that was registered", repair)
    return found


def load(version: ModelVersion) -> Any:
    """The pipeline of a version; raises TamperedArtifactError if its file is absent or not the registered one."""
    return joblib.load(io.BytesIO(content(version)))


@contextmanager
def session() -> Iterator[psycopg.Connection]:
    """A connection as scorer, committed at the end; raises GridmartError if the registry cannot be used."""
    try:
        with connect("scorer") as connection:
            yield connection
    except psycopg.errors.UndefinedTable as error:
        raise GridmartError(
            f"the registry of models is missing: {_first_line(error)}",
            "create the warehouse's tables: `gridmart up`, or `gridmart setup` on a new machine",
        ) from error
    except psycopg.OperationalError as error:
        raise GridmartError(
            f"PostgreSQL does not answer: {_first_line(error)}", "see `gridmart status`, start it with `gridmart up`"
        ) from error
    except psycopg.Error as error:
        raise GridmartError(
            f"the registry of models cannot be used: {_first_line(error)}", "see `gridmart doctor`"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


COLUMNS = """task, model_version, train_from, train_to, data_snapshot, metrics, baseline_metrics, is_champion, reason,
    artifact_path, artifact_sha256, trained_at"""


def versions(connection: psycopg.Connection, task: str | None = None) -> list[ModelVersion]:
    """Registered versions, newest first."""
    rows = connection.execute(
        f"select {COLUMNS} from ml.model_version where %s::text is null or task = %s order by trained_at desc, task",
        (task, task),
    ).fetchall()
    return [ModelVersion(*row) for row in rows]


def find(connection: psycopg.Connection, task: str, version: str) -> ModelVersion | None:
    """A version by name, or None."""
    return next((row for row in versions(connection, task) if row.model_version == version), None)


def champion(connection: psycopg.Connection, task: str) -> ModelVersion:
    """The promoted version; raises NoChampionError, with the last refusal, if there is none."""
    found = versions(connection, task)
    for row in found:
        if row.is_champion:
            return row
    last = f"; last: {found[0].reason}" if found else ""
    raise NoChampionError(f"no model of {task} has been promoted{last}", f"run `gridmart ml train --task {task}`")


@dataclass(frozen=True)
class Standing:
    """What a candidate meets: itself, if it stands already, and another champion with its loaded file."""

    present: ModelVersion | None = None
    champion: ModelVersion | None = None
    rival: Any = None


def standing(task: str, version: str) -> Standing:
    """What is registered when `version` comes up; raises GridmartError if the registry cannot be used.

    A version whose file is damaged does not stand, and a champion whose file is damaged is no rival: then a
    version that lost to it is trained and judged again.
    """
    with session() as connection:
        present = find(connection, task, version)
        try:
            best: ModelVersion | None = champion(connection, task)
        except NoChampionError:
            best = None
    rival, is_lost = None, False
    if best is not None and best.model_version != version:
        try:
            rival = load(best)
        except TamperedArtifactError:
            best, is_lost = None, True
    if present is not None:
        try:
            content(present)
        except TamperedArtifactError:
            present = None
    return Standing(None if is_lost else present, best if rival is not None else None, rival)


@contextmanager
def refusing(task: str, version: str, days: tuple[date, date], snapshot: str) -> Iterator[None]:
    """Record why no model is made of these data if the block raises PoorDataError, and raise it on.

    Nothing is promoted, and a champion stays.
    """
    try:
        yield
    except PoorDataError as problem:
        row = ModelVersion(task, version, *days, snapshot, {}, {}, False, f"not trained: {problem.cause}")
        with session() as connection:
            present = find(connection, task, version)
            if present is None or not present.artifact_path:  # a model of before is not overwritten by a refusal
                register(connection, row, [])
        raise


def register(connection: psycopg.Connection, version: ModelVersion, measures: list[Measure]) -> None:
    """Write a version and its backtest, and make it champion if it says so, in the caller's transaction."""
    key = (version.task, version.model_version)
    if version.is_champion:
        connection.execute("update ml.model_version set is_champion = false where task = %s", (version.task,))
    connection.execute("delete from ml.model_version where task = %s and model_version = %s", key)
    connection.execute("delete from ml.backtest_result where task = %s and model_version = %s", key)
    connection.execute(
        f"insert into ml.model_version ({COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *key, version.train_from, version.train_to, version.data_snapshot, json.dumps(version.metrics),
            json.dumps(version.baseline_metrics), version.is_champion, version.reason, version.artifact_path,
            version.artifact_sha256, version.trained_at or datetime.now(UTC),
        ),
    )  # fmt: skip
    target = """ml.backtest_result (task, model_version, level_code, level_no, fold_no, fold_from, fold_to, metric,
        model_value, baseline_value)"""
    with connection.cursor() as cursor, cursor.copy(f"copy {target} from stdin") as copy:
        for m in measures:
            copy.write_row(
                (*key, m.level_code, m.level_no, m.fold_no, m.fold_from, m.fold_to, m.metric, m.model_value,
                 m.baseline_value)
            )  # fmt: skip
