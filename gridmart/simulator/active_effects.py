"""Effects of `gridmart.simulator.effects` on a station's accounts, day by day, as arrays."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from gridmart.simulator.plan import MINUTES, SLOTS

WH_OF_KW = 250.0  # energy of 1 kW in 15 minutes
FOR_EVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class DayEffects:
    """What holds on a date: `rows` of the accounts; [rows, 96] each: factor, Wh to add, whether there is no supply."""

    rows: np.ndarray
    factor: np.ndarray
    add_wh: np.ndarray
    is_off: np.ndarray


class ActiveEffects:
    """The effects that touch given accounts from `start` for `days` dates.

    An interval is under an effect if it begins within [start, end) and within its slots. Several effects at once:
    their factors are multiplied, what they add is added; a factor of 0 (no supply) silences all of them. The order
    of the frame does not matter.
    """

    def __init__(self, effects: pd.DataFrame, account_nos: pd.Index, start: date, days: int) -> None:
        rows = account_nos.get_indexer(effects["account_no"]) if len(effects) else np.empty(0, np.int64)
        begin, until = _seconds(effects["start"], 0), _seconds(effects["end"], FOR_EVER)
        low = np.datetime64(start, "s").astype(np.int64)
        kept = (rows >= 0) & (begin < low + days * 86_400) & (until > low)
        columns = [effects[name].to_numpy()[kept] for name in ("from_slot", "to_slot", "factor", "add_kw")]
        order = np.lexsort((*columns[::-1], until[kept], begin[kept], rows[kept]))
        self._rows, self._begin, self._until = (v[kept][order] for v in (rows, begin, until))
        self._from, self._to, self._factor, self._add_kw = (column[order] for column in columns)

    def of(self, day: date) -> DayEffects | None:
        """What holds on a date; None: nothing."""
        low = np.datetime64(day, "s").astype(np.int64)
        now = np.flatnonzero((self._begin < low + 86_400) & (self._until > low))
        if not len(now):
            return None
        slot = np.arange(SLOTS)
        at = low + slot * MINUTES * 60
        first, last = self._from[now, None], self._to[now, None]
        within = np.where(first <= last, (slot >= first) & (slot < last), (slot >= first) | (slot < last))
        within &= (at >= self._begin[now, None]) & (at < self._until[now, None])
        rows = self._rows[now]
        starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
        factor = np.where(within, self._factor[now, None], 1.0)
        return DayEffects(
            rows[starts],
            np.multiply.reduceat(factor, starts).astype(np.float32),
            np.add.reduceat(np.where(within, self._add_kw[now, None] * WH_OF_KW, 0.0), starts).astype(np.float32),
            np.logical_or.reduceat(factor == 0.0, starts),
        )


def _seconds(stamps: pd.Series, missing: int) -> np.ndarray:
    values = stamps.to_numpy("datetime64[s]")
    return np.where(np.isnat(values), missing, values.astype(np.int64))
