"""How fast VEE runs: clean Parquet files in, clean readings and roll-ups out, beside the engine's own limit.

The limit, measured in the same run on the same rows: DuckDB reads and rewrites them.
"""

import os
import platform
import resource
import shutil
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from gridmart.lake.engine import engine
from gridmart.lake.load import ROLLUP_TABLES
from gridmart.lake.register import Register
from gridmart.lake.rollups import roll_up
from gridmart.lake.vee import clean

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
                                   "installed_date": date(2020, 1, 1), "removed_date": None}),
            "account": pd.DataFrame({"account_no": number, "usage_category": "residential",
                                     "opened_date": date(2020, 1, 1), "closed_date": None}),
            "contract": pd.DataFrame({"account_no": number, "contract_capacity_kva": 8.0, **since}),
            "transformer": pd.DataFrame({"transformer_no": ["T0000"], "transformer_feeder_no": ["F001"],
                                         "rated_kva": [400.0]}),
        }
    )  # fmt: skip


def run(points: int, days: int, name: str = "duckdb") -> dict:
    """Measure `points` × `days` × 96 readings; seconds, rates (readings a second) and peak memory."""
    folder = Path(tempfile.mkdtemp(prefix="bench_vee_"))
    try:
        dates = [FIRST + timedelta(days=n) for n in range(days)]
        paths: dict[date, list[str]] = {}
        maker = duckdb.connect()
        for day in dates:
            path = folder / f"{day}.parquet"
            maker.execute(RAW.format(day=day, points=points, path=path))
            paths[day] = [str(path)]
        every = [path for found in paths.values() for path in found]
        readings = maker.execute("select count(*) from read_parquet($1)", [every]).fetchall()[0][0]
        maker.execute(f"set threads = {os.cpu_count()}")
        started = time.perf_counter()
        maker.execute(
            f"copy (select * from read_parquet($1)) to '{folder / 'limit.parquet'}' (compression zstd)", [every]
        )
        limit = time.perf_counter() - started
        maker.close()

        register = _register(points)
        with engine(folder / "scratch", name) as session:
            started = time.perf_counter()
            point_days = register.point_days(dates[0], dates[-1])
            result = clean.run(session, clean.Inputs(dates[0], dates[-1], ZONE, paths, {}, [], point_days))
            clean.write(session, result, dates, folder / "reading", folder / "summary")
            validated = time.perf_counter() - started
            rollups = roll_up(session, result.profiles, result.points, result.point_days, dates[0], dates[-1], ZONE)
            tables: dict[str, pa.Table] = {table: session.arrow(getattr(rollups, table)) for table in ROLLUP_TABLES}
            seconds = time.perf_counter() - started
        return {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
            "engine": name,
            "points": points,
            "days": days,
            "readings": readings,
            "vee_seconds": round(validated, 2),
            "vee_readings_per_second": round(readings / validated),
            "rollup_seconds": round(seconds - validated, 2),
            "seconds": round(seconds, 2),
            "readings_per_second": round(readings / seconds),
            "limit_seconds": round(limit, 2),
            "limit_readings_per_second": round(readings / limit),
            "times_limit": round(seconds / limit, 1),
            "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 2),
            "rows_rolled_up": sum(table.num_rows for table in tables.values()),
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
