"""What meters of large industry send besides energy: reactive energy, voltage and current.

They agree with each other: P = √3 · U · I · cos φ, with P and φ from the metered Wh and varh of the interval.
"""

from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from gridmart.simulator.keys import generator
from gridmart.simulator.plan import SLOTS
from gridmart.simulator.population import Population

NOMINAL_V = 10_000.0  # between phases
NO_LOAD_V, DROP_V = 10_250.0, 350.0  # at no load, and what is lost of it at the contract's capacity
NOISE_V = 40.0
WOBBLE = 0.08  # of the ratio of reactive to active energy


@lru_cache(maxsize=4)
def _industry(population: Population, org_no: str) -> tuple[np.ndarray, np.ndarray]:
    """Power factor and contract capacity in kVA of the accounts that send electrical quantities."""
    accounts = population.accounts.iloc[population.rows_of(org_no)]
    accounts = accounts[accounts["sends_electrical"]]
    return accounts["power_factor"].to_numpy(float), accounts["capacity_kva"].to_numpy(float)


def _even(population: Population, purpose: str, org_no: str, start: date, shape: tuple[int, int]) -> np.ndarray:
    """Even numbers from -1 to 1, [accounts, days × 96], each date's by itself."""
    count, size = shape
    parts = [
        generator(population.seed, purpose, org_no, start + timedelta(days=k)).uniform(-1, 1, (count, SLOTS))
        for k in range(size // SLOTS)
    ]
    return np.concatenate(parts, axis=1) if parts else np.empty(shape)


def reactive_varh(population: Population, org_no: str, start: date, metered_wh: np.ndarray) -> np.ndarray:
    """varh per interval, int32; `metered_wh` [accounts that send electrical quantities, days × 96]."""
    factor, _ = _industry(population, org_no)
    ratio = np.sqrt(1 - factor**2) / factor
    wobble = 1 + WOBBLE * _even(population, "reactive", org_no, start, metered_wh.shape)
    return np.rint(np.maximum(metered_wh, 0) * ratio[:, None] * wobble).astype(np.int32)


def electrical(
    population: Population, org_no: str, start: date, metered_wh: np.ndarray, metered_varh: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Voltage between phases in V (0.01) and current in A (0.001), primary, [accounts that send them, days × 96]."""
    _, capacity = _industry(population, org_no)
    apparent = np.sqrt(metered_wh.astype(float) ** 2 + metered_varh.astype(float) ** 2) * 4  # VA
    noise = NOISE_V * _even(population, "voltage", org_no, start, metered_wh.shape)
    voltage = np.round(NO_LOAD_V - DROP_V * apparent / (capacity[:, None] * 1000) + noise, 2)
    return voltage, np.round(apparent / (np.sqrt(3) * voltage), 3)
