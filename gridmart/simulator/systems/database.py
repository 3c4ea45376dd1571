"""The systems' rows into what holds them: databases of the installation, or Parquet dumps in a folder."""

import io
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql
from pyarrow import csv

from gridmart.simulator.systems.model import System, Table
from gridmart.warehouse.database import connect

_PLAIN = csv.WriteOptions(include_header=False, quoting_style="needed")
COPY = "copy {} ({}) from stdin (format csv, null '')"
CHUNK_ROWS = 200_000


def name_of(system: System) -> str:
    """The system's database."""
    return f"demo_{system.NAME}"


def _columns(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column) for column in table.columns)


def _create(connection: psycopg.Connection, name: str, table: Table, temporary: bool = False) -> None:
    columns = [sql.SQL("{} {}").format(sql.Identifier(c), sql.SQL(t)) for c, t in table.columns.items()]
    key = sql.SQL("primary key ({})").format(sql.SQL(", ").join(map(sql.Identifier, table.key)))
    word = sql.SQL("create temporary table {} ({}) on commit drop" if temporary else "create table {} ({})")
    connection.execute(word.format(sql.Identifier(name), sql.SQL(", ").join([*columns, key])))


def _copy(connection: psycopg.Connection, name: str, table: Table, rows: pa.Table) -> None:
    statement = sql.SQL(COPY).format(sql.Identifier(name), _columns(table))
    with connection.cursor().copy(statement) as copy:
        for batch in rows.select(list(table.columns)).to_batches(CHUNK_ROWS):
            sink = io.BytesIO()
            csv.write_csv(batch, sink, _PLAIN)
            copy.write(sink.getvalue())


def replace(system: System, tables: dict[str, Table], rows: dict[str, pa.Table], stamp: str) -> None:
    """Replace the system's database in one transaction; `stamp` says which utility it holds."""
    with connect(f"{system.NAME}_owner", name_of(system)) as connection:
        there = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        for (table,) in there:
            connection.execute(sql.SQL("drop table {}").format(sql.Identifier(table)))
        for name, table in tables.items():
            _create(connection, name, table)
            _copy(connection, name, table, rows[name])
        _mark(connection, next(iter(tables)), stamp)


def update(system: System, tables: dict[str, Table], rows: dict[str, pa.Table], stamp: str) -> int:
    """Bring the database to these rows: new ones are inserted, changed ones updated; returns how many.

    Columns that a table has got since are added. Nothing is deleted. One transaction.
    """
    changed = 0
    with connect(f"{system.NAME}_owner", name_of(system)) as connection:
        for name, table in tables.items():
            found = connection.execute(
                "select column_name from information_schema.columns where table_schema = 'public' and table_name = %s",
                [name],
            ).fetchall()
            for column in table.columns.keys() - {c for (c,) in found}:
                connection.execute(
                    sql.SQL("alter table {} add column {} {}").format(
                        sql.Identifier(name),
                        sql.Identifier(column),
                        sql.SQL(table.columns[column]),
                    )
                )
            _create(connection, f"{name}_new", table, temporary=True)
            _copy(connection, f"{name}_new", table, rows[name])
            changed += _merge(connection, name, table)
        _mark(connection, next(iter(tables)), stamp)
    return changed


def _merge(connection: psycopg.Connection, name: str, table: Table) -> int:
    key = sql.SQL(", ").join(map(sql.Identifier, table.key))
    others = [c for c in table.columns if c not in table.key]
    sets = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(c)) for c in others)
    old = sql.SQL(", ").join(sql.SQL("old.{}").format(sql.Identifier(c)) for c in others)
    new = sql.SQL(", ").join(sql.SQL("excluded.{}").format(sql.Identifier(c)) for c in others)
    statement = sql.SQL(
        "insert into {} as old ({}) select {} from {} on conflict ({}) do update set {}"
        " where ({}) is distinct from ({})"
    ).format(sql.Identifier(name), _columns(table), _columns(table), sql.Identifier(f"{name}_new"), key, sets, old, new)
    return connection.execute(statement).rowcount


def _mark(connection: psycopg.Connection, table: str, stamp: str) -> None:
    name = sql.Identifier(table)
    connection.execute(sql.SQL("comment on table {} is {}").format(name, sql.Literal(f"gridmart {stamp}")))


def stamp(system: System) -> str | None:
    """The utility that the database holds, as given to `replace`; None when it holds none, or is not there."""
    first = next(iter(system.TABLES))
    try:
        with connect(f"{system.NAME}_reader", name_of(system)) as connection:
            row = connection.execute("select obj_description(to_regclass(%s), 'pg_class')", [first]).fetchone()
    except psycopg.Error:
        return None
    return row[0].removeprefix("gridmart ") if row and row[0] else None


def dump(system: System, tables: dict[str, Table], rows: dict[str, pa.Table], folder: Path) -> list[Path]:
    """Write each table as `<folder>/<system>/<table>.parquet`; returns the files."""
    place = folder / system.NAME
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in tables.items():
        path = place / f"{name}.parquet"
        pq.write_table(rows[name].select(list(table.columns)), path, compression="zstd")
        written.append(path)
    return written
