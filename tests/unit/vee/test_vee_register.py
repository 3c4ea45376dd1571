"""Who is cut off when, as the point register tells it."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from gridmart.lake.register import Register
from tests.scenarios.vee.scenario import Case

DAY = date(2026, 3, 30)


def off(register: Register, day: date) -> list[tuple]:
    """Point and minutes of those that are cut off on a date."""
    rows = register.off_days(day, day).to_pydict()
    return list(zip(rows["point_no"], rows["off_from_minute"], rows["off_to_minute"], strict=True))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_disconnection_is_cut_to_the_local_day_and_to_whole_minutes() -> None:
    case = Case().point("A").point("B")
    case.disconnect("A", at("2026-03-29T09:30:20+08:00"), at("2026-03-31T00:10:50+08:00"))
    register = case.register()
    found = [off(register, date(2026, 3, day)) for day in (28, 29, 30, 31)]
    assert found == [[], [("A", 571, 1440)], [("A", 0, 1440)], [("A", 0, 10)]]
    assert off(register, date(2026, 4, 1)) == []


def test_who_is_not_on_again_stays_off_and_of_two_times_the_longer_counts() -> None:
    case = Case().point("A").point("B")
    case.disconnect("A", at("2026-03-30T10:00+08:00"))
    case.disconnect("B", at("2026-03-30T01:00+08:00"), at("2026-03-30T05:00+08:00"))
    case.disconnect("B", at("2026-03-30T08:00+08:00"), at("2026-03-30T10:00+08:00"))
    register = case.register()
    assert off(register, DAY) == [("A", 600, 1440), ("B", 60, 300)]
    assert off(register, date(2027, 1, 1)) == [("A", 0, 1440)]


def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is() -> None:
    case = Case(timezone="America/New_York").point("A")
    case.disconnect("A", at("2026-03-08T01:00-05:00"), at("2026-03-08T04:00-04:00"))
    case.disconnect("A", at("2026-11-01T00:00-04:00"))
    assert off(case.register(), date(2026, 3, 8)) == [("A", 60, 180)]  # there is no hour from two to three
    assert off(case.register(), date(2026, 11, 1)) == [("A", 0, 1500)]


@pytest.mark.parametrize(
    ("capacities", "found"),
    [((400.0, 0.0, 400.0), [[], [("A", 0, 1440)], []]), ((0.0, 0.0, 400.0), [[], [], []])],
    ids=["suspended", "never-told"],
)
def test_a_contract_whose_capacity_went_down_to_nothing_is_suspended(capacities: tuple, found: list) -> None:
    tables = Case().point("A").register().tables
    starts = [date(2020, 1, 1), date(2026, 3, 1), date(2026, 4, 1)]
    tables["contract"] = pd.DataFrame(
        {"account_no": "A", "tariff_code": None, "contract_capacity_kva": capacities, "valid_from": starts,
         "valid_to": None}
    )  # fmt: skip
    register = Register(tables)
    assert [off(register, day) for day in (date(2026, 2, 28), DAY, date(2026, 4, 1))] == found


def test_fingerprints_hang_on_those_cut_off_in_the_four_weeks_before() -> None:
    plain, cut = Case().point("A"), Case().point("A")
    cut.disconnect("A", at("2026-03-30T10:00+08:00"), at("2026-03-30T20:00+08:00"))
    dates = [date(2026, 3, 29), DAY, date(2026, 4, 27), date(2026, 4, 28)]
    one, other = plain.register(), cut.register()
    assert [one.fingerprint(day) == other.fingerprint(day) for day in dates] == [True, False, False, True]
