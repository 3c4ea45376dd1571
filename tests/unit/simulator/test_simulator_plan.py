"""What may be asked for, and how the work is cut."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from gridmart.errors import GridmartError
from gridmart.simulator import faults, population, units
from gridmart.simulator.plan import DAILY_FILES, DEFAULT_FORMATS, FORMATS, POINT_DAYS_A_FILE, Plan, formats_of

FIRST, LAST = date(2026, 1, 10), date(2026, 3, 20)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gremlins: 0.1\n", "unknown fault 'gremlins'"),
        ("spike: 1.5\n", "rate of spike is 1.5"),
        ("spike: -0.1\n", "rate of spike is -0.1"),
        ("spike: often\n", "rate of spike is 'often'"),
        ("spike: true\n", "rate of spike is True"),
        ("- spike\n", "no list of faults"),
        ("spike: [\n", "cannot be read"),
    ],
)
def test_a_wrong_fault_file_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "faults.yml"
    path.write_text(text)
    with pytest.raises(GridmartError, match=told.replace("[", r"\[")) as refused:
        faults.read_rates(str(path))
    assert refused.value.exit_code == 2 and refused.value.next_step


def test_a_fault_file_names_rates(tmp_path: Path) -> None:
    path = tmp_path / "faults.yml"
    path.write_text("spike: 0.25\nnegative: 0\ngap_meter: 1\n")
    assert faults.read_rates(str(path)) == (("gap_meter", 1.0), ("spike", 0.25))
    assert faults.read_rates("none") == ()
    assert dict(faults.read_rates("default")).keys() == {fault.name for fault in faults.catalogue() if fault.rate > 0}


@pytest.mark.parametrize(
    ("accounts", "first", "last", "formats"),
    [(0, FIRST, LAST, FORMATS), (-1, FIRST, LAST, FORMATS), (19, FIRST, LAST, FORMATS), (60, LAST, FIRST, FORMATS),
     (60, FIRST, date(2099, 1, 1), FORMATS), (60, FIRST, LAST, ("xml",)), (60, FIRST, LAST, ())],
)  # fmt: skip
def test_no_plan_without_sense(accounts: int, first: date, last: date, formats: tuple[str, ...]) -> None:
    with pytest.raises(GridmartError) as refused:
        Plan(accounts, first, last, 1, formats=formats)
    assert refused.value.exit_code == 2 and refused.value.next_step


def test_formats_are_named_or_all_of_them_or_the_fast_ones() -> None:
    assert formats_of("nem12, prime") == ("nem12", "prime")
    assert formats_of("") == Plan(60, FIRST, LAST, 1).formats == DEFAULT_FORMATS
    assert formats_of("all") == FORMATS and len(FORMATS) > len(DEFAULT_FORMATS)


def test_a_plan_comes_back_from_its_document() -> None:
    plan = Plan(60, FIRST, LAST, 5, (("spike", 0.1),), ("nem12",)).until(LAST + timedelta(days=3))
    assert Plan.read(plan.document()) == plan
    assert plan.stamp() == plan.until(LAST).stamp() != Plan(60, FIRST, LAST, 6, (("spike", 0.1),), ("nem12",)).stamp()


def test_every_format_is_written_by_however_few_stations() -> None:
    few, many = ["1", "2", "3"], [str(k) for k in range(20)]
    plan = Plan(60, FIRST, LAST, 5, formats=FORMATS)
    week = [FIRST + timedelta(days=k) for k in range(7)]
    assert {units.format_of(plan, few, station, day) for station in few for day in week} == set(FORMATS)
    assert [units.format_of(plan, many, station, FIRST) for station in many][: len(FORMATS)] == list(FORMATS)
    assert len({units.format_of(plan, many, "4", day) for day in week}) == 1
    usual = Plan(60, FIRST, LAST, 5)
    assert [units.format_of(usual, few, station, LAST) for station in few] == list(DEFAULT_FORMATS)


def test_units_cover_every_station_and_date_once_and_stay_small() -> None:
    plan = Plan(3_000, FIRST, LAST, 5)
    people = population.build(plan.accounts, plan.first, plan.last, plan.seed)
    made = units.cut(plan, people, FIRST)
    covered = sorted((u.station, u.start + timedelta(days=k)) for u in made for k in range(u.days))
    assert covered == sorted((s, day) for s in people.stations for day in plan.dates())
    assert max(people.points_of(u.station).size * u.days for u in made) <= POINT_DAYS_A_FILE
    assert all(u.days == 1 for u in made if u.last > LAST - timedelta(days=DAILY_FILES))
    assert len({(u.station, u.label) for u in made}) == len(made)
    added = units.cut(plan.until(LAST + timedelta(days=1)), people, LAST + timedelta(days=1))
    assert [(u.days, u.start) for u in added] == [(1, LAST + timedelta(days=1))] * len(people.stations)
