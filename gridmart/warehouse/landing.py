"""From landing to raw: what an arrival gate has let in, in one transaction.

`landing_<source>` holds what was delivered; `raw_<source>` holds the last good data, which dbt reads.
Two kinds of landing: of a system, a full mirror whose changed rows are taken over by primary key;
of the metering roll-ups, whole business dates, which replace those of raw and then leave the landing.
"""

from datetime import date

import psycopg
from psycopg import sql

from gridmart.sources.catalog import Source, Table, Tally, sources
from gridmart.warehouse.database import connect

EXTRACTED_AT = "_extracted_at"
TALLIED = {  # event of a trigger: what its function reads
    "insert": "referencing new table as arrived",
    "update": "referencing old table as gone new table as arrived",
    "delete": "referencing old table as gone",
    "truncate": "",
}


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


def prepare(connection: psycopg.Connection, source: Source, table: Table) -> None:
    """What a table of `raw_<source>` is found by, if it lacks it: an index of its key, of its lookups, its tally.

    A tally that begins counts the rows that are there already.
    """
    schema = f"raw_{source.name}"
    wanted = [("unique ", "key", table.key)] + [("", column, (column,)) for column in table.lookup]
    for unique, name, columns in wanted:
        there = "select to_regclass(format('%%I.%%I', %s::text, %s::text))"
        if connection.execute(there, (schema, f"{table.name}_{name}")).fetchone() != (None,):
            continue  # asked first: to find it there, `if not exists` waits for whoever writes the table
        connection.execute(
            sql.SQL("create {}index {} on {} ({})").format(
                sql.SQL(unique),
                sql.Identifier(f"{table.name}_{name}"),
                sql.Identifier(schema, table.name),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
            )
        )
    if table.tally and not _has_tally(connection, source, table):
        _keep_tally(connection, source, table, table.tally)


def prepare_present() -> None:
    """Prepare every raw table that is there: one that was made by an earlier version of gridmart may lack something."""
    with connect("loader") as connection:
        for source in sources().values():
            present = _tables(connection, f"raw_{source.name}")
            for table in source.tables:
                if table.name in present:
                    prepare(connection, source, table)


def _has_tally(connection: psycopg.Connection, source: Source, table: Table) -> bool:
    kept = "select from pg_trigger where tgrelid = to_regclass(%s) and tgname = 'tally_truncate'"
    return connection.execute(kept, (f"raw_{source.name}.{table.name}",)).fetchone() is not None


def _keep_tally(connection: psycopg.Connection, source: Source, table: Table, tally: Tally) -> None:
    raw, name = sql.Identifier(f"raw_{source.name}", table.name), f"raw_{source.name}.{table.name}"
    apart = [source.cursor, EXTRACTED_AT, *tally.apart]
    words = sql.SQL(", ").join(map(sql.Literal, [tally.part, *apart]))
    for event, rows in TALLIED.items():
        connection.execute(
            sql.SQL("create trigger {} after {} on {} {} for each statement execute function {}({})").format(
                sql.Identifier(f"tally_{event}"), sql.SQL(event), raw, sql.SQL(rows),
                sql.Identifier("supervision", "keep_tally"), words,
            )
        )  # fmt: skip
    # after the triggers, which wait for whoever writes and let nobody else write before they are committed
    connection.execute("delete from supervision.raw_tally where relation_name = %s", (name,))
    row = connection.execute(
        "select supervision.tally_statement(%s::regclass, %s, '+', %s, %s)", (name, name, tally.part, apart)
    ).fetchone()
    connection.execute((row or ("",))[0].encode())


def promote_rows(source: Source) -> int:
    """Take over the rows of `landing_<source>` extracted since the last promotion, by their primary keys.

    Returns the number of rows taken over.
    """
    taken = 0
    schema = f"raw_{source.name}"
    with connect("loader") as connection:
        landed = set(_tables(connection, source.landing))
        tables = {table: sql.Identifier(schema, table.name) for table in source.tables if table.name in landed}
        copied = {
            table: _match_columns(connection, sql.Identifier(source.landing, table.name), (schema, table.name))
            for table in tables
        }
        for table in tables:  # when all are there: a tally asks other tables
            prepare(connection, source, table)
        for table, raw in tables.items():
            landing = sql.Identifier(source.landing, table.name)
            columns = sql.SQL(", ").join(map(sql.Identifier, copied[table]))
            at = sql.Identifier(EXTRACTED_AT)
            changed = sql.SQL("l.{at} > coalesce((select max({at}) from {raw}), '-infinity')").format(at=at, raw=raw)
            same = sql.SQL(" and ").join(
                sql.SQL("r.{key} = l.{key}").format(key=sql.Identifier(key)) for key in table.key
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
