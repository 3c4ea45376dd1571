"""One extraction of one source: by its kind, with its outcome in supervision.source_status."""

import uuid
from collections.abc import Callable
from datetime import date

import psycopg

from gridmart.errors import GridmartError
from gridmart.sources import calendar_source, catalog, status, systems, weather


def run(
    name: str,
    start: date | None = None,
    end: date | None = None,
    reload: str | None = None,
    say: Callable[[str], None] = print,
) -> int:
    """Bring what is new at source `name` into landing_<name>; returns the rows that landed.

    A failure is stored in supervision.source_status before it is raised; the last good data stays.
    """
    source = catalog.source(name)
    try:
        if source.kind == "system":
            rows = systems.extract(source, uuid.uuid4().hex, say, reload)
        elif source.kind == "weather":
            rows = weather.extract(source, say)
        else:
            rows = calendar_source.extract(source, say, start, end)
    except GridmartError as error:
        status.record(name, error.cause)
        raise
    except psycopg.OperationalError as error:
        raise GridmartError(
            f"PostgreSQL of the warehouse failed: {error}", "Run 'gridmart status', repair it, and run this again."
        ) from error
    status.record(name, rows=rows)
    return rows
