"""What boundary meters see: the true use of an area or feeder, less what is fed in, plus technical loss.

| part | loss |
|---|---|
| transformer, no load | 0.2 % of its rating, always |
| transformer, load | 1.2 % of its rating at full load, with the square of the load |
| low-voltage lines | 0.8 % of the load |
| feeder | 0.8 % of the load, and 0.4 % at its nominal load, with the square of the load |
| substation | 0.05 % of its rating (twice its nominal load) always, 0.4 % at its rating, with the square of the load |

Both losses of a transformer are multiplied by 1 + ageing. Large industry is metered before its own transformer.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from gridmart.simulator.active_effects import WH_OF_KW
from gridmart.simulator.plan import SLOTS
from gridmart.simulator.population import Population

NO_LOAD, FULL_LOAD, LOW_VOLTAGE = 0.002, 0.012, 0.008
FEEDER, FEEDER_SQUARE = 0.008, 0.004
SUBSTATION_NO_LOAD, SUBSTATION_FULL_LOAD, SUBSTATION_RESERVE = 0.0005, 0.004, 2.0
COLUMNS = 8 * SLOTS  # at a time, so that memory stays bounded


@dataclass(frozen=True)
class _Network:
    """Where a station's accounts hang: groups are runs of accounts with the same transformer."""

    starts: np.ndarray  # first account of each group
    export_group: np.ndarray  # group of each account with generation
    area: np.ndarray  # of each group, -1: a dedicated transformer
    feeder: np.ndarray  # of each group
    feeder_of_area: np.ndarray
    rated_wh: np.ndarray
    ageing: np.ndarray
    nominal_wh: np.ndarray


@lru_cache(maxsize=4)
def _network(population: Population, org_no: str) -> _Network:
    accounts = population.accounts.iloc[population.rows_of(org_no)]
    areas = population.transformers.iloc[population.areas_of(org_no)]
    feeders = population.feeders.iloc[population.feeders_of(org_no)]
    names = accounts["transformer_no"].to_numpy()
    starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]]) if len(names) else np.empty(0, np.int64)
    feeder_at = pd.Index(feeders["feeder_no"])
    generating = np.flatnonzero(accounts["has_generation"].to_numpy())
    return _Network(
        starts,
        np.searchsorted(starts, generating, side="right") - 1,
        pd.Index(areas["transformer_no"]).get_indexer(names[starts]),
        feeder_at.get_indexer(accounts["feeder_no"].to_numpy()[starts]),
        feeder_at.get_indexer(areas["feeder_no"]),
        areas["rated_kva"].to_numpy(float) * WH_OF_KW,
        areas["ageing"].to_numpy(float),
        np.maximum(feeders["nominal_kw"].to_numpy(float), 1.0) * WH_OF_KW,
    )


def supply(
    population: Population,
    org_no: str,
    used_wh: np.ndarray,
    export_wh: np.ndarray,
    ageing: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(areas, feeders) in Wh per interval, int32: [public transformers, intervals] and [feeders, intervals].

    Rows are in the order of the station's boundary points. `used_wh` [accounts, intervals] and `export_wh` [accounts
    with generation, intervals] are true energies. `ageing` overrides that of the population: [public transformers],
    or [public transformers, days] where it changes from day to day. A boundary meter that energy flows back through
    stands still.
    """
    at = _network(population, org_no)
    size = used_wh.shape[1]
    old = at.ageing if ageing is None else ageing
    if old.ndim == 1:
        old = np.repeat(old[:, None], size // SLOTS, axis=1)
    areas = np.empty((len(at.rated_wh), size), np.int32)
    feeders = np.empty((len(at.nominal_wh), size), np.int32)
    for begin in range(0, size, COLUMNS):
        span = slice(begin, min(begin + COLUMNS, size))
        groups = np.add.reduceat(used_wh[:, span], at.starts, axis=0, dtype=np.int32)
        np.subtract.at(groups, at.export_group, export_wh[:, span])
        load = np.zeros((len(areas), span.stop - span.start), np.int64)
        public = at.area >= 0
        load[at.area[public]] = groups[public]
        worn = 1 + np.repeat(old[:, span.start // SLOTS : span.stop // SLOTS], SLOTS, axis=1)
        entering = np.rint(load + transformer_loss(load, at.rated_wh[:, None]) * worn + LOW_VOLTAGE * np.abs(load))
        areas[:, span] = np.maximum(entering, 0)
        through = np.zeros((len(feeders), span.stop - span.start))
        np.add.at(through, at.feeder_of_area, entering)
        np.add.at(through, at.feeder[~public], groups[~public])
        through += FEEDER * np.abs(through) + FEEDER_SQUARE * through**2 / at.nominal_wh[:, None]
        feeders[:, span] = np.maximum(np.rint(through), 0)
    return areas, feeders


def transformer_loss(load_wh: np.ndarray, rated_wh: np.ndarray) -> np.ndarray:
    """Wh that a new transformer loses in an interval, from its load and its rating × 15 minutes."""
    return NO_LOAD * rated_wh + FULL_LOAD * load_wh.astype(float) ** 2 / rated_wh


def substation_loss(load_wh: np.ndarray, nominal_wh: np.ndarray) -> np.ndarray:
    """Wh that a substation's transformers lose, from what its feeders took and its nominal load in the same time."""
    rated = SUBSTATION_RESERVE * nominal_wh
    return SUBSTATION_NO_LOAD * rated + SUBSTATION_FULL_LOAD * load_wh.astype(float) ** 2 / rated
