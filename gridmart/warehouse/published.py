"""What people were shown at a time: every state of bills and KPIs that was ever published.

Kept in supervision.published_row by the publication itself, in its transaction: a row is added when its content
differs from the one before.
"""

from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql

from gridmart import kpis
from gridmart.errors import GridmartError
from gridmart.warehouse.database import connect

BILLS, KPIS = "fct_bill", "kpi"
BUILT_AT = "built_at"  # says when a row was made, not what it says

KEEP = """
insert into supervision.published_row (mart, key, run_id, content)
select %(mart)s, coalesce(now.key, before.key), %(run_id)s, now.content
from ({rows}) as now
full join (
    select distinct on (key) key, content from supervision.published_row
    where mart = %(mart)s order by key, published_at desc
) as before on now.key = before.key
where now.content is distinct from before.content
"""


def keep_rows(connection: psycopg.Connection, schema: str, mart: str, key: str, run_id: str) -> int:
    """Keep the rows of a mart that are new, changed or gone since they were kept last; their number."""
    rows = sql.SQL("select {key}::text as key, to_jsonb(t) - {built} as content from {table} as t").format(
        key=sql.Identifier(key), built=sql.Literal(BUILT_AT), table=sql.Identifier(schema, mart)
    )
    return connection.execute(sql.SQL(KEEP).format(rows=rows), {"mart": mart, "run_id": run_id}).rowcount


def keep_kpis(connection: psycopg.Connection, schema: str, run_id: str) -> int:
    """The same for the values of all KPIs by month, once their dictionary is published."""
    if connection.execute("select to_regclass(%s)", (f"{schema}.dim_kpi",)).fetchone() == (None,):
        return 0
    values = [
        f"select '{code}' as code, month, ({kpi.query(schema, 'months.month')}) as value from months"
        for code, kpi in kpis.kpis().items()
    ]
    text = (
        "with months as ("
        f"select distinct date_trunc('month', business_date)::date as month from {schema}.fct_point_day) "
        "select code || to_char(month, ' YYYY-MM') as key, to_jsonb(value) as content "
        f"from ({' union all '.join(values)}) as values"
    )
    rows = sql.SQL(text.replace("%", "%%"))  # our own dictionary
    return connection.execute(sql.SQL(KEEP).format(rows=rows), {"mart": KPIS, "run_id": run_id}).rowcount


def _nothing_before(at: datetime, role: str) -> None:
    with connect(role) as connection:
        row = connection.execute("select min(published_at) from supervision.published_row").fetchone()
    first = row[0] if row else None
    if first is None or at < first:
        since = f"what was published is kept since {first:%Y-%m-%dT%H:%M:%S%z}" if first else "publish first"
        raise GridmartError(f"nothing was published yet at {at:%Y-%m-%dT%H:%M:%S%z}", since, 2)


def kpi_values(month: date, at: datetime, role: str = "auditor") -> dict[str, Any]:
    """Values of all KPIs in a month as they were published at a moment, by code; None where there was nothing."""
    _nothing_before(at, role)
    with connect(role) as connection:
        rows = connection.execute(
            "select distinct on (key) split_part(key, ' ', 1), content from supervision.published_row "
            "where mart = %s and split_part(key, ' ', 2) = %s and published_at <= %s order by key, published_at desc",
            (KPIS, f"{month:%Y-%m}", at),
        ).fetchall()
    found: dict[str, Any] = dict(rows)
    return {code: found.get(code) for code in kpis.kpis()}


def bill(bill_no: str, at: datetime | None = None, role: str = "auditor") -> list[dict[str, Any]]:
    """The published states of a bill, oldest first: {"published_at", "run_id", "bill"}; bill None: it was gone.

    at: only the state of that moment. A GridmartError (exit code 2) when there is none.
    """
    if at is not None:
        _nothing_before(at, role)
    with connect(role) as connection:
        rows = connection.execute(
            "select published_at, run_id, content from supervision.published_row "
            "where mart = %s and key = %s and (%s::timestamptz is null or published_at <= %s) order by published_at",
            (BILLS, bill_no, at, at),
        ).fetchall()
    if not rows:
        when = f" until {at:%Y-%m-%dT%H:%M:%S%z}" if at else ""
        raise GridmartError(f"no bill {bill_no} was published{when}", "see marts.fct_bill", 2)
    states = [{"published_at": when.isoformat(), "run_id": run_id, "bill": row} for when, run_id, row in rows]
    return states[-1:] if at else states
