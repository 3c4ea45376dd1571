"""The forecast benchmark keeps its rule: nothing after 17:00 of the day before, one refit a month, absent data said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import forecast
from gridmart.errors import GridmartError
from tests.unit.ml.synthetic import panel

SMALL = replace(forecast.PARAMETERS, trees=20, rows_per_level=2000)


def test_load_after_17_of_the_day_before_does_not_change_a_forecast_and_load_before_does() -> None:
    of = panel(90, transformers=2)
    of = replace(of, keys=of.keys[:1], load=of.load[:1], temperature=of.temperature[:1])
    day = of.origin_day - 1
    here = of.day == day
    made, refits = forecast.forecast_days(of, [day], SMALL)
    assert refits == 1
    assert np.isfinite(made[here]).all() and np.isnan(made[~here]).all()
    for hour, is_same in ((17, True), (16, False)):
        changed = of.load.copy()
        changed[:, int(np.flatnonzero(of.day == day - 1)[hour]) :] *= 3
        again, _ = forecast.forecast_days(of.with_load(changed), [day], SMALL)
        assert np.array_equal(made[here], again[here]) == is_same, hour


def test_the_model_is_refitted_once_a_month() -> None:
    of = panel(90, transformers=2)
    days = [k for k in range(of.origin_day) if of.date_of(k).month == 8][:2]
    july = [k for k in range(of.origin_day) if of.date_of(k).month == 7][-2:]
    _, refits = forecast.forecast_days(of, [*july, *days], SMALL)
    assert refits == 2


def test_mape_counts_hours_that_both_know() -> None:
    assert forecast.mape_pct(np.array([100, 200, np.nan, 50]), np.array([110, 180, 5, np.nan])) == pytest.approx(10)


def test_a_series_is_measured_beside_last_week_and_absent_ones_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "PARAMETERS", SMALL)
    with pytest.raises(GridmartError, match="no public series"):
        forecast.run(tmp_path)
    with pytest.raises(GridmartError, match="no series 'mars'"):
        forecast.run(tmp_path, "mars")
    at = pd.date_range("2012-10-31T13:00Z", "2013-01-04T12:30Z", freq="30min")
    local = at.tz_convert("Australia/Melbourne")
    draw = np.random.default_rng(2)
    demand = (
        4000 + 900 * np.sin(2 * np.pi * (local.hour - 9) / 24) + 400 * (local.weekday < 5) + draw.normal(0, 40, len(at))
    )
    rows = pd.DataFrame({"Time": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "Demand": demand, "Temperature": 20.0})
    (tmp_path / "load").mkdir()
    rows.to_csv(tmp_path / "load" / "vic_electricity.csv", index=False)
    found = forecast.run(tmp_path)
    assert found["absent"] == ["france"]
    (result,) = found["results"]
    assert (result["series"], result["year"], result["hours"], result["refits"]) == (
        "victoria",
        2013,
        4 * 24,
        1,
    )
    assert 0 < result["mape_pct"] < 10
    assert result["operator_mape_pct"] is None
