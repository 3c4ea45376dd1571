"""Commands of this area."""

import typer


def register(app: typer.Typer) -> None:
    """Add this area's commands to the command line."""

    @app.command(
        "dbt",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": ["--usage"]},
    )
    def dbt(context: typer.Context) -> None:
        """Run dbt on the warehouse: connection, hash key and folders are set; all words go to dbt as they are.

        Results stay in var/dbt/target, logs in var/dbt/logs. The exit code is dbt's.

        Example: gridmart dbt build --select tag:core --vars '{from_date: 2026-10-01, to_date: 2026-10-07}'
        """
        from gridmart.warehouse import dbt as runner

        raise typer.Exit(runner.run(context.args))

    @app.command("kpi")
    def kpi(
        month: str = typer.Option("", "--month", metavar="YYYY-MM", help="Month; without it, the latest published."),
        at: str = typer.Option("", "--at", metavar="TIME", help="As published at this time (ISO 8601; else local)."),
        as_json: bool = typer.Option(False, "--json", help="One JSON object; without it, a table."),
    ) -> None:
        """Values of every KPI of the dictionary for the whole company in a month, from published marts.

        Examples: gridmart kpi --month 2026-09; gridmart kpi --month 2026-09 --at 2026-10-05T08:00
        """
        import json
        from datetime import date

        from rich.console import Console
        from rich.table import Table

        from gridmart import kpis
        from gridmart.errors import GridmartError
        from gridmart.lake.as_known import moment
        from gridmart.warehouse import published

        try:
            first = date.fromisoformat(f"{month}-01") if month else kpis.latest_month()
        except ValueError as error:
            raise GridmartError(f"{month!r} is not a month", "write it as YYYY-MM", 2) from error
        found = published.kpi_values(first, moment(at)) if at else kpis.values(first)
        if as_json:
            told = {code: None if value is None else float(value) for code, value in found.items()}
            print(json.dumps({"month": f"{first:%Y-%m}", "kpis": told}))
            return
        table = Table("指标 KPI", "", "value", "unit", "formula", title=f"{first:%Y-%m}")
        for code, value in found.items():
            about = kpis.kpis()[code]
            table.add_row(about.name_zh, about.name_en, kpis.shown(about, value), about.unit, about.formula_en)
        Console().print(table)

    @app.command("bill")
    def bill(
        number: str = typer.Argument(..., help="Number of an issued bill."),
        at: str = typer.Option("", "--at", metavar="TIME", help="As published at this time (ISO 8601; else local)."),
        as_json: bool = typer.Option(False, "--json", help="One JSON object a state; without it, a table."),
    ) -> None:
        """A bill as it was published: every state that people were shown, oldest first, or that of one time.

        Examples: gridmart bill 2026091400000001; gridmart bill 2026091400000001 --at 2026-10-05T08:00
        """
        import json

        from rich.console import Console
        from rich.table import Table

        from gridmart.lake.as_known import moment
        from gridmart.warehouse import published

        states = published.bill(number, moment(at) if at else None)
        if as_json:
            for state in states:
                print(json.dumps(state, ensure_ascii=False))
            return
        table = Table("", *(state["published_at"][:19] for state in states), title=f"账单 bill {number}")
        for name in dict.fromkeys(name for state in states for name in state["bill"] or {"gone": True}):
            told = [(state["bill"] or {}).get(name) for state in states]
            table.add_row(name, *("–" if value is None else str(value) for value in told))
        Console().print(table)

    warehouse = typer.Typer(help="PostgreSQL, the warehouse.", no_args_is_help=True)
    warehouse.callback()(lambda: None)
    app.add_typer(warehouse, name="warehouse")

    @warehouse.command()
    def dictionary() -> None:
        """Build the data dictionary, one page of every model and column. Example: gridmart warehouse dictionary"""
        import json

        from gridmart.warehouse import dbt as runner

        print(json.dumps({"page": str(runner.dictionary())}))

    @warehouse.command()
    def test() -> None:
        """Test every mart on all dates; a build looks at what was built since a test passed. The exit code is dbt's.

        Example: gridmart warehouse test
        """
        from gridmart.warehouse import dbt as runner

        raise typer.Exit(runner.test_every_date())

    @warehouse.command()
    def maintain() -> None:
        """Vacuum every table, drop old task logs and Data Docs. Example: gridmart warehouse maintain"""
        import json

        from gridmart.quality import data_docs
        from gridmart.warehouse import maintenance

        data_docs.keep_latest()
        print(json.dumps({"tables": maintenance.vacuum(), "logs_removed": maintenance.drop_old_logs()}))
