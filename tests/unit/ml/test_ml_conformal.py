"""The correction of bands: known cases, honest folds, ordered quantiles, nothing below zero."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.errors import InsufficientHistoryError
from ml.evaluation import backtest, conformal
from ml.forecast.model import ForecastPipeline, Parameters
from ml.forecast.panel import Panel
from tests.unit.ml.synthetic import panel

PANEL = panel(112)
EVERYONE = np.arange(len(PANEL.keys))
FOLDS = backtest.fold_days(PANEL)


def narrow(of: Panel, series: np.ndarray, day: int) -> np.ndarray:
    """The load of a week ago with a band of 1 %: far too sure of itself."""
    start = int(np.searchsorted(of.day, day))
    guess = of.load[series, start - 168 : start]
    return np.stack([guess * 0.99, guess, guess * 1.01], axis=-1)


def test_scores_and_correction_of_a_known_case() -> None:
    actual = np.array([[10.0, 15.0, 5.0, np.nan]])
    band = np.array([[[8.0, 10.0, 12.0]] * 4])
    scores = conformal.conformity(actual, band, np.array([2.0]))
    np.testing.assert_allclose(scores, [-1.0, 1.5, 1.5])
    assert conformal.correction(np.arange(1.0, 100.0)) == 80  # ceil(100 * 0.8)
    assert conformal.correction(np.array([3.0, 1.0])) == 3  # too few to promise 80 %: the widest
    assert conformal.correction(np.empty(0)) == 0


@budget(max_examples=50, deadline=None)
@given(
    band=arrays(float, (2, 3, 3), elements=st.floats(-100, 100)),
    by=arrays(float, 2, elements=st.floats(-300, 300)),
)
def test_a_moved_band_stays_ordered_and_keeps_its_middle(band: np.ndarray, by: np.ndarray) -> None:
    band = np.sort(band, axis=-1)
    moved = conformal.widen(band, by, np.array([False, True]))
    assert (np.diff(moved, axis=-1) >= 0).all()
    np.testing.assert_array_equal(moved[0, :, 1], band[0, :, 1])
    assert (moved[1] >= 0).all()


def test_bands_that_are_too_sure_are_widened_to_about_what_they_promise() -> None:
    test = backtest.run(PANEL, FOLDS, {"model": narrow})["model"]
    before, after = backtest.summary(test.uncorrected), backtest.summary(test.corrected)
    for level in before:
        assert before[level]["coverage_80"] < 0.3
        assert 0.6 < after[level]["coverage_80"] < 0.95
        assert after[level]["pinball_kw"] < before[level]["pinball_kw"]
        assert after[level]["mae_kw"] == before[level]["mae_kw"]


def test_a_fold_is_not_corrected_by_its_own_hours() -> None:
    load = PANEL.load.copy()
    start = FOLDS[-1] * 24
    load[:, start : start + 168] *= 5
    ours = backtest.run(PANEL, FOLDS, {"model": narrow})["model"]
    theirs = backtest.run(PANEL.with_load(load), FOLDS, {"model": narrow})["model"]
    last = len(FOLDS)
    assert theirs.corrected["company", last]["coverage_80"] < 0.1  # the jump was not foreseen
    assert theirs.correction[0] > ours.correction[0]  # the next forecast knows of it
    for number in range(1, last):
        assert theirs.corrected["company", number] == ours.corrected["company", number]


def test_the_first_fold_is_corrected_by_the_weeks_held_out_before_it() -> None:
    load = PANEL.load.copy()
    held_out = slice(backtest.training_end(FOLDS) * 24, backtest.training_end(FOLDS) * 24 + 168)
    draw = np.random.default_rng(5)
    load[:, held_out] *= draw.uniform(0.3, 1.7, load[:, held_out].shape)
    seen: list[float] = []
    for of in (PANEL, PANEL.with_load(load)):
        seen.append(backtest.run(of, FOLDS, {"model": narrow})["model"].corrected["company", 1]["coverage_80"])
    assert seen[1] > seen[0]


def test_the_persisted_correction_moves_the_band_of_its_level_alone() -> None:
    plain = ForecastPipeline(Parameters(trees=10, rows_per_level=2000)).fit(PANEL, PANEL.origin_day)
    day = PANEL.origin_day
    before = plain.predict(PANEL, EVERYONE, day)
    after = replace(plain, correction=(0.0, 0.1, 10.0)).predict(PANEL, EVERYONE, day)
    np.testing.assert_array_equal(after[0], before[0])
    moved = 0.1 * PANEL.scale(np.array([1]), day)[0]
    np.testing.assert_allclose(after[1, :, 2], before[1, :, 2] + moved)
    assert (after[3:, :, 0] == 0).all()  # no load of these was ever below zero
    sunny = PANEL.load.copy()
    sunny[4, 10] = -5.0
    assert (
        replace(plain, correction=(0.0, 0.0, 10.0)).predict(PANEL.with_load(sunny), EVERYONE, day)[4, :, 0] < 0
    ).all()


def test_history_below_the_minimum_is_refused_and_the_minimum_is_not() -> None:
    with pytest.raises(InsufficientHistoryError, match=f"{backtest.MIN_DAYS} are needed"):
        backtest.fold_days(panel(backtest.MIN_DAYS - 1))
    folds = backtest.fold_days(panel(backtest.MIN_DAYS))
    assert len(folds) == 1 and backtest.training_end(folds) >= 70


def test_dead_series_alone_cannot_be_backtested() -> None:
    dead = PANEL.with_load(np.where(np.isnan(PANEL.load), np.nan, 7.0))
    with pytest.raises(InsufficientHistoryError, match="test weeks"):
        backtest.run(dead, FOLDS, {"model": narrow})
