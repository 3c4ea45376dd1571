"""Every folder given_… beside this file is a case that a metering expert can read without Python."""

from pathlib import Path

import pytest

from gridmart.lake.vee.days import dates_between
from tests.scenarios.vee.scenario import compare, load

HERE = Path(__file__).parent
FOLDERS = sorted(path for path in HERE.iterdir() if path.name.startswith("given_"))


def test_the_catalogue_lists_every_scenario() -> None:
    catalogue = (HERE / "README.md").read_text(encoding="utf-8")
    assert FOLDERS
    assert [folder.name for folder in FOLDERS if f"`{folder.name}`" not in catalogue] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_scenario(folder: Path, tmp_path: Path) -> None:
    case = load(folder)
    dates = sorted({row["business_date"] for row in case.rows})
    # the whole range is validated at once; the last date is the one that the scenario is about
    outcome = case.run(tmp_path, dates[0], dates_between(dates[0], dates[-1])[-1])
    compare(folder, outcome)
