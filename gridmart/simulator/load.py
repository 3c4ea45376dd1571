"""What customers use and feed in: 15-minute energies of a station's accounts, date by date.

An account's load is its mean × growth × (profile of the day + response to the weather) × noise, then the charging of
cars, then effects (`gridmart.simulator.effects`), less its own generation. A date's energies depend on the date
alone, never on the span that it is made in.

Speed and sameness: long arrays are of single precision, and only +, ×, minimum and comparison work on them, which are
exact by IEEE 754 on every machine; exponentials are taken of few numbers, in double precision.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from gridmart.simulator import day_levels, devices
from gridmart.simulator.active_effects import WH_OF_KW, ActiveEffects
from gridmart.simulator.archetypes import Archetype, archetypes
from gridmart.simulator.keys import generator
from gridmart.simulator.plan import SLOTS
from gridmart.simulator.population import Population
from gridmart.simulator.weather import Climate

HEATING_BELOW_C, COOLING_ABOVE_C = 16.0, 22.0
INERTIA_HOURS, MEMORY_HOURS = 14.0, 72  # of buildings: an hour's weight falls to 1/e; nothing older counts
KNOTS = 8  # three-hourly values of the noise a day
IDLE = 0.2  # what is left of the load of those who do not work on a day
MOST_OF_CAPACITY = 0.98  # of the contract, in kW; effects may go beyond
LEAST_GROWTH = 0.2
BLOCK = 512  # accounts at a time: the arrays of a block stay in the processor's cache


@dataclass(frozen=True)
class Energies:
    """Wh per 15 minutes of a station's accounts from `start`.

    `used_wh` int32 [accounts, days × 96]: true import at the point, net of own generation. `export_wh` int32
    [accounts with generation, days × 96], in their order: what is fed in.
    """

    org_no: str
    start: date
    days: int
    used_wh: np.ndarray
    export_wh: np.ndarray


@dataclass(frozen=True)
class _Customers:
    """What does not change with the date, of the accounts of a station (n of them)."""

    org_no: str
    seed: int
    account_nos: pd.Index
    table_row: np.ndarray  # of the day's tables
    mean_wh: np.ndarray
    growth: np.ndarray
    heating: np.ndarray
    cooling: np.ndarray
    capacity_wh: np.ndarray
    opened: np.ndarray  # ordinals
    closed: np.ndarray
    noise: np.ndarray  # [week, day, three hours] × n
    white: np.ndarray
    active_days: np.ndarray
    solar: np.ndarray  # rows with generation
    solar_at: np.ndarray  # the other way round: place in `solar` of each row, -1: none
    solar_wh: np.ndarray
    cars: tuple[tuple[Archetype, np.ndarray], ...]


@lru_cache(maxsize=4)
def _customers(population: Population, org_no: str) -> _Customers:
    accounts = population.accounts.iloc[population.rows_of(org_no)]
    kinds = list(archetypes().values())
    code = accounts["archetype"].map({kind.name: k for k, kind in enumerate(kinds)}).to_numpy(np.int64)
    rng = generator(population.seed, "load", org_no, "customers")
    shift = np.rint(np.array([kind.shift for kind in kinds])[code] * rng.uniform(-1, 1, len(code))).astype(np.int64)
    solar = np.flatnonzero(accounts["has_generation"].to_numpy())
    solar_at = np.full(len(code), -1)
    solar_at[solar] = np.arange(len(solar))
    facing = rng.uniform(0.8, 1.0, len(code))[solar]
    forever = date.max.toordinal()
    columns = {name: accounts[name].to_numpy(float) for name in ("mean_kw", "growth", "heating", "cooling")}
    cars = ((kind, np.flatnonzero(code == k)) for k, kind in enumerate(kinds) if kind.charging)
    return _Customers(
        org_no, population.seed, pd.Index(accounts["account_no"]),
        code * day_levels.variants() + day_levels.variants() // 2 + shift,
        columns["mean_kw"] * WH_OF_KW, columns["growth"],
        columns["heating"].astype(np.float32), columns["cooling"].astype(np.float32),
        (accounts["capacity_kva"].to_numpy(float) * WH_OF_KW * MOST_OF_CAPACITY).astype(np.float32),
        np.array([day.toordinal() for day in accounts["opened_date"]]),
        np.array([forever if day is None else day.toordinal() for day in accounts["closed_date"]]),
        np.array([kind.noise[:3] for kind in kinds]).T[:, code],
        np.array([kind.noise[3] for kind in kinds], np.float32)[code],
        np.array([kind.active_days for kind in kinds])[code],
        solar, solar_at, (accounts["generation_kw"].to_numpy(float)[solar] * facing * WH_OF_KW).astype(np.float32),
        tuple((kind, rows) for kind, rows in cars if len(rows)),
    )  # fmt: skip


def felt(hourly: np.ndarray) -> np.ndarray:
    """Temperature that buildings feel: [72 + h] °C by hour -> [h], a mean over the last 72 hours, newer count more."""
    weight = np.exp(-np.arange(MEMORY_HOURS) / INERTIA_HOURS)
    hours = len(hourly) - MEMORY_HOURS
    made = np.zeros(hours)
    for k, w in enumerate(weight / weight.sum()):
        made += w * hourly[MEMORY_HOURS - k : MEMORY_HOURS - k + hours]
    return made.round(3)


@lru_cache(maxsize=64)
def _knots(seed: int, org_no: str, unit: str, number: int, count: int) -> np.ndarray:
    """Normal numbers of a week [1, n], or of a date: that of its midnight and of every third hour, [9, n]."""
    rows = 1 if unit == "week" else 1 + KNOTS
    return generator(seed, "load", org_no, unit, number).standard_normal((rows, count), np.float32)


def _slow_noise(who: _Customers, day: date) -> np.ndarray:
    """Factor by noise of weeks, days and three hours at the nine knots of a date, [n, 9], single precision, mean 1."""
    n, number = len(who.table_row), day.toordinal()
    weeks = [_knots(who.seed, who.org_no, "week", number // 7 + k, n)[0] for k in (0, 1)]
    today, tomorrow = (_knots(who.seed, who.org_no, "day", number + k, n) for k in (0, 1))
    week_scale, day_scale, hour_scale = who.noise
    made = np.empty((n, KNOTS + 1), np.float32)
    for knot in range(KNOTS + 1):
        in_week, in_day = (number % 7 + knot / KNOTS) / 7, knot / KNOTS
        hour = today[1 + knot] if knot < KNOTS else tomorrow[1]
        value = week_scale * ((1 - in_week) * weeks[0] + in_week * weeks[1])
        value += day_scale * ((1 - in_day) * today[0] + in_day * tomorrow[0])
        value += hour_scale * hour
        spread = week_scale**2 * ((1 - in_week) ** 2 + in_week**2)
        spread += day_scale**2 * ((1 - in_day) ** 2 + in_day**2) + hour_scale**2
        made[:, knot] = np.exp(value - spread / 2)
    return made


def _scale(who: _Customers, day: date, first: date) -> np.ndarray:
    """Mean Wh of each account on a date: growth since `first`; 0 where there is no contract; idle days."""
    years = (day - first).days / 365.25
    scale = who.mean_wh * np.maximum(1 + who.growth * years, LEAST_GROWTH)
    number = day.toordinal()
    scale[(number < who.opened) | (number > who.closed)] = 0.0
    resting = np.flatnonzero(who.active_days < 1)
    if len(resting):
        draw = generator(who.seed, "load", who.org_no, "rest", number).random(len(resting))
        scale[resting[draw >= who.active_days[resting]]] *= IDLE
    return scale.astype(np.float32)


def _use(who: _Customers, day: date, scale: np.ndarray, degrees: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Wh of a date before effects and own generation, [n, 96] single precision."""
    n = len(who.table_row)
    base, *thermal = day_levels.tables(day, *degrees)
    responses = [(t, r) for t, r in zip(thermal, (who.heating, who.cooling), strict=True) if t.any()]
    slow = _slow_noise(who, day)
    step = np.diff(slow, axis=1)
    along = ((np.arange(SLOTS // KNOTS) + 0.5) * KNOTS / SLOTS).astype(np.float32)
    raw = generator(who.seed, "load", who.org_no, "white", day.toordinal()).bit_generator.random_raw(n * SLOTS // 8)
    white = raw.astype("<u8").view(np.uint8).reshape(n, SLOTS)

    load = np.empty((n, SLOTS), np.float32)
    held = [np.empty((BLOCK, SLOTS), np.float32) for _ in range(3)]
    for begin in range(0, n, BLOCK):
        rows = slice(begin, min(begin + BLOCK, n))
        size = rows.stop - rows.start
        made, part, noise = load[rows], held[0][:size], held[1][:size]
        np.take(base, who.table_row[rows], axis=0, out=made, mode="clip")
        for table, response in responses:
            np.take(table, who.table_row[rows], axis=0, out=part, mode="clip")
            part *= response[rows, None]
            made += part
        # a quarter hour's own noise: 1 - s + 4 s u³, u even on (0, 1): mean 1, skewed as appliances are
        np.add(white[rows], np.float32(0.5), out=noise, dtype=np.float32)
        np.multiply(noise, noise, out=part)
        noise *= part
        noise *= (who.white[rows] * np.float32(4 / 256**3))[:, None]
        noise += (1 - who.white[rows])[:, None]
        made *= noise
        knots, steps = noise.reshape(size, KNOTS, -1), step[rows, :, None]
        np.multiply(steps, along, out=knots)
        knots += slow[rows, :KNOTS, None]
        made *= noise
        made *= scale[rows, None]
    for kind, cars in who.cars:
        charging_kw = devices.charging(who.seed, who.org_no, day, len(cars), kind)
        load[cars] += (charging_kw * WH_OF_KW * (scale[cars] > 0)[:, None]).astype(np.float32)
    return np.minimum(load, who.capacity_wh[:, None], out=load)


def energies(
    population: Population, climate: Climate, effects: pd.DataFrame, org_no: str, start: date, days: int
) -> Energies:
    """What a station's accounts use and feed in from `start`, `days` dates; `effects` may be those of everyone."""
    who = _customers(population, org_no)
    n = len(who.table_row)
    active = ActiveEffects(effects, who.account_nos, start, days)
    before = MEMORY_HOURS // 24
    warm = felt(climate.of(org_no, start - timedelta(days=before), days + before).reshape(-1)).reshape(days, 24)
    cloud = climate.cloud_of(org_no, start, days)
    used = np.empty((n, days * SLOTS), np.int32)
    export = np.zeros((len(who.solar), days * SLOTS), np.int32)
    for k in range(days):
        day = start + timedelta(days=k)
        outdoors = np.repeat(warm[k], SLOTS // 24)
        degrees = np.clip(HEATING_BELOW_C - outdoors, 0, None), np.clip(outdoors - COOLING_ABOVE_C, 0, None)
        scale = _scale(who, day, population.first)
        load = _use(who, day, scale, degrees)
        sun = np.where(scale[who.solar] > 0, who.solar_wh, 0)[:, None]
        sun = sun * devices.sunshine(day, cloud[k]).astype(np.float32)
        now = active.of(day)
        if now is not None:
            changed = load[now.rows] * now.factor + now.add_wh
            changed[now.is_off | (scale[now.rows] == 0)[:, None]] = 0
            load[now.rows] = changed
            at = who.solar_at[now.rows]
            sun[at[at >= 0]] *= ~now.is_off[at >= 0]  # panels stop when the grid is away
        span = slice(k * SLOTS, (k + 1) * SLOTS)
        net = load[who.solar] - sun
        load[who.solar] = np.maximum(net, 0)
        np.copyto(export[:, span], np.maximum(-net, 0) + np.float32(0.5), casting="unsafe")
        load += np.float32(0.5)
        np.copyto(used[:, span], load, casting="unsafe")
    return Energies(org_no, start, days, used, export)
