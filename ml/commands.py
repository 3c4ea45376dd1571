"""`gridmart ml`: train, score and list models."""

import json
import time
from enum import StrEnum
from typing import Any

import typer

ml_app = typer.Typer(help="Models: train, score, list versions.", no_args_is_help=True)


class Task(StrEnum):
    """Tasks that have a model."""

    forecast = "forecast"
    segments = "segments"


TASK = typer.Option(None, "--task", help="Only this task; default: all.")


def _run(verb: str, task: Task | None, work: dict[Task, Any]) -> None:
    """Run `work` for each task with progress on stderr, and print one JSON line on stdout."""
    from rich.console import Console

    from ml.errors import PoorDataError

    console = Console(stderr=True, highlight=False)
    results: dict[str, Any] = {}
    for name in [task] if task else list(Task):
        started = time.monotonic()
        with console.status(f"{verb} {name}"):
            try:
                results[name] = work[name]()
            except PoorDataError as poor:
                # the pipeline goes on: scores fall back, and their rows say so
                results[name] = {"skipped": type(poor).__name__, "reason": poor.cause}
                console.print(
                    f"[yellow]warning:[/] {name}: {poor.cause}\n[bold]next:[/] {poor.next_step or 'load more data'}"
                )
        seconds = round(time.monotonic() - started, 1)
        results[name]["seconds"] = seconds
        console.print(
            f"{verb} {name}: {results[name].get('reason') or results[name].get('model_version')} ({seconds} s)"
        )
    typer.echo(json.dumps(results, ensure_ascii=False, default=str))


@ml_app.command()
def train(
    task: Task | None = TASK,
    if_missing: bool = typer.Option(False, "--if-missing", help="Do nothing for a task whose promoted model is whole."),
) -> None:
    """Train models, backtest them on time splits, promote what beats the baseline and the current model.

    The same data and parameters give the same version, and are not trained twice. Too little data is a
    warning: nothing is trained, and scores fall back to the seasonal-naive baseline.

    Example: gridmart ml train --task forecast
    """
    from ml import registry
    from ml.errors import NoChampionError, TamperedArtifactError
    from ml.forecast import train as forecast_train
    from ml.segments import train as segments_train

    def unless_there(name: Task, work: Any) -> Any:
        if if_missing:
            try:
                with registry.session() as connection:
                    champion = registry.champion(connection, name)
                registry.content(champion)  # a model whose file is lost or changed is as good as none
                return {"model_version": champion.model_version, "reason": "there is a promoted model"}
            except (NoChampionError, TamperedArtifactError):
                pass
        return work()

    _run(
        "train",
        task,
        {
            Task.forecast: lambda: unless_there(Task.forecast, forecast_train.train),
            Task.segments: lambda: unless_there(Task.segments, segments_train.train),
        },
    )


@ml_app.command()
def score(task: Task | None = TASK) -> None:
    """Score with the promoted models; never trains. Poor data fall back, and their rows say so.

    Example: gridmart ml score
    """
    from ml.forecast import score as forecast_score
    from ml.segments import score as segments_score

    _run("score", task, {Task.forecast: forecast_score.score, Task.segments: segments_score.score})


@ml_app.command()
def models(task: Task | None = TASK) -> None:
    """List the versions of models, newest first, with why each was promoted or not.

    Example: gridmart ml models --task forecast
    """
    from rich.console import Console
    from rich.table import Table

    from ml import registry

    with registry.session() as connection:
        found = registry.versions(connection, task)
    table = Table("task", "version", "champion", "trained on", "reason")
    for row in found:
        days = f"{row.train_from} to {row.train_to}"
        table.add_row(row.task, row.model_version, "yes" if row.is_champion else "", days, row.reason)
    Console(stderr=True).print(table)
    listed = [
        {"task": row.task, "model_version": row.model_version, "is_champion": row.is_champion, "reason": row.reason}
        for row in found
    ]
    typer.echo(json.dumps(listed, ensure_ascii=False))


def register(app: typer.Typer) -> None:
    """Add this area's commands to the command line."""
    app.add_typer(ml_app, name="ml")
