"""The company's energy by hour as the market meters it: a model of its own, for settlement and contracts.

Loads of all accounts of an archetype and district together: mean load × growth × level and profile of the day, and
its response to the district's weather (the tables that `gridmart.simulator.load` uses for single accounts), less
roof-top generation, plus network loss. Single customers' noise, outages and changes of behaviour are left out: the
result lies within a few per cent of the sum of the feeders' meters.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from gridmart.simulator import day_levels, devices, load, weather
from gridmart.simulator.archetypes import archetypes
from gridmart.simulator.lifetimes import opened_and_closed
from gridmart.simulator.plan import SLOTS
from gridmart.simulator.population import Population
from gridmart.simulator.weather import Climate

LOSS = 0.045  # of what is bought
NORMAL_CLOUD = 0.42
_MEMORY_DAYS = load.MEMORY_HOURS // 24
_HOUR = SLOTS // 24


def normal_temperature(start: date, days: int) -> np.ndarray:
    """Temperature °C of an average year by hour, [days * 24]."""
    of_year = np.array([(start + timedelta(days=k)).timetuple().tm_yday for k in range(days)])
    season = -np.cos(2 * np.pi * (np.repeat(of_year, 24) - weather.COLDEST_DAY) / 365.25)
    daily = np.cos(2 * np.pi * (np.tile(np.arange(24), days) - weather.WARMEST_HOUR) / 24)
    return weather.YEARLY_MEAN_C - 1.5 + weather.YEARLY_SWING_C * season + weather.DAILY_SWING_C * daily


def _open_kw(population: Population, districts: list[str], start: date, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean kW, grown, of open accounts [districts, archetypes, days]; rated kW of their panels [districts, days]."""
    accounts, kinds = population.accounts, list(archetypes())
    begin = np.datetime64(start, "D")
    first_day, closed = opened_and_closed(population)
    opened = (first_day - begin).astype(np.int64)
    until = np.where(np.isnat(closed), days, (closed - begin).astype(np.int64) + 1)
    kw, growth = accounts["mean_kw"].to_numpy(float), accounts["growth"].to_numpy(float)
    org = accounts["org_no"].to_numpy()
    of_org = {name: next(k for k, d in enumerate(districts) if name.startswith(d)) for name in pd.unique(org)}
    district = np.array([of_org[name] for name in org])
    group = district * len(kinds) + accounts["archetype"].map({k: n for n, k in enumerate(kinds)}).to_numpy(np.int64)
    solar = accounts["generation_kw"].to_numpy(float)
    shape = (len(districts) * len(kinds), days + 1)

    def by_day(weight: np.ndarray) -> np.ndarray:
        change = np.zeros(shape[0] * shape[1])
        for sign, day in ((1.0, opened), (-1.0, until)):
            place = group * shape[1] + np.clip(day, 0, days)
            change += sign * np.bincount(place, weight, len(change))
        return np.cumsum(change.reshape(shape), axis=1)[:, :days].reshape(len(districts), len(kinds), days)

    years = (np.arange(days) + (start - population.first).days) / 365.25
    return by_day(kw) + by_day(kw * growth) * years, by_day(solar).sum(axis=1)


def hourly_mwh(population: Population, air: Climate | list[str], start: date, days: int) -> np.ndarray:
    """Energy bought, MWh [days, 24]; `air`: the weather, or the districts alone: in an average year's weather."""
    climate = air if isinstance(air, Climate) else None
    districts = air.station_codes if isinstance(air, Climate) else air
    kinds = archetypes()
    kw, solar_kw = _open_kw(population, districts, start, days)
    activity = np.array([kind.active_days + load.IDLE * (1 - kind.active_days) for kind in kinds.values()])
    before, span = start - timedelta(days=_MEMORY_DAYS), days + _MEMORY_DAYS
    sky = np.full((len(districts), days, 24), NORMAL_CLOUD)
    if climate is None:
        outdoors = [normal_temperature(before, span)] * len(districts)
    else:
        outdoors = [climate.of(d, before, span).reshape(-1) for d in districts]
        sky = np.stack([climate.cloud_of(d, start, days) for d in districts])
    warm = np.stack([load.felt(hours) for hours in outdoors]).reshape(len(districts), days, 24)
    cold, hot = np.clip(load.HEATING_BELOW_C - warm, 0, None), np.clip(warm - load.COOLING_ABOVE_C, 0, None)
    middle = np.arange(len(kinds)) * day_levels.variants() + day_levels.variants() // 2
    one = np.ones(SLOTS)
    made = np.zeros((days, 24))
    for k in range(days):
        day = start + timedelta(days=k)
        base, heating, cooling = (
            table[middle].reshape(len(kinds), 24, _HOUR).mean(axis=2) for table in day_levels.tables(day, one, one)
        )
        mean_kw = kw[:, :, k] * activity
        made[k] = ((mean_kw @ base) + (mean_kw @ heating) * cold[:, k] + (mean_kw @ cooling) * hot[:, k]).sum(axis=0)
        for d in range(len(districts)):
            made[k] -= 0.9 * solar_kw[d, k] * devices.sunshine(day, sky[d, k]).reshape(24, _HOUR).mean(axis=1)
    return np.clip(made + _charging_kw(kw, list(kinds)), 0, None) / (1 - LOSS) / 1000.0


def _charging_kw(kw: np.ndarray, names: list[str]) -> np.ndarray:
    """Mean load of electric cars by hour, [days, 24]: most of them charge from nine in the evening until two."""
    made = np.zeros((kw.shape[2], 24))
    for k, kind in enumerate(archetypes().values()):
        if kind.charging is not None:
            median, deviation = kind.mean_kw
            cars = kw[:, k].sum(axis=0) / (median * np.exp(deviation**2 / 2))
            each = kind.charging.days * np.mean(kind.charging.kw) * np.mean(kind.charging.hours)
            made[:, [21, 22, 23, 0, 1]] += cars[:, None] * each * np.array([0.1, 0.25, 0.25, 0.25, 0.15])
    return made
