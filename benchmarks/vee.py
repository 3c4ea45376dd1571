"""How fast VEE runs: clean Parquet files in, committed readings and loaded roll-ups out, beside its limit and a peer.

The limit: DuckDB reads and rewrites the same rows. The peer: the same rules as SQL on PostgreSQL, the rows already in.
"""

import os
import platform
import resource
import shutil
import tempfile
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from adbc_driver_postgresql import dbapi

from benchmarks.installation import installation
from gridmart.lake import load, tables
from gridmart.lake.engine import engine
from gridmart.lake.register import Register
from gridmart.lake.rollups import roll_up
from gridmart.lake.validate import STATE_TYPES
from gridmart.lake.vee import clean
from gridmart.lake.vee.rules import VERSION
from gridmart.settings import settings
from gridmart.stack import postgres
from gridmart.tariffs import tou_hours
from gridmart.warehouse import database

PEER = Path(__file__).with_name("vee_peer.sql")
TOU = pa.schema(
    [("calendar_code", pa.string()), ("business_date", pa.date32()), ("local_hour", pa.int32()),
     ("period_code", pa.string())]
)  # fmt: skip
FIRST = date(2026, 3, 2)
ZONE = "Asia/Shanghai"
RAW = """
copy (
    select 'P' || lpad(p::varchar, 9, '0') as point_no, 'import_kwh' as channel,
        timestamptz '{day} 00:00+08' + s * interval 15 minute as interval_start, date '{day}' as business_date,
        15::int as interval_minutes, round(0.2 + 0.1 * sin(s / 15.0) + hash(p, s) % 100 / 1000.0, 3) as value,
        1::bigint as version, timestamptz '2026-06-01 00:00+00' as arrived_at, 'f{day}' as file_id,
        p::bigint as row_number
    from range({points}) t(p), range(96) u(s)
    where hash(p, '{day}') % 100 > 0 or s % 31 > 0  -- every hundredth point-day has gaps
    order by p, s
) to '{path}' (format parquet, compression zstd)
"""


def _register(points: int) -> Register:
    number = [f"P{n:09d}" for n in range(points)]
    since = {"valid_from": date(2020, 1, 1), "valid_to": None}
    return Register(
        {
            "point": pd.DataFrame({"point_no": number, "account_no": number, "point_kind": "customer",
                                   "feeder_no": "F001", "interval_minutes": 15, "has_generation": False}),
            "place": pd.DataFrame({"point_no": number, "transformer_no": [f"T{n // 50:04d}" for n in range(points)],
                                   **since}),
            "meter": pd.DataFrame({"point_no": number, "meter_no": number, "ct_ratio": 1, "pt_ratio": 1, "digits": 6,
                                   "installed_date": date(2020, 1, 1), "removed_date": None,
                                   "install_index": None, "removal_index": None}),
            "account": pd.DataFrame({"account_no": number, "usage_category": "residential",
                                     "opened_date": date(2020, 1, 1), "closed_date": None}),
            "contract": pd.DataFrame({"account_no": number, "tariff_code": None, "contract_capacity_kva": 8.0,
                                      **since}),
            "disconnection": pd.DataFrame(columns=["account_no", "disconnected_at", "reconnected_at"]),
            "transformer": pd.DataFrame({"transformer_no": ["T0000"], "transformer_feeder_no": ["F001"],
                                         "rated_kva": [400.0]}),
        }
    )  # fmt: skip


@dataclass
class Made:
    """Readings of the benchmark: files by date, their number, and the register."""

    dates: list[date]
    paths: dict[date, list[str]]
    readings: int
    register: Register

    @property
    def files(self) -> list[str]:
        """All files."""
        return [path for found in self.paths.values() for path in found]


def _write(day: date, points: int, path: str) -> int:
    return duckdb.connect().execute(RAW.format(day=day, points=points, path=path)).fetchall()[0][0]


def make(points: int, days: int, folder: Path) -> Made:
    """Write the readings, sorted by point, one file a date."""
    dates = [FIRST + timedelta(days=n) for n in range(days)]
    paths = {day: [str(folder / f"{day}.parquet")] for day in dates}
    # another process: what it takes to make the readings is not what it takes to validate them
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
        readings = sum(maker.map(_write, dates, [points] * days, [found[0] for found in paths.values()]))
    return Made(dates, paths, readings, _register(points))


def _cpu_seconds() -> float:
    """CPU time of this process so far: what another load on the machine does not blur as much as the clock."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _postgres_cpu_seconds() -> float:
    """CPU time of PostgreSQL's processes so far, those that have ended included (Linux)."""
    head = int((postgres.data_dir(settings()) / "postmaster.pid").read_text().split()[0])
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            words = stat.read_text().rpartition(")")[2].split()
            if int(words[1]) == head:
                ticks += int(words[11]) + int(words[12])
            elif stat.parent.name == str(head):
                ticks += sum(int(word) for word in words[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def limit_seconds(made: Made, folder: Path) -> float:
    """Time DuckDB needs to read the rows and write them again: the engine's own limit."""
    session = duckdb.connect()
    session.execute(f"set threads = {settings().lake_workers}")
    started = time.perf_counter()
    session.execute(
        f"copy (select * from read_parquet($1)) to '{folder / 'limit.parquet'}' (compression zstd)", [made.files]
    )
    return time.perf_counter() - started


def our_seconds(made: Made, folder: Path, name: str) -> tuple[dict[str, float], int]:
    """Seconds by part, from files to committed ami.reading and loaded roll-ups; and the roll-ups' rows."""
    first, last = made.dates[0], made.dates[-1]
    tables.ensure_tables()
    seconds: dict[str, float] = {}
    with engine(folder / "scratch", name) as session:
        at = time.perf_counter()

        def took(part: str) -> None:
            nonlocal at
            seconds[part] = time.perf_counter() - at
            at = time.perf_counter()

        point_days = made.register.point_days(first, last)
        took("register")
        result = clean.run(session, clean.Inputs(first, last, ZONE, made.paths, {}, [], point_days))
        took("validate")
        run_id = uuid.uuid4().hex
        rollups = roll_up(session, result.profiles, result.points, result.point_days, first, last, ZONE)
        written = clean.write(
            session, result, made.dates, tables.folder("reading") / run_id, tables.folder("day_summary") / run_id
        )
        took("write")
        arrow = {table: session.arrow(getattr(rollups, table)) for table in load.ROLLUP_TABLES}
        took("rollups")
        snapshots = tables.replace_dates(
            {
                "reading": (made.dates, chain.from_iterable(written.readings.values())),
                "day_summary": (made.dates, chain.from_iterable(written.summaries.values())),
            }
        )
        took("commit")
        states = pa.Table.from_pylist(
            [
                {"business_date": day, "fingerprint": run_id, "next_fingerprint": None, "raw_fingerprint": run_id,
                 "readings": made.readings, "rule_version": VERSION}
                for day in made.dates
            ],
            pa.schema(list(STATE_TYPES.items())),
        )  # fmt: skip
        load.load_rollups(arrow, states, snapshots["reading"] or 0)
        took("load")
    return seconds, sum(table.num_rows for table in arrow.values())


def peer_seconds(made: Made) -> tuple[float, float, tuple[int, int]]:
    """The same rules as SQL on PostgreSQL (`vee_peer.sql`), once the rows are there.

    Returns seconds, CPU seconds, and (rows, estimates).
    """
    first, last = made.dates[0], made.dates[-1]
    with dbapi.connect(database.url("loader"), autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("create schema peer")
        names = "point_no text, channel text, interval_start timestamptz, business_date date, interval_minutes int, "
        names += "value float8, version bigint, arrived_at timestamptz, file_id text, row_number bigint"
        cursor.execute(f"create unlogged table peer.reading_raw ({names})")
        for path in made.files:
            for batch in pq.ParquetFile(path).iter_batches(1_000_000):
                cursor.adbc_ingest("reading_raw", batch, mode="append", db_schema_name="peer")
        for name, rows in (
            ("point_day", made.register.point_days(first, last)),
            ("tou", tou_hours(first, last).cast(TOU)),
        ):
            cursor.adbc_ingest(name, rows, mode="create", db_schema_name="peer")
        connection.commit()
    with psycopg.connect(database.url("loader"), autocommit=True) as connection_:
        connection_.execute("vacuum analyze peer.reading_raw, peer.point_day, peer.tou")
        connection_.execute("set work_mem = '512MB'")
        started, used = time.perf_counter(), _postgres_cpu_seconds()
        for statement in PEER.read_text(encoding="utf-8").split("\n---\n"):
            connection_.execute(statement.encode())
        seconds, cpu = time.perf_counter() - started, _postgres_cpu_seconds() - used
        row = connection_.execute(
            "select count(*), count(*) filter (where quality_code = 'E') from peer.reading"
        ).fetchone()
        connection_.execute("drop schema peer cascade")
    return seconds, cpu, row or (0, 0)


def _ours() -> tuple[int, int]:
    paths = tables.data_files("reading")
    found = duckdb.execute(
        "select count(*), count(*) filter (where quality_code = 'E') from read_parquet($1)", [paths]
    ).fetchall()
    return found[0]


def run(points: int, days: int, name: str = "duckdb", peer: bool = True) -> dict:
    """Measure `points` × `days` × 96 readings; seconds, rates (readings a second) and peak memory.

    peer: also run the same rules in PostgreSQL, which takes minutes; it must find the same rows and estimates.
    """
    folder = Path(tempfile.mkdtemp(prefix="bench_vee_"))
    try:
        with installation(folder):
            made = make(points, days, folder)
            used, used_by_postgres = _cpu_seconds(), _postgres_cpu_seconds()
            seconds, rows = our_seconds(made, folder, name)
            cpu = _cpu_seconds() - used + _postgres_cpu_seconds() - used_by_postgres
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
            used = _cpu_seconds()
            limit = limit_seconds(made, folder)
            limit_cpu = _cpu_seconds() - used
            total = sum(seconds.values())
            load_average = os.getloadavg()[0]
            found = {
                "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {load_average:.1f}",
                "engine": name,
                "points": points,
                "days": days,
                "readings": made.readings,
                **{f"{part}_seconds": round(took, 2) for part, took in seconds.items()},
                "seconds": round(total, 2),
                "cpu_seconds": round(cpu, 2),
                "readings_per_second": round(made.readings / total),
                "limit_seconds": round(limit, 2),
                "limit_cpu_seconds": round(limit_cpu, 2),
                "times_limit": round(total / limit, 1),
                "cpu_times_limit": round(cpu / limit_cpu, 1),
                "peak_memory_gb": round(memory, 2),
                "rows_rolled_up": rows,
            }
            if peer:
                peers, peer_cpu, counted = peer_seconds(made)
                if counted != _ours():
                    raise AssertionError(f"PostgreSQL found {counted} rows and estimates, VEE {_ours()}")
                found |= {
                    "postgresql_seconds": round(peers, 1),
                    "postgresql_cpu_seconds": round(peer_cpu, 1),
                    "times_faster": round(peers / total, 1),
                    "cpu_times_less": round(peer_cpu / cpu, 1),
                }
            return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)
