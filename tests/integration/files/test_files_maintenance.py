"""What keeps the lake small never removes what is read now, or what a loaded number names."""

from datetime import date, timedelta
from pathlib import Path

from meter_file_samples import csv_of_days

from gridmart.lake import ingest, maintenance, tables
from gridmart.settings import Settings
from gridmart.warehouse.database import connect

FIRST = date(2026, 10, 1)


def three_states(where: Settings) -> list[int]:
    """A file a day, each its own snapshot of reading_raw; then the second day is taken out. Their snapshot ids."""
    found = []
    for k in range(3):
        (where.inbox / f"{k}.csv").write_bytes(csv_of_days(2, FIRST + timedelta(days=k), 1))
        ingest.ingest().done()
        found.append(tables.current_snapshot_id("reading_raw"))
    second = {FIRST + timedelta(days=1)}
    found.append(tables.replace_dates({"reading_raw": (second, [])})["reading_raw"])
    return [snapshot for snapshot in found if snapshot]


def snapshots() -> set[int]:
    return {snapshot.snapshot_id for snapshot in tables.load("reading_raw").snapshots()}


def parquet(where: Settings) -> set[Path]:
    return set(where.lake.resolve().rglob("*.parquet"))


def rows_at(snapshot: int) -> int:
    return tables.load("reading_raw").scan(snapshot_id=snapshot).to_arrow().num_rows


def test_only_what_nothing_names_expires(installation: Settings) -> None:
    first, *_, now = three_states(installation)
    with connect("loader") as connection:
        connection.execute(
            "insert into raw_ami.validated_date values (%s, '', null, '', 0, 1, %s, now())", (FIRST, first)
        )
    try:
        assert maintenance.expire_snapshots() == 0, "younger than a closing month"
        assert maintenance.expire_snapshots(keep_days=0) >= 2
        assert snapshots() == {first, now}
        assert (rows_at(first), rows_at(now)) == (2 * 96, 2 * 2 * 96)
    finally:
        with connect("loader") as connection:
            connection.execute("delete from raw_ami.validated_date where lake_snapshot_id = %s", (first,))


def test_files_leave_when_no_snapshot_holds_them_and_they_are_old(installation: Settings) -> None:
    *_, now = three_states(installation)
    nobodys = tables.new_file_path("reading_raw", FIRST, "nobodys")
    nobodys.write_bytes(b"left by a killed run")
    maintenance.expire_snapshots(keep_days=0)
    before = rows_at(now)
    assert maintenance.remove_orphans() == 0, "a run under way may still commit them"
    assert maintenance.remove_orphans(older_than_hours=0) == 2, "the second day's file and the one of nobody"
    assert not nobodys.exists()
    assert rows_at(now) == before == 2 * 2 * 96
    assert {Path(path) for path in tables.data_files("reading_raw")} <= parquet(installation)
    assert maintenance.remove_orphans(older_than_hours=0) == 0


def test_a_state_before_is_read_until_it_expires(installation: Settings) -> None:
    *_, third, _ = three_states(installation)
    maintenance.remove_orphans(older_than_hours=0)
    assert rows_at(third) == 3 * 2 * 96
