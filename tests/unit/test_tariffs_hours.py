"""Time-of-use periods: every hour of every season of both notices."""

from datetime import date

import pytest

from gridmart.tariffs import CALENDAR_OF, calendars_on, in_force, tou_hours, version

LETTER = {"sharp": "s", "peak": "p", "flat": "f", "valley": "v", "deep_valley": "d"}


def _day(calendar: str, day: date) -> str:
    rows = [r for r in tou_hours(day, day).to_pylist() if r["calendar_code"] == calendar]
    assert [r["local_hour"] for r in rows] == list(range(24))
    return "".join(LETTER[r["period_code"]] for r in rows)


@pytest.mark.parametrize(
    ("day", "commercial", "industrial"),
    [
        #                     0         1         2
        #                     012345678901234567890123
        (date(2025, 10, 15), "vvvvvvvfpppvvffffppppppf", "vvvvvvvfpppvvffffppppppf"),
        (date(2026, 1, 15), "vvvvvvvfpppvvffffppppppf", "vvvvvvvfpppvvffffpsspppf"),
        (date(2026, 2, 17), "vvvvvvvfpppvvffffppppppf", "vvvvvvvfpppvvffffppppppf"),  # festival: no deep valley yet
        (date(2026, 4, 30), "vvvvvvvfpppvvffffppppppf", "vvvvvvvfpppvvffffppppppf"),
        (date(2026, 5, 20), "ffvvvfppfvvvvvvffppppppp", "ffvvvfppfvvvvvvffppppppp"),
        (date(2026, 5, 1), "ffvvvfppfvvvvddffppppppp", "ffvvvfppfvvvvddffppppppp"),
        (date(2026, 7, 15), "ffvvvfppffvvvvvfffpppppp", "ffvvvfppffvvvvvfffsssppp"),
        (date(2026, 10, 20), "ffvvvfppfffvvvvffppppppp", "ffvvvfppfffvvvvffppppppp"),
        (date(2026, 10, 1), "ffvvvfppfffvvddffppppppp", "ffvvvfppfffvvddffppppppp"),
        (date(2026, 12, 15), "ffvvvfppffvvvvvfpppppppf", "ffvvvfppffvvvvvfpssspppf"),
    ],
)
def test_every_hour_of_a_season(day: date, commercial: str, industrial: str) -> None:
    assert _day("commercial_tou", day) == commercial
    assert _day("industrial_tou", day) == industrial
    assert _day("single", day) == "f" * 24


def test_each_calendar_date_and_hour_once() -> None:
    table = tou_hours(date(2026, 4, 29), date(2026, 5, 3)).to_pylist()
    keys = {(r["calendar_code"], r["business_date"], r["local_hour"]) for r in table}
    assert len(keys) == len(table) == 4 * 5 * 24


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 6, 16), "vvvvvvfffpppfffffpppppff"),  # a workday in summer
        (date(2026, 7, 15), "vvvvvvfffpppfffffppsspff"),  # sharp in July and August
        (date(2026, 7, 18), "vvvvvvffffffvvffffffffff"),  # a Saturday
        (date(2026, 3, 10), "vvvvvvffpppfffffffpppfff"),  # a workday in winter
        (date(2026, 6, 19), "vvvvvvffffvvvvvvffffffff"),  # a holiday that is no festival
        (date(2026, 10, 1), "vvvvvvffffvvvddvffffffff"),  # a festival
        (date(2026, 9, 20), "vvvvvvfffpppfffffpppppff"),  # a Sunday on which work is made up
    ],
)
def test_a_calendar_by_season_and_every_type_of_day(day: date, hours: str) -> None:
    assert _day("fiction_tou", day) == hours


def test_a_version_holds_until_the_day_before_the_next() -> None:
    assert in_force({"valid_from": "2026-01-01", "valid_to": "2026-05-01"}, date(2026, 4, 30))
    assert not in_force({"valid_from": "2026-01-01", "valid_to": "2026-05-01"}, date(2026, 5, 1))
    assert version("COM_TOU", date(2021, 12, 31)) is None
    assert version("FICTION", date(2026, 6, 15))["valid_from"] == "2026-01-01"
    assert version("FICTION", date(2026, 6, 16))["valid_from"] == "2026-06-16"
    assert calendars_on(date(2026, 6, 16))["IND_TOU_DEM"] == "industrial_tou"


def test_households_and_farms_have_one_price() -> None:
    assert CALENDAR_OF["residential"] == CALENDAR_OF["agricultural"] == "single"
