"""Seasonal naive: the same hour of last week. Baseline of the backtest, and fallback of the score."""

import numpy as np

from ml.errors import InsufficientHistoryError
from ml.forecast.panel import HORIZON_H, Panel

ERROR_WEEKS = 8
UNKNOWN_SPREAD = 0.2  # share of the level, where there is too little past to measure errors from


def predict(panel: Panel, series: int, day: int) -> np.ndarray:
    """P10, P50, P90 in kW, [168, 3]: last week's hours, spread by the errors of the same guess in the past.

    Older weeks stand in for missing hours. Raises InsufficientHistoryError if the series has no hour at all.
    """
    start = int(np.searchsorted(panel.day, day))
    past = panel.load[series, :start]
    known = past[~np.isnan(past)]
    if not len(known):
        raise InsufficientHistoryError(f"{' '.join(panel.keys[series])}: no hour of load is known")
    guess = np.full(HORIZON_H, np.nan)
    for weeks in range(1, ERROR_WEEKS + 1):
        hours = start - weeks * HORIZON_H + np.arange(HORIZON_H)
        older = np.where(hours >= 0, past[np.maximum(hours, 0)], np.nan)
        guess = np.where(np.isnan(guess), older, guess)
    guess = np.where(np.isnan(guess), known[-HORIZON_H:].mean(), guess)
    recent = past[-(ERROR_WEEKS + 1) * HORIZON_H :]
    errors = recent[HORIZON_H:] - recent[:-HORIZON_H]
    errors = errors[~np.isnan(errors)]
    if len(errors) >= HORIZON_H:
        low, high = np.quantile(errors, (0.1, 0.9))
    else:
        high = UNKNOWN_SPREAD * float(np.abs(guess).mean())
        low = -high
    band = np.column_stack([guess + min(low, 0.0), guess, guess + max(high, 0.0)])
    return np.maximum(band, 0.0) if known.min() >= 0 else band
