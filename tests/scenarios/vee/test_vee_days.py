"""Local days of 23 and 25 hours, and feeds of several interval lengths side by side."""

from datetime import date
from pathlib import Path

import pytest

from gridmart.lake.vee.days import slot_table
from gridmart.lake.vee.rules import CATALOGUE, Rule
from tests.scenarios.vee.scenario import Case

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("day", "quarters"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100), (date(2026, 6, 1), 96)]
)
def test_slots_of_a_local_day(day: date, quarters: int) -> None:
    assert slot_table(day, day, BERLIN, [15]).num_rows == quarters


def test_a_long_and_a_short_day_and_four_interval_lengths_are_complete(tmp_path: Path) -> None:
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        case = Case(timezone=BERLIN)
        for length in (5, 15, 30, 60):
            case.point(f"P{length}", interval_minutes=length)
            case.day(f"P{length}", day, [length / 60 * (1 + n % 2) for n in range(hours * 60 // length)])
        outcome = case.run(tmp_path / str(hours), day)
        assert set(outcome.days["day_bits"]) == {0}
        totals = dict(zip(outcome.days["point_no"], outcome.days["total"], strict=True))
        odd = hours % 2 / 2  # an odd number of hours ends on a low one
        wanted = {"P5": 1.5 * hours, "P15": 1.5 * hours, "P30": 1.5 * hours, "P60": 1.5 * hours - odd}
        assert totals == {point: pytest.approx(total) for point, total in wanted.items()}
        assert set(outcome.readings["quality_code"]) == {"A"}


def test_a_day_that_misses_what_it_repeats_is_not_taken_for_complete(tmp_path: Path) -> None:
    day = date(2026, 3, 3)
    case = Case().point("A").day("A", day, [0.5] * 24)
    case.rows[5]["interval_start"] = case.rows[4]["interval_start"]
    outcome = case.run(tmp_path, day)
    assert outcome.bits("A", day) == Rule.MISSING
    assert len(outcome.one("A", day)) == 24


def test_gaps_where_nothing_is_due_pass_as_delivered(tmp_path: Path) -> None:
    day = date(2026, 3, 3)
    case = Case().point("A", closed=date(2026, 3, 1)).point("B")
    case.day("A", day, [None if n == 7 else 0.5 for n in range(24)])
    case.day("B", day, [0.5] * 24).day("B", day, [None if n == 7 else 0.1 for n in range(24)], channel="current_a")
    outcome = case.run(tmp_path, day)
    for point, channel, rule in (("A", "import_kwh", Rule.INACTIVE_POINT), ("B", "current_a", Rule(0))):
        found = outcome.one(point, day, channel)
        assert len(found) == 23 and set(found["quality_code"]) == {"A"}
        assert set(found["rule_bits"]) == {int(rule)}


def test_a_reading_after_the_end_of_its_day_fills_no_gap(tmp_path: Path) -> None:
    day, hours = date(2026, 3, 3), [0.5 + n % 2 / 10 for n in range(24)]
    case = Case().point("A").day("A", day, [*hours[:7], None, *hours[8:], 0.5])
    case.point("B").day("B", day, [*hours, 0.5])
    outcome = case.run(tmp_path, day)
    assert outcome.bits("A", day) == Rule.MISSING | Rule.CLOCK_DRIFT
    assert outcome.bits("B", day) == Rule.CLOCK_DRIFT
    assert [len(outcome.one(point, day)) for point in "AB"] == [24, 24]
    assert sorted(outcome.off_grid["point_no"]) == ["A", "B"]


def test_rule_bits_are_single_and_distinct() -> None:
    bits = [int(rule) for rule in Rule]
    assert len(set(bits)) == len(bits) and all(bit & (bit - 1) == 0 for bit in bits)
    assert len({info.name_en for info in CATALOGUE}) == len(CATALOGUE)


def test_the_indexes_of_a_day_may_come_from_two_files(tmp_path: Path) -> None:
    day, shape = date(2026, 3, 30), [0.2] * 12 + [0.6] * 12
    case = Case().point("A").day("A", day, [*shape[:20], *[None] * 4], (100.0, None))
    # a head-end's frozen registers: the end of the day, of a lower version, and one by period, which is of no curve
    case.day("A", day, [None] * 24, (None, 110.0), version=0, file_id="frozen")
    case.day("A", day, [None] * 24, (None, 9.0), channel="import_kwh_peak", version=0, file_id="frozen")
    outcome = case.run(tmp_path, day)
    found = outcome.one("A", day)
    assert set(outcome.days["channel"]) == {"import_kwh"} and not outcome.days["needs_next"].any()
    assert found["method_code"].dropna().unique().tolist() == [90]
    assert round(found["value"].sum(), 6) == 10.0
