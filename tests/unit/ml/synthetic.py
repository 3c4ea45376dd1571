"""A small synthetic utility: hourly loads that follow the day, the week, holidays and the temperature."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from ml.forecast.panel import HORIZON_H, Panel, calendar

TIMEZONE = "Asia/Shanghai"


def days_of(first: date, count: int) -> dict[date, tuple[bool, bool, str]]:
    """Calendar of the synthetic utility: workdays, and National Day as a holiday of three days."""
    result = {}
    for k in range(count):
        d = first + timedelta(days=k)
        holiday = d.month == 10 and d.day <= 3
        result[d] = (d.weekday() < 5 and not holiday, holiday, "国庆节" if holiday else "")
    return result


def temperature(hours: int, seed: int = 1) -> np.ndarray:
    """A year's wave, a day's wave and weather that lasts for days, °C, [hours]."""
    draw = np.random.default_rng(seed)
    t = np.arange(hours)
    spells = pd.Series(draw.normal(0, 1, hours)).ewm(halflife=48).mean().to_numpy()
    return 14 + 14 * np.sin(2 * np.pi * (t / 8760 - 0.0)) + 4 * np.sin(2 * np.pi * (t % 24 - 9) / 24) + 30 * spells


def panel(days: int = 100, transformers: int = 4, last: date = date(2026, 8, 31), seed: int = 1) -> Panel:
    """A panel of `days` days: transformers, two feeders that sum them, and the company."""
    first = last - timedelta(days=days - 1)
    first_at = pd.Timestamp(first, tz=TIMEZONE).tz_convert("UTC")
    known, hours = days * 24, days * 24 + HORIZON_H
    cal = calendar(first_at, hours, TIMEZONE, days_of(first, days + 9))
    draw = np.random.default_rng(seed)
    air = temperature(hours, seed)
    slow = pd.Series(air).rolling(24, min_periods=1).mean().to_numpy()
    load = []
    for k in range(transformers):
        shape = 1 + 0.5 * np.sin(2 * np.pi * (cal["hour"] - 8 - k) / 24)
        week = np.where(cal["is_workday"], 1.0, 0.6 + 0.2 * (k % 2))
        weather = 1 + 0.04 * np.maximum(slow - 22, 0) + 0.03 * np.maximum(16 - slow, 0)
        load.append((20 + 10 * k) * shape * week * weather * (1 + 0.04 * draw.normal(size=hours)))
    rows = np.array(load)
    feeders = np.array([rows[0::2].sum(0), rows[1::2].sum(0)])
    values = np.vstack([feeders.sum(0, keepdims=True), feeders, rows])
    values[:, known:] = np.nan
    keys = [("company", "1400"), ("feeder", "F001"), ("feeder", "F002")]
    keys += [("transformer", f"T{k + 1:04d}") for k in range(transformers)]
    return Panel(first_at, tuple(keys), values, np.tile(air, (len(keys), 1)), last_date=last, **cal)
