"""`gridmart bench`: measure what the project claims, beside its limit or its peers in the same run."""

import json
from pathlib import Path
from typing import Any

import typer

PAGE = typer.Option(None, "--page", help="Put the tables into this page too, where it names the command.")
AS_JSON = typer.Option(False, "--json", help="One line of JSON.")


def register(app: typer.Typer) -> None:
    """Add this area's commands to the command line."""
    bench = typer.Typer(help="Measure what is claimed, beside its limit or its peers.", no_args_is_help=True)
    bench.callback()(lambda: None)
    bench.command("parse")(parse)
    bench.command("vee")(vee)
    bench.command("validation")(validation)
    bench.command("estimation")(estimation)
    bench.command("forecast")(forecast)
    bench.command("simulate")(simulate)
    bench.command("billing")(billing)
    bench.command("warehouse")(warehouse)
    app.add_typer(bench, name="bench")


def _show(found: dict[str, Any], width: int = 22) -> None:
    print("\n".join(f"{name:{width}} {value}" for name, value in found.items()))


def parse(
    points: int = typer.Option(500, help="Metering points of the made files."),
    days: int = typer.Option(30, help="Dates of the made files."),
    data: Path = typer.Option(None, help="Folder of public files; default: ../shared/data where it exists."),
    as_json: bool = AS_JSON,
) -> None:
    """Measure how fast meter files are read, beside nemreader on the same files and beside reading numbers alone.

    The peer is an extra (make setup-peers). Example: gridmart bench parse --points 1000
    """
    from benchmarks.parse import run

    found = run(points, days, data)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for row in found["results"]:
        _show(row, 30)
        print()
    _show({name: value for name, value in found.items() if name != "results"}, 30)


def vee(
    points: int = typer.Option(1040, help="Metering points."),
    days: int = typer.Option(30, help="Business dates."),
    engine: str = typer.Option("duckdb", help="duckdb, local[N] or spark://host:port."),
    peer: bool = typer.Option(True, help="Run the same rules in PostgreSQL too: takes minutes at 100,000 points."),
    as_json: bool = AS_JSON,
) -> None:
    """Measure VEE, from clean files to committed readings and roll-ups, beside DuckDB's own limit and PostgreSQL.

    Example: gridmart bench vee --points 100000 --days 1
    """
    from benchmarks.vee import run

    found = run(points, days, engine, peer)
    if as_json:
        print(json.dumps(found))
    else:
        _show(found)


def _show_markdown(found: dict[str, Any], shown: tuple[str, ...], text: str, command: str, page: Path | None) -> None:
    """Print a result as Markdown and put it into the block of `page` that names the command, if there is a page."""
    from benchmarks.markdown import replace_block

    print(f"{text}\n")
    _show({name: value for name, value in found.items() if name not in shown})
    if page:
        replace_block(page, command, text)


def validation(
    accounts: int = typer.Option(2000, help="Accounts, at least 20."),
    days: int = typer.Option(60, min=1, help="Business dates."),
    seed: int = typer.Option(7, help="The same seed gives the same table."),
    page: Path = PAGE,
    as_json: bool = AS_JSON,
) -> None:
    """Measure every validation rule against the truth of a simulated utility with default faults.

    Example: gridmart bench validation --accounts 3000 --days 60 --seed 7
    """
    from benchmarks.validation import run, text

    found = run(accounts, days, seed)
    if as_json:
        print(json.dumps(found))
        return
    command = f"gridmart bench validation --accounts {accounts} --days {days} --seed {seed}"
    _show_markdown(found, ("rules", "faults", "no_rule_finds"), text(found), command, page)


def estimation(
    data: Path = typer.Option(None, help="Folder of public series; default: ../shared/data where it exists."),
    page: Path = PAGE,
    as_json: bool = AS_JSON,
) -> None:
    """Measure every method of estimation on real and simulated loads that are hidden, beside three baselines.

    Example: gridmart bench estimation --data ../shared/data
    """
    from benchmarks.estimation import run, text

    found = run(data)
    if as_json:
        print(json.dumps(found))
    else:
        _show_markdown(found, ("results",), text(found), "gridmart bench estimation", page)


def _show_results(found: dict[str, Any]) -> None:
    for row in found["results"]:
        _show(row, 26)
        print()
    _show({name: value for name, value in found.items() if name != "results"}, 26)


def simulate(
    accounts: int = typer.Option(20_000, help="Accounts."),
    days: int = typer.Option(10, help="Business dates."),
    formats: str = typer.Option("gridmart_parquet gridmart_csv nem12", help="Formats, each measured alone."),
    workers: int = typer.Option(2, min=1, help="Processes."),
    as_json: bool = AS_JSON,
) -> None:
    """Measure how fast the simulator writes a utility, and its memory.

    Example: gridmart bench simulate --accounts 400000 --days 1 --formats gridmart_parquet
    """
    from benchmarks.simulate import run

    found = run(accounts, days, tuple(formats.replace(",", " ").split()), workers)
    if as_json:
        print(json.dumps(found))
    else:
        _show_results(found)


def billing(
    accounts: int = typer.Option(2000, help="Accounts of the simulated utility, at least 20."),
    months: int = typer.Option(2, min=1, help="Months whose bills are judged; one more comes before them."),
    seed: int = typer.Option(7, help="The same seed gives the same bills."),
    bills: int = typer.Option(100_000, min=50, help="Made bills whose speed is measured."),
    page: Path = PAGE,
    as_json: bool = AS_JSON,
) -> None:
    """Measure shadow billing: planted faults found, healthy bills accused, bills a second beside plain Python.

    Example: gridmart bench billing --accounts 2000 --months 2 --seed 7 --bills 100000
    """
    from benchmarks.billing import run, text

    found = run(accounts, months, seed, bills)
    if as_json:
        print(json.dumps(found))
        return
    command = f"gridmart bench billing --accounts {accounts} --months {months} --seed {seed} --bills {bills}"
    _show_markdown(found, ("faults", "accused", "speed"), text(found), command, page)


def warehouse(
    accounts: int = typer.Option(10_000, min=1000, help="Accounts of the made utility."),
    days: int = typer.Option(400, min=40, help="Days of history; one more day is measured at 40 of them and at all."),
    readings_days: int = typer.Option(
        None, min=40, help="Days of which there are readings of points too, 1 GB a million; default: all."
    ),
    page: Path = PAGE,
    as_json: bool = AS_JSON,
) -> None:
    """Measure dbt's run of one more day, every query of every dashboard, and shadow bills a second.

    100,000 accounts of 400 days want an hour and 60 GB. Example: gridmart bench warehouse --accounts 10000 --days 400
    """
    from benchmarks.warehouse import run, text

    found = run(accounts, days, readings_days or days)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    command = f"gridmart bench warehouse --accounts {accounts} --days {days}"
    command += f" --readings-days {readings_days}" if readings_days else ""
    _show_markdown(found, ("days", "queries", "billing"), text(found), command, page)


def forecast(
    data: Path = typer.Option(None, help="Folder of public series; default: ../shared/data where it exists."),
    only: str = typer.Option(None, help="One series: france or victoria."),
    as_json: bool = AS_JSON,
) -> None:
    """Measure the day-ahead forecast on public loads, beside the grid operator's own and last week's load.

    Example: gridmart bench forecast --data ../shared/data --only france
    """
    from rich.console import Console
    from rich.progress import Progress

    from benchmarks.forecast import run

    with Progress(console=Console(stderr=True)) as bars:
        bar = bars.add_task("forecasting", total=None)
        found = run(data, only, lambda done, of: bars.update(bar, completed=done, total=of))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    _show_results(found)
