"""Time-of-use periods: every hour of every season of both notices."""

from datetime import date

import pytest

from gridmart.tariffs import CALENDAR_OF, tou_hours

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
    assert len(keys) == len(table) == 3 * 5 * 24


def test_households_and_farms_have_one_price() -> None:
    assert CALENDAR_OF["residential"] == CALENDAR_OF["agricultural"] == "single"
