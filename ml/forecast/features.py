"""Features of the load forecast: what is known on the evening before the horizon, and the hour asked for.

An origin is a local midnight; its horizon is the 168 hours after it. Every feature of a row comes from load
before the origin, and from calendar and temperature up to the hour asked for. Loads are divided by the
series' mean of the last 7 days, so one model serves a company and a small transformer.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from ml.errors import FlatSeriesError, InsufficientHistoryError, MissingWeatherError
from ml.forecast.panel import HORIZON_H, Panel

FEATURES = (
    "level", "horizon_day", "hour", "weekday", "is_workday", "holiday", "holiday_near", "week_ago_is_workday",
    "week_ago", "two_weeks_ago", "same_kind", "other_kind", "last_day", "last_day_level", "week_trend", "month_trend",
    "temperature", "temperature_change", "heating_degrees", "cooling_degrees", "inertia_24h", "inertia_72h_change",
)  # fmt: skip
HEATING_BELOW_C, COOLING_ABOVE_C = 16.0, 22.0  # bases of degree-days; heating and cooling start about there
SAME_KIND_DAYS = 4
LOOK_BACK_DAYS = 35
FIRST_ORIGIN_DAY = 14
MIN_HOURS = 14 * 24
FLAT_SHARE = 1e-3  # a range of a week below this share of its level is a line, not a load


@dataclass(frozen=True)
class Origins:
    """What is known at each origin: arrays [series, origin], `kinds` [series, origin, off/work, 24 local hours]."""

    days: np.ndarray
    start: np.ndarray  # index of each origin's first hour on the panel's axis
    level: np.ndarray
    last_day: np.ndarray  # [series, origin, 24]
    last_day_level: np.ndarray
    week_trend: np.ndarray
    month_trend: np.ndarray
    kinds: np.ndarray


def _mean(values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all missing: the mean is missing too
        return np.nanmean(values, axis=axis)


def origins(panel: Panel, days: np.ndarray, known_hours: int = 24) -> Origins:
    """What is known at the start of each of `days` (numbers of local days), from load before it alone.

    Of the day before, the first `known_hours` local hours count: a forecast that is made in the evening does not
    know the rest.
    """
    n_days = int(panel.day[-1]) + 1
    cube = np.full((len(panel.keys), n_days, 24), np.nan)
    cube[:, panel.day, panel.hour] = panel.load
    starts = np.searchsorted(panel.day, np.arange(n_days))
    works = panel.is_workday[starts]
    levels, trends, months, lasts, kinds = [], [], [], [], []
    for d in days:
        later = cube[:, d - 1, known_hours:].copy()
        cube[:, d - 1, known_hours:] = np.nan
        week = _mean(np.abs(cube[:, max(0, d - 7) : d]), (1, 2))
        levels.append(week)
        trends.append(week / _mean(np.abs(cube[:, max(0, d - 14) : max(1, d - 7)]), (1, 2)))
        enough = d >= 56
        before = _mean(np.abs(cube[:, d - 56 : d - 28]), (1, 2)) if enough else np.full(len(week), np.nan)
        months.append(_mean(np.abs(cube[:, max(0, d - 28) : d]), (1, 2)) / before)
        lasts.append(cube[:, d - 1].copy())
        recent = np.arange(max(0, d - LOOK_BACK_DAYS), d)
        kinds.append(
            np.stack([_mean(cube[:, recent[works[recent] == kind][-SAME_KIND_DAYS:]], 1) for kind in (False, True)], 1)
        )
        cube[:, d - 1, known_hours:] = later
    last_day = np.stack(lasts, 1)
    return Origins(
        days=days,
        start=starts[days],
        level=np.stack(levels, 1),
        last_day=last_day,
        last_day_level=_mean(np.abs(last_day), 2),
        week_trend=np.stack(trends, 1),
        month_trend=np.stack(months, 1),
        kinds=np.stack(kinds, 1),
    )


def _trailing(temperature: np.ndarray, hours: int) -> np.ndarray:
    """Mean of the last `hours` hours, this one included; NaN where none of them is known."""
    known = ~np.isnan(temperature)
    total = np.cumsum(np.where(known, temperature, 0.0), axis=1)
    count = np.cumsum(known, axis=1)
    total[:, hours:] = total[:, hours:] - total[:, :-hours]
    count[:, hours:] = count[:, hours:] - count[:, :-hours]
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


@dataclass(frozen=True)
class Weather:
    """Temperature [series, T] and its slow means, in °C."""

    now: np.ndarray
    day: np.ndarray
    three_days: np.ndarray
    week: np.ndarray


def weather(panel: Panel) -> Weather:
    """Temperature and how long it has lasted: buildings follow it with inertia."""
    t = panel.temperature
    return Weather(t, _trailing(t, 24), _trailing(t, 72), _trailing(t, 168))


def base_and_level(
    panel: Panel, known: Origins, s: np.ndarray, j: np.ndarray, t: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The simple guess that the model corrects, and the scale, in kW, of rows (series, origin, hour index)."""
    level = known.level[s, j]
    kind = panel.is_workday[t].astype(int)
    base = known.kinds[s, j, kind, panel.hour[t]]
    for other in (panel.load[s, t - HORIZON_H], known.kinds[s, j, 1 - kind, panel.hour[t]], level):
        base = np.where(np.isnan(base), other, base)
    return base, level


def matrix(panel: Panel, known: Origins, air: Weather, s: np.ndarray, j: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Features [rows, FEATURES] of rows (series, position of the origin, hour index within its horizon)."""
    start, hour, kind = known.start[j], panel.hour[t], panel.is_workday[t].astype(int)
    level = known.level[s, j]
    two_weeks = np.where(t >= 2 * HORIZON_H, panel.load[s, np.maximum(t - 2 * HORIZON_H, 0)], np.nan)
    near = np.convolve(panel.holiday > 0, np.ones(145), mode="same") > 0  # a holiday within three days
    now, ago = air.now[s, t], air.now[s, t - HORIZON_H]
    columns = (
        panel.level[s],
        panel.day[t] - known.days[j],
        hour,
        panel.weekday[t],
        kind,
        panel.holiday[t],
        near[t],
        panel.is_workday[t - HORIZON_H],
        panel.load[s, t - HORIZON_H] / level,
        two_weeks / level,
        known.kinds[s, j, kind, hour] / level,
        known.kinds[s, j, 1 - kind, hour] / level,
        known.last_day[s, j, hour] / level,
        known.last_day_level[s, j] / level,
        known.week_trend[s, j],
        known.month_trend[s, j],
        now,
        now - ago,
        np.maximum(HEATING_BELOW_C - air.day[s, t], 0),
        np.maximum(air.day[s, t] - COOLING_ABOVE_C, 0),
        air.day[s, t],
        air.three_days[s, t] - air.week[s, start - 1],
    )
    return np.column_stack([np.asarray(column, dtype="float32") for column in columns])


def check(panel: Panel, series: int, day: int) -> None:
    """Raise the fitting PoorDataError if a series cannot be forecast from the start of `day` on."""
    name = " ".join(panel.keys[series])
    start = int(np.searchsorted(panel.day, day))
    recent = panel.load[series, max(0, start - 28 * 24) : start]
    hours = int((~np.isnan(recent)).sum())
    week = recent[-HORIZON_H:]
    week = week[~np.isnan(week)]
    if hours < MIN_HOURS or len(week) < 72:
        raise InsufficientHistoryError(f"{name}: {hours} hours of load in the last 28 days, {MIN_HOURS} are needed")
    if np.ptp(week) <= FLAT_SHARE * max(float(np.abs(week).mean()), 1e-6):
        raise FlatSeriesError(f"{name}: the load has not moved for a week", "look at the meter")
    ahead = panel.temperature[series, start : start + HORIZON_H]
    if np.isnan(ahead).mean() > 0.1:
        raise MissingWeatherError(
            f"{name}: temperature is missing for {int(np.isnan(ahead).sum())} of the {HORIZON_H} hours ahead",
            "deliver a weather forecast",
        )
