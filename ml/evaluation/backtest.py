"""Time-split backtest of forecasts: folds of 7 days at the end of the data, nothing of them seen in training.

The two weeks before the folds are held out too: with the folds before it, they correct the band of each fold.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.errors import InsufficientHistoryError, PoorDataError
from ml.evaluation import conformal
from ml.forecast import naive
from ml.forecast.features import check
from ml.forecast.model import QUANTILES
from ml.forecast.panel import HORIZON_H, LEVELS, Panel
from ml.registry import Measure

FOLDS = 4
HELD_OUT_WEEKS = 2  # before the first fold
# fewer days show too little weather: such a model may take the season for the temperature, and pass by luck
MIN_TRAINING_DAYS = 70
MIN_DAYS = MIN_TRAINING_DAYS + 7 * (HELD_OUT_WEEKS + 1)
METRICS = ("mae_kw", "wape", "pinball_kw", "coverage_80")

Predict = Callable[[Panel, np.ndarray, int], np.ndarray]


def fold_days(panel: Panel) -> list[int]:
    """First days of the folds, oldest first; raises InsufficientHistoryError if not even one fits."""
    end = panel.origin_day
    folds = min(FOLDS, (end - MIN_TRAINING_DAYS) // 7 - HELD_OUT_WEEKS)
    if folds < 1:
        raise InsufficientHistoryError(
            f"{end} days of load; {MIN_DAYS} are needed to train and to test a forecast",
            "load more history; until then forecasts are seasonal-naive",
        )
    return [end - 7 * (folds - k) for k in range(folds)]


def training_end(folds: list[int]) -> int:
    """The day from which on a model that is tested on these folds must have seen nothing."""
    return folds[0] - 7 * HELD_OUT_WEEKS


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


Measures = dict[tuple[str, int], dict[str, float]]  # METRICS by (level, fold number from 1)


@dataclass(frozen=True)
class Backtest:
    """What a candidate did: with its band corrected, as it was, and the correction from all weeks, by level."""

    corrected: Measures
    uncorrected: Measures
    correction: tuple[float, ...]


def run(panel: Panel, folds: list[int], candidates: dict[str, Predict]) -> dict[str, Backtest]:
    """Backtest candidates on the same series and hours; they must not have seen `training_end(folds)` or later.

    The band of a fold is corrected by the conformity scores of the held-out weeks and of the folds before it: all
    of that was known when the fold began. Raises InsufficientHistoryError if no series can be judged.
    """
    scores: dict[str, list[list[np.ndarray]]] = {name: [[] for _ in LEVELS] for name in candidates}
    found: dict[str, tuple[Measures, Measures]] = {name: ({}, {}) for name in candidates}
    weeks = [*range(training_end(folds), folds[0], 7), *folds]
    for number, day in enumerate(weeks, 1 - HELD_OUT_WEEKS):
        start = int(np.searchsorted(panel.day, day))
        hidden = panel.with_load(panel.load.copy())
        hidden.load[:, start:] = np.nan  # what a candidate must not see is not there
        series = usable(panel, day)
        if not len(series):
            continue
        actual = panel.load[series, start : start + HORIZON_H]
        scale, never_negative = hidden.scale(series, day), hidden.never_negative(series, day)
        for name, predict in candidates.items():
            raw = predict(hidden, series, day)
            share = np.array(_corrections(scores[name]))[panel.level[series]]
            corrected = conformal.widen(raw, share * scale, never_negative)
            for code, level in enumerate(LEVELS):
                at = panel.level[series] == code
                if not at.any() or np.isnan(actual[at]).all():
                    continue
                if number >= 1:
                    found[name][0][level, number] = measure(actual[at], corrected[at])
                    found[name][1][level, number] = measure(actual[at], raw[at])
                scores[name][code].append(conformal.conformity(actual[at], raw[at], scale[at]))
    if not all(corrected for corrected, _ in found.values()):
        raise InsufficientHistoryError(
            "no series can be forecast in the test weeks", "see what is wrong with the loads"
        )
    return {name: Backtest(*found[name], _corrections(scores[name])) for name in candidates}


def _corrections(scores: list[list[np.ndarray]]) -> tuple[float, ...]:
    return tuple(conformal.correction(np.concatenate([np.empty(0), *of_level])) for of_level in scores)


def summary(measures: Measures) -> dict[str, Any]:
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


def rows(panel: Panel, folds: list[int], model: Measures, baseline: Measures) -> list[Measure]:
    """Rows for `ml.backtest_result`."""
    return [
        Measure(
            level, number, panel.date_of(folds[number - 1]), panel.date_of(folds[number - 1] + 6), metric,
            model[level, number][metric], baseline[level, number][metric],
        )
        for level, number in model
        for metric in METRICS
    ]  # fmt: skip
