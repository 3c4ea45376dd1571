"""Schemas, grants and the tables that are not dbt's, from `ddl/*.sql` in the order of their names."""

from pathlib import Path

import psycopg

from gridmart.errors import GridmartError
from gridmart.warehouse import landing, roles
from gridmart.warehouse.database import connect

DDL = Path(__file__).parent / "ddl"
LOCK = 7_351_201  # any number: two that apply at once wait for each other


def apply() -> list[str]:
    """Create roles, databases, schemas, grants, tables, and what raw tables lack; safe to repeat.

    Returns the names of the files applied.
    """
    with connect("postgres", "postgres", autocommit=True) as guard:
        guard.execute("select pg_advisory_lock(%s)", (LOCK,))
        roles.apply()
        applied = []
        with connect("postgres") as connection:
            for path in sorted(DDL.glob("*.sql")):
                try:
                    connection.execute(path.read_text())  # a file of ours, many statements
                except psycopg.Error as error:
                    raise GridmartError(f"{path.name} cannot be applied: {error}", f"repair {path}") from error
                connection.execute("reset role")
                applied.append(path.name)
        landing.prepare_present()
    return applied
