"""A tiny consistent utility in raw schemas: 2 stations, 2 feeders, 4 transformers, 12 accounts, 40 days.

Tables, names and codes are those of the sources. Energy is made so that every area loses 4 %: what boundary meters
see is what customers took (less what they fed in) over 0.96. Personal data are recognisable, so that a scan can look
for them.
"""

import psycopg

from gridmart.sources.catalog import sources
from gridmart.warehouse import landing
from tests.integration.dbt.small_utility import ami, cis, crm, market, network, weather_calendar
from tests.integration.dbt.small_utility.ami import hourly, put_day
from tests.integration.dbt.small_utility.shared import (
    DAYS,
    FIRST,
    LAST,
    LOADED_AT,
    STRANGERS_ACCOUNT,
    account,
    feeder,
    local,
    point,
    put,
    transformer,
)  # fmt: skip

__all__ = [
    "DAYS", "FIRST", "LAST", "LOADED_AT", "STRANGERS_ACCOUNT", "SYSTEMS", "account", "create", "drop", "feeder",
    "hourly", "load", "local", "point", "put", "put_day", "transformer",
]  # fmt: skip

# the sources' tables in their own names and codes, as extraction lands them (whole numbers are bigint there)
SYSTEMS = {
    "raw_cis": cis.TABLES,
    "raw_network": network.TABLES,
    "raw_market": market.TABLES,
    "raw_crm": crm.TABLES,
}
UPDATED = {"raw_cis": "upd_time", "raw_network": "mtime", "raw_market": "rec_time", "raw_crm": "modified_at"}


def drop(connection: psycopg.Connection) -> None:
    """Remove the tables that extraction would have made."""
    for schema, table in [
        *((place, name) for place, names in SYSTEMS.items() for name in names),
        *weather_calendar.TABLES,
    ]:
        connection.execute(f"drop table {schema}.{table} cascade")


def create(connection: psycopg.Connection) -> None:
    """The tables that extraction would have made, empty; those of gridmart's own DDL are emptied."""
    for schema, tables in SYSTEMS.items():
        for table, ddl in tables.items():
            connection.execute(f"drop table if exists {schema}.{table} cascade")
            now = "timestamptz not null default now()"
            connection.execute(f"create table {schema}.{table} ({ddl}, {UPDATED[schema]} {now}, _extracted_at {now})")
    for (schema, table), ddl in weather_calendar.TABLES.items():
        connection.execute(f"drop table if exists {schema}.{table} cascade")
        connection.execute(f"create table {schema}.{table} ({ddl})")
    for source in sources().values():
        for made in source.tables:
            landing.prepare(connection, source, made)
    for table in (
        "point_day",
        "transformer_hour",
        "feeder_hour",
        "collection_day",
        "file",
        "quarantine",
        "meter_event",
        "collection_task",
        "register_day",
    ):
        connection.execute(f"truncate raw_ami.{table}")


def load(connection: psycopg.Connection) -> None:
    """The whole small utility, anew, in one transaction of a connection as role loader."""
    create(connection)
    for source in (network, market, cis, crm, ami, weather_calendar):
        source.load(connection)
