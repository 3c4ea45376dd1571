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
    _print({"source": source, **counts}, first, last)
