"""What every simulated source system has: a database, its tables, and a function from the facts to their rows."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import pandas as pd
import pyarrow as pa

from gridmart.simulator.plan import Plan
from gridmart.simulator.population import Population
from gridmart.simulator.weather import Climate


@dataclass(frozen=True)
class Table:
    """A table: column → PostgreSQL type in order, and its primary key. The last column is the update time."""

    columns: dict[str, str]
    key: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What happened in the utility up to `plan.end`, from which every system's rows follow.

    `faults`: instances by name (`gridmart.simulator.faults`). `collection`: see `collection.timeline`.
    `month_use`: one row per account and calendar month that is complete by `plan.end`: account_no, month (first day),
    sharp_wh, peak_wh, flat_wh, valley_wh, deep_valley_wh (metered import), export_wh, import_varh, max_demand_w
    (largest 15-minute mean), all int64. `removal_index`: the last index of a swapped meter by point.
    `device_hours`: one row per public transformer or feeder and local hour of the last 31 days: device_no, at (local,
    datetime64[s]), wh (into the area or feeder).
    """

    plan: Plan
    population: Population
    climate: Climate
    faults: dict[str, pd.DataFrame]
    collection: pd.DataFrame
    month_use: pd.DataFrame
    removal_index: dict[str, float]
    device_hours: pd.DataFrame

    @property
    def today(self) -> date:
        """The last date: nothing later is known to any system."""
        return self.plan.end

    def drawn(self, fault: str) -> pd.DataFrame:
        """Instances of a fault; no row when it is not planted."""
        from gridmart.simulator import faults

        found = self.faults.get(fault)
        return faults.instances(faults.modules()[fault].FAULT) if found is None else found


class System(Protocol):
    """A module of this package that plays one system."""

    NAME: str  # cis, crm, network, market: also the folder of its dump, and demo_<name> its database
    TABLES: dict[str, Table]

    def rows(self, facts: Facts) -> dict[str, pa.Table]:
        """Rows of every table of TABLES, with exactly its columns, ordered by key."""
