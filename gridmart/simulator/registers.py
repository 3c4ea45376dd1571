"""What the registers show: the index at each day's start and end, across swaps and rollovers."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from gridmart.simulator.delivery import head_end
from gridmart.simulator.faults import meter_swap, register_rollover
from gridmart.simulator.population import Population
from gridmart.simulator.units import Unit
from gridmart.tariffs import CALENDAR_OF, PERIODS

PERIOD_TOTALS = [f"{period}_wh" for period in PERIODS]
PERIOD_BASES = [f"{period}_base_wh" for period in PERIODS]
PERIOD_INDEXES = [f"{period}_base_index" for period in PERIODS]


@dataclass(frozen=True)
class Lines:
    """Secondary indexes (kWh ÷ CT ÷ PT, 2 decimals). `index` [points, days, 2]: at 00:00 of each date and of the next;
    `periods` [accounts, days, periods]: of the registers by time-of-use period, at the end of each date; `at_end`: see
    `State.registers`."""

    index: np.ndarray
    periods: np.ndarray
    at_end: pd.DataFrame
    first: date

    def of(self, population: Population, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
        """The part of a unit: station's points x days x 2, and x periods (NaN for boundaries)."""
        k = (unit.start - self.first).days
        rows = population.points_of(unit.station)
        accounts = rows[rows < len(self.periods)]
        by_period = np.full((len(rows), unit.days, len(PERIODS)), np.nan)
        by_period[: len(accounts)] = self.periods[accounts, k : k + unit.days]
        return self.index[rows, k : k + unit.days], by_period


def lines(
    population: Population,
    instances: dict[str, pd.DataFrame],
    before: pd.DataFrame | None,
    daily_wh: np.ndarray,
    period_wh: np.ndarray,
    first: date,
) -> Lines:
    """Indexes of every point for the days from `first`.

    `daily_wh` [points, days] and `period_wh` [accounts, days, periods]: what the meters counted. `before`: registers at
    the end of the day before; None: these are the utility's first days. A new meter starts at 0 at the begin of its
    date; an index that outgrows its digits starts again at 0.
    """
    points = population.points
    now = _at_start(population, instances) if before is None else before.copy()
    row_of = {point: k for k, point in enumerate(points["point_no"])}
    last = first + timedelta(days=daily_wh.shape[1] - 1)
    swaps = [
        (row_of[point], (day - first).days)
        for point, day in meter_swap.dates(instances.get("meter_swap")).items()
        if first <= day <= last
    ]
    factor = 1000.0 * (points["ct_ratio"] * points["pt_ratio"]).to_numpy(float)
    wrap = 10.0 ** (points["digits"].to_numpy(int) - 2)

    total = _Register(now, "total_wh", "base_wh", "base_index", factor, wrap, daily_wh)
    index = np.stack([total.shown(total.starts), total.shown(total.ends)], axis=2)
    removal = now["removal_index"].to_numpy().copy()
    accounts = len(period_wh)
    periods = np.empty((accounts, daily_wh.shape[1], len(PERIODS)))
    registers = [
        _Register(now.iloc[:accounts], t, b, i, factor[:accounts], wrap[:accounts], period_wh[:, :, k])
        for k, (t, b, i) in enumerate(zip(PERIOD_TOTALS, PERIOD_BASES, PERIOD_INDEXES, strict=True))
    ]
    for k, register in enumerate(registers):
        periods[:, :, k] = register.shown(register.ends)
    for row, day in swaps:
        removal[row] = index[row, day, 0]
        begin, end = total.restart(row, day)
        index[row, day:] = np.stack([begin, end], axis=1)
        for k, register in enumerate(registers):
            periods[row, day:, k] = register.restart(row, day)[1]
    for register in (total, *registers):
        register.store(now)
    now["removal_index"] = removal
    return Lines(index, periods, now, first)


class _Register:
    """One register of many points: what it has counted [points, days], and what it shows."""

    def __init__(
        self, at: pd.DataFrame, total: str, base: str, index: str, factor: np.ndarray, wrap: np.ndarray, wh: np.ndarray
    ) -> None:
        self.names, self.factor, self.wrap = (total, base, index), factor, wrap
        self.ends = at[total].to_numpy(np.int64)[:, None] + np.cumsum(wh, axis=1, dtype=np.int64)
        self.starts = self.ends - wh
        self.base, self.index = at[base].to_numpy(np.int64).copy(), at[index].to_numpy(float).copy()

    def shown(self, wh: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        """Index at totals of the given points, [points, days]."""
        value = (wh - self.base[rows, None]) / self.factor[rows, None] + self.index[rows, None]
        return np.round(np.mod(value, self.wrap[rows, None]), 2)

    def restart(self, row: int, day: int) -> tuple[np.ndarray, np.ndarray]:
        """A new meter counts from 0 at the begin of a day: index at start and end of that day and those after it."""
        self.base[row], self.index[row] = self.starts[row, day], 0.0
        one = slice(row, row + 1)
        return self.shown(self.starts[one, day:], one)[0], self.shown(self.ends[one, day:], one)[0]

    def store(self, at: pd.DataFrame) -> None:
        """Write the state at the end into its columns."""
        for name, values in zip(self.names, (self.ends[:, -1], self.base, self.index), strict=True):
            at.iloc[: len(values), at.columns.get_loc(name)] = values


def _at_start(population: Population, instances: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Registers at the begin of the history: nothing counted yet."""
    points = population.points
    made = pd.DataFrame({"point_no": points["point_no"], "total_wh": 0, "base_wh": 0})
    index = points["start_index"].to_numpy(float).copy()
    row_of = {point: k for k, point in enumerate(points["point_no"])}
    for point, value in register_rollover.start_index(population, instances.get("register_rollover")).items():
        index[row_of[point]] = value
    made["base_index"], made["removal_index"] = index, np.nan
    categories = population.accounts["usage_category"].reindex(points.index)
    is_tou = categories.map(CALENDAR_OF).fillna("single").ne("single").to_numpy()
    parts = head_end.period_starts(index, is_tou)
    for k, (total, base, name) in enumerate(zip(PERIOD_TOTALS, PERIOD_BASES, PERIOD_INDEXES, strict=True)):
        made[total], made[base], made[name] = 0, 0, parts[:, k]
    return made
