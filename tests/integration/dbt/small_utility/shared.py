"""What the sources of the small utility share: its dates, its numbers, how rows get into a table."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

FIRST = date(2026, 9, 1)
DAYS = 40
LAST = FIRST + timedelta(days=DAYS - 1)
LOADED_AT = datetime(2026, 10, 11, 4, tzinfo=UTC)
STRANGER, STRANGERS_ACCOUNT = "p-99", "1499990001"  # the CRM knows him, the CIS does not


def put(connection: psycopg.Connection, schema: str, table: str, rows: Iterable[Sequence[Any]], columns: str) -> None:
    """COPY rows into a table; columns is a comma-separated list."""
    names = sql.SQL(", ").join(sql.Identifier(name.strip()) for name in columns.split(","))
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(schema, table), names)
    with connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def account(n: int) -> str:
    """Account number of the n-th account (1-12)."""
    return f"14001{n:05}"


def point(n: int) -> str:
    """Point number of the n-th account's point."""
    return f"P{n:09}"


def transformer(n: int) -> int:
    """Number (1-4) of the transformer that feeds the n-th account."""
    return 1 + (n - 1) % 4


def feeder(transformer_number: int) -> str:
    """Feeder of a transformer: T0001 and T0002 on F001."""
    return f"F00{1 + (transformer_number - 1) // 2}"


def local(day: int, hour: float, month: int = 9) -> datetime:
    """A local time of 2026 in UTC."""
    return datetime(2026, month, day, tzinfo=UTC) + timedelta(hours=hour - 8)
