"""Commands of the gates and of publication."""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

import typer

DAY = ["%Y-%m-%d"]
From = Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First business date of the run.")]
To = Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Last business date of the run.")]


def register(app: typer.Typer) -> None:
    """Add this area's commands to the command line."""
    quality = typer.Typer(help="The three gates, their results and reports.", no_args_is_help=True)
    quality.command("arrival")(arrival)
    quality.command("publication")(publication)
    quality.command("docs")(docs)
    quality.command("report")(report)
    app.command("publish")(publish)
    app.add_typer(quality, name="quality")


def _dates(start: datetime | None, end: datetime | None) -> tuple[date | None, date | None]:
    return start.date() if start else None, end.date() if end else None


def _say() -> Callable[[str], None]:
    from rich.console import Console

    console = Console(stderr=True)
    return lambda line: console.print(line, highlight=False, markup=False, soft_wrap=True)


def _print(result: dict[str, Any], first: date | None, last: date | None) -> None:
    typer.echo(json.dumps({**result, "from": first and str(first), "to": last and str(last)}, ensure_ascii=False))


def arrival(
    source: Annotated[str, typer.Argument(help="Name of a source, or ami for the metering roll-ups.")],
    start: From = None,
    end: To = None,
) -> None:
    """Gate 1: check what landed of a source and let it in. Example: `gridmart quality arrival cis`"""
    from gridmart.quality import arrival as gate

    first, last = _dates(start, end)
    outcome = gate.run(source, first, last, _say())
    counts = {"checks": outcome.checks, "warnings": outcome.warnings, "rows": outcome.rows}
    _print({"source": source, **counts}, outcome.first, outcome.last)


def publication(start: From = None, end: To = None) -> None:
    """Gate 3 alone: check the candidate marts, publish nothing. Example: `gridmart quality publication`"""
    from gridmart.errors import GridmartError
    from gridmart.quality import publication as gate

    first, last = _dates(start, end)
    found = gate.check(first, last, _say()).results
    failures = [result for result in found if result.is_failure]
    if failures:
        raise GridmartError(
            f"{len(failures)} critical expectations are not met, the first: {failures[0]}",
            "Repair the data or the model, build again, and check again.",
            gate.EXIT_GATE,
        )
    _print({"checks": len(found), "warnings": sum(r.is_warning for r in found)}, first, last)


def publish(start: From = None, end: To = None) -> None:
    """Check the candidate marts, copy them to marts in one transaction, set the badge. Example: `gridmart publish`

    When the gate is red nothing is copied, the badge says why, and the exit code is 4.
    """
    from gridmart.quality import publication as gate

    first, last = _dates(start, end)
    decision, rows = gate.run(first, last, _say())
    as_of = decision.data_as_of and str(decision.data_as_of)
    _print({"status": decision.status, "reason": decision.reason, "data_as_of": as_of, "rows": rows}, first, last)


def docs() -> None:
    """Build Data Docs of the latest results under var/quality/docs. Example: `gridmart quality docs`"""
    from gridmart.quality import data_docs

    typer.echo(json.dumps({"page": str(data_docs.build())}))


def report() -> None:
    """Write the quality report var/quality/report.html. Example: `gridmart quality report`"""
    from gridmart.quality import report as page

    typer.echo(json.dumps({"page": str(page.write())}))
