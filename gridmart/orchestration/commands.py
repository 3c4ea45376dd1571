"""`gridmart run`: a range of business dates through the whole chain, by Airflow."""

from datetime import datetime

import typer


def register(app: typer.Typer) -> None:
    """Add `run` to the command line."""

    @app.command()
    def run(
        start: datetime = typer.Option(..., "--from", formats=["%Y-%m-%d"], help="First business date."),
        end: datetime = typer.Option(..., "--to", formats=["%Y-%m-%d"], help="Last business date."),
    ) -> None:
        """Carry a range of dates from files and systems to dashboards, through Airflow.

        Example: gridmart run --from 2026-10-01 --to 2026-10-31

        Exit code: 0 all good; 1 a task failed; 3 done, but a source stopped; 4 the publication gate is red.
        """
        from rich.console import Console

        from gridmart.errors import GridmartError
        from gridmart.orchestration.run import RangedRun
        from gridmart.warehouse.database import ranged_run

        console = Console(stderr=True)
        with ranged_run() as free:
            if not free:
                raise GridmartError("another ranged run is under way", "wait for it; `gridmart status` shows Airflow")
            ranged = RangedRun(start.date(), end.date(), console)
            code = ranged.go()
        console.print(
            "[green]done[/]" if code == 0 else f"[red]not all good[/] (exit code {code})",
            f"in {sum(r.seconds for r in ranged.runs):.0f} s",
        )
        raise typer.Exit(code)
