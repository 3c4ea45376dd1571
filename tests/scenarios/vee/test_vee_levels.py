"""The level of a day: what is usual, what the register confirms, and what a wrong ratio looks like."""

from datetime import date, timedelta
from pathlib import Path

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
