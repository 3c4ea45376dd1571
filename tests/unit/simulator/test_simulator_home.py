"""A folder says what it holds; what was interrupted while it was moved into place does not look whole."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from gridmart.errors import GridmartError
from gridmart.simulator import home as module
from gridmart.simulator.home import Home
from gridmart.simulator.plan import Plan

PLAN = Plan(40, date(2026, 5, 1), date(2026, 5, 3), 7)
FILES = ("meter/a.csv", "meter/b.csv", "systems/cis/c_cons.parquet", "truth/fault/history.parquet", "weather/w.csv")


def _stage(home: Home, names: tuple[str, ...], text: str = "x") -> None:
    home.begin()
    for name in names:
        path = home.staging / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _there(home: Home) -> set[str]:
    found = (path.relative_to(home.root).as_posix() for path in home.root.rglob("*") if path.is_file())
    return set(found) - {"simulator/plan.json"}


def _broken_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moving files breaks off after some of them, as a kill would."""
    move, moved = module._move, []

    def until(path: Path, target: Path) -> None:
        if len(moved) == count:
            raise KeyboardInterrupt
        moved.append(path)
        move(path, target)

    monkeypatch.setattr(module, "_move", until)


def test_staged_files_come_to_their_places_and_the_folder_says_so(tmp_path: Path) -> None:
    home = Home.of(tmp_path)
    _stage(home, FILES)
    home.deliver(PLAN)
    assert _there(home) == {
        "inbox/meter/a.csv", "inbox/meter/b.csv", "systems/cis/c_cons.parquet", "truth/fault/history.parquet",
        "inbox/weather/w.csv",
    }  # fmt: skip
    assert home.plan() == PLAN and not home.staging.exists()


@pytest.mark.parametrize("count", range(len(FILES)))
def test_a_utility_that_was_half_moved_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    home = Home.of(tmp_path)
    with monkeypatch.context() as patch:
        _broken_after(count, patch)
        _stage(home, FILES)
        with pytest.raises(KeyboardInterrupt):
            home.deliver(PLAN)
    with pytest.raises(GridmartError, match="not complete") as half:
        home.plan()
    assert half.value.exit_code == 2
    home.clear_unfinished()
    assert not _there(home)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_day_that_was_half_moved_leaves_the_days_before_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    home = Home.of(tmp_path)
    _stage(home, FILES)
    home.deliver(PLAN)
    before = _there(home)
    with monkeypatch.context() as patch:
        _broken_after(count, patch)
        _stage(home, ("meter/c.csv", "systems/cis/c_cons.parquet", "truth/fault/20260504.parquet"), "y")
        with pytest.raises(KeyboardInterrupt):
            home.deliver(PLAN.until(PLAN.last + timedelta(days=1)))
    home.clear_unfinished()
    assert _there(home) == before
    assert home.plan() == PLAN


def test_a_folder_without_a_utility_says_so(tmp_path: Path) -> None:
    with pytest.raises(GridmartError, match="no simulated utility") as none:
        Home.of(tmp_path).plan()
    assert none.value.exit_code == 2
