"""Weather as a provider delivers it: CSV files in UTC, actuals by month or by date, and the latest forecast."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from pyarrow import csv

from gridmart.simulator.weather import Climate

ZONE = ZoneInfo("Asia/Shanghai")
FORECAST = "weather_forecast.csv"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def _table(climate: Climate, start: date, end: date, issued: date | None) -> pa.Table:
    """Rows of every district from `start` to `end`; an actual is issued when it is valid, a forecast at midnight."""
    begin, until = ((day - climate.first).days * 24 for day in (start, end + timedelta(days=1)))
    first = _midnight(start)
    stamps = [f"{first + timedelta(hours=k):%Y-%m-%dT%H:%M:%SZ}" for k in range(until - begin)]
    issues = stamps if issued is None else [f"{_midnight(issued):%Y-%m-%dT%H:%M:%SZ}"] * len(stamps)
    codes = climate.station_codes
    return pa.table(
        {
            "station_code": np.repeat(np.array(codes, object), len(stamps)),
            "valid_at": stamps * len(codes),
            "kind": ["actual" if issued is None else "forecast"] * len(stamps) * len(codes),
            "issued_at": issues * len(codes),
            "temperature_c": climate.temperature[:, begin:until].reshape(-1),
            "humidity_pct": climate.humidity[:, begin:until].reshape(-1),
        }
    )


def _write(path: Path, rows: pa.Table) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    csv.write_csv(rows, partial, csv.WriteOptions(quoting_style="none"))
    partial.replace(path)
    return path


def write_actuals(climate: Climate, folder: Path, start: date, end: date) -> list[Path]:
    """One file a calendar month, `weather_YYYYMM.csv`, of the dates from `start` to `end`; returns their paths."""
    made = []
    day = start
    while day <= end:
        last = min((day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1), end)
        made.append(_write(folder / f"weather_{day:%Y%m}.csv", _table(climate, day, last, None)))
        day = last + timedelta(days=1)
    return made


def write_day(climate: Climate, folder: Path, day: date) -> Path:
    """The actuals of one date, `weather_YYYYMMDD.csv`."""
    return _write(folder / f"weather_{day:%Y%m%d}.csv", _table(climate, day, day, None))


def write_forecast(forecast: Climate, folder: Path) -> Path:
    """The forecast, issued at the midnight that it begins with; it replaces the one before."""
    return _write(folder / FORECAST, _table(forecast, forecast.first, forecast.last, forecast.first))
