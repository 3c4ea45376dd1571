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
