"""Merging files makes nothing be validated again; readings that leave by age take no roll-up with them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gridmart.errors import GridmartError
from gridmart.lake import as_known, maintenance, tables
from gridmart.lake.validate import Validation, validate
from gridmart.lake.vee.rules import CONTEXT_DAYS
from gridmart.settings import Settings, settings
from tests.integration.vee.small_utility import FIRST, LAST, SHAPE, checksum, deliver, utility
from tests.scenarios.vee.scenario import Case


def test_merged_files_make_nothing_be_validated_again_and_a_late_one_does(lake: Settings) -> None:
    deliver(utility())
    deliver(Case().point("A").day("A", LAST, SHAPE, version=2, file_id="f2"))
    validate(FIRST, LAST)
    once = checksum()
    merged = maintenance.maintain()["files_merged"]
    assert merged["ami.reading_raw"] == [2, 1]
    assert Validation(FIRST, LAST).stale_dates() == []
    deliver(Case().point("A").day("A", LAST, SHAPE, version=3, file_id="f3"))
    assert Validation(FIRST, LAST).stale_dates() == [LAST]
    validate(LAST, LAST, every=True)
    assert checksum() == once


def test_readings_leave_by_age_and_their_roll_ups_stay(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=n) for n in (101, 100, 99)]
    for day in days:
        deliver(Case().point("A").point("B").day("A", day, SHAPE).day("B", day, SHAPE))
    validate(days[0], days[-1])
    rollups = [line for line in checksum() if "intervals_due" in line]
    old = tables.data_files("reading", [days[0]])
    then = datetime.now(UTC)

    monkeypatch.setenv("GRIDMART_LAKE_KEEP_DAYS", "100")
    settings.cache_clear()
    try:
        assert maintenance.maintain()["dates_removed"] == 3, "one date of reading_raw, reading and day_summary"
        assert tables.dates_of("reading") == tables.dates_of("reading_raw") == set(days[1:])
        assert [line for line in checksum() if "intervals_due" in line] == rollups
        assert len(as_known.reading("A", days[0], then)["readings"]) == 24, "until its file leaves too"
        assert maintenance.remove_orphans(older_than_hours=0) >= 3
        assert not any(Path(path).exists() for path in old)
        with pytest.raises(GridmartError, match="are no longer kept"):
            as_known.reading("A", days[0], then)
        assert len(as_known.reading("A", days[1], then)["readings"]) == 24
        # what would be validated without the four weeks before it stays as it is
        deliver(Case().point("A").day("A", days[1], SHAPE[::-1], version=2, file_id="late"))
        assert CONTEXT_DAYS > 2 and validate(days[0], days[-1], every=True)["dates"] == 0
        monkeypatch.setenv("GRIDMART_LAKE_KEEP_DAYS", "62")
        settings.cache_clear()
        with pytest.raises(GridmartError, match="still needs"):
            maintenance.maintain()
    finally:
        monkeypatch.delenv("GRIDMART_LAKE_KEEP_DAYS")
        settings.cache_clear()
