"""Where faults strike: point-days, areas, stations; and who suffers from the lasting faults of meters."""

from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridmart.simulator.faults import TRUTH, Drawing, Fault, instances, number
from gridmart.simulator.keys import generator

if TYPE_CHECKING:
    from gridmart.simulator.population import Population

# lasting faults of meters: each looks for its meters from another place of one ring, so that they seldom meet
RING = (
    "theft_constant_share", "theft_random_share", "theft_hours", "theft_night_zero", "theft_bypass",
    "theft_reversed_phase", "stuck_register", "meter_swap", "register_rollover", "clock_drift",
)  # fmt: skip


def some(rng: np.random.Generator, eligible: int, count: int) -> np.ndarray:
    """`count` different numbers below `eligible`, ascending."""
    return np.sort(rng.choice(eligible, count, replace=False, shuffle=False))


def _rows(fault: Fault, count: int, **columns: object) -> pd.DataFrame:
    """`count` instances; columns are arrays, lists or one value for all. Made often (a date each), so made quickly."""
    usual: dict[str, object] = {"fault": fault.name, "system": "ami", "first_slot": 0, "slots": 0, "factor": 1.0}
    made = {}
    for name, kind in TRUTH.items():
        made[name] = np.empty(count, dtype=kind)
        made[name][:] = columns.get(name, usual.get(name))
    return pd.DataFrame(made, copy=False)


@cache
def none(fault: Fault) -> pd.DataFrame:
    """No instance."""
    return instances(fault)


def all_of(fault: Fault, parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Several instances in one frame."""
    return pd.concat(parts, ignore_index=True) if parts else none(fault)


def at_points(fault: Fault, population: "Population", rows: np.ndarray, **columns: object) -> pd.DataFrame:
    """One instance for each of the given rows of `population.points`."""
    if not rows.size:
        return none(fault)
    points = population.points
    numbers = points["point_no"].to_numpy()[rows]
    accounts = points["account_no"].to_numpy()[rows]
    return _rows(fault, rows.size, entity="point", entity_no=numbers, point_no=numbers, account_no=accounts, **columns)


def of_day(fault: Fault, drawing: Drawing, rate: float) -> tuple[np.random.Generator, np.ndarray]:
    """The stream of a date, and the rows of the points that it picks."""
    rng = drawing.stream(fault.name)
    count = len(drawing.population.points)
    return rng, some(rng, count, number(rng, rate, count))


def stations(fault: Fault, drawing: Drawing, rate: float) -> tuple[np.random.Generator, list[str]]:
    """The stream of these dates, and the stations that they pick."""
    rng = drawing.stream(fault.name)
    names = drawing.population.stations
    return rng, [names[k] for k in some(rng, len(names), number(rng, rate, len(names)))]


def at_station(fault: Fault, station: str, entity: str, **columns: object) -> pd.DataFrame:
    """An instance of a station, or of its file."""
    return _rows(fault, 1, entity=entity, entity_no=station, **columns)


@lru_cache(maxsize=1)
def areas(population: "Population") -> list[np.ndarray]:
    """Rows of `population.points` in each public transformer's area, its boundary meter included."""
    transformers = population.transformers
    public = pd.Index(transformers.loc[transformers["ownership"].eq("public"), "transformer_no"])
    area = public.get_indexer(population.points["transformer_no"].fillna(""))
    order = np.argsort(area, kind="stable")
    bounds = np.searchsorted(area[order], np.arange(len(public) + 1))
    return [order[bounds[k] : bounds[k + 1]] for k in range(len(public))]


@lru_cache(maxsize=2)
def _ring(seed: int, accounts: int) -> np.ndarray:
    return generator(seed, "fault", "ring").permutation(accounts)


def steady(population: "Population") -> np.ndarray:
    """Accounts that were there before the history and stay through it, bool [accounts]."""
    accounts = population.accounts
    opened = accounts["opened_date"].le(population.first).to_numpy(bool)
    return opened & accounts["closed_date"].isna().to_numpy(bool)


def meters(fault: Fault, drawing: Drawing, rate: float, eligible: np.ndarray) -> tuple[np.random.Generator, np.ndarray]:
    """The stream of the history, and the accounts (rows, which are those of their points too) that a lasting fault
    picks among `eligible`, bool [accounts]: at least one, if any is eligible."""
    rng = drawing.stream(fault.name)
    place = (_ring(drawing.seed, eligible.size) - RING.index(fault.name) * eligible.size // len(RING)) % eligible.size
    rows = np.flatnonzero(eligible)
    count = number(rng, rate, rows.size, at_least_one=True)
    return rng, np.sort(rows[np.argsort(place[rows])[:count]])


def dates(first: date, offsets: np.ndarray) -> list[date]:
    """Dates that lie `offsets` days after `first`."""
    return [first + timedelta(days=int(k)) for k in offsets]


def days_hit(row: pd.Series, start: date, days: int) -> slice:
    """Positions of the days of a span on which an instance lasts."""
    end = days if pd.isna(row["to_date"]) else (row["to_date"] - start).days + 1
    return slice(min(max((row["from_date"] - start).days, 0), days), min(max(end, 0), days))
