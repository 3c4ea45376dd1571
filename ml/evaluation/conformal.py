"""Split-conformal correction of bands: widen P10-P90 by how far past loads, not seen in training, lay outside it.

Conformalized quantile regression (Romano, Patterson & Candès 2019), with one correction a level, as a share of
each series' scale. It holds on average over hours like the past ones; hours of a week are alike and weeks
change, so the promised share is a goal and not a guarantee: the backtest measures what came of it.
"""

import math

import numpy as np

COVERAGE = 0.8


def conformity(actual: np.ndarray, band: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """max(P10 - y, y - P90) / scale of each known hour, flat; above 0: the load lay outside the band.

    actual [series, hours] and band [series, hours, 3] in kW, scale [series] in kW.
    """
    outside = np.maximum(band[..., 0] - actual, actual - band[..., 2]) / scale[:, None]
    return outside[np.isfinite(outside)]


def correction(scores: np.ndarray) -> float:
    """The ceil((n + 1) * COVERAGE)-th smallest score: share of the scale to widen by (below 0: to narrow by)."""
    n = len(scores)
    if n == 0:
        return 0.0
    return float(np.sort(scores)[min(math.ceil((n + 1) * COVERAGE), n) - 1])


def widen(band: np.ndarray, by: np.ndarray, never_negative: np.ndarray) -> np.ndarray:
    """The band [series, hours, 3] moved outwards by `by` [series] in kW; P10 <= P50 <= P90 stays true.

    Series that are `never_negative` [series] stay at or above zero.
    """
    middle = band[..., 1]
    lower = np.minimum(band[..., 0] - by[:, None], middle)
    upper = np.maximum(band[..., 2] + by[:, None], middle)
    moved = np.stack([lower, middle, upper], axis=-1)
    return np.where(never_negative[:, None, None], np.maximum(moved, 0.0), moved)
