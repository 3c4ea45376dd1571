"""The forecast without services: no leakage, ordered quantiles, fallbacks, covariates that count."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from ml.errors import FlatSeriesError, InsufficientHistoryError, MissingWeatherError
from ml.evaluation import backtest
from ml.forecast import naive
from ml.forecast.features import base_and_level, check, matrix, origins, weather
from ml.forecast.model import ForecastPipeline, Parameters
from ml.forecast.panel import HORIZON_H, Panel, company_load
from ml.forecast.score import forecast
from tests.unit.ml.synthetic import panel

PANEL = panel(84)
SMALL = Parameters(trees=40, rows_per_level=6000)


@pytest.fixture(scope="module")
def model() -> ForecastPipeline:
    return ForecastPipeline(SMALL).fit(PANEL, PANEL.origin_day)


def rows_at(of: Panel, day: int) -> np.ndarray:
    known = origins(of, np.array([day]))
    s = np.repeat(np.arange(len(of.keys)), HORIZON_H)
    t = np.tile(known.start[0] + np.arange(HORIZON_H), len(of.keys))
    j = np.zeros(len(s), dtype=int)
    return np.column_stack([matrix(of, known, weather(of), s, j, t), *base_and_level(of, known, s, j, t)])


@budget(max_examples=10, deadline=None)
@given(day=st.integers(20, 80), noise=st.floats(-1000, 1000))
def test_load_from_the_origin_on_does_not_change_the_features(day: int, noise: float) -> None:
    future = PANEL.load.copy()
    future[:, day * 24 :] = noise
    np.testing.assert_array_equal(rows_at(PANEL, day), rows_at(PANEL.with_load(future), day))


def test_load_before_the_origin_does_change_the_features() -> None:
    past = PANEL.load.copy()
    past[:, 50 * 24 - 12 : 50 * 24] *= 2
    assert not np.array_equal(rows_at(PANEL, 50), rows_at(PANEL.with_load(past), 50), equal_nan=True)


def test_a_forecast_made_in_the_evening_does_not_know_the_rest_of_its_day() -> None:
    evening = PANEL.load.copy()
    evening[:, 50 * 24 - 7 : 50 * 24] *= 2
    at_midnight, at_17 = (
        [origins(of, np.array([50]), hours) for of in (PANEL, PANEL.with_load(evening))] for hours in (24, 17)
    )
    for name in ("level", "last_day", "last_day_level", "week_trend", "month_trend", "kinds"):
        np.testing.assert_array_equal(getattr(at_17[0], name), getattr(at_17[1], name))
        assert not np.array_equal(getattr(at_midnight[0], name), getattr(at_midnight[1], name), equal_nan=True) or (
            name == "month_trend"  # there are no 56 days before it
        )
    assert np.isnan(at_17[0].last_day[..., 17:]).all()
    assert np.isfinite(at_17[0].last_day[..., :17]).all()


def test_training_does_not_see_load_from_its_end_on() -> None:
    future = PANEL.load.copy()
    future[:, 60 * 24 :] *= 3
    ours, theirs = (ForecastPipeline(SMALL).fit(p, 60) for p in (PANEL, PANEL.with_load(future)))
    everyone = np.arange(len(PANEL.keys))
    np.testing.assert_array_equal(ours.predict(PANEL, everyone, 60), theirs.predict(PANEL, everyone, 60))


def test_quantiles_never_cross_and_the_same_data_give_the_same_model(model: ForecastPipeline) -> None:
    everyone = np.arange(len(PANEL.keys))
    predicted = model.predict(PANEL, everyone, PANEL.origin_day)
    assert np.isfinite(predicted).all() and (np.diff(predicted, axis=2) >= 0).all()
    again = ForecastPipeline(SMALL).fit(PANEL, PANEL.origin_day).predict(PANEL, everyone, PANEL.origin_day)
    np.testing.assert_array_equal(predicted, again)


def test_a_hotter_week_ahead_moves_the_forecast(model: ForecastPipeline) -> None:
    hot = PANEL.temperature.copy()
    hot[:, PANEL.known :] += 5
    everyone = np.arange(len(PANEL.keys))
    usual = model.predict(PANEL, everyone, PANEL.origin_day)[..., 1].mean()
    moved = model.predict(replace(PANEL, temperature=hot), everyone, PANEL.origin_day)[..., 1].mean()
    assert moved != pytest.approx(usual, rel=0.002)


def test_a_better_forecast_than_last_week_on_unseen_weeks() -> None:
    longer = panel(150)
    folds = backtest.fold_days(longer)
    tested = ForecastPipeline(SMALL).fit(longer, backtest.training_end(folds))
    found = backtest.run(longer, folds, {"model": tested.predict, "baseline": backtest.naive_predict})
    ours, theirs = backtest.summary(found["model"].corrected), backtest.summary(found["baseline"].uncorrected)
    assert backtest.relative_loss(ours, theirs) < 0.9


def test_a_flat_meter_an_empty_one_and_missing_weather_fall_back_alone(model: ForecastPipeline) -> None:
    load, air = PANEL.load.copy(), PANEL.temperature.copy()
    load[3, PANEL.known - HORIZON_H : PANEL.known] = 7.0
    load[4, : PANEL.known - 5 * 24] = np.nan
    air[5, PANEL.known :] = np.nan
    load[6] = np.nan
    poor = replace(PANEL, load=load, temperature=air)
    for series, error in (3, FlatSeriesError), (4, InsufficientHistoryError), (5, MissingWeatherError):
        with pytest.raises(error):
            check(poor, series, poor.origin_day)
    values, fallback, why = forecast(poor, model)
    assert fallback.tolist() == [False, False, False, True, True, True, True]
    assert np.isfinite(values[:6]).all() and np.isnan(values[6]).all()
    assert why["transformer/T0001"].startswith("FlatSeriesError")
    assert (values[3, :, 1] == 7.0).all()


def test_without_a_model_everything_is_seasonal_naive() -> None:
    values, fallback, _ = forecast(PANEL, None)
    assert fallback.all()
    np.testing.assert_array_equal(values[:, :, 1], PANEL.load[:, PANEL.known - HORIZON_H : PANEL.known])


def test_naive_band_holds_eight_of_ten_past_errors() -> None:
    day = PANEL.origin_day - 7
    predicted = naive.predict(PANEL, 3, day)
    start = day * 24
    actual = PANEL.load[3, start : start + HORIZON_H]
    assert (np.diff(predicted, axis=1) >= 0).all()
    assert 0.5 < ((actual >= predicted[:, 0]) & (actual <= predicted[:, 2])).mean() <= 1


def test_company_is_unknown_while_a_feeder_in_service_is_missing() -> None:
    feeders = np.ones((2, 300))
    feeders[0, 100] = np.nan  # a hole
    feeders[1, :50] = np.nan  # not yet built
    feeders[1, 290:] = np.nan  # late
    total = company_load(feeders)
    assert np.isnan(total[100]) and np.isnan(total[290:]).all()
    assert (total[:50] == 1).all() and (total[101:290] == 2).all()


def test_pinball_loss_of_a_known_case() -> None:
    # errors +10 at each quantile: 0.1*10, 0.5*10, 0.9*10 -> mean 5
    assert backtest.pinball(np.array([20.0]), np.array([[10.0, 10.0, 10.0]]))[0] == pytest.approx(5.0)
    # errors -10: 0.9*10, 0.5*10, 0.1*10 -> mean 5
    assert backtest.pinball(np.array([0.0]), np.array([[10.0, 10.0, 10.0]]))[0] == pytest.approx(5.0)
