"""Arrow in and out of the warehouse, as role scorer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_postgresql import dbapi

from gridmart.errors import GridmartError
from gridmart.warehouse.database import url


@contextmanager
def reading() -> Iterator[dbapi.Connection]:
    """A connection whose queries all see one state of the warehouse.

    Raises GridmartError if PostgreSQL does not answer or a mart is absent.
    """
    try:
        with dbapi.connect(url("scorer")) as connection:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read, read only")
            yield connection
    except adbc_driver_manager.Error as error:
        raise GridmartError(
            f"the marts cannot be read: {str(error).splitlines()[0]}",
            "see `gridmart status`; if a table is missing, build the marts with `gridmart dbt build`",
        ) from error


def query(connection: dbapi.Connection, text: str, parameters: Sequence[object] | None = None) -> pa.Table:
    """Result of a query as an Arrow table; parameters are $1, $2, …"""
    with connection.cursor() as cursor:
        cursor.execute(text, parameters)
        return cursor.fetch_arrow_table()


def replace(table: str, rows: pa.Table, delete: str, parameters: Sequence[object] | None = None) -> None:
    """Delete what `delete` says and COPY `rows` into ml.`table`, in one transaction."""
    try:
        with dbapi.connect(url("scorer")) as connection, connection.cursor() as cursor:
            cursor.execute(delete, parameters)
            cursor.adbc_ingest(table, rows, mode="append", db_schema_name="ml")
            connection.commit()
    except adbc_driver_manager.Error as error:
        raise GridmartError(
            f"ml.{table} cannot be written: {error}", "see `gridmart status`, then score again"
        ) from error
