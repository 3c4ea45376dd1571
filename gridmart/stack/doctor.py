"""`gridmart doctor`: checks an installation from the ground up; each finding names the next step."""

import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psutil
import psycopg

from gridmart.secrets import DATABASE_ROLES
from gridmart.settings import PROJECT_DIR, Settings
from gridmart.stack import environments, health, postgres
from gridmart.stack.services import services
from gridmart.stack.supervisor import Supervisor
from gridmart.warehouse.database import connect
from gridmart.warehouse.roles import DATABASES

DISK_NEEDED_GB = 5  # the demo with its lake, marts and logs takes about 2
MEMORY_NEEDED_GB = 6  # the whole stack under load


@dataclass(frozen=True)
class Finding:
    """One check: what, whether it is in order, what was seen, and the next step if it is not."""

    what: str
    is_ok: bool
    seen: str
    next_step: str = ""


def _ground(s: Settings) -> Iterator[Finding]:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    yield Finding("Python", version in environments.PYTHONS, version, f"install Python {environments.wanted()}")
    for name in environments.ENVIRONMENTS:
        current = environments.is_current(PROJECT_DIR, name)
        yield Finding(f"environment {name}", current, "current" if current else "not current", "run `make setup`")
    place = s.var_dir if s.var_dir.exists() else PROJECT_DIR
    free = shutil.disk_usage(place).free / 2**30
    yield Finding("disk", free >= DISK_NEEDED_GB, f"{free:.0f} GB free", f"free {DISK_NEEDED_GB} GB below {place}")
    memory = psutil.virtual_memory().total / 2**30
    yield Finding("memory", memory >= MEMORY_NEEDED_GB, f"{memory:.0f} GB", f"the stack needs {MEMORY_NEEDED_GB} GB")
    try:
        ZoneInfo(s.timezone)
        yield Finding("time zone", True, s.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        yield Finding("time zone", False, s.timezone, "set GRIDMART_TIMEZONE to an IANA name")
    if not s.secrets_file.exists():
        yield Finding("secrets", False, "none yet", "run `gridmart up`")
        return
    mode = stat.S_IMODE(s.secrets_file.stat().st_mode)
    yield Finding("secrets", mode == 0o600, f"mode {mode:04o}", f"chmod 600 {s.secrets_file}")


def _ports(s: Settings) -> Iterator[Finding]:
    for service in services(s):
        port = service.port(s)
        if port:
            free = postgres.port_is_free(s.host, port)
            setting = f"GRIDMART_{service.port_setting.upper()}"
            yield Finding(f"port {port}", free, "free" if free else "taken", f"set {setting} to a free port")


def _databases() -> Iterator[Finding]:
    for role in DATABASE_ROLES:
        database = next((name for name, (_, users) in DATABASES.items() if role in users), "postgres")
        try:
            connect(role, database).close()
            yield Finding(f"role {role}", True, f"connects to {database}")
        except psycopg.Error as error:
            yield Finding(f"role {role}", False, str(error).strip().splitlines()[-1], "run `gridmart up`")
    try:
        with connect("bi_reader") as connection:
            row = connection.execute(
                "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                "where c.relkind in ('r', 'v', 'm', 'p') and n.nspname not in ('marts', 'pg_catalog', "
                "'information_schema') and has_schema_privilege(n.oid, 'usage') "
                "and has_table_privilege(c.oid, 'select')"
            ).fetchone()
        open_to_it = row[0] if row else 0
        yield Finding(
            "bi_reader",
            open_to_it == 0,
            f"can read {open_to_it} tables outside marts",
            "revoke them; run `gridmart up`",
        )
    except psycopg.Error:
        return


def _running(s: Settings) -> Iterator[Finding]:
    for state in health.states(s):
        yield Finding(state.title, state.is_healthy, state.detail, f"see `gridmart logs {state.name}`")
    beyond = [f"{address}:{port}" for _, address, port in health.listeners(s) if address not in (s.host, "127.0.0.1")]
    yield Finding(
        "addresses", not beyond, "this host alone" if not beyond else ", ".join(beyond), "stop what listens there"
    )


def examine(s: Settings) -> Iterator[Finding]:
    """Every check, in the order in which things depend on each other."""
    yield from _ground(s)
    if Supervisor(s).pid():
        yield from _running(s)
    else:
        yield Finding("stack", False, "not running", "run `gridmart up`")
        yield from _ports(s)
    if postgres.postmaster(s) or s.postgres_host:
        yield from _databases()
