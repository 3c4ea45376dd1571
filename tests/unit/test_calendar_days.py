"""Real dates of the Chinese calendar."""

from datetime import date

import pytest

from gridmart.calendar import SCHEMA, days


@pytest.mark.parametrize(
    ("day", "day_type", "is_festival"),
    [
        (date(2026, 2, 13), "workday", False),
        (date(2026, 2, 14), "workday", False),  # a Saturday that makes up for 20 February
        (date(2026, 2, 15), "weekend", False),
        (date(2026, 2, 17), "holiday", True),  # Spring Festival
        (date(2026, 2, 19), "holiday", True),
        (date(2026, 2, 20), "holiday", False),  # a day off moved next to the festival
        (date(2026, 2, 21), "weekend", False),
        (date(2026, 2, 28), "workday", False),
        (date(2025, 9, 28), "workday", False),  # a Sunday worked for National Day
        (date(2025, 10, 1), "holiday", True),
        (date(2025, 10, 6), "holiday", False),  # Mid-Autumn is no festival of the tariff
        (date(2026, 5, 1), "holiday", True),
        (date(2026, 1, 1), "holiday", False),
    ],
)
def test_a_date_is_what_the_notice_says(day: date, day_type: str, is_festival: bool) -> None:
    row = days(day, day).to_pylist()[0]
    assert (row["day_type"], row["is_festival"]) == (day_type, is_festival)
    assert row["is_workday"] == (day_type == "workday")
    assert row["is_holiday"] == (day_type == "holiday") == (row["holiday_name_zh"] is not None)


def test_every_date_once_over_a_year_boundary() -> None:
    table = days(date(2025, 12, 30), date(2026, 1, 2))
    assert table.schema == SCHEMA
    assert table["business_date"].to_pylist()[::3] == [date(2025, 12, 30), date(2026, 1, 2)]
    assert table.num_rows == 4


def test_no_dates_give_an_empty_table() -> None:
    assert days(date(2026, 1, 2), date(2026, 1, 1)).num_rows == 0
