"""The real PostgreSQL: who may do what, and whether it comes back."""

import os
import signal
import subprocess
import sys

import psutil
import psycopg
import pytest

from gridmart.secrets import DATABASE_ROLES, DEMO_SYSTEMS, secret
from gridmart.settings import Settings
from gridmart.stack import health, postgres
from gridmart.warehouse import schema
from gridmart.warehouse.database import connect
from gridmart.warehouse.roles import DATABASES

RAW = tuple(f"raw_{system}" for system in DEMO_SYSTEMS)


@pytest.fixture(scope="module")
def tables(warehouse: Settings) -> Settings:
    """A table in each schema that matters, made by its owner."""
    made = (("builder", "marts"), ("builder", "marts_candidate"), ("builder", "staging"),
            *(("loader", place) for place in RAW), ("loader", "supervision"), ("scorer", "ml"))  # fmt: skip
    for role, place in made:
        with connect(role) as connection:
            connection.execute(f"create table if not exists {place}.stack_probe as select 1 as value")
    yield warehouse
    for role, place in made:
        with connect(role) as connection:
            connection.execute(f"drop table {place}.stack_probe")


def may_read(role: str, place: str) -> bool:
    with connect(role) as connection:
        try:
            return connection.execute(f"select value from {place}.stack_probe").fetchone() == (1,)
        except psycopg.errors.InsufficientPrivilege:
            return False


@pytest.mark.parametrize(
    ("role", "readable"),
    [
        ("bi_reader", {"marts"}),
        ("auditor", {"marts", "marts_candidate", "staging", *RAW, "supervision", "ml"}),
        ("builder", {"marts", "marts_candidate", "staging", *RAW, "supervision", "ml"}),
        ("scorer", {"marts", "marts_candidate", "ml"}),
    ],
)
def test_a_role_reads_what_it_should_and_nothing_else(tables: Settings, role: str, readable: set[str]) -> None:
    places = ("marts", "marts_candidate", "staging", *RAW, "supervision", "ml")
    assert {place for place in places if may_read(role, place)} == readable


def test_bi_reader_reads_nothing_outside_marts(tables: Settings) -> None:
    with connect("bi_reader") as connection:
        rows = connection.execute(
            "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where c.relkind in ('r', 'v', 'm', 'p', 'f') and has_table_privilege(c.oid, 'select') "
            "and has_schema_privilege(n.oid, 'usage') "
            "and n.nspname not in ('marts', 'pg_catalog', 'information_schema')"
        ).fetchall()
    assert rows == []


@pytest.mark.parametrize("role", ["bi_reader", "auditor"])
@pytest.mark.parametrize(
    "statement",
    [
        "insert into marts.stack_probe values (2)",
        "delete from marts.stack_probe",
        "create table marts.own (value int)",
        "create table public.own (value int)",
        "create schema own",
        "create temporary table own (value int)",
    ],
)
def test_a_reader_writes_nothing_even_if_it_lifts_its_own_default(tables: Settings, role: str, statement: str) -> None:
    with connect(role, autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_each_role_connects_to_its_databases_only(warehouse: Settings) -> None:
    for role in DATABASE_ROLES:
        if role == "postgres":
            continue
        for database, (owner, users) in DATABASES.items():
            allowed = role in users or role == owner
            if allowed:
                connect(role, database).close()
            else:
                with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                    connect(role, database)


@pytest.mark.parametrize("system", DEMO_SYSTEMS)
def test_a_demo_system_is_written_by_its_owner_and_read_by_its_reader(warehouse: Settings, system: str) -> None:
    with connect(f"{system}_owner", f"demo_{system}") as connection:
        connection.execute("create table stack_probe as select 1 as value")
    try:
        with connect(f"{system}_reader", f"demo_{system}", autocommit=True) as connection:
            assert connection.execute("select value from stack_probe").fetchone() == (1,)
            connection.execute("set default_transaction_read_only = off")
            for statement in ("insert into stack_probe values (2)", "create table own (value int)"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)
    finally:
        with connect(f"{system}_owner", f"demo_{system}") as connection:
            connection.execute("drop table stack_probe")


def test_a_wrong_or_empty_password_is_refused(warehouse: Settings) -> None:
    for password in ("", "postgres", secret("db_loader")):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(
                host=warehouse.pg_host, port=warehouse.postgres_port, user="postgres", password=password,
                dbname="postgres",
            )  # fmt: skip


def test_passwords_are_stored_hashed_and_never_logged(warehouse: Settings) -> None:
    with connect("postgres", "postgres") as connection:
        rows = connection.execute("select rolpassword from pg_authid where rolcanlogin").fetchall()
    assert rows and all(stored.startswith("SCRAM-SHA-256$") for (stored,) in rows)
    log = (postgres.home(warehouse) / "postgres.log").read_text()
    assert not [role for role in DATABASE_ROLES if secret(f"db_{role}") in log]


def test_applying_twice_changes_nothing(warehouse: Settings) -> None:
    def picture() -> list[tuple]:
        with connect("postgres") as connection:
            return connection.execute(
                "select 'table', schemaname || '.' || tablename, tableowner from pg_tables "
                "where schemaname not in ('pg_catalog', 'information_schema') "
                "union all select 'schema', nspname, coalesce(nspacl::text, '') from pg_namespace "
                "union all select 'default', defaclnamespace::regnamespace::text, defaclacl::text from pg_default_acl "
                "union all select 'database', datname, coalesce(datacl::text, '') from pg_database order by 1, 2, 3"
            ).fetchall()

    schema.apply()
    before = picture()
    assert schema.apply() == sorted(path.name for path in schema.DDL.glob("*.sql"))
    assert picture() == before


def test_a_key_that_the_point_led_is_led_by_the_date_afterwards(warehouse: Settings) -> None:
    def keys() -> set[tuple]:
        with connect("postgres") as connection:
            return set(
                connection.execute(
                    "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint"
                    " where contype = 'p' and connamespace = 'raw_ami'::regnamespace"
                ).fetchall()
            )

    before = keys()
    assert ("raw_ami.point_day", "PRIMARY KEY (business_date, point_no)") in before
    with connect("loader") as connection:
        for table, key in (
            ("point_day", "point_no, business_date"),
            ("transformer_hour", "transformer_no, hour_start"),
        ):
            name = f"{table}_pkey"
            connection.execute(f"alter table raw_ami.{table} drop constraint {name}, add primary key ({key})".encode())
    assert keys() != before
    schema.apply()
    assert keys() == before


def test_it_listens_on_this_host_alone(warehouse: Settings) -> None:
    server = postgres.postmaster(warehouse)
    assert server is not None
    addresses = {c.laddr[0] for c in server.net_connections("all") if c.status == psutil.CONN_LISTEN}
    assert addresses == {"127.0.0.1"}
    assert not [c for c in server.net_connections("unix") if c.laddr], "it also listens on a unix socket"


def test_it_never_runs_as_root(warehouse: Settings) -> None:
    server = postgres.postmaster(warehouse)
    assert server is not None and server.uids().effective != 0
    assert postgres.data_dir(warehouse).stat().st_mode & 0o077 == 0


def test_killed_it_comes_back_with_what_was_committed(warehouse: Settings) -> None:
    with connect("loader") as connection:
        connection.execute("create table raw_cis.stack_kept as select 42 as value")
    server = postgres.postmaster(warehouse)
    assert server is not None
    server.send_signal(signal.SIGKILL)
    server.wait(10)
    postgres.start()
    with connect("loader") as connection:
        assert connection.execute("select value from raw_cis.stack_kept").fetchone() == (42,)
        connection.execute("drop table raw_cis.stack_kept")


def test_a_stale_pid_file_that_names_another_process_does_not_stop_it(warehouse: Settings) -> None:
    postgres.stop()
    user = postgres.os_user()
    drop = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    bystander = subprocess.Popen(
        ["sleep", "300"], cwd="/", **drop
    )  # as after a reboot: the pid belongs to somebody else
    try:
        pid_file = postgres.data_dir(warehouse) / "postmaster.pid"
        pid_file.write_text(
            f"{bystander.pid}\n{postgres.data_dir(warehouse)}\n1\n{warehouse.postgres_port}\n\n127.0.0.1\n"
        )
        os.chown(pid_file, user.pw_uid, user.pw_gid)
        postgres.start()
        assert health.postgres_health() == (True, "healthy")
        assert bystander.poll() is None, "a process that is not ours was ended"
    finally:
        bystander.kill()
        bystander.wait()


def test_starting_twice_keeps_the_same_server(warehouse: Settings) -> None:
    first = postgres.postmaster(warehouse)
    postgres.start()
    assert postgres.postmaster(warehouse) == first


def test_a_taken_port_is_named_with_its_setting(warehouse: Settings) -> None:
    code = (
        "import socket, sys\n"
        "taken = socket.socket(); taken.bind(('127.0.0.1', 0)); taken.listen()\n"
        "import os; os.environ['GRIDMART_POSTGRES_PORT'] = str(taken.getsockname()[1])\n"
        "from gridmart.errors import GridmartError\n"
        "from gridmart.stack import postgres\n"
        "try:\n    postgres.start()\n"
        "except GridmartError as error:\n    print(error); sys.exit(7)\n"
    )
    postgres.stop()
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=schema.DDL.parents[2])
    finally:
        postgres.start()
    assert done.returncode == 7, done.stderr
    assert "is taken" in done.stdout and "GRIDMART_POSTGRES_PORT" in done.stdout


def test_stopping_leaves_no_process(warehouse: Settings) -> None:
    postgres.stop()
    try:
        assert postgres.processes(warehouse) == []
    finally:
        postgres.start()
