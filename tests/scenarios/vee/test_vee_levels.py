"""The level of a day: what is usual, what the register confirms, and what a wrong ratio looks like."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from gridmart.lake.vee.rules import Rule
from tests.scenarios.vee.scenario import Case

DAY = date(2026, 3, 27)
SHAPE = [0.2] * 6 + [0.4] * 6 + [0.6] * 6 + [1.0] * 4 + [0.3] * 2  # 11.8 kWh
BEFORE = DAY - timedelta(days=14), DAY - timedelta(days=1)


def times(factor: float) -> list[float | None]:
    """The usual day, so many times as high."""
    return [value * factor for value in SHAPE]


def test_a_fifth_of_what_is_usual_is_found_for_a_small_household_too(tmp_path: Path) -> None:
    case = Case()
    for point, factor in (("FIFTH", 0.19), ("QUARTER", 0.25), ("NONE", 0.0)):
        case.point(point).days(point, *BEFORE, times(0.5)).day(point, DAY, times(0.5 * factor))
    outcome = case.run(tmp_path, DAY)
    found = {point: Rule.HIGH_LOW in outcome.bits(point, DAY) for point in ("FIFTH", "QUARTER", "NONE")}
    assert found == {"FIFTH": True, "QUARTER": False, "NONE": True}


def test_a_high_day_that_the_register_confirms_was_used_a_low_one_may_be_theft(tmp_path: Path) -> None:
    case = Case()
    for point in ("READ", "UNREAD", "LOW"):
        case.point(point).days(point, *BEFORE, SHAPE)
    case.day("READ", DAY, times(6), (100.0, 170.8)).day("UNREAD", DAY, times(6))
    case.day("LOW", DAY, times(0.1), (100.0, 101.18))
    outcome = case.run(tmp_path, DAY)
    found = {point: Rule.HIGH_LOW in outcome.bits(point, DAY) for point in ("READ", "UNREAD", "LOW")}
    assert found == {"READ": False, "UNREAD": True, "LOW": True}


@pytest.mark.parametrize("factor", [0.1, 6.0])
@pytest.mark.parametrize(("days_ago", "is_off"), [(8, False), (7, True)])
def test_a_level_that_a_point_had_more_than_a_week_ago_is_not_off(
    tmp_path: Path, factor: float, days_ago: int, is_off: bool
) -> None:
    like, one = DAY - timedelta(days=days_ago), timedelta(days=1)
    case = Case().point("P").days("P", BEFORE[0], like - one, SHAPE).day("P", like, times(factor))
    case.days("P", like + one, BEFORE[1], SHAPE).day("P", DAY, times(1 + (factor - 1) * 0.98))
    assert (Rule.HIGH_LOW in case.run(tmp_path, DAY).bits("P", DAY)) == is_off


def test_a_flat_that_is_let_is_not_off_from_nothing(tmp_path: Path) -> None:
    outcome = Case().point("P").days("P", *BEFORE, [0.0] * 24).day("P", DAY, SHAPE).run(tmp_path, DAY)
    assert outcome.bits("P", DAY) == Rule(0)


def test_a_wrong_ratio_in_the_register_shows_on_every_day(tmp_path: Path) -> None:
    case = Case()
    for point, advance in (("HALF", 5.9), ("SPLIT", 7.0)):
        case.point(point, usage_category="commercial").meter(point, date(2020, 1, 1), ct_ratio=2)
        case.day(point, DAY, SHAPE, (100.0, 100.0 + advance / 2))
    outcome = case.run(tmp_path, DAY)
    assert outcome.bits("HALF", DAY) == Rule.REGISTER_SUM | Rule.MULTIPLIER_MISMATCH
    assert outcome.bits("SPLIT", DAY) == Rule.REGISTER_SUM


def test_the_first_meter_of_a_point_takes_no_other_s_place(tmp_path: Path) -> None:
    case = Case().point("NEW").meter("NEW", DAY).day("NEW", DAY, SHAPE, (0.0, 11.8))
    case.point("OLD").meter("OLD", date(2020, 1, 1), removed=DAY).meter("OLD", DAY).day("OLD", DAY, SHAPE)
    outcome = case.run(tmp_path, DAY)
    assert outcome.bits("NEW", DAY) == Rule(0) and outcome.bits("OLD", DAY) == Rule.METER_SWAP
    assert outcome.days.set_index("point_no")["advance"]["NEW"] == 11.8


def estimated(case: Case, folder: Path, day: date) -> float:
    """The estimate of the interval that lacks on a day of `warm_and_cold`."""
    found = case.run(folder, day).one("A", day)
    assert set(found["method_code"].dropna()) == {15}
    return float(found["value"][found["quality_code"] == "E"].sum())


def warm_and_cold(gap: date) -> Case:
    """Three weeks of workdays and weekends alike of 10 °C, with 1 kWh an hour, but for three old days of 30 °C with 2;
    then a day of 30 °C of which four hours are missing."""
    case = Case().point("A")
    for age in range(1, 22):
        day, is_hot = gap - timedelta(days=age), age in (13, 14, 15)
        case.day("A", day, [2.0 if is_hot else 1.0] * 24)
        case.temperatures[day] = 30.0 if is_hot else 10.0
    case.temperatures[gap] = 30.0
    return case.day("A", gap, [None if 10 <= n < 14 else 1.0 for n in range(24)])


def test_like_days_are_those_of_like_weather_and_the_latest_where_no_weather_is_known(tmp_path: Path) -> None:
    gap = date(2026, 3, 25)  # a Wednesday; 13, 14 and 15 days before are workdays too
    case = warm_and_cold(gap)
    assert estimated(case, tmp_path / "near", gap) == pytest.approx(8.0)
    del case.temperatures[gap]
    assert estimated(case, tmp_path / "unknown", gap) == pytest.approx(4.0), "the day's own weather is not known"
    case.temperatures[gap] = 12.5
    assert estimated(case, tmp_path / "mild", gap) == pytest.approx(4.0), "the latest of those that are as near"
    case.temperatures = {gap: 30.0}
    assert estimated(case, tmp_path / "alone", gap) == pytest.approx(4.0), "no like day's weather is known"


def test_a_little_warmer_is_nearer_than_a_fortnight_younger(tmp_path: Path) -> None:
    gap = date(2026, 3, 25)
    case = warm_and_cold(gap)
    # 13 days count as 2.6 °C, 1 to 5 days as at most 1.0
    case.temperatures |= {gap - timedelta(days=age): 28.5 for age in (1, 2, 5)}
    assert estimated(case, tmp_path / "younger", gap) == pytest.approx(4.0)
