"""Measures of a load, the same for the simulated utility and for real series.

A load is [D, 24]: local dates by hours, NaN where unknown; any unit of energy or power.
"""

import warnings

import numpy as np
from scipy import stats

DAY_HOURS = range(8, 22)  # day; the other ten hours are night
HEATING_BELOW_C, COOLING_ABOVE_C = 16.0, 22.0
DRAWS = 20  # random groups of customers for each size
SEED = (42, 901)
GROUPS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


def _mean(values: np.ndarray, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing known: the mean is unknown
        return np.nanmean(values, axis=axis)


def mean_load(loads: np.ndarray) -> np.ndarray:
    """Mean over customers [n, D, 24] -> [D, 24]."""
    return _mean(loads, 0)


def load_factor(load: np.ndarray) -> float:
    """Mean / peak hour of a year; median over spans of 365 days (the whole where it is shorter)."""
    years = max(len(load) // 365, 1)
    spans = np.array_split(load[: years * 365] if len(load) >= 365 else load, years)
    found = [np.nanmean(span) / np.nanmax(span) for span in spans if not np.isnan(span).all() and np.nanmax(span) > 0]
    return float(np.median(found)) if found else float("nan")


def profile(load: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Mean of each hour over the chosen days, relative to the mean of the whole load, [24]."""
    return _mean(load[days], 0) / _mean(load)


def week(load: np.ndarray, first_weekday: int, usual: np.ndarray) -> np.ndarray:
    """Mean of each hour of the week over usual days (no holidays), relative to the mean, [168] from Monday."""
    weekday = (np.arange(len(load)) + first_weekday) % 7
    return np.concatenate([profile(load, (weekday == k) & usual) for k in range(7)])


def peak_hour(load: np.ndarray, days: np.ndarray) -> int:
    """Hour (0-23) of the highest mean load over the chosen days."""
    return int(np.nanargmax(profile(load, days)))


def day_night(load: np.ndarray) -> float:
    """Mean of hours 8-22 / mean of hours 22-8."""
    night = [h for h in range(24) if h not in DAY_HOURS]
    return float(_mean(load[:, list(DAY_HOURS)]) / _mean(load[:, night]))


def work_weekend(load: np.ndarray, is_workday: np.ndarray, is_holiday: np.ndarray) -> float:
    """Mean of workdays / mean of days off that are no holidays."""
    return float(_mean(load[is_workday]) / _mean(load[~is_workday & ~is_holiday]))


def autocorrelation(load: np.ndarray, lags: list[int]) -> np.ndarray:
    """Correlation of the hourly load with itself `lag` hours before, over hours that are both known."""
    flat = load.reshape(-1)
    found = []
    for lag in lags:
        a, b = flat[lag:], flat[: len(flat) - lag]
        good = ~(np.isnan(a) | np.isnan(b))
        flat_there = good.sum() > 48 and a[good].std() > 0 and b[good].std() > 0
        found.append(float(np.corrcoef(a[good], b[good])[0, 1]) if flat_there else float("nan"))
    return np.array(found)


def sensitivity(load: np.ndarray, temperature: np.ndarray, is_workday: np.ndarray) -> tuple[float, float, float]:
    """(heating, cooling, mean): least squares of daily energy on workday and degree-days, in the load's unit.

    Heating below 16 °C, cooling above 22 °C of the day's mean: units of daily energy per degree-day. NaN where
    fewer than 30 degree-days or 60 days are known.
    """
    daily, warm = load.sum(axis=1), _mean(temperature, 1)
    heat, cool = np.maximum(HEATING_BELOW_C - warm, 0), np.maximum(warm - COOLING_ABOVE_C, 0)
    good = ~(np.isnan(daily) | np.isnan(warm))
    mean = float(daily[good].mean()) if good.any() else float("nan")
    if good.sum() < 60:
        return float("nan"), float("nan"), mean
    x = np.column_stack([np.ones(good.sum()), is_workday[good], heat[good], cool[good]])
    found, *_ = np.linalg.lstsq(x, daily[good], rcond=None)
    heating, cooling = (
        float(slope) if degrees[good].sum() >= 30 else float("nan")
        for slope, degrees in zip(found[2:], (heat, cool), strict=True)
    )
    return heating, cooling, mean


def by_temperature(load: np.ndarray, temperature: np.ndarray, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean daily energy relative to the mean by bins of 2 °C of the chosen days: (°C, share); five days a bin."""
    daily, warm = load.sum(axis=1), _mean(temperature, 1)
    good = ~(np.isnan(daily) | np.isnan(warm)) & days
    if not good.any():
        return np.empty(0), np.empty(0)
    bins = np.floor(warm[good] / 2) * 2 + 1
    mean = daily[good].mean()
    at = [b for b in np.unique(bins) if (bins == b).sum() >= 5]
    return np.array(at), np.array([daily[good][bins == b].mean() / mean for b in at])


def complete(loads: np.ndarray, share: float = 0.9) -> np.ndarray:
    """Customers with at least this share of hours known, gaps filled by their mean of that hour: [n, D, 24]."""
    known = (~np.isnan(loads)).mean(axis=(1, 2))
    kept = loads[known >= share]
    usual = _mean(kept, 1)
    return np.where(np.isnan(kept), usual[:, None, :], kept)


def coincidence(loads: np.ndarray) -> tuple[list[int], np.ndarray, np.ndarray]:
    """(N, factor, peak): peak of the sum / sum of the peaks of N customers, and peak of the sum / N.

    Mean of random groups without replacement, drawn with a fixed seed. loads [n, D, 24] without gaps.
    """
    flat = loads.reshape(len(loads), -1)
    flat = flat[flat.max(axis=1, initial=0) > 0]
    peaks = flat.max(axis=1, initial=0)
    draw = np.random.default_rng(SEED)
    sizes = [n for n in GROUPS if n <= len(flat)]
    factor, peak = [], []
    for size in sizes:
        groups = [draw.choice(len(flat), size, replace=False) for _ in range(DRAWS if size < len(flat) else 1)]
        tops = [float(flat[group].sum(axis=0).max()) for group in groups]
        factor.append(np.mean([top / peaks[group].sum() for top, group in zip(tops, groups, strict=True)]))
        peak.append(np.mean(tops) / size)
    return sizes, np.array(factor), np.array(peak)


def rusck(n: np.ndarray, limit: float) -> np.ndarray:
    """Coincidence factor of n alike customers: limit + (1 - limit) / sqrt(n) (S. Rusck 1956)."""
    return limit + (1 - limit) / np.sqrt(n)


def velander(n: np.ndarray, yearly_kwh: float, k1: float, k2: float) -> np.ndarray:
    """Coincidence factor by Velander's peak k1·W + k2·sqrt(W) of n customers that use `yearly_kwh` each."""
    total = n * yearly_kwh
    one = k1 * yearly_kwh + k2 * np.sqrt(yearly_kwh)
    return (k1 * total + k2 * np.sqrt(total)) / (n * one)


def gini(values: np.ndarray) -> float:
    """Gini coefficient of values >= 0."""
    ordered = np.sort(values)
    n = len(ordered)
    if n == 0 or ordered.sum() == 0:
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))


def top_share(values: np.ndarray, share: float = 0.01) -> float:
    """Share of the sum that the highest `share` of the values have (at least one value)."""
    count = max(round(len(values) * share), 1)
    return float(np.sort(values)[-count:].sum() / values.sum())


def log_normal(values: np.ndarray) -> tuple[float, float, float, float]:
    """(mean, deviation, skewness of the logarithms; Kolmogorov distance to the normal that fits them)."""
    logs = np.log(values[values > 0])
    mean, deviation = float(logs.mean()), float(logs.std(ddof=1))
    distance = stats.kstest(logs, "norm", args=(mean, deviation)).statistic
    return mean, deviation, float(stats.skew(logs)), float(distance)
