"""What people see of the stack: the table of services, where to go, the logs."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from gridmart.errors import GridmartError
from gridmart.settings import Settings
from gridmart.stack import health
from gridmart.stack.services import SERVICES


def service_table(report: dict[str, Any]) -> Table:
    """The services of a status report as a table."""
    table = Table()
    for name, justify in (("", "left"), ("service", "left"), ("state", "left"), ("answer", "left"),
                          ("pid", "right"), ("up", "right"), ("port", "right")):  # fmt: skip
        table.add_column(name, justify=justify)  # type: ignore[arg-type]  # rich's own words
    for state in report["services"]:
        mark = "[green]●[/]" if state["is_healthy"] else "[red]●[/]"
        table.add_row(
            mark, state["name"], state["state"], state["detail"], str(state["pid"] or ""),
            _span(state["uptime_s"]), str(state["port"] or ""),
        )  # fmt: skip
    return table


def _span(seconds: int) -> str:
    if not seconds:
        return ""
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def where(s: Settings, console: Console) -> None:
    """Links, and where the passwords are; never the passwords."""
    links = health.urls(s)
    for what, place, note in (
        ("dashboards", links["superset"], "users superset_manager, superset_admin"),
        ("Airflow", links["airflow"], "user airflow_admin"),
        ("quality", str(s.var_dir.resolve() / "quality" / "report.html"), "the gates' latest report"),
        ("dictionary", str(s.var_dir.resolve() / "dbt" / "docs" / "index.html"), "every table and column"),
        ("passwords", str(s.secrets_file.resolve()), "web_<user>, db_<role>; only you can read it"),
        ("logs", str(s.var_dir.resolve() / "log"), "`gridmart logs SERVICE`"),
    ):
        # never wrapped: a path that is cut in two cannot be copied
        console.print(f"{what:<11} [bold]{place}[/]  [dim]{note}[/]", highlight=False, soft_wrap=True)


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a file."""
    with path.open("rb") as source:
        source.seek(0, 2)
        size = source.tell()
        source.seek(max(0, size - lines * 400))
        return source.read().decode(errors="replace").splitlines()[-lines:]


def logs(s: Settings, service: str, lines: int, follow: bool) -> None:
    """Print the end of one service's log, or of all of them; then whatever is added, until interrupted."""
    folder = s.var_dir.resolve() / "log"
    names = [known.name for known in SERVICES] + ["supervisor"]
    if service and service not in names:
        raise GridmartError(f"there is no service {service!r}", f"choose one of: {', '.join(names)}", exit_code=2)
    paths = [folder / f"{name}.log" for name in ([service] if service else names)]
    present = [path for path in paths if path.exists()]
    if not present:
        raise GridmartError(f"there is no log yet in {folder}", "start the stack with `gridmart up`")
    ends = {}
    for path in present:
        if len(present) > 1:
            print(f"==> {path.name}")
        print("\n".join(tail(path, lines)))
        ends[path] = path.stat().st_size
    while follow:
        for path in present:
            size = path.stat().st_size if path.exists() else 0
            if size < ends[path]:  # rotated
                ends[path] = 0
            if size > ends[path]:
                with path.open("rb") as source:
                    source.seek(ends[path])
                    print(source.read().decode(errors="replace"), end="", flush=True)
                ends[path] = size
        time.sleep(0.3)
