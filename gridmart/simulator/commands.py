"""`gridmart simulate`: the demo utility."""

from datetime import datetime

import typer

from gridmart.simulator import weather_service
from gridmart.simulator.report import command as report_command


def register(app: typer.Typer) -> None:
    """Add `simulate` to the command line."""
    simulate = typer.Typer(no_args_is_help=True, help="A utility in a box, with known faults.")
    app.add_typer(simulate, name="simulate")

    @simulate.callback()
    def group() -> None:
        """A utility in a box, with known faults."""

    weather_service.add_command(simulate)
    report_command.add_command(simulate)

    @simulate.command()
    def demo(
        accounts: int = typer.Option(None, help="Accounts; default: setting GRIDMART_DEMO_ACCOUNTS."),
        first: datetime = typer.Option(None, "--from", formats=["%Y-%m-%d"], help="First business date."),
        last: datetime = typer.Option(None, "--to", formats=["%Y-%m-%d"], help="Last business date."),
        seed: int = typer.Option(None, help="The same seed gives the same bytes."),
        workers: int = typer.Option(2, min=1, help="Processes."),
    ) -> None:
        """Write the demo's meter files, weather and CIS database; does nothing when they are there.

        Example: gridmart simulate demo --accounts 200 --from 2026-09-01 --to 2026-10-31
        """
        import json
        import time

        from rich.console import Console
        from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

        from gridmart.settings import settings
        from gridmart.simulator.demo import Plan, build

        s = settings()
        plan = Plan(
            s.demo_accounts if accounts is None else accounts,
            first.date() if first else s.demo_from,
            last.date() if last else s.demo_to,
            s.demo_seed if seed is None else seed,
        )
        console = Console(stderr=True)
        began = time.monotonic()
        intervals = plan.accounts * max((plan.last - plan.first).days + 1, 0) * 96
        console.print(
            f"{plan.accounts} accounts, {plan.first} to {plan.last}: about {intervals / 1e6:.1f} million readings, "
            f"{intervals * 7 / 1e6:.0f} MB, {2 + intervals / 1.2e6:.0f} s"
        )
        columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as bars:
            bar = bars.add_task("simulating", total=2 * len(plan.spans()) + 1)
            made = build(plan, workers, lambda _: bars.advance(bar))
            bars.update(bar, completed=2 * len(plan.spans()) + 1)
        console.print(
            f"[green]made[/] in {time.monotonic() - began:.1f} s" if made else "[green]there already[/]: nothing to do"
        )
        print(json.dumps({"from": plan.first.isoformat(), "to": plan.last.isoformat(), "made": made}))
