"""Gaps of several days whose registers are missing too meet the advance between the indexes around them."""

import functools
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from gridmart.lake.vee.days import dates_between
from tests.scenarios.vee.scenario import Case, Outcome

SHAPE = [0.2] * 6 + [0.4] * 6 + [0.6] * 6 + [1.0] * 4 + [0.3] * 2  # 11.8 kWh
FIRST, LAST = date(2026, 3, 25), date(2026, 3, 31)  # Wednesday to Tuesday
GAP = [FIRST + timedelta(days=n) for n in range(1, 4)]  # Thursday to Saturday
HISTORY = FIRST - timedelta(days=21), FIRST - timedelta(days=1)


def history(point: str, case: Case, last: date = HISTORY[1]) -> Case:
    """Three weeks of a point: 11.8 kWh on workdays, half of it on Saturdays and Sundays."""
    for day in dates_between(HISTORY[0], last):
        case.day(point, day, SHAPE if day.weekday() < 5 else [value / 2 for value in SHAPE])
    return case


def total(outcome: Outcome, point: str, *days: date) -> float:
    return float(sum(outcome.one(point, day)["value"].sum() for day in days))


def methods(outcome: Outcome, point: str, *days: date) -> set[int]:
    return {int(code) for day in days for code in outcome.one(point, day)["method_code"].dropna()}


def everything() -> Case:
    """A gap of three days, told once plainly and once with each of what makes a span difficult."""
    case = Case()
    for point in ("PLAIN", "PART", "OVER", "SWAP", "OPEN", "TWICE", "NEW", "LOW", "HIGH", "SPIKE"):
        case.point(point)
        if point != "NEW":
            history(point, case)
    known = {"start": (None, 1000.0), "end": (1060.0, None)}
    for point in ("PLAIN", "PART", "SPIKE", "NEW", "LOW", "HIGH", "TWICE"):
        case.day(point, FIRST, SHAPE, known["start"])
    case.day("PART", GAP[0], [*SHAPE[:12], *[None] * 12])
    case.day("PART", GAP[2], [*[None] * 12, *SHAPE[12:]])
    case.day("SPIKE", GAP[1], [*SHAPE[:3], 90.0, -0.5, *SHAPE[5:]])
    after = GAP[2] + timedelta(days=1)
    for point in ("PLAIN", "PART", "SPIKE", "NEW", "TWICE"):
        case.day(point, after, SHAPE, known["end"])
    case.day("LOW", after, SHAPE, (999.0, None)).day("HIGH", after, SHAPE, (9000.0, None))
    case.day("OVER", FIRST, SHAPE, (None, 999_990.0)).day("OVER", after, SHAPE, (50.0, None))
    case.meter("SWAP", date(2020, 1, 1), GAP[1], removal_index=1020.0)
    case.meter("SWAP", GAP[1], ct_ratio=2, install_index=5.0)
    case.day("SWAP", FIRST, SHAPE, known["start"]).day("SWAP", after, SHAPE, (25.0, None))
    for number in range(3):
        case.meter("TWICE", GAP[number] if number else date(2020, 1, 1), GAP[number + 1] if number < 2 else None,
                   removal_index=1020.0, install_index=1000.0)  # fmt: skip
    case.day("OPEN", FIRST, SHAPE, known["start"])
    return case


@functools.cache
def outcome() -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        return everything().run(Path(folder), FIRST, LAST)


def test_the_days_of_a_gap_share_the_advance_by_their_like_days() -> None:
    assert methods(outcome(), "PLAIN", *GAP) == {90}
    assert [total(outcome(), "PLAIN", day) for day in GAP] == [pytest.approx(24.0)] * 2 + [pytest.approx(12.0)]


@pytest.mark.parametrize(
    ("point", "advance"), [("PLAIN", 60), ("PART", 60), ("SPIKE", 60), ("OVER", 60), ("SWAP", 20 + 2 * 20), ("NEW", 60)]
)
def test_the_sum_over_the_span_meets_the_advance(point: str, advance: float) -> None:
    assert total(outcome(), point, *GAP) == pytest.approx(advance, abs=1e-6)
    assert methods(outcome(), point, *GAP) == {90}


def test_what_was_measured_stands_and_a_day_takes_the_part_that_is_gone() -> None:
    part = outcome().one("PART", GAP[0])
    assert list(part["value"][:12]) == SHAPE[:12] and set(part["quality_code"][:12]) == {"A"}
    estimated = {day: outcome().one("PART", day).query("quality_code == 'E'")["value"].sum() for day in GAP}
    # 5.9, 11.8 and 2.95 kWh of like days are gone: half of a workday, a workday, half of a Saturday
    measured = sum(SHAPE[:12]) + sum(SHAPE[12:])
    assert [estimated[day] / (60 - measured) for day in GAP] == pytest.approx([2 / 7, 4 / 7, 1 / 7], abs=1e-6)


@pytest.mark.parametrize("point", ["OPEN", "TWICE", "LOW", "HIGH"])
def test_no_advance_that_is_known_and_believed_no_scaling(point: str) -> None:
    assert 90 not in methods(outcome(), point, *GAP)


@pytest.mark.parametrize("dates", [*([day] for day in GAP), GAP[:2], GAP[1:]])
def test_dates_alone_or_some_together_give_the_same(dates: list[date], tmp_path: Path) -> None:
    found = everything().run(tmp_path, dates[0], dates[-1]).readings
    wanted = outcome().readings
    wanted = wanted[wanted["business_date"].isin(dates)].reset_index(drop=True)
    assert len(found)
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)


def test_a_result_says_how_far_ahead_it_hangs(tmp_path: Path) -> None:
    assert ahead(everything(), tmp_path / "open", GAP[0]) == 8, "OPEN: an index may come at the end of the eighth day"
    case = Case().point("A")
    history("A", case).day("A", FIRST, SHAPE, (None, 1000.0)).day("A", LAST, SHAPE, (1060.0, None))
    assert ahead(case, tmp_path / "found", GAP[0]) == (LAST - GAP[0]).days
    far = Case().point("A")
    far.day("A", FIRST - timedelta(days=9), SHAPE, (None, 1000.0)).day("A", FIRST, [None, *SHAPE[1:]])
    assert ahead(far, tmp_path / "far", FIRST) == 0, "the index before is too old"


def ahead(case: Case, folder: Path, day: date) -> int:
    return case.run(folder, day).ahead.get(day, 0)


@pytest.mark.parametrize(("gap_days", "is_met"), [(8, True), (9, False)])
def test_a_span_has_eight_days_at_most(tmp_path: Path, gap_days: int, is_met: bool) -> None:
    begin = FIRST
    case = history("A", Case().point("A"), begin - timedelta(days=1))
    case.day("A", begin - timedelta(days=1), SHAPE, (None, 100.0), version=2)
    case.day("A", begin + timedelta(days=gap_days), SHAPE, (200.0, None))
    days = dates_between(begin, begin + timedelta(days=gap_days - 1))
    found = case.run(tmp_path, days[0], days[-1])
    assert (methods(found, "A", *days) == {90}) == is_met
    if is_met:
        assert total(found, "A", *days) == pytest.approx(100.0, abs=1e-6)


@pytest.mark.parametrize("changes", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_span_over_a_change_of_the_clocks_meets_the_advance(tmp_path: Path, changes: date) -> None:
    case = Case(timezone="Europe/Berlin").point("A", interval_minutes=60)
    days = dates_between(changes - timedelta(days=1), changes + timedelta(days=1))
    case.days("A", days[0] - timedelta(days=20), days[0] - timedelta(days=1), SHAPE)
    case.day("A", days[0] - timedelta(days=1), SHAPE, (None, 10.0), version=2)
    case.day("A", days[-1] + timedelta(days=1), SHAPE, (50.0, None))
    found = case.run(tmp_path, days[0], days[-1])
    hours = 23 if changes.month == 3 else 25
    assert [len(found.one("A", day)) for day in days] == [24, hours, 24]
    assert total(found, "A", *days) == pytest.approx(40.0, abs=1e-6)
    assert total(found, "A", changes) / total(found, "A", days[0]) == pytest.approx(hours / 24, abs=1e-6)


def test_a_meter_swap_that_is_told_later_shows_in_the_dates_that_reach_back_to_it() -> None:
    before = Case().point("A").meter("A", date(2020, 1, 1)).register()
    after = Case().point("A").meter("A", date(2020, 1, 1), FIRST).meter("A", FIRST, install_index=0.0).register()
    day, reach = FIRST + timedelta(days=5), timedelta(days=8)
    assert before.fingerprint(day) == after.fingerprint(day), "the meter of that day has the same ratio"
    assert before.changes(day - reach, day) != after.changes(day - reach, day)
    assert before.changes(day, day + reach) == after.changes(day, day + reach)
