"""Back to an empty lake."""

import psycopg

from gridmart.warehouse.database import connect


def empty_lake() -> None:
    """Forget every Iceberg table and mirror."""
    with connect("loader", autocommit=True) as connection:
        connection.execute("truncate raw_ami.file, raw_ami.quarantine, raw_ami.meter_event, raw_ami.register_day")
    with connect("loader", "lake", autocommit=True) as connection:
        for table in ("iceberg_tables", "iceberg_namespace_properties"):
            try:
                connection.execute(f"delete from {table}")
            except psycopg.errors.UndefinedTable:
                return
