"""When accounts are open, as arrays: dates as Python objects are slow to convert, so it is done once a utility."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import pyarrow as pa

from gridmart.simulator.population import Population


def dates(values: Iterable[object]) -> np.ndarray:
    """Dates (objects; None, NaT: none) as datetime64[D]."""
    return pa.array(values, pa.date32(), from_pandas=True).to_numpy(zero_copy_only=False).astype("datetime64[D]")


@lru_cache(maxsize=2)
def opened_and_closed(population: Population) -> tuple[np.ndarray, np.ndarray]:
    """First and last day with supply of each account, datetime64[D]; NaT: still open. In the order of `accounts`."""
    accounts = population.accounts
    return dates(accounts["opened_date"].to_numpy(object)), dates(accounts["closed_date"].to_numpy(object))


def is_open(population: Population, rows: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Whether accounts (row numbers) are open on dates or at times, element by element."""
    opened, closed = (values[rows] for values in opened_and_closed(population))
    day = at.astype("datetime64[D]")
    return (opened <= day) & (np.isnat(closed) | (closed >= day))
