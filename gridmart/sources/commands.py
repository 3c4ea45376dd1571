"""Commands of this area."""

import json
from datetime import datetime
from typing import Annotated

import typer

DAY = ["%Y-%m-%d"]


def register(app: typer.Typer) -> None:
    """Add this area's commands to the command line."""
    app.command("sources")(list_sources)
    app.command("extract")(extract)


def list_sources() -> None:
    """Print the names of the sources as a JSON list. Example: `gridmart sources`"""
    from gridmart.sources.catalog import sources

    typer.echo(json.dumps(list(sources())))


def extract(
    source: Annotated[str, typer.Argument(help="Name of a source, see `gridmart sources`.")],
    start: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First date of the run.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Last date of the run.")] = None,
    reload: Annotated[str | None, typer.Option(help="Take this one table in anew and in full.")] = None,
) -> None:
    """Bring what is new at a source into its landing schema. Example: `gridmart extract cis`

    Increments follow each table's cursor, so the dates are only reported, and widen the calendar.
    Next step: `gridmart quality arrival SOURCE` checks what landed and lets it in.
    """
    from rich.console import Console

    from gridmart.sources import extraction

    console = Console(stderr=True)
    first, last = (day.date() if day else None for day in (start, end))
    with console.status(f"extracting {source} …"):
        rows = extraction.run(
            source, first, last, reload, say=lambda line: console.print(line, highlight=False, markup=False)
        )
    result = {"source": source, "rows": rows, "from": first and first.isoformat(), "to": last and last.isoformat()}
    typer.echo(json.dumps(result))
