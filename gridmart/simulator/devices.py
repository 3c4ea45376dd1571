"""Devices with a day of their own: roofs with solar panels, electric cars that charge at night."""

from datetime import date

import numpy as np

from gridmart.simulator.archetypes import Archetype
from gridmart.simulator.keys import generator
from gridmart.simulator.plan import SLOTS

LATITUDE, LONGITUDE = 37.9, 112.5  # degrees; the clock is that of 120° E
FEWEST_SLOTS = 3  # of a charge on either side of midnight


def sunshine(day: date, cloud: np.ndarray) -> np.ndarray:
    """Output of a solar panel relative to its rated power, [96], under hourly cloudiness [24] (0 to 1).

    Height of the sun from declination and hour angle (Cooper 1969); attenuation by clouds 1 - 0.75 n^3.4 (Kasten and
    Czeplak 1980).
    """
    slot = np.arange(SLOTS)
    hour = (slot + 0.5) * 24 / SLOTS - (120 - LONGITUDE) / 15
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284 + day.timetuple().tm_yday) / 365)
    angle = np.radians(15 * (hour - 12))
    height = np.sin(np.radians(LATITUDE)) * np.sin(declination)
    height = height + np.cos(np.radians(LATITUDE)) * np.cos(declination) * np.cos(angle)
    covered = np.interp((slot + 0.5) * 24 / SLOTS, np.arange(24) + 0.5, cloud)
    clear = 0.95 * np.clip(height, 0, None) ** 1.15
    return (clear * (1 - 0.75 * covered**3.4)).round(6)


def _sessions(
    seed: int, station: str, day: date, count: int, kind: Archetype
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each car: whether it charges from that evening, its first slot and the slot after its last (may be > 96)."""
    assert kind.charging is not None
    draw = generator(seed, "load", station, "charge", kind.name, day).random((3, count))
    (low, high), (short, long) = kind.charging.from_hour, kind.charging.hours
    begin = np.minimum(((low + (high - low) * draw[1]) * 4).astype(int), SLOTS - FEWEST_SLOTS)
    end = begin + ((short + (long - short) * draw[2]) * 4).astype(int)
    end[(end > SLOTS) & (end < SLOTS + FEWEST_SLOTS)] = SLOTS
    return draw[0] < kind.charging.days, begin, end


def charging(seed: int, station: str, day: date, count: int, kind: Archetype) -> np.ndarray:
    """kW of the chargers of `count` accounts on a date, [count, 96]: the evening before until now, and this evening."""
    assert kind.charging is not None
    power = np.array(kind.charging.kw)[generator(seed, "load", station, "charger", kind.name).integers(0, 2, count)]
    slot = np.arange(SLOTS)
    made = np.zeros((count, SLOTS), bool)
    for shift in (1, 0):
        does, begin, end = _sessions(seed, station, date.fromordinal(day.toordinal() - shift), count, kind)
        at = slot + shift * SLOTS
        made |= does[:, None] & (at >= begin[:, None]) & (at < end[:, None])
    return made * power[:, None]
