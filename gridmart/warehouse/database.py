"""Connections to PostgreSQL, by role."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import psycopg

from gridmart.secrets import secret
from gridmart.settings import settings

WAREHOUSE = "gridmart"


def url(role: str, database: str = WAREHOUSE, scheme: str = "postgresql") -> str:
    """Connection URL of a database role; the password comes from the secrets file."""
    s = settings()
    return f"{scheme}://{role}:{quote(secret(f'db_{role}'))}@{s.pg_host}:{s.postgres_port}/{database}"


PIPELINE_LOCK = 7_463_010  # of PostgreSQL's advisory locks in the warehouse: one ranged run at a time


def connect(role: str, database: str = WAREHOUSE, autocommit: bool = False) -> psycopg.Connection:
    """An open psycopg connection as `role`, named after gridmart in pg_stat_activity."""
    return psycopg.connect(url(role, database), autocommit=autocommit, application_name=f"gridmart {role}")


@contextmanager
def ranged_run() -> Iterator[bool]:
    """Hold the floor for one ranged run of the pipeline; yields False if another holds it."""
    with connect("loader", autocommit=True) as connection:
        row = connection.execute("select pg_try_advisory_lock(%s)", (PIPELINE_LOCK,)).fetchone()
        yield bool(row and row[0])


def is_ranged_run() -> bool:
    """Whether a ranged run holds the floor: then a scheduled arrival of files waits for its next turn."""
    with connect("loader", autocommit=True) as connection:
        held = "select exists (select from pg_locks where locktype = 'advisory' and objid = %s and granted)"
        row = connection.execute(held, (PIPELINE_LOCK,)).fetchone()
        return bool(row and row[0])
