"""How fast the warehouse takes in one more day, how fast its dashboards answer, and what makes either slow.

Raw tables of a made utility (`warehouse_make.sql`), dbt's own models and tests, a day added at two lengths of history.
Beside a day: the limit, the day's rows read and written by one statement, and the peer, everything built anew. Beside
a dashboard's query: the limit, its mart read once without asking anything.
"""

import os
import platform
import re
import shutil
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from string import Template
from typing import Any

import psycopg
import pyarrow.parquet as pq
from psycopg import sql

from benchmarks import billing, markdown
from benchmarks.chart_queries import Query, queries
from benchmarks.installation import installation
from gridmart.dashboards import source
from gridmart.lake import load
from gridmart.settings import settings
from gridmart.simulator import run as simulator
from gridmart.simulator.home import Home
from gridmart.simulator.plan import Plan
from gridmart.sources.catalog import sources
from gridmart.warehouse import landing, publish
from gridmart.warehouse.database import connect

MAKE = Path(__file__).with_name("warehouse_make.sql")
SYSTEMS, FILLED = ("cis", "network", "market", "crm"), ("cis", "network")
SHORT_DAYS = 40
LAST = date(2026, 8, 9)  # of the history; with 40 days it holds one whole month
TELEMETRY_DAYS = 30  # what the source keeps
DAY_LIMIT_S, GROWTH_LIMIT, QUERY_LIMIT_MS, BILLS_LIMIT = 60, 1.2, 500, 20_000
BILLS = 100_000
ROUNDS = 20  # of each query; the first answers from a cold cache of the server
DAY = ("readings", "areas", "telemetry", "payments")  # what a day brings


def parts() -> dict[str, str]:
    """The SQL that makes the raw tables, by the name of its part."""
    words = re.split(
        r"^-- (register|readings|areas|telemetry|bills|earlier_bills|payments)$",
        MAKE.read_text(encoding="utf-8"),
        flags=re.M,
    )
    return dict(zip(words[1::2], words[2::2], strict=True))


def _make(names: tuple[str, ...], accounts: int, first: date, last: date) -> None:
    """Run parts of the SQL, as the owner of everything: it fills raw tables and scores alike."""
    areas = max(accounts // 50, 1)
    values = {"accounts": accounts, "areas": areas, "feeders": max(areas // 10, 1), "last": LAST,
              "from": first, "to": last, "zone": settings().timezone}  # fmt: skip
    with connect("postgres", autocommit=True) as connection:
        for name in names:
            connection.execute(Template(parts()[name]).substitute(values).encode())


def _tables(folder: Path) -> None:
    """The raw tables of the source systems as extraction lands them, from a tiny utility whose rows leave again."""
    home = Home.of(folder / "utility")
    simulator.make(Plan(20, LAST - timedelta(days=2), LAST, 7, ()), home, workers=1)
    with load.transaction() as cursor:
        for name in SYSTEMS:
            for path in sorted((home.systems / name).glob("*.parquet")):
                cursor.adbc_ingest(path.stem, pq.read_table(path), mode="create", db_schema_name=f"raw_{name}")
    shutil.rmtree(home.root, ignore_errors=True)
    with connect("loader") as connection:
        for table in ("weather.hourly", "calendar.day"):
            connection.execute(f"create table raw_{table} (like landing_{table} including all)".encode())
        for name in SYSTEMS:
            for made in sources()[name].tables:
                place = sql.Identifier(f"raw_{name}", made.name)
                connection.execute(
                    sql.SQL("alter table {} add column _extracted_at timestamptz default now()").format(place)
                )
                landing.prepare(connection, sources()[name], made)
                if name in FILLED:
                    connection.execute(sql.SQL("truncate {}").format(place))


def _make_many(part: str, accounts: int, first: date, last: date) -> None:
    """Make many days, if any, one after the other as they are loaded: their key is built at once afterwards."""
    if last < first:
        return
    tables = {"point_day": "business_date, point_no", "transformer_hour": "hour_start, transformer_no"}
    with connect("loader") as connection:
        for table in tables:
            connection.execute(f"alter table raw_ami.{table} drop constraint {table}_pkey".encode())
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        _make((part,), accounts, day, day)
    with connect("loader", autocommit=True) as connection:
        for table, key in tables.items():
            connection.execute(f"alter table raw_ami.{table} add primary key ({key})".encode())
        connection.execute("vacuum analyze")


def _built() -> tuple[float, dict[str, float]]:
    """Seconds of one `dbt build` as the pipeline runs it (seeds, models, tests of data), by the clock and by node."""
    started = time.perf_counter()
    nodes = billing._dbt("build", "--exclude-resource-type", "unit_test")
    return time.perf_counter() - started, nodes


def _limit(day: date) -> float:
    """Seconds to read a day's readings and write them once: no day can be taken in faster by one statement."""
    with connect("builder") as connection:
        started = time.perf_counter()
        day_of = f"select * from raw_ami.point_day where business_date = '{day}'"
        connection.execute(f"create table intermediate.limit_day as {day_of}".encode())
        took = time.perf_counter() - started
        connection.execute("drop table intermediate.limit_day")
    return took


def _one_more_day(accounts: int, day: date, days: int, readings_days: int, history: float) -> dict[str, Any]:
    _make(DAY, accounts, day, day)
    seconds, nodes = _built()
    slowest = sorted(nodes.items(), key=lambda item: -item[1])
    return {
        "accounts": accounts, "days_of_history": days, "of_readings": readings_days, "seconds": round(seconds, 1),
        "limit_seconds": round(_limit(day), 2), "history_from_nothing_seconds": round(history, 1),
        "nodes_built": len(nodes), "nodes": {name: round(took, 2) for name, took in slowest},
    }  # fmt: skip


def _publish() -> None:
    """The marts that dashboards read, as publication copies them."""
    names = set(source.load().datasets)
    with connect("builder") as connection:
        for mart in publish.candidates(connection, lambda _: None):
            if mart.name in names:
                publish._copy(connection, mart)
        decision = publish.Decision("bench", "green", None, data_as_of=LAST)
        publish._record(connection, decision)
    with connect("builder", autocommit=True) as connection:
        connection.execute("vacuum analyze")


def _ask(connection: psycopg.Connection, query: str) -> float:
    started = time.perf_counter()
    connection.execute(query.encode()).fetchall()
    return 1000 * (time.perf_counter() - started)


def _dashboards() -> list[dict[str, Any]]:
    """Milliseconds of every query of every chart, the slowest first."""
    _publish()
    asked: list[Query] = queries("供电所1")
    rows = []
    with connect("bi_reader", autocommit=True) as connection:
        connection.execute(f"set timezone = '{settings().timezone}'".encode())
        for query in asked:
            took = [_ask(connection, query.sql) for _ in range(ROUNDS)]
            limit = min(_ask(connection, f"select count(*) from marts.{query.mart}") for _ in range(3))
            rows.append(
                {"query": query.name, "mart": query.mart, "p95_ms": round(statistics.quantiles(took, n=20)[18], 1),
                 "median_ms": round(statistics.median(took), 1), "first_ms": round(took[0], 1),
                 "mart_read_once_ms": round(limit, 1)}
            )  # fmt: skip
    return sorted(rows, key=lambda row: -row["p95_ms"])


def _gigabytes() -> float:
    with connect("builder") as connection:
        row = connection.execute("select pg_database_size(current_database())").fetchone()
    return round((row or (0,))[0] / 1024**3, 1)


def _history(accounts: int, days: int, readings_days: int, made: tuple[int, int]) -> float:
    """Make the days of history that are not `made` yet, with bills; returns the seconds dbt builds and tests all in."""

    def since(number: int) -> date:
        return LAST - timedelta(days=number - 1)

    for part, wanted, there in zip(("readings", "areas"), (readings_days, days), made, strict=True):
        _make_many(part, accounts, since(wanted), LAST - timedelta(days=there))
    _make(("telemetry",), accounts, since(min(days, TELEMETRY_DAYS)), LAST)
    # what was issued is what shadow billing finds, but for one bill in a hundred
    started = time.perf_counter()
    billing._dbt("run", "--full-refresh", "--select", "+fct_shadow_bill_line")
    first = time.perf_counter() - started
    _make(("bills", "earlier_bills", "payments"), accounts, since(days), LAST)
    seconds = first + _built()[0]
    with connect("builder", autocommit=True) as connection:
        connection.execute("vacuum analyze")  # as autovacuum would by the next day
    return seconds


def run(accounts: int, days: int, readings_days: int) -> dict[str, Any]:
    """Measure at 40 days of history, then at `days`, in an installation that is removed afterwards.

    readings_days: of how many there are readings of points too; bills, areas and collection are there of all days.
    """
    folder = Path(tempfile.mkdtemp(prefix="bench_warehouse_"))
    started = time.perf_counter()
    try:
        with installation(folder):
            _tables(folder)
            billing._dbt("seed")
            _make(("register",), accounts, LAST, LAST)
            grown: list[dict[str, Any]] = []
            made = (0, 0)
            for number in dict.fromkeys((SHORT_DAYS, days)):
                wanted = min(number, readings_days)
                history = _history(accounts, number, wanted, made)
                made = (wanted, number)
                day = LAST + timedelta(days=len(grown) + 1)
                grown.append(_one_more_day(accounts, day, number, wanted, history))
            rows = _dashboards()
            size = _gigabytes()
            speed = billing.speed(BILLS)
        return {
            "days": grown, "growth": round(grown[-1]["seconds"] / grown[0]["seconds"], 2), "queries": rows,
            "billing": speed["steps"][0], "gigabytes": size,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
            "total_seconds": round(time.perf_counter() - started, 1),
        }  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def text(found: dict[str, Any]) -> str:
    """The result as Markdown."""
    days = [{name: value for name, value in row.items() if name != "nodes"} for row in found["days"]]
    names = list(found["days"][-1]["nodes"])[:12]
    nodes = [
        {"model": name} | {f"{row['days_of_history']} days": row["nodes"].get(name) for row in found["days"]}
        for name in names
    ]
    worst = found["queries"][0]
    bills = found["billing"]
    return "\n\n".join(
        [
            f"One more day, `dbt build` ({found['machine']}; {found['gigabytes']} GB):",
            markdown.table(days),
            f"{found['growth']} times as long with all history as with {SHORT_DAYS} days "
            f"(limit {GROWTH_LIMIT}; {DAY_LIMIT_S} s). Its slowest models, seconds:",
            markdown.table(nodes),
            f"{len(found['queries'])} queries of dashboards, {ROUNDS} times each, no cache; the slowest takes "
            f"{worst['p95_ms']} ms at p95 (limit {QUERY_LIMIT_MS} ms):",
            markdown.table(found["queries"][:12]),
            f"Shadow bills from what was used: {bills['a_second']:,} a second (limit {BILLS_LIMIT:,}), plain Python "
            f"{bills['plain_python_a_second']:,}.",
        ]
    )
