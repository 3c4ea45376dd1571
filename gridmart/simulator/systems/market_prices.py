"""Prices of the wholesale market: spot by hour (day-ahead and real-time), agency purchase price by month.

Shape: low at noon when the sun shines, high in the evening; dearer in heat and cold; cheaper on days off; on sunny
spring noons zero, in real time below zero; now and then a spike. Limits as in a provincial market: day-ahead 0 to
1,500, real-time −80 to 1,500 yuan/MWh. Day-ahead of a date knows the temperature of the day before alone.
"""

from datetime import date, timedelta

import numpy as np

from gridmart.calendar import days as calendar_days
from gridmart.simulator.keys import generator
from gridmart.simulator.systems.market_energy import normal_temperature
from gridmart.simulator.weather import Climate

DAY_AHEAD_LIMITS, REAL_TIME_LIMITS = (0.0, 1500.0), (-80.0, 1500.0)
_SHAPE = np.array([-70, -85, -95, -100, -95, -70, -20, 30, 45, 10, -30, -60,
                   -75, -70, -45, 0, 50, 120, 165, 170, 140, 90, 20, -35], float)  # fmt: skip
_BASE = 345.0
_BY_MONTH = np.array([45, 20, -35, -60, -50, 10, 65, 60, -15, -30, 5, 55], float)
_SUN_BY_MONTH = np.array([110, 150, 230, 260, 250, 210, 170, 165, 170, 150, 120, 100], float)
_SPIKE_DAYS = 0.03
PERSISTENCE = 0.7  # of yesterday's deviation from the normal temperature

ITEMS = {
    "01": "代理购电价格", "02": "上网环节线损费用", "03": "系统运行费用", "04": "新增损益分摊",
}  # fmt: skip
_ITEM_PRICES = {"01": (0.345, 0.02), "02": (0.0162, 0.0012), "03": (0.0415, 0.006), "04": (-0.003, 0.004)}
_ITEM_BY_MONTH = 0.00004  # yuan/kWh a yuan/MWh of the season


def _of_region(climate: Climate, start: date, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Temperature and cloudiness of the region, [days, 24]."""
    codes = climate.station_codes
    warm = np.mean([climate.of(code, start, days) for code in codes], axis=0)
    return warm, np.mean([climate.cloud_of(code, start, days) for code in codes], axis=0)


def _level(temperature: np.ndarray) -> np.ndarray:
    """What heat and cold add, yuan/MWh."""
    return 11.0 * np.clip(temperature - 27, 0, None) + 7.0 * np.clip(-3 - temperature, 0, None)


def spot(seed: int, climate: Climate, start: date, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Day-ahead and real-time prices in yuan/MWh of `days` dates from `start`: two arrays [days, 24], 2 decimals."""
    yesterday = start - timedelta(days=1)
    actual, cloud = _of_region(climate, yesterday, days + 1)
    normal = normal_temperature(yesterday, days + 1).reshape(-1, 24)
    deviation = (actual - normal).mean(axis=1)
    dates = [start + timedelta(days=k) for k in range(days)]
    month = np.array([day.month - 1 for day in dates])
    off = ~np.array(calendar_days(start, dates[-1]).column("is_workday").to_pylist())
    noise = np.stack([generator(seed, "spot", day).standard_normal((5, 24)) for day in dates])
    sun = np.clip(np.sin((np.arange(24) + 0.5 - 6.5) / 11 * np.pi), 0, None)

    wind = 45.0 * noise[:, 0, :1]  # a windy day is cheap
    clear = np.clip(1 - cloud[:-1].mean(axis=1, keepdims=True) + 0.12 * noise[:, 1, :1], 0, 1)  # the day before's sky
    expected = normal[1:] + PERSISTENCE * deviation[:-1, None]
    base = _BASE + _BY_MONTH[month][:, None] + _SHAPE - 55.0 * off[:, None] - wind
    day_ahead = base - _SUN_BY_MONTH[month][:, None] * 1.6 * clear * sun + _level(expected) + 14.0 * noise[:, 2]
    really = np.clip(1 - cloud[1:], 0, 1)
    real_time = (
        base + 30.0 * noise[:, 3, :1] - _SUN_BY_MONTH[month][:, None] * 1.75 * really * sun + _level(actual[1:])
        + 32.0 * noise[:, 4]
    )  # fmt: skip
    for k, day in enumerate(dates):
        chance, hour, height = generator(seed, "spot", "spike", day).random(3).tolist()
        stress = 4.0 if actual[k + 1, 18:21].mean() > 31 or actual[k + 1, 18:21].mean() < -6 else 1.0
        if chance < _SPIKE_DAYS * stress:
            begin = 17 + int(hour * 4)
            real_time[k, begin : begin + 2] += 350 + 700 * height
    return np.clip(day_ahead, *DAY_AHEAD_LIMITS).round(2), np.clip(real_time, *REAL_TIME_LIMITS).round(2)


def purchase(seed: int, month: date) -> dict[str, float]:
    """Agency purchase price of a month by item (see `ITEMS`), yuan/kWh, 6 decimals."""
    rng = generator(seed, "purchase price", month)
    season = _ITEM_BY_MONTH * _BY_MONTH[month.month - 1]
    return {
        code: round(mean + deviation * float(rng.standard_normal()) + (season * 10 if code == "01" else 0.0), 6)
        for code, (mean, deviation) in _ITEM_PRICES.items()
    }
