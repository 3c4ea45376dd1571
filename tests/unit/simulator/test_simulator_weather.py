"""The weather of the simulated utility, and its files."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from gridmart.errors import GridmartError
from gridmart.simulator import population, weather, weather_files, weather_service
from gridmart.simulator.population import Population
from gridmart.simulator.weather import Climate
from gridmart.sources.weather import HEADER

FIRST, LAST = date(2025, 1, 1), date(2026, 2, 5)


@pytest.fixture(scope="module")
def utility() -> Population:
    return population.build(60, FIRST, LAST, 42)


@pytest.fixture(scope="module")
def climate(utility: Population) -> Climate:
    return weather.climate(utility, FIRST, LAST)


def test_hours_of_every_district(climate: Climate) -> None:
    days = (LAST - FIRST).days + 1
    assert climate.station_codes == ["14001", "14002"]
    assert climate.temperature.shape == climate.humidity.shape == climate.cloud.shape == (2, days * 24)
    assert (climate.first, climate.last, climate.days) == (FIRST, LAST, days)


def test_a_continental_year(climate: Climate) -> None:
    year = climate.temperature[0, : 365 * 24].reshape(365, 24)
    month = np.array([(FIRST + timedelta(days=k)).month for k in range(365)])
    assert -12 < year[month == 1].mean() < 0 and 19 < year[month == 7].mean() < 28
    assert 25 < year.max() < 42 and -28 < year.min() < -8
    by_hour = year.mean(axis=0)
    assert 13 <= by_hour.argmax() <= 16 and 2 <= by_hour.argmin() <= 5 and 7 < np.ptp(by_hour) < 13
    assert climate.humidity.min() >= 8 and climate.humidity.max() <= 100
    assert (climate.cloud.min(), climate.cloud.max()) == (0, 1)


def test_one_day_resembles_the_next_and_one_district_the_other(climate: Climate) -> None:
    daily = climate.temperature.reshape(2, -1, 24).mean(axis=2)[:, :365]
    season = np.cos(2 * np.pi * (np.arange(365)[:, None] - 20) / 365.25) * [[1, 0]] + [[0, 1]]
    deviation = daily - (season @ np.linalg.lstsq(season, daily.T, rcond=None)[0]).T
    assert 2 < deviation.std() < 4.5
    assert np.corrcoef(deviation[0, 1:], deviation[0, :-1])[0, 1] > 0.6
    assert 0.6 < np.corrcoef(*deviation)[0, 1] < 0.98


@pytest.mark.parametrize("start", [date(2025, 3, 9), date(2025, 12, 28)])
def test_an_hour_is_the_same_whatever_the_range(utility: Population, climate: Climate, start: date) -> None:
    alone = weather.climate(utility, start, start + timedelta(days=8))
    for org_no in ("14001", "1400201"):
        assert np.array_equal(alone.of(org_no, start, 9), climate.of(org_no, start, 9))
        assert np.array_equal(alone.cloud_of(org_no, start, 9), climate.cloud_of(org_no, start, 9))
        before = start - timedelta(days=3)  # partly beyond its own range
        assert np.array_equal(alone.of(org_no, before, 5), climate.of(org_no, before, 5))
    k = (start - FIRST).days * 24
    assert np.array_equal(alone.humidity, climate.humidity[:, k : k + 9 * 24])


def test_weather_knows_its_places(climate: Climate, utility: Population) -> None:
    assert np.array_equal(climate.of("1400102", FIRST, 2), climate.of("14001", FIRST, 2))
    assert not np.array_equal(climate.of("14002", FIRST, 2), climate.of("14001", FIRST, 2))
    with pytest.raises(GridmartError, match="no weather of"):
        climate.of("15001", FIRST, 1)
    other = weather.climate(population.build(60, FIRST, LAST, 43), FIRST, FIRST)
    assert not np.array_equal(other.temperature, weather.climate(utility, FIRST, FIRST).temperature)


def test_forecast_deviates_by_about_1_2_degrees_and_more_with_time(utility: Population, climate: Climate) -> None:
    errors = []
    for k in range(60):
        issued = date(2025, 5, 1) + timedelta(days=5 * k)
        made = weather.forecast(utility, issued)
        assert (made.first, made.days) == (issued + timedelta(days=1), 8)
        actual = np.stack([climate.of(code, made.first, 8).reshape(-1) for code in made.station_codes])
        errors.append(made.temperature - actual)
    error = np.array(errors)
    assert error.std() == pytest.approx(1.2, abs=0.15) and abs(error.mean()) < 0.2
    assert error[:, :, :24].std() < 0.75 * error[:, :, -24:].std()


def test_each_issue_is_its_own(utility: Population) -> None:
    today, tomorrow = (weather.forecast(utility, LAST + timedelta(days=k)) for k in (0, 1))
    again = weather.forecast(utility, LAST)
    assert np.array_equal(today.temperature, again.temperature)
    assert not np.array_equal(today.temperature[:, 24:], tomorrow.temperature[:, : 7 * 24])
    with pytest.raises(GridmartError, match="forecast ends on"):
        today.of("14001", LAST + timedelta(days=8), 2)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        assert reader.fieldnames == HEADER
        return list(reader)


def test_actuals_are_written_by_month_in_utc(climate: Climate, tmp_path: Path) -> None:
    paths = weather_files.write_actuals(climate, tmp_path / "weather", date(2025, 1, 30), date(2025, 3, 2))
    assert [path.name for path in paths] == ["weather_202501.csv", "weather_202502.csv", "weather_202503.csv"]
    assert sorted(p.name for p in (tmp_path / "weather").iterdir()) == [p.name for p in paths], "nothing is left over"
    january, february, march = (_rows(path) for path in paths)
    assert [len(r) for r in (january, february, march)] == [2 * 2 * 24, 2 * 28 * 24, 2 * 2 * 24]
    # the first hour of 30 January at Shanghai
    assert january[0]["valid_at"] == january[0]["issued_at"] == "2025-01-29T16:00:00Z"
    assert february[-1]["valid_at"] == "2025-02-28T15:00:00Z" and march[0]["valid_at"] == "2025-02-28T16:00:00Z"
    assert float(january[5]["temperature_c"]) == climate.of("14001", date(2025, 1, 30), 1)[0, 5]
    assert {row["kind"] for row in january} == {"actual"}


def test_a_day_and_a_forecast_are_files_that_the_service_reads(
    utility: Population, climate: Climate, tmp_path: Path
) -> None:
    assert weather_files.write_day(climate, tmp_path, LAST).name == f"weather_{LAST:%Y%m%d}.csv"
    path = weather_files.write_forecast(weather.forecast(utility, LAST), tmp_path)
    rows = _rows(path)
    assert path.name == "weather_forecast.csv" and len(rows) == 2 * 8 * 24
    assert {row["issued_at"] for row in rows} == {"2026-02-05T16:00:00Z"} == {rows[0]["valid_at"]}
    assert {row["kind"] for row in rows} == {"forecast"}
    stations = weather_service.Archive(tmp_path).stations()
    assert set(stations) == {"14001", "14002"}
    assert len(stations["14001"].rows) == 24 + 8 * 24
    assert stations["14001"].keys[0][0] == datetime(2026, 2, 4, 16, tzinfo=UTC)
