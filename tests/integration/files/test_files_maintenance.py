"""What keeps the lake small never removes what is read now, or what a loaded number names."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from meter_file_samples import csv_of_days

from gridmart.lake import compaction, ingest, maintenance, tables
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


def table_rows(name: str) -> list[dict]:
    rows = [row for path in tables.data_files(name) for row in pq.read_table(path, partitioning=None).to_pylist()]
    return sorted(rows, key=repr)


def small_files() -> dict[str, int]:
    return {row["table"]: row["small_files"] for row in maintenance.stats()}


def test_small_files_become_one_sorted_file_of_the_same_rows(installation: Settings) -> None:
    for k in range(3):
        (installation.inbox / f"{k}.csv").write_bytes(csv_of_days(4 - k, FIRST, 2, version=k + 1))
        (installation.inbox / f"bad{k}.csv").write_bytes(b"x" * k)
        ingest.ingest().done()
    names = ("file", "reading_raw", "register_read", "quarantine")
    before, then = {name: table_rows(name) for name in names}, tables.current_snapshot_id("reading_raw")
    assert then
    assert small_files()["ami.reading_raw"] == 6
    done = maintenance.maintain()
    assert done["files_merged"] == {
        "ami.file": [3, 1], "ami.reading_raw": [6, 2], "ami.register_read": [6, 2], "ami.quarantine": [3, 1],
    }  # fmt: skip
    assert {name: table_rows(name) for name in names} == before
    assert not any(small_files().values())
    assert rows_at(then) == len(before["reading_raw"]), "the state before stays readable"
    for path in tables.data_files("reading_raw"):
        keys = pq.read_table(path, columns=["point_no", "interval_start"], partitioning=None).to_pylist()
        assert keys == sorted(keys, key=lambda row: (row["point_no"], row["interval_start"]))
    assert maintenance.maintain()["files_merged"] == {}

    (installation.inbox / "again.csv").write_bytes((installation.inbox / "0.csv").read_bytes())
    (installation.inbox / "new.csv").write_bytes(csv_of_days(1, FIRST, 1, version=9))
    assert len(ingest.ingest().files) == 1, "a delivery of before is still known"
    parts = tables.data_files("reading_raw", [FIRST])
    whole = compaction.content(parts)
    assert compaction.compact("reading_raw") == (2, 1)
    (merged,) = tables.data_files("reading_raw", [FIRST])
    assert compaction.content([merged]) == whole == compaction.content(reversed(parts))


def test_a_merge_of_files_that_have_left_meanwhile_is_not_done(installation: Settings) -> None:
    three_states(installation)
    paths = tables.data_files("reading_raw")
    left, now = str(Path(paths[0]).with_name("left.parquet")), tables.current_snapshot_id("reading_raw")
    assert not tables.rewrite_files("reading_raw", [paths[0], left], [])
    with pytest.raises(ValueError, match="192 rows would be lost"):
        tables.rewrite_files("reading_raw", [paths[0]], [])
    assert tables.current_snapshot_id("reading_raw") == now


def test_full_files_are_left_alone(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for k in range(4):
        (installation.inbox / f"{k}.csv").write_bytes(csv_of_days(2, FIRST, 1, version=k + 1))
        ingest.ingest().done()
    monkeypatch.setattr(compaction, "FULL_ROWS", 2 * 2 * 96)
    assert compaction.compact("reading_raw") == (4, 2), "no file grows beyond it"
    assert compaction.compact("reading_raw") == (0, 0)
