"""Commands of the embedded stack."""

import typer


def _register_postgres(app: typer.Typer) -> None:
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
        from gridmart.errors import GridmartError
        from gridmart.settings import settings
        from gridmart.stack import postgres
        from gridmart.stack.supervisor import Supervisor

        if Supervisor(settings()).pid():
            raise GridmartError("PostgreSQL is part of the running stack", "use `gridmart down`")
        postgres.stop()


def register(app: typer.Typer) -> None:
    """Add this area's commands to the command line."""
    _register_postgres(app)

    @app.command()
    def up(
        demo: bool = typer.Option(True, "--demo/--no-demo", help="Load the demo utility and its history."),
    ) -> None:
        """Start everything, heal what a crash left, load the demo. Safe to repeat.

        Example: gridmart up --no-demo
        """
        from rich.console import Console

        from gridmart.settings import settings
        from gridmart.stack import demo as demo_steps
        from gridmart.stack import lifecycle, show

        s, phases = settings(), lifecycle.Phases(Console(stderr=True))
        try:
            with lifecycle.alone(s):
                lifecycle.up(s, phases)
            if demo:
                demo_steps.load(s, phases)
        finally:
            if phases.done:
                phases.console.print(phases.table())
        show.where(s, phases.console)

    @app.command()
    def down() -> None:
        """Stop everything cleanly; no process stays behind. Data stays.

        Example: gridmart down
        """
        from rich.console import Console

        from gridmart.settings import settings
        from gridmart.stack import lifecycle

        s, console = settings(), Console(stderr=True)
        with lifecycle.alone(s), console.status("stopping …"):
            lifecycle.down(s)
        console.print(f"[green]✓[/] stopped; the data stays in {s.var_dir}", highlight=False)

    @app.command()
    def status(as_json: bool = typer.Option(False, "--json", help="Print one JSON object.")) -> None:
        """Show every service, whether it is well, the links and where the passwords are.

        Example: gridmart status --json

        Exit code: 0 everything is healthy; 1 something is not.
        """
        import json

        from rich.console import Console

        from gridmart.settings import settings
        from gridmart.stack import health, show

        s = settings()
        report = health.report(s)
        if as_json:
            typer.echo(json.dumps(report, ensure_ascii=False))
        else:
            console = Console()
            console.print(show.service_table(report))
            console.print(f"{report['processes']} processes, {report['memory_mb'] / 1024:.1f} GB resident")
            show.where(s, console)
        raise typer.Exit(0 if report["is_healthy"] else 1)

    @app.command()
    def doctor() -> None:
        """Check the installation from the ground up, with the next step for whatever is wrong.

        Example: gridmart doctor

        Exit code: 0 all in order; 1 something is not.
        """
        from rich.console import Console

        from gridmart.settings import settings
        from gridmart.stack.doctor import examine

        console, wrong = Console(), 0
        for finding in examine(settings()):
            mark = "[green]✓[/]" if finding.is_ok else "[red]✗[/]"
            console.print(f"{mark} {finding.what}: {finding.seen}", highlight=False)
            if not finding.is_ok:
                wrong += 1
                console.print(f"   next: {finding.next_step}", highlight=False)
        console.print("all in order" if not wrong else f"{wrong} not in order")
        raise typer.Exit(1 if wrong else 0)

    @app.command()
    def logs(
        service: str = typer.Argument("", help="postgres, airflow-scheduler, superset, …; none: all."),
        lines: int = typer.Option(40, "--lines", "-n", help="Lines from the end."),
        follow: bool = typer.Option(False, "--follow", "-f", help="Go on printing what is added."),
    ) -> None:
        """Print the logs of the services.

        Example: gridmart logs airflow-scheduler -f
        """
        from gridmart.settings import settings
        from gridmart.stack import show

        try:
            show.logs(settings(), service, lines, follow)
        except KeyboardInterrupt:
            raise typer.Exit(0) from None
