"""Deliveries of a small utility before anything goes wrong, whose every number tells its point, date and slot."""

from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from gridmart.simulator import population
from gridmart.simulator.delivery import Delivery
from gridmart.simulator.plan import SLOTS
from gridmart.simulator.population import Population

FIRST, LAST, SEED = date(2026, 3, 1), date(2026, 4, 29), 11


@lru_cache(maxsize=2)
def people(accounts: int = 120, first: date = FIRST, last: date = LAST) -> Population:
    """A utility."""
    return population.build(accounts, first, last, SEED)


def numbers(rows: np.ndarray, start: date, days: int) -> np.ndarray:
    """Wh [rows, days × 96] that depend on row and date alone."""
    slot = start.toordinal() * SLOTS + np.arange(days * SLOTS)
    return (rows[:, None] * 7919 + slot[None, :] * 104_729) % 4999 + 1


def delivery(made: Population, station: str, start: date, days: int) -> Delivery:
    """All channels of a station's points."""
    points = made.points.iloc[made.points_of(station)]
    sends = set(made.accounts.loc[made.accounts["sends_electrical"], "point_no"])
    keys = []
    for row, point, solar in zip(points.index, points["point_no"], points["has_generation"], strict=True):
        keys.append((row, point, "import_kwh"))
        keys += [(row, point, "export_kwh")] * bool(solar)
        keys += [(row, point, channel) for channel in ("import_kvarh", "voltage_v", "current_a") if point in sends]
    channels = np.array([key[2] for key in keys], object)
    codes = np.unique(channels.astype(str), return_inverse=True)[1]
    rows = np.array([key[0] for key in keys]) * 10 + codes
    values = numbers(rows, start, days) / np.where(channels == "voltage_v", 10.0, 1000.0)[:, None]
    index = np.full((len(keys), days, 2), np.nan)
    ends = np.round(rows[:, None] + (start.toordinal() - FIRST.toordinal() + np.arange(days + 1))[None, :] * 1.25, 2)
    index[channels == "import_kwh"] = np.stack([ends[:, :-1], ends[:, 1:]], axis=2)[channels == "import_kwh"]
    return Delivery(
        station, start, days, np.array([key[1] for key in keys], object), channels, values, index, values.copy(),
        np.ones((len(keys), days), np.int64), {(key[1], key[2]): k for k, key in enumerate(keys)},
    )  # fmt: skip


def days_from(start: date, count: int) -> list[date]:
    """Dates one after the other."""
    return [start + timedelta(days=k) for k in range(count)]
