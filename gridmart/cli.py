"""The command line: each area registers its commands; heavy imports wait until a command runs."""

import importlib
import sys

import typer
from rich.console import Console
from rich.markup import escape

from gridmart.errors import GridmartError

AREAS = (
    "gridmart.stack.commands",
    "gridmart.simulator.commands",
    "gridmart.sources.commands",
    "gridmart.lake.commands",
    "gridmart.warehouse.commands",
    "gridmart.quality.commands",
    "gridmart.dashboards.commands",
    "gridmart.orchestration.commands",
    "gridmart.bench",
    "ml.commands",
)

app = typer.Typer(
    name="gridmart",
    help="The power-marketing warehouse of an electric utility.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def root() -> None:
    """The power-marketing warehouse of an electric utility."""


for area in AREAS:
    importlib.import_module(area).register(app)


def main() -> None:
    """Entry point: a known error prints its cause and next step and exits with its code."""
    try:
        app()
    except GridmartError as error:
        console = Console(stderr=True)
        # never wrapped: a path that is cut in two cannot be copied
        console.print(f"[bold red]error:[/] {escape(error.cause)}", highlight=False, soft_wrap=True)
        if error.next_step:
            console.print(f"[bold]next:[/] {escape(error.next_step)}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
