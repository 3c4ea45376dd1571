"""Who may be contacted by which channel: granted and withdrawn on dates."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gridmart.simulator.keys import generator
from gridmart.simulator.lifetimes import opened_and_closed
from gridmart.simulator.population import Population

CHANNELS = ("sms", "app", "phone")
GRANTED = {"sms": 0.86, "app": 0.60, "phone": 0.52}
GRANTED_BY = {("young", "app"): 0.88, ("ev", "app"): 0.92, ("elderly", "app"): 0.28, ("elderly", "phone"): 0.7}
GRANT_YEARS, WITHDRAW_YEARS = 12.0, 16.0  # mean time until a missing consent is given, and until one is withdrawn
OLDEST = np.datetime64("2018-05-01")  # the CRM did not ask before


@dataclass(frozen=True)
class Consents:
    """datetime64[D] [accounts, channels]: granted on (NaT: never), withdrawn on (NaT: not)."""

    granted_on: np.ndarray
    withdrawn_on: np.ndarray

    def holds(self, channel: str, day: np.datetime64) -> np.ndarray:
        """Accounts that consent to a channel on a date, [accounts]."""
        k = CHANNELS.index(channel)
        granted, withdrawn = self.granted_on[:, k], self.withdrawn_on[:, k]
        return (granted <= day) & ~(withdrawn <= day)


@lru_cache(maxsize=2)
def draw(population: Population) -> Consents:
    """Consents of all accounts, in their order, with dates that may lie ahead."""
    n = len(population.accounts)
    rng = generator(population.seed, "consent")
    agrees, when = rng.random((2, n, len(CHANNELS)))
    later = rng.exponential(GRANT_YEARS * 365.25, (n, len(CHANNELS)))
    lasts = rng.exponential(WITHDRAW_YEARS * 365.25, (n, len(CHANNELS)))
    archetype = population.accounts["archetype"].to_numpy()
    share = np.tile([GRANTED[channel] for channel in CHANNELS], (n, 1))
    for (kind, channel), value in GRANTED_BY.items():
        share[archetype == kind, CHANNELS.index(channel)] = value
    first = np.datetime64(population.first)
    opened = np.maximum(opened_and_closed(population)[0], OLDEST)[:, None]
    before = np.clip((first - opened).astype(np.int64), 0, None)
    at_once = opened + np.floor(when * before).astype(np.int64)
    granted = np.where(agrees < share, at_once, np.maximum(opened, first) + np.ceil(later).astype(np.int64))
    return Consents(granted, granted + np.ceil(lasts).astype(np.int64))
