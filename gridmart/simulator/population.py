"""Who is in the utility: organisations, network, customers, accounts, metering points. See `build`."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from gridmart.simulator import customers, network


@dataclass(frozen=True, eq=False)
class Population:
    """The utility; frames have a RangeIndex and a fixed order. True properties: no source system shows them all.

    - `organisations`: org_no, name_zh, name_en, org_type (company, district, station), parent_org_no
    - `substations`: substation_no, name_zh, org_no, voltage_kv
    - `feeders`: feeder_no, name_zh, substation_no, org_no, nominal_kw (mean load of its customers)
    - `transformers`: transformer_no, name_zh, feeder_no, org_no, rated_kva, ownership (public, dedicated),
      commissioned_date, ageing (0 new to 1 end of life); public ones first, each in the order of feeders
    - `accounts`, ordered by org_no, feeder_no, transformer_no: see `customers.build`
    - `points`: those of customers in the order of `accounts`, then boundaries of public transformers, then of feeders
    """

    seed: int
    first: date
    last: date
    organisations: pd.DataFrame
    substations: pd.DataFrame
    feeders: pd.DataFrame
    transformers: pd.DataFrame
    accounts: pd.DataFrame
    points: pd.DataFrame

    @cached_property
    def stations(self) -> list[str]:
        """Numbers of the supply stations, in order."""
        return self.organisations.loc[self.organisations["org_type"].eq("station"), "org_no"].tolist()

    @cached_property
    def _slices(self) -> dict[str, slice]:
        return _runs(self.accounts["org_no"])

    @cached_property
    def _points(self) -> dict[str, np.ndarray]:
        codes, names = pd.factorize(self.points["org_no"])
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(names)))
        return dict(zip(names, np.split(order, ends[:-1]), strict=True))

    @cached_property
    def _areas(self) -> dict[str, slice]:
        return _runs(self.transformers.loc[self.transformers["ownership"].eq("public"), "org_no"])

    @cached_property
    def _feeders(self) -> dict[str, slice]:
        return _runs(self.feeders["org_no"])

    def rows_of(self, org_no: str) -> slice:
        """Rows of a station's accounts."""
        return self._slices.get(org_no, slice(0, 0))

    def points_of(self, org_no: str) -> np.ndarray:
        """Rows of a station's points: customers, then transformer boundaries, then feeder boundaries."""
        return self._points[org_no]

    def areas_of(self, org_no: str) -> slice:
        """Rows of `transformers`: the public ones of a station, in the order of its boundary points."""
        return self._areas[org_no]

    def feeders_of(self, org_no: str) -> slice:
        """Rows of `feeders`: those of a station, in the order of its boundary points."""
        return self._feeders[org_no]


def _runs(names: pd.Series) -> dict[str, slice]:
    """Where each name stands in a series in which equal names stand together."""
    values = names.to_numpy()
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    ends = np.r_[starts[1:], len(values)]
    return {str(values[a]): slice(int(a), int(b)) for a, b in zip(starts, ends, strict=True)}


def build(accounts: int, first: date, last: date, seed: int) -> Population:
    """Draw a utility of `accounts` accounts whose history is [first, last]; the same arguments give the same one."""
    layout = network.layout(accounts, seed)
    people = customers.build(layout, first, last, seed)
    substations, feeders, transformers = network.equipment(layout, people, first, seed)
    points = network.points(people, feeders, transformers, seed)
    return Population(seed, first, last, layout.organisations, substations, feeders, transformers, people, points)
