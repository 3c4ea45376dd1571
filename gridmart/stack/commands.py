"""Commands of the embedded stack."""

import typer


def register(app: typer.Typer) -> None:
    """Add this area's commands to the command line."""
    stack = typer.Typer(help="Parts of the embedded stack, one by one (for development).", no_args_is_help=True)
    postgres_app = typer.Typer(help="The embedded PostgreSQL alone.", no_args_is_help=True)
    stack.add_typer(postgres_app, name="postgres")
    app.add_typer(stack, name="stack")

    @postgres_app.command("start")
    def postgres_start() -> None:
        """Start PostgreSQL alone, with roles, schemas and tables.

        Example: GRIDMART_VAR_DIR=/tmp/try/var GRIDMART_POSTGRES_PORT=25499 gridmart stack postgres start
        """
        from gridmart.settings import settings
        from gridmart.stack import postgres
        from gridmart.warehouse import schema

        postgres.start()
        schema.apply()
        s = settings()
        typer.echo(f"PostgreSQL answers on {s.pg_host}:{s.postgres_port}; passwords: {s.secrets_file}", err=True)

    @postgres_app.command("stop")
    def postgres_stop() -> None:
        """Stop PostgreSQL alone, cleanly.

        Example: gridmart stack postgres stop
        """
        from gridmart.stack import postgres

        postgres.stop()
