"""The weather of a utility's districts: a continental climate, made date by date.

Value noise: what is drawn is keyed by week, date and district, and what lies between is interpolated, so that an hour
is the same whatever range it is made in. A part of every deviation is the whole region's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from gridmart.errors import GridmartError
from gridmart.simulator.keys import generator
from gridmart.simulator.population import Population

FORECAST_DAYS = 8
YEARLY_MEAN_C, YEARLY_SWING_C, DAILY_SWING_C = 12.0, 14.5, 5.5
WEEKLY_C, DAILY_C, HOURLY_C = 2.6, 2.6, 0.35  # deviations of the knots
SHARED = 0.9  # of a deviation is the region's; sqrt(1 - 0.9²) the district's own
COLDEST_DAY, WARMEST_HOUR = 20, 15
FORECAST_ERROR_C = (0.7, 1.7)  # deviation on the first and on the last day: 1.2 °C on the whole
REGION = "region"
TEMPERATURE, CLOUD, WET = 0, 1, 2  # what is drawn


@dataclass(frozen=True, eq=False)
class Climate:
    """Weather by hour: arrays [districts, hours] from local midnight of `first`.

    `station_codes`: districts' org_nos; `temperature` °C; `humidity` %; `cloud` 0 (clear) to 1.
    """

    seed: int
    station_codes: list[str]
    first: date
    temperature: np.ndarray
    humidity: np.ndarray
    cloud: np.ndarray
    is_forecast: bool

    @property
    def days(self) -> int:
        """Number of dates."""
        return self.temperature.shape[1] // 24

    @property
    def last(self) -> date:
        """The last date."""
        return self.first + timedelta(days=self.days - 1)

    def of(self, org_no: str, start: date, days: int) -> np.ndarray:
        """Temperature [days, 24] of a district, or of a station in it; dates beyond the range are made anew."""
        return self._part(org_no, start, days, self.temperature, 0)

    def cloud_of(self, org_no: str, start: date, days: int) -> np.ndarray:
        """Cloudiness [days, 24], the same way."""
        return self._part(org_no, start, days, self.cloud, 2)

    def _part(self, org_no: str, start: date, days: int, held: np.ndarray, which: int) -> np.ndarray:
        code = next((code for code in self.station_codes if org_no.startswith(code)), None)
        if code is None:
            raise GridmartError(f"there is no weather of {org_no!r}", f"known districts: {self.station_codes}", 1)
        begin = (start - self.first).days
        if begin >= 0 and begin + days <= self.days:
            return held[self.station_codes.index(code), begin * 24 : (begin + days) * 24].reshape(days, 24)
        if self.is_forecast:
            raise GridmartError(f"the forecast ends on {self.last}", f"ask for {self.first} to {self.last}", 1)
        return _actual(self.seed, code, start, days)[which].reshape(days, 24)


@lru_cache(maxsize=65_536)
def _drawn(seed: int, place: str, unit: str, number: int) -> np.ndarray:
    """Normal numbers of a place and a week or date: [kind, 25], the first is the knot, the others are its hours'."""
    return generator(seed, "weather", place, unit, number).standard_normal((3, 25 if unit == "day" else 1))


def _smooth(knots: np.ndarray, hours: int) -> np.ndarray:
    """[knots] -> [(knots - 1) * hours] between them, flat at the knots."""
    share = np.arange(hours) / hours
    share = share * share * (3 - 2 * share)
    return (knots[:-1, None] + (knots[1:] - knots[:-1])[:, None] * share).reshape(-1)


def _noise(seed: int, place: str, start: date, days: int, kind: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Deviations of weeks, days and hours of a place, each [days * 24], about 1."""
    day = start.toordinal()
    week, weeks = day // 7, (day + days - 1) // 7 - day // 7 + 1
    by_week = np.array([_drawn(seed, place, "week", week + k)[kind, 0] for k in range(weeks + 1)])
    slow = _smooth(by_week, 168)[(day - week * 7) * 24 :][: days * 24]
    by_day = [_drawn(seed, place, "day", day + k)[kind] for k in range(days + 1)]
    return slow, _smooth(np.array([d[0] for d in by_day]), 24), np.concatenate([d[1:] for d in by_day[:-1]])


def _actual(seed: int, code: str, start: date, days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Temperature (0.1 °C), humidity (1 %) and cloudiness (0.01) of a district, each [days * 24]."""
    own = (1 - SHARED**2) ** 0.5

    def deviation(kind: int, scales: tuple[float, float, float]) -> np.ndarray:
        region, here = (_noise(seed, place, start, days, kind) for place in (REGION, code))
        parts = zip(scales, region, here, strict=True)
        return sum((s * (SHARED * r + own * h) for s, r, h in parts), np.zeros(days * 24))

    hour = np.tile(np.arange(24), days)
    of_year = np.array([(start + timedelta(days=k)).timetuple().tm_yday for k in range(days)])
    season = -np.cos(2 * np.pi * (np.repeat(of_year, 24) + hour / 24 - COLDEST_DAY) / 365.25)
    daily = np.cos(2 * np.pi * (hour - WARMEST_HOUR) / 24)
    cloud = np.clip(0.42 + deviation(CLOUD, (0.18, 0.32, 0.05)) + 0.06 * season, 0, 1).round(2)
    base = YEARLY_MEAN_C - _colder_by(seed, code) + YEARLY_SWING_C * season
    swing = DAILY_SWING_C * (1.25 - 0.6 * cloud)  # clouds keep days cool and nights warm
    temperature = base + swing * daily + deviation(TEMPERATURE, (WEEKLY_C, DAILY_C, HOURLY_C))
    humidity = 38 + 40 * cloud - 12 * daily + 8 * season + deviation(WET, (5.0, 5.0, 1.5))
    return temperature.round(1) + 0.0, np.clip(humidity, 8, 100).round(), cloud


@lru_cache(maxsize=1_024)
def _colder_by(seed: int, code: str) -> float:
    """°C by which a district, higher up, is colder than the plain."""
    return float(generator(seed, "weather", code, "altitude").uniform(0, 3))


def _districts(population: Population) -> list[str]:
    organisations = population.organisations
    return organisations.loc[organisations["org_type"].eq("district"), "org_no"].tolist()


def _of_all(
    population: Population, first: date, made: Callable[[str], tuple[np.ndarray, ...]], is_forecast: bool
) -> Climate:
    codes = _districts(population)
    temperature, humidity, cloud = (np.stack(values) for values in zip(*(made(code) for code in codes), strict=True))
    return Climate(population.seed, codes, first, temperature, humidity, cloud, is_forecast)


def climate(population: Population, first: date, last: date) -> Climate:
    """The weather as it was from `first` to `last`, both included."""
    days = (last - first).days + 1
    return _of_all(population, first, lambda code: _actual(population.seed, code, first, days), False)


def forecast(population: Population, issued: date) -> Climate:
    """The weather of the eight days after `issued` as it is forecast at that date's end.

    Temperature deviates from what will be by 1.2 °C (standard deviation), less on the first day, more on the last.
    """
    first, seed = issued + timedelta(days=1), population.seed

    def of_district(code: str) -> tuple[np.ndarray, ...]:
        temperature, humidity, cloud = _actual(seed, code, first, FORECAST_DAYS)
        rng = generator(seed, "weather", "forecast", issued, code)
        knots, hourly = rng.standard_normal(FORECAST_DAYS + 1), rng.standard_normal((2, FORECAST_DAYS * 24))
        growing = np.linspace(*FORECAST_ERROR_C, FORECAST_DAYS * 24)
        error = growing * (1.03 * _smooth(knots, 24) + 0.42 * hourly[0])
        wet = np.clip(humidity + 2 * growing * hourly[1], 8, 100).round()
        return (temperature + error).round(1) + 0.0, wet, cloud

    return _of_all(population, first, of_district, True)
