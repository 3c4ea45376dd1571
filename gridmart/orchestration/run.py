"""One ranged run of the whole chain in Airflow: start it, follow it task by task, say honestly how it ended."""

import time
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from gridmart.errors import GridmartError
from gridmart.orchestration.airflow_api import ENDED, Airflow

EXTRACT = "extract_systems"
CHAIN = ("ingest_meter_files", "validate_readings", "build_warehouse", "score_models", "publish")
DAGS = frozenset((EXTRACT, *CHAIN, "train_models", "maintain_storage"))
MARKS = {"success": "[green]✓[/]", "failed": "[red]✗[/]", "upstream_failed": "[red]·[/]", "skipped": "[dim]–[/]"}
START_PATIENCE_S = 120.0
LOOK_EVERY_S = 2.0

EXIT_FAILED, EXIT_SOURCE_STOPPED, EXIT_GATE = 1, 3, 4


@dataclass
class Followed:
    """A DAG run that is being followed."""

    dag_id: str
    run_id: str
    state: str = "queued"
    bar: TaskID | None = None
    seen: set[tuple[str, int]] = field(default_factory=set)
    failed: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


class RangedRun:
    """Starts and follows one range of business dates; `go()` returns the exit code."""

    def __init__(self, start: date, end: date, console: Console) -> None:
        if start > end:
            raise GridmartError(f"--from {start} is after --to {end}", "swap them", exit_code=2)
        self.conf: dict[str, Any] = {"from": start.isoformat(), "to": end.isoformat()}
        self.console = console
        self.airflow = Airflow()
        self.runs: list[Followed] = []

    def go(self) -> int:
        """Run sources first, then the chain from files to dashboards; returns an exit code (0, 1, 3 or 4)."""
        self._wait_for_dags()
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<20}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[now]}"),
            console=self.console,
        ) as progress:
            sources = self._follow(self._start(EXTRACT, {**self.conf, "announce": False}), progress)
            chain = [self._start(CHAIN[0], self.conf)]
            while True:
                self._follow(chain[-1], progress)
                if chain[-1].state != "success" or chain[-1].dag_id == CHAIN[-1]:
                    break
                chain.append(self._next(chain[-1]))
        self._report_failures()
        if chain[-1].state != "success":
            return EXIT_GATE if chain[-1].dag_id == "publish" else EXIT_FAILED
        return EXIT_SOURCE_STOPPED if sources.failed else 0

    def _wait_for_dags(self) -> None:
        deadline = time.monotonic() + START_PATIENCE_S
        while missing := DAGS - {dag["dag_id"] for dag in self.airflow.dags()}:
            errors = self.airflow.import_errors()
            if errors:
                first = errors[0]
                raise GridmartError(
                    f"Airflow cannot import {first['filename']}: {first['stack_trace'].strip().splitlines()[-1]}",
                    "repair the file; `gridmart logs airflow-dag-processor` shows more",
                )
            if time.monotonic() > deadline:
                raise GridmartError(
                    f"Airflow does not know these DAGs: {', '.join(sorted(missing))}",
                    "see `gridmart logs airflow-dag-processor`",
                )
            time.sleep(1)
        for dag_id in sorted(DAGS):
            self.airflow.unpause(dag_id)

    def _start(self, dag_id: str, conf: dict[str, Any]) -> Followed:
        return Followed(dag_id, self.airflow.trigger(dag_id, conf))

    def _next(self, run: Followed) -> Followed:
        """The run that the asset events of `run` started, of the DAG that follows it in the chain.

        Airflow forgets an event for a DAG that its processor holds for gone just then: that DAG is started by name.
        """
        wanted = CHAIN[CHAIN.index(run.dag_id) + 1]
        deadline = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < deadline:
            for event in self.airflow.events(run.dag_id, run.run_id):
                for made in event["created_dagruns"]:
                    if made["dag_id"] == wanted:
                        return Followed(wanted, made["run_id"])
            if self.airflow.is_busy(wanted):  # it has to finish an earlier run first
                deadline = time.monotonic() + START_PATIENCE_S
            time.sleep(0.5)
        for error in self.airflow.import_errors():
            self.console.print(f"[yellow]![/] Airflow cannot import {error['filename']}", highlight=False)
        self.console.print(
            f"[yellow]![/] {run.dag_id} ended well, but Airflow did not start {wanted} within {START_PATIENCE_S:.0f} s:"
            f" it is started by name (see the asset events of run {run.run_id} in Airflow)",
            highlight=False,
        )
        return self._start(wanted, self.conf)

    def _follow(self, run: Followed, progress: Progress) -> Followed:
        self.runs.append(run)
        run.bar = progress.add_task(run.dag_id, total=None, now="queued")
        started = time.monotonic()
        while run.state not in ENDED:
            time.sleep(LOOK_EVERY_S)
            run.state = self.airflow.run(run.dag_id, run.run_id)["state"]
            self._show(run, progress)
        run.seconds = time.monotonic() - started
        progress.update(run.bar, now=f"{run.state}, {run.seconds:.0f} s")
        progress.stop_task(run.bar)
        return run

    def _show(self, run: Followed, progress: Progress) -> None:
        assert run.bar is not None
        tasks = self.airflow.tasks(run.dag_id, run.run_id)
        ended = [task for task in tasks if task["state"] in MARKS]
        running = [task["task_id"] for task in tasks if task["state"] == "running"]
        progress.update(run.bar, total=len(tasks) or None, completed=len(ended), now=", ".join(running[:2]))
        for task in ended:
            key = (task["task_id"], task["map_index"])
            if key in run.seen:
                continue
            run.seen.add(key)
            if task["state"] == "failed":
                run.failed.append(task)
            name = task["task_id"] + (f"[{task['map_index']}]" if task["map_index"] >= 0 else "")
            progress.console.print(
                f"  {MARKS[task['state']]} {run.dag_id} · {name} [dim]{task['duration'] or 0:.1f} s[/]", highlight=False
            )

    def _report_failures(self) -> None:
        for run in self.runs:
            for task in run.failed:
                self.console.rule(f"[red]{run.dag_id} · {task['task_id']} failed", align="left")
                for line in self.airflow.log_tail(task):
                    self.console.print(line, markup=False, highlight=False)
