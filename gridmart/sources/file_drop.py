"""What the file sources share: rows into landing_<source>, by primary key."""

from collections.abc import Iterable, Sequence

import psycopg
from psycopg import sql


def upsert(
    connection: psycopg.Connection,
    target: tuple[str, str],
    key: Sequence[str],
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    newer: str = "",
) -> int:
    """Insert rows or replace those of the same key if they differ; returns how many changed.

    `target` is (schema, table). `newer` names a column in which a row must not be older than the one
    it replaces. Rows carry `_extracted_at`, which alone is no difference.
    """
    table = sql.Identifier(*target)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    compared = [c for c in columns if c not in key and c != "_extracted_at"]
    connection.execute(
        sql.SQL("create temporary table arrived (like {} including defaults) on commit drop").format(table)
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("copy arrived ({}) from stdin").format(names)) as copy,
    ):
        for row in rows:
            copy.write_row(row)
    keys = sql.SQL(", ").join(map(sql.Identifier, key))
    order = sql.SQL(" order by {}").format(keys)
    if newer:
        order += sql.SQL(", {} desc").format(sql.Identifier(newer))
    statement = sql.SQL(
        "insert into {table} as t ({names}) select distinct on ({keys}) {names} from arrived {order} "
        "on conflict ({keys}) do update set {assign} where ({old}) is distinct from ({new}){guard}"
    ).format(
        table=table,
        names=names,
        keys=keys,
        order=order,
        assign=sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(c)) for c in columns if c not in key
        ),
        old=sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(c)) for c in compared),
        new=sql.SQL(", ").join(sql.SQL("excluded.{}").format(sql.Identifier(c)) for c in compared),
        guard=sql.SQL(" and excluded.{0} >= t.{0}").format(sql.Identifier(newer)) if newer else sql.SQL(""),
    )
    changed = connection.execute(statement).rowcount
    connection.execute("drop table arrived")
    return changed
