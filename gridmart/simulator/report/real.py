"""Real public load series as arrays, to stand in the same pictures. Absent files are left out."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import holidays
import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Series:
    """A real load: `load` [D, 24] in MW by local hour, `temperature` [D, 24] °C, `is_workday`, `is_holiday` [D]."""

    name: str
    load: np.ndarray
    temperature: np.ndarray
    is_workday: np.ndarray
    is_holiday: np.ndarray
    first: date


def _series(
    name: str, local: pd.DatetimeIndex, load: np.ndarray, temperature: np.ndarray, country: str, area: str | None = None
) -> Series:
    """Hourly means of each local date and hour; a date of 23 hours lacks one."""
    frame = pd.DataFrame({"load": load, "t": temperature, "day": local.normalize(), "hour": local.hour})
    wide = frame.groupby(["day", "hour"])[["load", "t"]].mean().unstack("hour")
    known = wide["load"].notna().sum(axis=1) >= 23
    first, last = known[known].index[0], known[known].index[-1]
    wide = wide.reindex(pd.date_range(first, last))
    off = holidays.country_holidays(country, subdiv=area, years=range(first.year, last.year + 1))
    is_holiday = np.array([day.date() in off for day in wide.index])
    is_workday = np.asarray(wide.index.weekday < 5) & ~is_holiday
    return Series(name, wide["load"].to_numpy(float), wide["t"].to_numpy(float), is_workday, is_holiday, first.date())


def victoria(folder: Path) -> Series | None:
    """Victoria, Australia, 2012 to 2014."""
    path = folder / "load" / "vic_electricity.csv"
    if not path.is_file():
        return None
    rows = pd.read_csv(path)
    local = pd.DatetimeIndex(pd.to_datetime(rows["Time"], utc=True)).tz_convert("Australia/Melbourne").tz_localize(None)
    return _series("Victoria 2012–2014", local, rows["Demand"].to_numpy(), rows["Temperature"].to_numpy(), "AU", "VIC")


def france(folder: Path) -> Series | None:
    """France, 2021 to 2023; temperature is the mean of ten cities."""
    path, air = folder / "load" / "france_load_2021_2023.parquet", folder / "load" / "france_weather_2021_2023.parquet"
    if not path.is_file():
        return None
    rows = pd.read_parquet(path)
    at = pd.DatetimeIndex(rows["ts_utc"])
    warm = np.full(len(rows), np.nan)
    if air.is_file():
        cities = pd.read_parquet(air, columns=["ts_utc", "temperature_2m"])
        warm = cities.groupby("ts_utc")["temperature_2m"].mean().reindex(at).to_numpy(float)
    local = at.tz_convert("Europe/Paris").tz_localize(None)
    return _series("France 2021–2023", local, rows["load_mw"].to_numpy(), warm, "FR")


def gefcom(folder: Path) -> Series | None:
    """A utility of the United States, 2005 to 2011 (GEFCom2014, load track); temperature is the mean of 25 stations."""
    path = folder / "load" / "gefcom2014_l_to_task9.parquet"
    if not path.is_file():
        return None
    rows = pd.read_parquet(path).dropna(subset=["load_mw"])
    local = pd.DatetimeIndex(pd.to_datetime(rows["hour_ending_local"])) - pd.Timedelta(hours=1)
    stations = [name for name in rows.columns if name.startswith("w")]
    warm = (rows[stations].mean(axis=1).to_numpy(float) - 32) / 1.8
    return _series("GEFCom2014-L 2005–2011", local, rows["load_mw"].to_numpy(), warm, "US")


def read(folder: Path | None) -> list[Series]:
    """The series that the folder has."""
    if folder is None or not folder.is_dir():
        return []
    found = (of(folder) for of in (victoria, france, gefcom))
    return [series for series in found if series is not None]
