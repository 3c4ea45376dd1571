"""Time-split backtest of forecasts: folds of 7 days at the end of the data, nothing of them seen in training."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ml.errors import InsufficientHistoryError, PoorDataError
from ml.forecast import naive
from ml.forecast.features import FIRST_ORIGIN_DAY, check
from ml.forecast.model import QUANTILES
from ml.forecast.panel import HORIZON_H, LEVELS, Panel
from ml.registry import Measure

FOLDS = 4
MIN_TRAINING_DAYS = FIRST_ORIGIN_DAY + 21
METRICS = ("mae_kw", "wape", "pinball_kw", "coverage_80")

Predict = Callable[[Panel, np.ndarray, int], np.ndarray]


def fold_days(panel: Panel) -> list[int]:
    """First days of the folds, oldest first; raises InsufficientHistoryError if not even one fits."""
    end = panel.origin_day
    folds = min(FOLDS, (end - MIN_TRAINING_DAYS) // 7)
    if folds < 1:
        raise InsufficientHistoryError(
            f"{end} days of load; {MIN_TRAINING_DAYS + 7} are needed to train and to test a forecast",
            "load more history; until then forecasts are seasonal-naive",
        )
    return [end - 7 * (folds - k) for k in range(folds)]


def pinball(actual: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Mean pinball loss over QUANTILES, [..., 3] -> [...]; unit of the load.

    Koenker & Bassett 1978: q·e for e >= 0, (q - 1)·e otherwise, e = actual - predicted.
    """
    error = actual[..., None] - predicted
    q = np.array(QUANTILES)
    return np.maximum(q * error, (q - 1) * error).mean(axis=-1)


def measure(actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """METRICS over hours whose load is known: MAE and pinball in kW, WAPE and the share inside P10-P90."""
    known = ~np.isnan(actual)
    a, p = actual[known], predicted[known]
    error = np.abs(a - p[:, 1])
    return {
        "mae_kw": float(error.mean()),
        "wape": float(error.sum() / max(np.abs(a).sum(), 1e-9)),
        "pinball_kw": float(pinball(a, p).mean()),
        "coverage_80": float(((a >= p[:, 0]) & (a <= p[:, 2])).mean()),
    }


def naive_predict(panel: Panel, series: np.ndarray, day: int) -> np.ndarray:
    """Seasonal naive for many series, [series, 168, 3]."""
    return np.stack([naive.predict(panel, int(s), day) for s in series])


def usable(panel: Panel, day: int) -> np.ndarray:
    """Series that can be forecast and judged from the start of `day` on."""
    start = int(np.searchsorted(panel.day, day))
    result = []
    for s in range(len(panel.keys)):
        try:
            check(panel, s, day)
        except PoorDataError:
            continue
        if not np.isnan(panel.load[s, start : start + HORIZON_H]).all():
            result.append(s)
    return np.array(result, dtype=int)


def run(
    panel: Panel, folds: list[int], candidates: dict[str, Predict]
) -> dict[str, dict[tuple[str, int], dict[str, float]]]:
    """Measures of each candidate by (level, fold number from 1), on the same series and hours."""
    result: dict[str, dict[tuple[str, int], dict[str, float]]] = {name: {} for name in candidates}
    for number, day in enumerate(folds, 1):
        start = int(np.searchsorted(panel.day, day))
        hidden = panel.with_load(panel.load.copy())
        hidden.load[:, start:] = np.nan  # what a candidate must not see is not there
        series = usable(panel, day)
        actual = panel.load[series, start : start + HORIZON_H]
        for name, predict in candidates.items():
            predicted = predict(hidden, series, day)
            for code, level in enumerate(LEVELS):
                of_level = panel.level[series] == code
                if of_level.any() and not np.isnan(actual[of_level]).all():
                    result[name][level, number] = measure(actual[of_level], predicted[of_level])
    return result


def summary(measures: dict[tuple[str, int], dict[str, float]]) -> dict[str, Any]:
    """Means over folds of METRICS, by level."""
    return {
        level: {
            metric: round(float(np.mean([m[metric] for (at, _), m in measures.items() if at == level])), 6)
            for metric in METRICS
        }
        for level in LEVELS
        if any(at == level for at, _ in measures)
    }


def relative_loss(ours: dict[str, Any], theirs: dict[str, Any]) -> float:
    """Geometric mean over levels of our pinball loss divided by theirs; below 1: ours is better."""
    ratios = [ours[level]["pinball_kw"] / max(theirs[level]["pinball_kw"], 1e-12) for level in ours]
    return float(np.exp(np.mean(np.log(np.maximum(ratios, 1e-12)))))


def rows(
    panel: Panel, folds: list[int], model: dict[tuple[str, int], dict[str, float]],
    baseline: dict[tuple[str, int], dict[str, float]],
) -> list[Measure]:  # fmt: skip
    """Rows for `ml.backtest_result`."""
    return [
        Measure(
            level, number, panel.date_of(folds[number - 1]), panel.date_of(folds[number - 1] + 6), metric,
            model[level, number][metric], baseline[level, number][metric],
        )
        for level, number in model
        for metric in METRICS
    ]  # fmt: skip
