"""From candidate to published marts, in one transaction: either every mart and the badge change, or nothing does.

What a mart's meta says in dbt (`publish`, `date_column`):
`by_date`  only dates whose number of rows or latest `built_at` differ are replaced
`full`     the whole table is replaced if its content differs (the default)
`always`   facts about quality itself: refreshed also when the gate is red; a view in the candidate, so
           that they hold the results of the run that is being decided
With `history` (a column that is the key) every state of a row that was ever published is kept: `published.py`.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from gridmart.errors import GridmartError
from gridmart.settings import settings
from gridmart.warehouse import published
from gridmart.warehouse.database import connect

CANDIDATE = "marts_candidate"
MARTS = "marts"
BADGE_VIEW = "rpt_publication"
BUILT_AT = "built_at"
LOCK = 7_351_202  # any number: two publications wait for each other
DEFAULT = "full"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Mart:
    """A candidate mart and how it is published."""

    name: str
    mode: str = DEFAULT
    date_column: str = "business_date"
    history: str | None = None


@dataclass(frozen=True)
class Decision:
    """What the publication gate decided; dates are those of the run, `data_as_of` the latest business date."""

    run_id: str
    status: str  # green, amber, red
    reason: str | None
    range_from: date | None = None
    range_to: date | None = None
    data_as_of: date | None = None


def manifest_file() -> Path:
    """dbt's manifest of the last build."""
    return settings().var_dir / "dbt" / "target" / "manifest.json"


def _models() -> dict[str, dict[str, Any]]:
    """Models of the candidate schema in dbt's manifest, by name; empty before the first build."""
    path = manifest_file()
    if not path.exists():
        return {}
    nodes = json.loads(path.read_text(encoding="utf-8"))["nodes"].values()
    return {n["alias"]: n for n in nodes if n["resource_type"] == "model" and n["schema"] == CANDIDATE}


def _relations(connection: psycopg.Connection, schema: str, kinds: str) -> dict[str, int]:
    rows = connection.execute(
        r"""
        select relname, oid from pg_class
        where relnamespace = %s::regnamespace and relkind = any(%s) and relname not like '%%\_\_dbt\_%%' order by 1
        """,
        (schema, list(kinds)),
    )
    return dict(rows.fetchall())


def candidates(connection: psycopg.Connection, say: Say) -> list[Mart]:
    """Marts of the candidate: those that dbt's models make; a table without its model is left out, and named."""
    models = _models()
    marts = []
    for name in _relations(connection, CANDIDATE, "rvm"):
        model = models.get(name)
        if models and model is None:
            say(f"{CANDIDATE}.{name} belongs to no model any more: not published")
            continue
        meta = (model or {}).get("config", {}).get("meta") or {}
        mode = meta.get("publish", DEFAULT)
        marts.append(Mart(name, mode, meta.get("date_column", "business_date"), meta.get("history")))
    return marts


def _columns(connection: psycopg.Connection, schema: str, table: str) -> list[tuple[str, str, bool]]:
    return connection.execute(
        """
        select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute
        where attrelid = to_regclass(format('%%I.%%I', %s::text, %s::text)) and attnum > 0 and not attisdropped
        order by attnum
        """,
        (schema, table),
    ).fetchall()


def _shape(connection: psycopg.Connection, schema: str, table: str) -> tuple[Any, ...]:
    """Columns and indexes, without the names of schema and indexes."""
    indexes = connection.execute(
        "select indexdef from pg_indexes where schemaname = %s and tablename = %s", (schema, table)
    ).fetchall()
    stripped = sorted(re.sub(r"INDEX \S+ ON (ONLY )?\S+", "INDEX", definition) for (definition,) in indexes)
    return _columns(connection, schema, table), stripped


def _stale_dates(connection: psycopg.Connection, mart: Mart) -> list[date]:
    """Dates whose rows differ between candidate and marts, by their number and latest built_at."""
    versions = sql.SQL("select {day} as day, count(*) as n, max({built}) as built from {table} group by 1")
    parts = {
        side: versions.format(
            day=sql.Identifier(mart.date_column),
            built=sql.Identifier(BUILT_AT),
            table=sql.Identifier(schema, mart.name),
        )
        for side, schema in (("candidate", CANDIDATE), ("published", MARTS))
    }
    rows = connection.execute(
        sql.SQL(
            "select coalesce(c.day, p.day) from ({candidate}) as c full join ({published}) as p on c.day = p.day "
            "where (c.n, c.built) is distinct from (p.n, p.built) order by 1"
        ).format(**parts)
    )
    return [day for (day,) in rows]


def _by_date(connection: psycopg.Connection, mart: Mart) -> bool:
    """True if the mart can be replaced by date now: same shape on both sides."""
    return mart.mode == "by_date" and _shape(connection, CANDIDATE, mart.name) == _shape(connection, MARTS, mart.name)


def state(connection: psycopg.Connection, marts: list[Mart]) -> dict[str, Any]:
    """What would be published, per mart: dates to replace, or the identity of the candidate table."""
    oids = _relations(connection, CANDIDATE, "rvm")
    return {m.name: _stale_dates(connection, m) if _by_date(connection, m) else oids[m.name] for m in marts}


def _content(connection: psycopg.Connection, name: sql.Identifier) -> Any:
    query = sql.SQL("select count(*), sum(hashtextextended(t::text, 0)::numeric) from {} as t").format(name)
    return connection.execute(query).fetchone()


def _copy(connection: psycopg.Connection, mart: Mart) -> int:
    """Publish one mart; returns the rows written."""
    candidate, shown = sql.Identifier(CANDIDATE, mart.name), sql.Identifier(MARTS, mart.name)
    where: sql.Composable = sql.SQL("")
    parameters: tuple[Any, ...] = ()
    if _shape(connection, CANDIDATE, mart.name) != _shape(connection, MARTS, mart.name):
        connection.execute(sql.SQL("drop table if exists {}").format(shown))
        connection.execute(sql.SQL("create table {} (like {} including all)").format(shown, candidate))
    elif mart.mode == "by_date":
        stale = _stale_dates(connection, mart)
        if not stale:
            return 0
        where = sql.SQL(" where {} = any(%s)").format(sql.Identifier(mart.date_column))
        parameters = (stale,)
        connection.execute(sql.SQL("delete from {}{}").format(shown, where), parameters)
    elif mart.mode == DEFAULT and _content(connection, candidate) == _content(connection, shown):
        return 0
    else:
        # delete, not truncate: whoever reads a dashboard meanwhile goes on reading the old rows
        connection.execute(sql.SQL("delete from {}").format(shown))
    columns = sql.SQL(", ").join(sql.Identifier(name) for name, *_ in _columns(connection, CANDIDATE, mart.name))
    statement = sql.SQL("insert into {} ({}) select {} from {}{}").format(shown, columns, columns, candidate, where)
    return connection.execute(statement, parameters).rowcount


def _record(connection: psycopg.Connection, decision: Decision) -> None:
    """The decision and the view that shows the latest one; data as of and published at are of the last good one."""
    connection.execute(
        """
        insert into supervision.publication (run_id, status, reason, range_from, range_to, data_as_of)
        values (%s, %s, %s, %s, %s, %s)
        """,
        (
            decision.run_id, decision.status, decision.reason, decision.range_from, decision.range_to,
            decision.data_as_of,
        ),
    )  # fmt: skip
    connection.execute(
        sql.SQL("""
        create or replace view {} as
        select
            latest.status as status_code,
            case latest.status
                when 'green' then '🟢 可信 Trusted'
                when 'amber' then '🟡 有警告 Warnings'
                else '🔴 门禁未过 Gate failed'
            end as badge,
            latest.reason,
            good.data_as_of,
            good.published_at,
            latest.published_at as checked_at
        from (select * from supervision.publication order by publication_id desc limit 1) as latest
        left join (
            select data_as_of, published_at from supervision.publication
            where status <> 'red' order by publication_id desc limit 1
        ) as good on true
        """).format(sql.Identifier(MARTS, BADGE_VIEW))
    )


def _begin() -> psycopg.Connection:
    connection = connect("builder")
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return connection


def refuse(decision: Decision, say: Say) -> None:
    """A red gate: marts stay as they are; the badge and the facts about quality itself are brought up to date."""
    with _begin() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        for mart in candidates(connection, say):
            if mart.mode == "always":
                _copy(connection, mart)
        _record(connection, decision)


def publish(decision: Decision, checked: dict[str, Any], say: Say) -> int:
    """Copy the candidate to marts and record the decision, in one transaction; returns the rows written.

    `checked` is the state() that the gate saw: if the candidate has changed since, nothing is copied.
    """
    written = 0
    with _begin() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        marts = candidates(connection, say)
        business = [mart for mart in marts if mart.mode != "always"]
        if state(connection, business) != checked:
            raise GridmartError(
                "the candidate marts changed while the publication gate checked them; nothing was published",
                "Run 'gridmart publish' again when no dbt build is running.",
            )
        for mart in marts:
            rows = _copy(connection, mart)
            written += rows
            if rows:
                say(f"{MARTS}.{mart.name}: {rows:,} rows")
            if mart.history:
                published.keep_rows(connection, MARTS, mart.name, mart.history, decision.run_id)
        kept = {mart.name for mart in marts}
        for name in _relations(connection, MARTS, "r").keys() - kept:
            connection.execute(sql.SQL("drop table {}").format(sql.Identifier(MARTS, name)))
            say(f"{MARTS}.{name}: dropped, the candidate has it no more")
        published.keep_kpis(connection, MARTS, decision.run_id)
        _record(connection, decision)
    return written
