"""How good the load forecast is on public loads, beside the grid operator's own forecast and last week's load.

The rule: at 18:00 local time on day D-1, forecast the local hours of day D from load up to 17:00 and the weather of
D; the model is refitted at the start of a month, from load before the day on which that month's first forecast is
made. It is the product's own model (`ml.forecast`) with its usual parameters, on one series. Error: MAPE over the
hours of a year whose load (and whose operator's forecast) is known.
"""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import holidays
import numpy as np
import pandas as pd

from gridmart.errors import GridmartError
from gridmart.settings import PROJECT_DIR
from ml.forecast.model import ForecastPipeline, Parameters
from ml.forecast.panel import HORIZON_H, Panel, calendar

KNOWN_HOURS = 17  # of the day before: hours that end at 17:00 at the latest
PARAMETERS = Parameters(horizon_h=24, known_hours=KNOWN_HOURS)
SERIES = np.array([0])  # the one of the panel


@dataclass(frozen=True)
class Case:
    """A public load: its panel (one series), the operator's forecast [T] in its unit or None, the years to forecast."""

    name: str
    panel: Panel
    operator: np.ndarray | None
    years: tuple[int, ...]
    weather: str


def _panel(name: str, load: pd.Series, temperature: pd.Series, timezone: str, country: str, area: str | None) -> Panel:
    """A panel of one series; `load` and `temperature` are hourly and indexed by UTC."""
    first, last = load.index[0], load.index[-1]
    hours = pd.date_range(first, last, freq="h")
    axis = pd.date_range(first, periods=len(hours) + HORIZON_H, freq="h")
    years = range(first.year, last.year + 2)
    off = holidays.country_holidays(country, subdiv=area, years=years)
    every = [date(first.year, 1, 1) + timedelta(days=k) for k in range(366 * len(years))]
    days = {d: (d.weekday() < 5 and d not in off, d in off, "") for d in every}
    known = calendar(first, len(axis), timezone, days)
    return Panel(
        first_at=first,
        keys=(("company", name),),
        load=load.reindex(axis).to_numpy(float)[None],
        temperature=temperature.reindex(axis).to_numpy(float)[None],
        last_date=last.tz_convert(timezone).date(),
        lake_snapshot="",
        **known,
    )


def _whole_days(index: pd.DatetimeIndex, timezone: str) -> pd.DatetimeIndex:
    """Hours from the first to the last whole local day."""
    local = index.tz_convert(timezone)
    start = local[0].normalize() + pd.Timedelta(days=0 if local[0] == local[0].normalize() else 1)
    return index[(local >= start) & (local < (local[-1] + pd.Timedelta(hours=1)).normalize())]


def france(folder: Path) -> Case | None:
    """France 2021-2023 with the operator's day-ahead forecast and forecast temperatures of ten cities."""
    path, air = folder / "load" / "france_load_2021_2023.parquet", folder / "load" / "france_weather_2021_2023.parquet"
    if not (path.is_file() and air.is_file()):
        return None
    rows = pd.read_parquet(path).set_index("ts_utc").asfreq("h")
    rows = rows.loc[_whole_days(rows.index, "Europe/Paris")]
    cities = pd.read_parquet(air, columns=["ts_utc", "temperature_2m"])
    panel = _panel("FR", rows["load_mw"], cities.groupby("ts_utc")["temperature_2m"].mean(), "Europe/Paris", "FR", None)
    operator = np.append(rows["tso_day_ahead_mw"].to_numpy(float), np.full(HORIZON_H, np.nan))
    return Case("france", panel, operator, (2022, 2023), "historical forecasts of ten cities, mean")


def victoria(folder: Path) -> Case | None:
    """Victoria 2012-2014 with measured temperature, as if its forecast had been perfect."""
    path = folder / "load" / "vic_electricity.csv"
    if not path.is_file():
        return None
    rows = pd.read_csv(path, index_col="Time", usecols=["Time", "Demand", "Temperature"])
    rows.index = pd.to_datetime(rows.index, utc=True)
    rows = rows.resample("h").mean()
    rows = rows.loc[_whole_days(rows.index, "Australia/Melbourne")]
    panel = _panel("VIC", rows["Demand"], rows["Temperature"], "Australia/Melbourne", "AU", "VIC")
    return Case("victoria", panel, None, (2013, 2014), "measured, as if the forecast had been perfect")


CASES = {"france": france, "victoria": victoria}


def forecast_days(
    panel: Panel, days: list[int], parameters: Parameters, advance: Callable[[], None] = lambda: None
) -> tuple[np.ndarray, int]:
    """P10, P50, P90 [T, 3] of the hours of `days` (ascending numbers of local days), NaN elsewhere; and refits."""
    made = np.full((panel.load.shape[1], 3), np.nan)
    month, refits = "", 0
    for day in days:
        if f"{panel.date_of(day):%Y-%m}" != month:
            month, refits = f"{panel.date_of(day):%Y-%m}", refits + 1
            model = ForecastPipeline(parameters).fit(panel, day - 1)
        hidden = panel.with_load(panel.load.copy())
        known = (panel.day < day - 1) | ((panel.day == day - 1) & (panel.hour < parameters.known_hours))
        hidden.load[:, ~known] = np.nan
        here = np.flatnonzero(panel.day == day)
        made[here] = model.predict(hidden, SERIES, day)[0, : len(here)]
        advance()
    return made, refits


def mape_pct(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Mean of |actual - predicted| / actual in per cent, over hours that both know."""
    good = np.isfinite(actual) & np.isfinite(predicted)
    return float(100 * np.mean(np.abs(actual[good] - predicted[good]) / actual[good]))


def measure(case: Case, advance: Callable[[], None] = lambda: None) -> list[dict[str, Any]]:
    """One row a year: MAPE of ours, the operator's and of the load 168 hours before, on the same hours."""
    panel, rows = case.panel, []
    for year in case.years:
        started = time.perf_counter()
        days = [day for day in range(panel.origin_day) if panel.date_of(day).year == year]
        if not days:
            continue
        made, refits = forecast_days(panel, days, PARAMETERS, advance)
        actual = np.where(np.isin(panel.day, days), panel.load[0], np.nan)
        if case.operator is not None:
            actual = np.where(np.isfinite(case.operator), actual, np.nan)
        good = np.isfinite(actual)
        week_ago = np.concatenate([np.full(HORIZON_H, np.nan), panel.load[0, :-HORIZON_H]])
        inside = (actual >= made[:, 0]) & (actual <= made[:, 2])
        rows.append(
            {
                "series": case.name,
                "year": year,
                "mape_pct": round(mape_pct(actual, made[:, 1]), 2),
                "operator_mape_pct": None if case.operator is None else round(mape_pct(actual, case.operator), 2),
                "lag_168_mape_pct": round(mape_pct(actual, week_ago), 2),
                "p10_p90_coverage_pct": round(float(100 * inside[good].mean()), 1),
                "hours": int(good.sum()),
                "refits": refits,
                "weather": case.weather,
                "seconds": round(time.perf_counter() - started, 1),
            }
        )
    return rows


def run(
    data: Path | None = None, only: str | None = None, progress: Callable[[int, int], None] = lambda done, of: None
) -> dict[str, Any]:
    """Measure every series that the folder has; raises GridmartError (exit code 2) if it has none."""
    folder = data or PROJECT_DIR.parent / "shared" / "data"
    if only and only not in CASES:
        raise GridmartError(f"there is no series {only!r}", f"use one of: {', '.join(CASES)}", 2)
    wanted = {name: of for name, of in CASES.items() if only in (None, name)}
    found = {name: of(folder) if folder.is_dir() else None for name, of in wanted.items()}
    cases = [case for case in found.values() if case is not None]
    if not cases:
        raise GridmartError(
            f"no public series is in {folder}",
            "name the folder that holds load/ with --data; it is not part of gridmart",
            2,
        )
    total = sum(case.panel.date_of(day).year in case.years for case in cases for day in range(case.panel.origin_day))
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    return {
        "results": [row for case in cases for row in measure(case, advance)],
        "absent": [name for name, case in found.items() if case is None],
        "model": repr(PARAMETERS),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
    }
