"""What kind of day it is for each kind of customer: profile and level by workday, holiday, Spring Festival, season."""

from datetime import date
from functools import lru_cache

import numpy as np

from gridmart.calendar import days
from gridmart.simulator.archetypes import Archetype, archetypes
from gridmart.simulator.plan import SLOTS

NEW_YEAR = ("Chinese New Year", "Spring Festival")


@lru_cache(maxsize=64)
def spring_festival(year: int) -> tuple[date, date] | None:
    """First and last day off of a year's Spring Festival, with the weekends that join it."""
    rows = days(date(year, 1, 5), date(year, 3, 20)).to_pylist()
    named = [k for k, row in enumerate(rows) if any(word in (row["holiday_name_en"] or "") for word in NEW_YEAR)]
    if not named:
        return None
    low, high = named[0], named[-1]
    while low > 0 and not rows[low - 1]["is_workday"]:
        low -= 1
    while high < len(rows) - 1 and not rows[high + 1]["is_workday"]:
        high += 1
    return rows[low]["business_date"], rows[high]["business_date"]


def _season(kind: Archetype, day: date) -> float:
    now = day.month * 100 + day.day
    for start, end, factor in kind.season:
        if start <= now <= end or (start > end and (now >= start or now <= end)):
            return factor
    return 1.0


def level(kind: Archetype, day: date, is_holiday: bool) -> float:
    """Factor on the load of a kind of customer on a day: season, holiday, Spring Festival and the days around it."""
    made = _season(kind, day)
    festival = spring_festival(day.year)
    if festival is not None:
        before, after = (festival[0] - day).days, (day - festival[1]).days
        for away, ramp in zip((before, after), kind.ramp, strict=True):
            if 0 < away <= ramp:
                return made * (kind.spring_festival + (1 - kind.spring_festival) * away / (ramp + 1))
        if before <= 0 and after <= 0:
            return made * kind.spring_festival
    return made * (kind.holiday if is_holiday else 1.0)


@lru_cache(maxsize=4_096)
def _day(day: date) -> tuple[bool, bool]:
    row = days(day, day).to_pylist()[0]
    return row["is_workday"], row["is_holiday"]


@lru_cache(maxsize=1)
def _profiles() -> tuple[int, np.ndarray]:
    """(variants, [workday or day off, archetypes, variants, 96]): the variants of a profile are shifted in time."""
    kinds = list(archetypes().values())
    most = max(kind.shift for kind in kinds)
    made = np.stack(
        [
            [[np.roll(profile, shift) for shift in range(-most, most + 1)] for profile in profiles]
            for profiles in ([k.workday for k in kinds], [k.day_off for k in kinds])
        ]
    )
    return 2 * most + 1, made.round(6)


def variants() -> int:
    """How many shifts of a profile there are; the middle one is the profile itself."""
    return _profiles()[0]


def tables(day: date, heat: np.ndarray, cool: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Relative load of a date, its part per unit of heating response, and of cooling response.

    Each [archetypes × variants, 96], single precision; `heat` and `cool` [96] are the degrees below and above the
    bounds. The mean of a workday at mild weather is 1.
    """
    kinds = list(archetypes().values())
    is_workday, is_holiday = _day(day)
    levels = np.array([level(kind, day, is_holiday) for kind in kinds])[:, None, None]
    shape = _profiles()[1][0 if is_workday else 1]
    presence = np.array([kind.presence for kind in kinds])[:, None, None]
    thermal = np.minimum(levels, 1.0) * (1 - presence + presence * shape)
    parts = (
        levels * shape,
        thermal * np.array([kind.heating for kind in kinds])[:, None, None] * heat,
        thermal * np.array([kind.cooling for kind in kinds])[:, None, None] * cool,
    )
    base, heating, cooling = (np.ascontiguousarray(p.reshape(-1, SLOTS), np.float32) for p in parts)
    return base, heating, cooling
