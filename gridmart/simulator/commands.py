"""`gridmart simulate`: a utility in a box."""

from datetime import datetime
from pathlib import Path

import typer

from gridmart.simulator import weather_service
from gridmart.simulator.report import command as report_command

DATE = ["%Y-%m-%d"]


def register(app: typer.Typer) -> None:
    """Add `simulate` to the command line."""
    simulate = typer.Typer(help="A utility in a box, with known faults.")
    app.add_typer(simulate, name="simulate")

    @simulate.callback(invoke_without_command=True)
    def utility(
        context: typer.Context,
        accounts: int = typer.Option(None, help="Accounts, at least 20; default: GRIDMART_DEMO_ACCOUNTS."),
        first: datetime = typer.Option(None, "--from", formats=DATE, help="First business date; default: the demo's."),
        last: datetime = typer.Option(None, "--to", formats=DATE, help="Last business date; default: the demo's."),
        seed: int = typer.Option(None, help="The same seed gives the same bytes; default: GRIDMART_DEMO_SEED."),
        chosen: str = typer.Option("default", "--faults", help="default, none, or a YAML file of fault: rate."),
        formats: str = typer.Option(
            "", help="Formats of the stations' files, in turn, or all; default: the fast three."
        ),
        into: Path = typer.Option(None, help="Folder; default: this installation, its systems as databases."),
        workers: int = typer.Option(2, min=1, max=64, help="Processes; their number does not change a byte."),
    ) -> None:
        """Play every source system of a utility: meter files, weather, and the systems cis, crm, network, market.

        Does nothing when exactly this utility is there; heals what an interrupted run left. The truth about every
        planted fault goes to the folder's `truth`.

        Example: gridmart simulate --accounts 200 --from 2026-09-01 --to 2026-10-31 --seed 7 --into /tmp/utility

        Exit codes: 0 made, or there already; 1 the disk is full; 2 a parameter is wrong; 130 interrupted.
        """
        if context.invoked_subcommand:
            return
        from gridmart.settings import settings
        from gridmart.simulator import run
        from gridmart.simulator.faults import read_rates
        from gridmart.simulator.home import Home
        from gridmart.simulator.plan import Plan, formats_of

        s = settings()
        plan = Plan(
            s.demo_accounts if accounts is None else accounts,
            first.date() if first else s.demo_from,
            last.date() if last else s.demo_to,
            s.demo_seed if seed is None else seed,
            read_rates(chosen),
            formats_of(formats),
        )
        home = Home.of(into)
        _go(plan, plan.days, home, lambda advance: run.make(plan, home, workers, advance))

    @simulate.command("next-day")
    def next_day(
        into: Path = typer.Option(None, help="Folder of the utility; default: this installation's."),
        workers: int = typer.Option(2, min=1, max=64, help="Processes; their number does not change a byte."),
    ) -> None:
        """Add the day after the last one: its files, its weather, and what changed in every system.

        Example: gridmart simulate next-day --into /tmp/utility

        Exit codes: 0 made; 1 the disk is full; 2 no whole utility is there; 130 interrupted.
        """
        from gridmart.simulator import run
        from gridmart.simulator.home import Home

        home = Home.of(into)
        _go(home.plan(), 1, home, lambda advance: run.next_day(home, workers, advance))

    @simulate.command("faults")
    def list_faults() -> None:
        """List the faults that can be planted, with their default rates, as a fault file.

        Example: gridmart simulate faults > faults.yml
        """
        from gridmart.simulator.faults import catalogue

        for fault in catalogue():
            print(f"# {fault.title_zh} {fault.title_en}: {fault.what} (rate: share of {fault.per})")
            print(f"{fault.name}: {fault.rate:g}")

    weather_service.add_command(simulate)
    report_command.add_command(simulate)


def _go(plan: "Plan", days: int, home: "Home", make: "Callable[[run.Advance], run.Made]") -> None:  # type: ignore[name-defined]  # noqa: F821
    """Say what it will take, show progress, print one JSON object at the end."""
    import json
    import time

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from gridmart.errors import GridmartError
    from gridmart.simulator.estimate import estimate

    console = Console(stderr=True, highlight=False)
    expected = estimate(plan, days, home)
    console.print(str(expected), soft_wrap=True)
    expected.check()
    began = time.monotonic()
    columns = (TextColumn("{task.description:<24}"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        shown: dict = {}

        def advance(what: str, done: int, of: int) -> None:
            if what not in shown:
                shown[what] = bars.add_task(what, total=of)
            bars.update(shown[what], completed=done, total=of)

        try:
            made = make(advance)
        except KeyboardInterrupt:
            raise GridmartError(
                f"interrupted: what was begun in {home.root} is taken away or will be by the next run",
                "repeat the same command to make it",
                130,
            ) from None
    seconds = time.monotonic() - began
    if made.is_new:
        console.print(
            f"[green]made[/] {made.readings / 1e6:.1f} million readings, {made.files} files, {made.bytes / 1e6:.0f} MB "
            f"in {seconds:.1f} s"
        )
    else:
        console.print("[green]there already[/]: nothing to do")
    print(
        json.dumps(
            {
                "from": made.first.isoformat(), "to": made.last.isoformat(), "accounts": plan.accounts,
                "made": made.is_new, "readings": made.readings, "files": made.files, "bytes": made.bytes,
                "seconds": round(seconds, 1),
            }
        )
    )  # fmt: skip
