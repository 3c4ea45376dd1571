"""Back to an empty lake."""

import psycopg

from gridmart.warehouse.database import connect


def empty_lake() -> None:
    """Forget every Iceberg table and mirror."""
    with connect("loader", autocommit=True) as connection:
        names = "file", "quarantine", "meter_event", "register_day", "collection_task"
        connection.execute(f"truncate {', '.join(f'raw_ami.{name}' for name in names)}")
    with connect("loader", "lake", autocommit=True) as connection:
        for table in ("iceberg_tables", "iceberg_namespace_properties"):
            try:
                connection.execute(f"delete from {table}")
            except psycopg.errors.UndefinedTable:
                return
