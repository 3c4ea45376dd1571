"""How good estimation is: real and simulated loads are hidden for hours and days, and estimated by the project's VEE.

Every method is measured on the same hidden intervals: VEE runs once for each, with the methods before it left out.
Series: Victoria's half-hourly load (`vic_electricity.csv`, where it is there) as one point, and customers of the
simulator by class, without faults. A fortnight of a point hides one gap, in its second week. Baselines: zero; a
straight line between the intervals around the gap; the same interval of the week before.

Errors: `mae_pct`, mean absolute error of an interval over the mean hidden interval; `mape_pct`, mean over gaps of the
error of the gap's energy, gaps without energy left out; `bias_pct`, energy estimated over energy hidden, less 1.
"""

import os
import platform
import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import markdown
from gridmart.lake.engine import engine
from gridmart.lake.register import Register
from gridmart.lake.vee import clean
from gridmart.lake.vee.days import day_start
from gridmart.lake.vee.rules import Method
from gridmart.settings import PROJECT_DIR, settings
from gridmart.simulator import effects, load, population, weather

GAPS = {"1 hour": 1, "6 hours": 6, "1 day": 24, "3 days": 72, "7 days": 168}  # hours
CELL_DAYS = 14
LEAD_DAYS = 28  # before the first cell: what like days are taken from
CLASSES = ("residential", "commercial", "agricultural", "large_industrial")
A_CLASS = 40  # customers, at most
ACCOUNTS, FIRST, SEED = 1500, date(2026, 3, 2), 7
ALL, AROUND = "registers.parquet", "registers_around_gaps.parquet"
COPIES = 3  # of the public series, each with gaps of its own
HOURS_A_DAY = 24
LATEST = "average_like_day, no weather (15)"
OUTER = "register_scaled, none inside (90)"  # of gaps of several days, whose inner indexes are missing too
# a run of VEE each: what is measured, the method that it is of, and the methods that may be used
METHODS = {
    "register_scaled (90)": (Method.REGISTER_SCALED, tuple(Method)),
    OUTER: (Method.REGISTER_SCALED, tuple(Method)),
    "linear (17)": (Method.LINEAR, (Method.LINEAR,)),
    "like_day (14)": (Method.LIKE_DAY, (Method.LIKE_DAY,)),
    "average_like_day (15)": (Method.AVERAGE_LIKE_DAY, (Method.AVERAGE_LIKE_DAY,)),
    LATEST: (Method.AVERAGE_LIKE_DAY, (Method.AVERAGE_LIKE_DAY,)),
    "class_profile (91)": (Method.CLASS_PROFILE, (Method.CLASS_PROFILE,)),
}


@dataclass
class Series:
    """Points of one length of interval: kWh [points, days × a day's intervals] from `first`, and who they are.

    temperatures: mean of each day, °C.
    """

    name: str
    timezone: str
    first: date
    minutes: int
    values: np.ndarray
    classes: list[str]
    capacity: np.ndarray
    temperatures: np.ndarray

    @property
    def per_day(self) -> int:
        """Intervals a day."""
        return 24 * 60 // self.minutes

    @property
    def days(self) -> int:
        """Number of dates."""
        return self.values.shape[1] // self.per_day


@dataclass
class Gaps:
    """Hidden intervals: one row a gap (`rows`: point, gap, begin, size), and the mask [points, intervals]."""

    rows: pd.DataFrame
    hidden: np.ndarray


def victoria(folder: Path) -> Series | None:
    """Two years of Victoria's load, MWh a half hour, without clock changes (standard time all the year)."""
    path = folder / "load" / "vic_electricity.csv"
    if not path.is_file():
        return None
    rows = pd.read_csv(path, usecols=["Time", "Demand", "Temperature"])
    at = pd.DatetimeIndex(pd.to_datetime(rows["Time"], utc=True)).tz_convert("Etc/GMT-10")
    known = rows.set_index(at)[["Demand", "Temperature"]].astype(float).asfreq("30min").interpolate()
    first = (known.index[0] + pd.Timedelta(days=1)).normalize()
    days = min((known.index[-1] - first).days, LEAD_DAYS + 52 * CELL_DAYS)
    known = known[known.index >= first].head(days * 48)
    values = np.round(known["Demand"].to_numpy() / 2, 3)
    kinds, warmth = ["feeder_boundary"] * COPIES, known["Temperature"].to_numpy().reshape(days, 48).mean(axis=1)
    return Series(
        "victoria", "Etc/GMT-10", first.date(), 30, np.tile(values, (COPIES, 1)), kinds, np.full(COPIES, np.nan), warmth
    )


def simulated() -> Series:
    """Customers of the simulator by class, without generation, faults, outages or changes of behaviour."""
    days = LEAD_DAYS + len(GAPS) * CELL_DAYS
    people = population.build(ACCOUNTS, FIRST, FIRST + timedelta(days=days - 1), SEED)
    climate = weather.climate(people, FIRST - timedelta(days=7), people.last)
    steady = people.accounts["opened_date"].le(FIRST) & people.accounts["closed_date"].isna()
    usable = people.accounts[steady & ~people.accounts["has_generation"]]
    chosen = usable.groupby("usage_category").head(A_CLASS)
    parts, accounts = [], []
    for station in people.stations:
        rows = people.accounts.iloc[people.rows_of(station)]
        here = rows.index.isin(chosen.index)
        if here.any():
            used = load.energies(people, climate, effects.none(), station, FIRST, days).used_wh[here]
            parts.append(used / 1000.0)
            accounts.append(rows[here])
    who = pd.concat(accounts)
    warmth = np.mean([climate.of(code, FIRST, days).mean(axis=1) for code in climate.station_codes], axis=0)
    return Series("simulated", settings().timezone, FIRST, 15, np.vstack(parts), who["usage_category"].tolist(),
                  who["capacity_kva"].to_numpy(float), warmth)  # fmt: skip


def hide(series: Series) -> Gaps:
    """One gap in the second week of every fortnight of a point; the lengths in turn, in an order of its own."""
    draw = np.random.default_rng(SEED)
    per_hour, names = 60 // series.minutes, list(GAPS)
    hidden = np.zeros(series.values.shape, bool)
    rows = []
    for point in range(len(series.values)):
        order = draw.permutation(len(names))
        for cell in range((series.days - LEAD_DAYS) // CELL_DAYS):
            name = names[order[cell % len(names)]]
            size = GAPS[name] * per_hour
            week = (LEAD_DAYS + cell * CELL_DAYS + 7) * series.per_day
            if GAPS[name] < HOURS_A_DAY:  # within a day, with a reading on either side
                offset = int(draw.integers(7)) * series.per_day + int(draw.integers(1, series.per_day - size))
            else:
                offset = int(draw.integers(7 - GAPS[name] // HOURS_A_DAY + 1)) * series.per_day
            begin = week + offset
            hidden[point, begin : begin + size] = True
            rows.append((point, name, begin, size))
    return Gaps(pd.DataFrame(rows, columns=["point", "gap", "begin", "size"]), hidden)


def baselines(series: Series, gaps: Gaps) -> dict[str, np.ndarray]:
    """Values [points, intervals] that each baseline puts into the gaps."""
    line, week = np.zeros(series.values.shape), np.zeros(series.values.shape)
    back = 7 * series.per_day
    for row in gaps.rows.itertuples(index=False):
        values, end = series.values[row.point], row.begin + row.size
        after = values[end] if end < len(values) else values[row.begin - 1]
        line[row.point, row.begin : end] = np.linspace(values[row.begin - 1], after, row.size + 2)[1:-1]
        week[row.point, row.begin : end] = values[row.begin - back : end - back]
    return {"zero": np.zeros(series.values.shape), "straight line": line, "week before": week}


def _number(point: int) -> str:
    return f"P{point:09d}"


def _register(series: Series) -> Register:
    number = [_number(k) for k in range(len(series.values))]
    since = {"valid_from": date(2000, 1, 1), "valid_to": None}
    kinds = ["customer" if name in CLASSES else name for name in series.classes]
    return Register(
        {
            "point": pd.DataFrame({"point_no": number, "account_no": number, "point_kind": kinds, "feeder_no": "F001",
                                   "interval_minutes": series.minutes, "has_generation": False}),
            "place": pd.DataFrame({"point_no": number, "transformer_no": "T0001", **since}),
            "meter": pd.DataFrame({"point_no": number, "meter_no": number, "ct_ratio": 1, "pt_ratio": 1, "digits": 12,
                                   "installed_date": date(2000, 1, 1), "removed_date": None,
                                   "install_index": None, "removal_index": None}),
            "account": pd.DataFrame({"account_no": number, "usage_category": series.classes,
                                     "opened_date": date(2000, 1, 1), "closed_date": None}),
            "contract": pd.DataFrame({"account_no": number, "tariff_code": None,
                                      "contract_capacity_kva": series.capacity, **since}),
            "disconnection": pd.DataFrame(columns=["account_no", "disconnected_at", "reconnected_at"]),
            "transformer": pd.DataFrame({"transformer_no": ["T0001"], "transformer_feeder_no": ["F001"],
                                         "rated_kva": [float("nan")]}),
        }
    )  # fmt: skip


def _write(series: Series, gaps: Gaps, folder: Path) -> clean.Inputs:
    """The series as the lake holds it: readings by date without what is hidden, and registers of every day.

    A second file of registers lacks those within gaps: of days that are hidden wholly.
    """
    zone, per_day = ZoneInfo(series.timezone), series.per_day
    arrived = datetime(2030, 1, 1, tzinfo=UTC)
    count = len(series.values)
    names = np.array([_number(k) for k in range(count)], dtype=object)
    index = np.round(np.cumsum(series.values.reshape(count, series.days, per_day).sum(axis=2), axis=1), 2)
    raw, reads = {}, []
    folder.mkdir(parents=True)
    for k in range(series.days):
        day = series.first + timedelta(days=k)
        span = slice(k * per_day, (k + 1) * per_day)
        point, slot = np.nonzero(~gaps.hidden[:, span])
        start = np.datetime64(day_start(day, zone).replace(tzinfo=None), "us")
        columns = {
            "point_no": names[point], "channel": "import_kwh",
            "interval_start": start + slot * np.timedelta64(series.minutes * 60_000_000, "us"), "business_date": day,
            "interval_minutes": series.minutes, "value": series.values[:, span][point, slot], "version": 1,
            "arrived_at": arrived, "file_id": "f", "row_number": 1,
        }  # fmt: skip
        frame = pd.DataFrame(columns)
        frame["interval_start"] = frame["interval_start"].dt.tz_localize("UTC")
        path = folder / f"{day}.parquet"
        pq.write_table(pa.Table.from_pandas(frame, pa.schema(list(clean.RAW_TYPES.items())), False), path)
        raw[day] = [str(path)]
        reads.append(pd.DataFrame({"point_no": names, "channel": "import_kwh", "business_date": day,
                                   "index_start": index[:, k - 1] if k else 0.0, "index_end": index[:, k], "version": 1,
                                   "arrived_at": arrived, "file_id": "f", "row_number": 1}))  # fmt: skip
    schema = pa.schema(list(clean.REGISTER_TYPES.items()))
    dark: np.ndarray = np.all(gaps.hidden.reshape(count, series.days, per_day), axis=2)
    for name, kept in ((ALL, np.ones_like(dark)), (AROUND, ~dark)):
        rows = pd.concat(read[kept[:, k]] for k, read in enumerate(reads))
        pq.write_table(pa.Table.from_pandas(rows, schema, False), folder / name)
    begin, last = series.first + timedelta(days=LEAD_DAYS), series.first + timedelta(days=series.days - 1)
    register = _register(series)
    points = register.point_days(begin, last)
    return clean.Inputs(begin, last, series.timezone, raw, {}, [], points, point_days_of=register.point_days)


def estimates(series: Series, gaps: Gaps, folder: Path) -> dict[str, np.ndarray]:
    """Values [points, intervals] that each method of VEE puts into the gaps; NaN where it did not apply."""
    inputs = _write(series, gaps, folder / "lake")
    start = np.datetime64(day_start(series.first, ZoneInfo(series.timezone)).replace(tzinfo=None), "us")
    known = {series.first + timedelta(days=k): round(float(mean), 1) for k, mean in enumerate(series.temperatures)}
    made = {}
    for name, (method, methods) in METHODS.items():
        if method == Method.CLASS_PROFILE and series.name == "victoria":
            continue  # one series is no class
        inputs.methods = methods
        inputs.temperatures = {} if name == LATEST else known
        inputs.register_paths = [str(folder / "lake" / (AROUND if name == OUTER else ALL))]
        with engine(folder / "scratch", "duckdb") as session:
            rows = clean.run(session, inputs).readings
            rows = rows.filter(rows.method_code == int(method)).select("point_no", "interval_start", "value")
            found = session.arrow(rows).to_pandas()
        at = (found["interval_start"].dt.tz_localize(None).to_numpy("datetime64[us]") - start).astype(np.int64)
        values = np.full(series.values.shape, np.nan)
        point = found["point_no"].str[1:].astype(int).to_numpy()
        values[point, at // (series.minutes * 60_000_000)] = found["value"].to_numpy()
        made[name] = values
    return made


def measure(series: Series, gaps: Gaps, made: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """One row a class, length of gap and method, of the gaps that the method filled wholly."""
    results = []
    classes = np.array(series.classes)
    for kind in dict.fromkeys(series.classes):
        for gap in GAPS:
            rows = gaps.rows[gaps.rows["gap"].eq(gap) & (classes[gaps.rows["point"]] == kind)]
            for method, values in made.items():
                spans = [(r.point, slice(r.begin, r.begin + r.size)) for r in rows.itertuples(index=False)]
                spans = [span for span in spans if np.isfinite(values[span]).all()]
                if not spans or (method == OUTER and GAPS[gap] <= HOURS_A_DAY):
                    continue
                true = np.array([series.values[span] for span in spans])
                given = np.array([values[span] for span in spans])
                energy, guess = true.sum(axis=1), given.sum(axis=1)
                some = energy > 0
                results.append(
                    {
                        "series": series.name if series.name != "simulated" else kind,
                        "gap": gap,
                        "method": method,
                        "gaps": len(spans),
                        "mae_kwh": round(float(np.abs(given - true).mean()), 4),
                        "mae_pct": round(float(100 * np.abs(given - true).mean() / true.mean()), 1),
                        "mape_pct": round(float(100 * np.mean(np.abs(guess - energy)[some] / energy[some])), 1),
                        "bias_pct": round(float(100 * (guess.sum() / energy.sum() - 1)), 1),
                    }
                )
    return results


def text(found: dict[str, Any]) -> str:
    """The result as Markdown: a row a series and length, a column a method; MAE, MAPE of the energy and bias in %.

    Zero is left out: its errors are 100, 100 and -100.
    """
    frame = pd.DataFrame(found["results"])
    frame = frame[frame["method"] != "zero"]
    errors = ["mae_pct", "mape_pct", "bias_pct"]
    frame["errors"] = [" / ".join(f"{value + 0.0:.1f}" for value in row) for row in frame[errors].to_numpy()]
    methods = list(dict.fromkeys(frame["method"]))
    rows = []
    for (series, gap), part in frame.groupby(["series", "gap"], sort=False):
        of = dict(zip(part["method"], part["errors"], strict=True))
        rows.append(
            {"series": series, "gap": gap, "gaps": part["gaps"].max(), **{name: of.get(name) for name in methods}}
        )
    return markdown.table(rows)


def run(data: Path | None = None) -> dict[str, Any]:
    """Measure the simulated customers, and the public series where the folder has it."""
    folder = Path(tempfile.mkdtemp(prefix="bench_estimation_"))
    started = time.perf_counter()
    try:
        public = victoria(data or PROJECT_DIR.parent / "shared" / "data")
        results = []
        for series in [public, simulated()] if public else [simulated()]:
            gaps = hide(series)
            made = baselines(series, gaps) | estimates(series, gaps, folder / series.name)
            results += measure(series, gaps, made)
        return {
            "results": results,
            "absent": [] if public else ["victoria"],
            "seconds": round(time.perf_counter() - started, 1),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
