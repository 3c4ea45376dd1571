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
LOCK_WAIT = "5s"  # a process that has just ended, or was killed, keeps its locks until PostgreSQL has noticed


def connect(role: str, database: str = WAREHOUSE, autocommit: bool = False) -> psycopg.Connection:
    """An open psycopg connection as `role`, named after gridmart in pg_stat_activity."""
    return psycopg.connect(url(role, database), autocommit=autocommit, application_name=f"gridmart {role}")


@contextmanager
def alone(database: str, lock: int) -> Iterator[bool]:
    """Hold an advisory lock of `database` while the block lasts; yields False if another still holds it after 5 s.

    The lock ends with this process, however that ends.
    """
    with connect("loader", database, autocommit=True) as connection:
        connection.execute("select set_config('lock_timeout', %s, false)", (LOCK_WAIT,))
        try:
            connection.execute("select pg_advisory_lock(%s)", (lock,))
        except psycopg.errors.LockNotAvailable:
            yield False
        else:
            yield True


@contextmanager
def ranged_run() -> Iterator[bool]:
    """Hold the floor for one ranged run of the pipeline; yields False if another holds it."""
    with alone(WAREHOUSE, PIPELINE_LOCK) as free:
        yield free


def is_ranged_run() -> bool:
    """Whether a ranged run holds the floor: then a scheduled arrival of files waits for its next turn."""
    with connect("loader", autocommit=True) as connection:
        held = "select exists (select from pg_locks where locktype = 'advisory' and objid = %s and granted)"
        row = connection.execute(held, (PIPELINE_LOCK,)).fetchone()
        return bool(row and row[0])
