"""From landing to raw: what an arrival gate has let in, in one transaction.

`landing_<source>` holds what was delivered; `raw_<source>` holds the last good data, which dbt reads.
Two kinds of landing: of a system, a full mirror whose changed rows are taken over by primary key;
of the metering roll-ups, whole business dates, which replace those of raw and then leave the landing.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gridmart.warehouse.database import connect

if TYPE_CHECKING:
    from gridmart.sources.catalog import Table

EXTRACTED_AT = "_extracted_at"


def _columns(connection: psycopg.Connection, schema: str, table: str) -> dict[str, str]:
    rows = connection.execute(
        """
        select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a
        where a.attrelid = to_regclass(format('%%I.%%I', %s::text, %s::text)) and a.attnum > 0 and not a.attisdropped
        order by a.attnum
        """,
        (schema, table),
    ).fetchall()
    return dict(rows)


def _tables(connection: psycopg.Connection, schema: str) -> list[str]:
    rows = connection.execute(
        r"select tablename from pg_tables where schemaname = %s and tablename not like '\_dlt%%' order by 1", (schema,)
    ).fetchall()
    return [name for (name,) in rows]


def _match_columns(connection: psycopg.Connection, landing: sql.Identifier, raw_name: tuple[str, str]) -> list[str]:
    """Make `raw` able to hold what landed: create it, or add new columns; returns the columns to copy."""
    schema, table = raw_name
    arrived = _columns(connection, schema.replace("raw_", "landing_", 1), table)
    present = _columns(connection, schema, table)
    if not present:
        connection.execute(
            sql.SQL("create table {} (like {} including all)").format(sql.Identifier(schema, table), landing)
        )
        return list(arrived)
    for name, kind in arrived.items():
        if name not in present:
            connection.execute(
                sql.SQL("alter table {} add column {} {}").format(
                    sql.Identifier(schema, table),
                    sql.Identifier(name),
                    sql.SQL(kind),  # as format_type() of PostgreSQL writes it
                )
            )
    return list(arrived)


def index(connection: psycopg.Connection, source: str, table: "Table") -> None:
    """The indexes of a table of `raw_<source>`, if it lacks them: its key, once each, and what it is looked up by."""
    wanted = [("unique ", "key", table.key)] + [("", column, (column,)) for column in table.lookup]
    for unique, name, columns in wanted:
        connection.execute(
            sql.SQL("create {}index if not exists {} on {} ({})").format(
                sql.SQL(unique),
                sql.Identifier(f"{table.name}_{name}"),
                sql.Identifier(f"raw_{source}", table.name),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
            )
        )


def promote_rows(source: str, tables: Sequence["Table"]) -> int:
    """Take over the rows of `landing_<source>` extracted since the last promotion, by the primary keys of `tables`.

    Returns the number of rows taken over.
    """
    taken = 0
    known = {table.name: table for table in tables}
    with connect("loader") as connection:
        for table in _tables(connection, f"landing_{source}"):
            if table not in known:
                continue
            landing, raw = sql.Identifier(f"landing_{source}", table), sql.Identifier(f"raw_{source}", table)
            columns = sql.SQL(", ").join(
                map(sql.Identifier, _match_columns(connection, landing, (f"raw_{source}", table)))
            )
            index(connection, source, known[table])
            at = sql.Identifier(EXTRACTED_AT)
            changed = sql.SQL("l.{at} > coalesce((select max({at}) from {raw}), '-infinity')").format(at=at, raw=raw)
            same = sql.SQL(" and ").join(
                sql.SQL("r.{key} = l.{key}").format(key=sql.Identifier(key)) for key in known[table].key
            )
            connection.execute(
                sql.SQL("create temporary table changed on commit drop as select * from {} l where {}").format(
                    landing, changed
                )
            )
            connection.execute(sql.SQL("delete from {} r using changed l where {}").format(raw, same))
            inserted = connection.execute(
                sql.SQL("insert into {} ({columns}) select {columns} from changed").format(raw, columns=columns)
            )
            taken += max(inserted.rowcount, 0)
            connection.execute("drop table changed")
    return taken


def promote_dates(source: str = "ami", date_column: str = "business_date") -> tuple[int, date | None, date | None]:
    """Replace in `raw_<source>` every business date that landed, and empty the landing.

    Returns the rows taken over, and the first and last date that landed.
    """
    taken = 0
    day = sql.Identifier(date_column)
    with connect("loader") as connection:
        tables = _tables(connection, f"landing_{source}")
        # a date is replaced in every table, also where it landed without rows
        landed = sql.SQL(" union ").join(
            sql.SQL("select {} from {}").format(day, sql.Identifier(f"landing_{source}", table)) for table in tables
        )
        connection.execute(sql.SQL("create temporary table landed on commit drop as {}").format(landed))
        for table in tables:
            landing, raw = sql.Identifier(f"landing_{source}", table), sql.Identifier(f"raw_{source}", table)
            columns = sql.SQL(", ").join(
                map(sql.Identifier, _match_columns(connection, landing, (f"raw_{source}", table)))
            )
            connection.execute(
                sql.SQL("delete from {raw} where {day} in (select {day} from landed)").format(raw=raw, day=day)
            )
            moved = connection.execute(
                sql.SQL("insert into {raw} ({columns}) select {columns} from {landing}").format(
                    raw=raw, landing=landing, columns=columns
                )
            )
            taken += max(moved.rowcount, 0)
            connection.execute(sql.SQL("truncate {}").format(landing))
        span = connection.execute(sql.SQL("select min({day}), max({day}) from landed").format(day=day)).fetchone()
    first, last = span or (None, None)
    return taken, first, last
