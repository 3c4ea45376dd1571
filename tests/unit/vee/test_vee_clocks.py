"""Whose clock is off on which dates, by what the head-end reports."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gridmart.lake import tables
from gridmart.lake.vee.clocks import Clocks
from tests.scenarios.vee.scenario import Case

DAY = date(2026, 3, 10)


def at(day: int, hour: int) -> datetime:
    return datetime.fromisoformat(f"2026-03-{day:02d}T{hour:02d}:00+08:00")


def clocks(folder: Path, case: Case) -> Clocks:
    path = folder / "events.parquet"
    pq.write_table(pa.Table.from_pylist(case.events, tables.arrow_schema("event")), path)
    return Clocks([str(path)])


@pytest.mark.parametrize("end", ["clock_synchronised", "meter_installed"])
def test_a_clock_is_off_from_its_report_to_the_date_on_which_it_is_set_right(tmp_path: Path, end: str) -> None:
    case = Case().event("A", "clock_synchronised", at(9, 1)).event("A", "clock_fault", at(10, 20))
    case.event("A", end, at(12, 3)).event("B", "power_off", at(10, 1)).event("B", end, at(11, 1))
    found = clocks(tmp_path, case).days(date(2026, 3, 9), date(2026, 3, 14)).to_pylist()
    assert found == [{"point_no": "A", "business_date": date(2026, 3, day)} for day in (10, 11, 12)]


def test_a_report_holds_for_four_weeks_and_a_repeated_one_anew(tmp_path: Path) -> None:
    one = clocks(tmp_path, Case().event("A", "clock_fault", at(10, 20)))
    again = clocks(tmp_path, Case().event("A", "clock_fault", at(10, 20)).event("A", "clock_fault", at(17, 20)))
    last, after = DAY + timedelta(days=28), DAY + timedelta(days=29)
    assert one.wrong_on(last) == again.wrong_on(last) == again.wrong_on(after) == ["A"]
    assert one.wrong_on(after) == []


def test_a_fault_after_the_clock_was_set_counts_again(tmp_path: Path) -> None:
    case = Case().event("A", "clock_fault", at(10, 1)).event("A", "clock_synchronised", at(10, 2))
    case.event("A", "clock_fault", at(12, 1))
    found = clocks(tmp_path, case)
    assert [found.wrong_on(date(2026, 3, day)) for day in (10, 11, 12, 13)] == [["A"], [], ["A"], ["A"]]


def test_no_files_are_no_clocks() -> None:
    assert Clocks([]).days(DAY, DAY).num_rows == 0
