"""What accounts used by month, as their meters counted it: energy by time-of-use period, demand, reactive energy."""

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from gridmart.simulator.plan import SLOTS
from gridmart.simulator.population import Population
from gridmart.tariffs import CALENDAR_OF, PERIODS, tou_hours

HOURS = 24
PERIOD_WH = tuple(f"{period}_wh" for period in PERIODS)
SUMS = (*PERIOD_WH, "export_wh", "import_varh")
HIGHEST = "max_demand_w"
COLUMNS = {"account_no": "object", "month": "datetime64[s]"} | dict.fromkeys((*SUMS, HIGHEST), "int64")
KEY = ["account_no", "month"]


@lru_cache(maxsize=64)
def _periods(start: date, days: int) -> dict[str, np.ndarray]:
    """Number of the period (place in PERIODS) of each hour, by calendar: [days, 24]."""
    hours = tou_hours(start, start + timedelta(days=days - 1)).to_pandas()
    place = {period: k for k, period in enumerate(PERIODS)}
    return {
        str(code): rows["period_code"].map(place).to_numpy(np.int8).reshape(days, HOURS)
        for code, rows in hours.groupby("calendar_code")
    }


def time_of_use(population: Population, org_no: str, start: date, days: int, metered_wh: np.ndarray) -> np.ndarray:
    """Wh of a station's accounts by day and period of their tariff calendar: int64 [accounts, days, len(PERIODS)].

    `metered_wh`: integers [accounts of the station, days * 96].
    """
    categories = population.accounts["usage_category"].iloc[population.rows_of(org_no)]
    calendars = categories.map(CALENDAR_OF).to_numpy(object)
    used = np.zeros((len(metered_wh), days, len(PERIODS)), np.int64)
    for code, period in _periods(start, days).items():
        here = np.flatnonzero(calendars == code)
        if not here.size:
            continue
        hourly = metered_wh[here].reshape(here.size, days, HOURS, SLOTS // HOURS).sum(axis=3, dtype=np.int64)
        for k in np.unique(period):
            used[here, :, k] = (hourly * (period == k)).sum(axis=2)
    return used


def accumulate(
    population: Population,
    org_no: str,
    start: date,
    days: int,
    metered_wh: np.ndarray,
    export_wh: np.ndarray,
    import_varh: np.ndarray,
) -> pd.DataFrame:
    """Uses of a station and a span of days, one row per account and month (also if the span holds a part of it).

    Integers [rows, days * 96]; rows are the station's accounts, those with generation, and those that send electrical
    values, each in the order of `Population.accounts`. Returns COLUMNS; `max_demand_w` is the largest 15-minute mean.
    """
    accounts = population.accounts.iloc[population.rows_of(org_no)]
    solar = np.flatnonzero(accounts["has_generation"].to_numpy(bool))
    sends = np.flatnonzero(accounts["sends_electrical"].to_numpy(bool))
    by_period = time_of_use(population, org_no, start, days, metered_wh)
    months = (np.datetime64(start, "D") + np.arange(days)).astype("datetime64[M]")
    parts = []
    for month in np.unique(months):
        inside = np.flatnonzero(months == month)
        span = slice(int(inside[0]) * SLOTS, (int(inside[-1]) + 1) * SLOTS)
        export, varh = np.zeros(len(accounts), np.int64), np.zeros(len(accounts), np.int64)
        export[solar] = export_wh[:, span].sum(axis=1, dtype=np.int64)
        varh[sends] = import_varh[:, span].sum(axis=1, dtype=np.int64)
        columns: dict[str, object] = {"account_no": accounts["account_no"].to_numpy(object), "month": month}
        columns |= dict(zip(PERIOD_WH, by_period[:, inside].sum(axis=1).T, strict=True))
        highest = metered_wh[:, span].max(axis=1).astype(np.int64) * (SLOTS // HOURS)
        columns |= {"export_wh": export, "import_varh": varh, HIGHEST: highest}
        parts.append(pd.DataFrame(columns).astype(COLUMNS))
    return pd.concat(parts, ignore_index=True)


def together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Uses of spans that follow each other, added up: one row per account and month, months in order."""
    by_month: dict[pd.Timestamp, list[pd.DataFrame]] = {}
    for part in parts:
        for month, rows in part.groupby("month", sort=True):
            by_month.setdefault(pd.Timestamp(month), []).append(rows)
    if not by_month:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    how = dict.fromkeys(SUMS, "sum") | {HIGHEST: "max"}
    added = []
    for month in sorted(by_month):
        rows = pd.concat(by_month[month], ignore_index=True)
        if rows["account_no"].duplicated().any():
            rows = rows.groupby(KEY, sort=False, as_index=False).agg(how)
        added.append(rows.astype(COLUMNS))
    return pd.concat(added, ignore_index=True)[list(COLUMNS)]


def complete(uses: pd.DataFrame, first: date, end: date) -> pd.DataFrame:
    """The months of `uses` that lie wholly within [first, end]."""
    whole = complete_months(first, end)
    return uses[uses["month"].isin([pd.Timestamp(month) for month in whole])].reset_index(drop=True)


def complete_months(first: date, end: date) -> list[date]:
    """First days of the calendar months that lie wholly within [first, end], in order."""
    month = first if first.day == 1 else following(first.replace(day=1))
    found = []
    while last_day(month) <= end:
        found.append(month)
        month = following(month)
    return found


def following(month: date) -> date:
    """First day of the next month."""
    return last_day(month) + timedelta(days=1)


def last_day(month: date) -> date:
    """Last day of a month."""
    return month.replace(day=monthrange(month.year, month.month)[1])
