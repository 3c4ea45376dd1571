"""Login roles and databases of the cluster, with passwords from the secrets file."""

import psycopg
from psycopg import sql

from gridmart.secrets import DATABASE_ROLES, DEMO_SYSTEMS, secret
from gridmart.warehouse.database import connect

# database: (owner, roles that may connect)
DATABASES = {
    "gridmart": ("postgres", ("loader", "builder", "scorer", "bi_reader", "auditor")),
    "airflow": ("airflow", ("airflow",)),
    "superset": ("superset", ("superset",)),
    "lake": ("loader", ("loader",)),
    **{f"demo_{system}": (f"{system}_owner", (f"{system}_owner", f"{system}_reader")) for system in DEMO_SYSTEMS},
}
WRITERS = ("loader", "builder", "scorer")  # may make temporary tables in the warehouse
READ_ONLY = ("bi_reader", "auditor", *(f"{system}_reader" for system in DEMO_SYSTEMS))


def _make_roles(connection: psycopg.Connection) -> None:
    present = {name for (name,) in connection.execute("select rolname from pg_roles").fetchall()}
    for role in DATABASE_ROLES:
        name = sql.Identifier(role)
        if role not in present:
            connection.execute(sql.SQL("create role {} login").format(name))
        # hashed here, so that the password itself reaches neither the server nor its log
        hashed = connection.pgconn.encrypt_password(secret(f"db_{role}").encode(), role.encode(), b"scram-sha-256")
        connection.execute(sql.SQL("alter role {} password {}").format(name, sql.Literal(hashed.decode())))
        if role in READ_ONLY:
            connection.execute(sql.SQL("alter role {} set default_transaction_read_only = on").format(name))
    # a manager's chart that runs longer is a mistake, and would keep others waiting
    connection.execute("alter role bi_reader set statement_timeout = '60s'")


def _make_databases(connection: psycopg.Connection) -> None:
    present = {name for (name,) in connection.execute("select datname from pg_database").fetchall()}
    for database, (owner, users) in DATABASES.items():
        name = sql.Identifier(database)
        if database not in present:
            connection.execute(sql.SQL("create database {} owner {}").format(name, sql.Identifier(owner)))
        connection.execute(sql.SQL("revoke all on database {} from public").format(name))
        for user in users:
            connection.execute(sql.SQL("grant connect on database {} to {}").format(name, sql.Identifier(user)))
    for role in WRITERS:
        connection.execute(sql.SQL("grant temporary on database gridmart to {}").format(sql.Identifier(role)))
    # dbt and dlt make schemas of their own for stored failures and merges
    connection.execute("grant create on database gridmart to loader, builder")
    connection.execute("revoke all on database postgres from public")


def _open_demo(system: str) -> None:
    """The owner of a demo system makes its tables, the reader sees them."""
    owner, reader = sql.Identifier(f"{system}_owner"), sql.Identifier(f"{system}_reader")
    with connect("postgres", f"demo_{system}") as connection:
        for grant in (
            "grant usage on schema public to {reader}",
            "grant create on schema public to {owner}",
            "grant select on all tables in schema public to {reader}",
            "alter default privileges for role {owner} in schema public grant select on tables to {reader}",
        ):
            connection.execute(sql.SQL(grant).format(owner=owner, reader=reader))


def apply() -> None:
    """Create or repair every role and database; safe to repeat."""
    with connect("postgres", "postgres", autocommit=True) as connection:
        _make_roles(connection)
        _make_databases(connection)
    for system in DEMO_SYSTEMS:
        _open_demo(system)
