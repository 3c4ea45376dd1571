"""`gridmart dashboards`: validate, sync, check, compare, prune."""

import json
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from gridmart.errors import GridmartError

dashboards = typer.Typer(
    no_args_is_help=True, help="Dashboards as code: validate, import into Superset, compare, prune."
)
console = Console(stderr=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    app.add_typer(dashboards, name="dashboards")


def _result(**values: Any) -> None:
    """The machine's line on stdout."""
    typer.echo(json.dumps(values, ensure_ascii=False))


@dashboards.command(name="validate")
def validate_command() -> None:
    """Walk dashboard → chart → dataset → dbt column; no server is needed.

    Example: gridmart dashboards validate
    """
    from gridmart.dashboards import marts, source, validate

    files = source.load()
    problems = validate.problems(files, marts.relations())
    for problem in problems:
        console.print(f"[red]✗[/] {problem.path.relative_to(files.root.parent)}: {problem.what}", highlight=False)
        console.print(f"    next: {problem.next_step}", highlight=False, style="dim")
    if problems:
        raise GridmartError(f"{len(problems)} problems in the dashboards.", "Follow each problem's next step above.")
    charts = sum(len(dashboard.charts) for dashboard in files.dashboards.values())
    console.print(
        f"[green]✓[/] {len(files.dashboards)} dashboards, {charts} charts, {len(files.datasets)} datasets fit the marts"
    )
    _result(dashboards=len(files.dashboards), charts=charts, datasets=len(files.datasets), problems=0)


@dashboards.command(name="sync")
def sync_command() -> None:
    """Make Superset equal to Git: import what differs, delete what Git dropped, set roles.

    Example: gridmart dashboards sync
    """
    from gridmart.dashboards import sync
    from gridmart.dashboards.client import Superset

    with console.status("validating the files") as status:
        files = sync.valid_source()
        status.update("comparing Superset with Git")
        with Superset() as client:
            done = sync.sync(client, files, lambda text: console.print(f"  {text}", highlight=False))
    for change in done.access_changes:
        console.print(f"  {change}", highlight=False)
    console.print("[green]✓[/] Superset equals Git" + ("" if done.imported else " (nothing to import)"))
    _result(imported=done.imported, pruned=len(done.pruned), access_changes=len(done.access_changes))


@dashboards.command(name="check")
def check_command() -> None:
    """Ask Superset for the data of every chart, and so warm its cache; fails if a chart has an error.

    Example: gridmart dashboards check
    """
    from gridmart.dashboards import source, sync
    from gridmart.dashboards.client import Superset

    with console.status("asking for the charts' data") as status, Superset() as client:
        answers = sync.check(client, source.load(), status.update)
    table = Table("chart", "rows", "error")
    for answer in answers:
        table.add_row(answer.chart, str(answer.rows), answer.error, style="red" if answer.error else None)
    console.print(table)
    failed = [answer for answer in answers if answer.error]
    if failed:
        raise GridmartError(
            f"{len(failed)} of {len(answers)} charts have no data: {failed[0].chart}: {failed[0].error}",
            "Run `gridmart dashboards sync`; if it stays, run the chart's SQL as bi_reader.",
        )
    _result(charts=len(answers), rows=sum(answer.rows for answer in answers), errors=0)


@dashboards.command(name="compare")
def compare_command() -> None:
    """Show what is live in Superset and differs from Git; exit code 1 if anything does.

    Example: gridmart dashboards compare
    """
    from gridmart.dashboards import bundle, compare, source
    from gridmart.dashboards.client import Superset

    expected = bundle.files(source.load(), masked=True)
    with console.status("reading Superset"), Superset() as client:
        live = client.export_assets()
    found, stale = compare.differences(expected, live), compare.stale(expected, live)
    table = Table("object", "field", "Git", "live")
    for each in found:
        table.add_row(
            each.thing, each.where, str(each.git)[:60], "missing" if each.live is None else str(each.live)[:60]
        )
    for gone in stale:
        table.add_row(f"{gone.kind} {gone.title}", "", "missing", gone.uuid)
    _result(differences=len(found), stale=len(stale))
    if found or stale:
        console.print(table)
        raise GridmartError(
            f"{len(found)} differences, {len(stale)} objects that Git dropped.", "Run `gridmart dashboards sync`."
        )
    console.print("[green]✓[/] Superset equals Git")


@dashboards.command(name="prune")
def prune_command() -> None:
    """Delete charts, datasets and dashboards that gridmart imported once and Git no longer has.

    Example: gridmart dashboards prune
    """
    from gridmart.dashboards import bundle, source, sync
    from gridmart.dashboards.client import Superset

    expected = bundle.files(source.load(), masked=True)
    with console.status("reading Superset"), Superset() as client:
        gone = sync.prune(client, expected, client.export_assets(), lambda text: console.print(f"  {text}"))
    console.print(f"[green]✓[/] {len(gone)} objects deleted")
    _result(pruned=len(gone))
