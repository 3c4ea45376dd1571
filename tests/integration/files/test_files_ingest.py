"""Meter files through a real lake and PostgreSQL: nothing lost, nothing doubled."""

import gzip
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Timer

import duckdb
import pyarrow as pa
import pytest
from format_samples import SAMPLES, format_of, frozen_csv, prime_meter, prime_report
from lake_reset import empty_lake
from meter_file_samples import (
    csv_file,
    csv_of_days,
    csv_row,
    event,
    events_file,
    frozen,
    frozen_file,
    nem12_file,
    record_200,
    record_300,
    task,
    tasks_file,
)

from gridmart.errors import GridmartError
from gridmart.lake import ingest, ingest_work, tables
from gridmart.settings import Settings
from gridmart.sources.meter_files import flatten
from gridmart.warehouse.database import connect

FIRST = date(2026, 10, 1)
NEM12 = nem12_file(record_200("P000000900"), record_300(), record_300("20261002"))
RAW = (
    "point_no, channel, interval_start, business_date, interval_minutes, value, quality_flag, version, file_id, "
    "row_number"
)
REGISTERS = "point_no, channel, business_date, index_start, index_end, version, file_id, row_number"


def put(where: Settings, name: str, content: bytes) -> Path:
    path = where.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def run() -> dict:
    outcome = ingest.ingest()
    answer = outcome.json(None, None)
    outcome.done()
    return answer


def rows(table: str, columns: str = "*") -> list[tuple]:
    paths = tables.data_files(table)
    if not paths:
        return []
    with duckdb.connect() as engine:
        engine.sql("set timezone = 'UTC'")
        source = f"read_parquet({paths!r}, hive_partitioning = false)"
        return sorted(engine.sql(f"select {columns} from {source}").fetchall(), key=repr)


def checksum(without: str = "") -> str:
    """Everything in the lake but the time of arrival, and but the rows of one file id."""
    columns = {
        "reading_raw": RAW,
        "register_read": REGISTERS,
        "quarantine": "file_id, row_number, rule, reason, point_no, channel, business_date, content",
        "file": "file_id, status, delivered_records, accepted_records, quarantined_records, readings, first_at, dates",
    }
    parts = [[row for row in rows(name, listed) if without not in row] for name, listed in columns.items()]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def mirrored(table: str) -> int:
    with connect("loader") as connection:
        found = connection.execute(f"select count(*) from raw_ami.{table}").fetchone()
    assert found
    return found[0]


def accounts_balance() -> None:
    for delivered, accepted, quarantined in rows("file", "delivered_records, accepted_records, quarantined_records"):
        assert delivered == accepted + quarantined
    assert sum(row[0] for row in rows("file", "quarantined_records")) == len(rows("quarantine"))


def test_files_of_both_formats_become_readings(installation: Settings):
    put(installation, "a.csv", csv_of_days(3, FIRST, 2))
    put(installation, "north/b.nem.gz", gzip.compress(NEM12))
    assert run() == {
        "from": "2026-10-01", "to": "2026-10-02", "files": 2, "readings": 3 * 2 * 96 + 96, "quarantined": 0,
        "touched": True,
    }  # fmt: skip
    found = rows("reading_raw", "point_no, channel, interval_start, business_date, value, interval_minutes")
    assert len(found) == 3 * 2 * 96 + 96
    start = datetime.fromisoformat("2026-09-30T16:15:00+00:00")
    assert ("P000000002", "import_kwh", start, FIRST, 3.01, 15) in found
    assert len(rows("register_read")) == 6
    assert mirrored("file") == 2
    accounts_balance()


def test_every_format_comes_in_and_what_the_lake_cannot_keep_is_in_quarantine(installation: Settings):
    for name, content in SAMPLES.items():
        put(installation, f"{name}.dat", content)
    put(installation, "frozen.csv", frozen_csv("1400000001,M1,2026-10-01,80,100.5,1,20.5,,40").encode("gbk"))
    close = '<S05 Fh="20261001000000000S" Ctr="1" Pt="{}"><Value AIa="7"/></S05>'
    put(installation, "s05.xml", prime_report("S05", prime_meter(close.format(0), close.format(1))))
    run()
    formats = {row[0] for row in rows("file", "format")}
    assert {format_of(name) for name in SAMPLES} <= formats
    accounts_balance()
    assert ("UP1", "import_kwh", 15, 0.001, "A") in rows(
        "reading_raw", "point_no, channel, interval_minutes, value, quality_flag"
    )
    registers = rows("register_read", "point_no, channel, index_start")
    assert {
        ("M1", "import_kwh", 100.5), ("M1", "import_kwh_sharp", 1.0), ("M1", "import_kwh_peak", 20.5),
        ("M1", "import_kwh_valley", 40.0), ("ZIV001", "import_kwh", 7.0), ("ZIV001", "import_kwh_p1", 7.0),
        ("METER1", "import_kwh", 100.0),
    } <= set(registers)  # fmt: skip
    assert {row[0] for row in rows("quarantine", "rule")} == {"unknown_channel"}


def test_a_file_of_registers_alone_touches_its_dates(installation: Settings):
    put(installation, "frozen.csv", frozen_csv("1400000001,M1,2026-10-03,80,100.5,1,20.5,,40").encode("gbk"))
    assert run() == {
        "from": "2026-10-03", "to": "2026-10-03", "files": 1, "readings": 0, "quarantined": 0, "touched": True,
    }  # fmt: skip
    accounts_balance()


def test_registers_by_period_of_a_head_end_come_in_and_a_later_delivery_replaces_them(installation: Settings):
    sent = installation.head_end_inbox / "frozen_1400101_20261001.parquet"
    sent.parent.mkdir(parents=True, exist_ok=True)
    total_alone = {f"{name}_index": None for name in ("sharp", "peak", "flat", "valley")}
    sent.write_bytes(frozen_file(frozen(), frozen(point_no="P2", **total_alone), frozen(point_no="")))
    query = "select point_no, business_date, total_index, peak_index, deep_valley_index from raw_ami.register_day"
    try:
        answer = run()
        assert (answer["from"], answer["to"], answer["quarantined"]) == (str(FIRST), str(FIRST), 1)
        with connect("loader") as connection:
            assert connection.execute(query).fetchall() == [("P000000001", FIRST, 100.5, 20.5, None)]
        sent.with_name("frozen_late.parquet").write_bytes(frozen_file(frozen(peak_index=21.0, total_index=None)))
        run()
        # the index at the start of 2 October, told by another format, is that of the end of the 1st
        put(installation, "frozen.csv", frozen_csv("1400000001,M1,2026-10-02,80,7.5,1,2.5,,4").encode("gbk"))
        run()
    finally:
        shutil.rmtree(sent.parent)
    with connect("loader") as connection:
        assert connection.execute(f"{query} order by 1").fetchall() == [
            ("M1", FIRST, 7.5, 2.5, None), ("P000000001", FIRST, 100.5, 21.0, None),
        ]  # fmt: skip
    assert ("P2", "import_kwh", 100.5) in rows("register_read", "point_no, channel, index_end")
    accounts_balance()


def test_events_of_meters_come_in_once_however_often_they_are_told(installation: Settings):
    at = datetime(2026, 10, 1, 1, 2, 3, tzinfo=UTC)
    off, on = event(occurred_at=at), event(occurred_at=at, event_code="power_on")
    put(installation, "a.parquet", events_file(off, off, event(event_code="!")))
    assert run()["quarantined"] == 1
    sent = installation.head_end_inbox / "events_1400101_20261001.parquet"
    sent.parent.mkdir(parents=True, exist_ok=True)
    sent.write_bytes(events_file(off, on))
    try:
        answer = run()
        assert (answer["files"], answer["from"], answer["touched"]) == (1, "2026-10-01", True)
        assert run()["files"] == 0
    finally:
        shutil.rmtree(sent.parent)
    assert [row[:2] for row in rows("event", "event_code, row_number")] == [
        ("power_off", 1), ("power_off", 1), ("power_off", 2), ("power_on", 2),
    ]  # fmt: skip
    with connect("loader") as connection:
        told = connection.execute(
            "select event_code, occurred_at, business_date, row_number from raw_ami.meter_event order by 1"
        ).fetchall()
    assert told == [("power_off", at, FIRST, 1), ("power_on", at, FIRST, 2)]
    assert [row[0] for row in rows("quarantine", "rule")] == ["bad_structure"]
    accounts_balance()


def test_collection_tasks_of_a_head_end_come_in_and_a_later_file_stands_beside_the_first(installation: Settings):
    sent = installation.head_end_inbox / "collection_1400101_20261001.parquet"
    sent.parent.mkdir(parents=True, exist_ok=True)
    failed = task(result_code="no_response", tries=3, points=2)
    sent.write_bytes(tasks_file(task(), failed, task(points=-1)))
    try:
        answer = run()
        assert (answer["files"], answer["quarantined"], answer["from"]) == (1, 1, str(FIRST))
        # the two came in by a retry; the same task, told anew
        sent.with_name("collection_1400101_later.parquet").write_bytes(tasks_file(task(), task(tries=4, points=2)))
        assert (run()["files"], run()["files"]) == (1, 0)
    finally:
        shutil.rmtree(sent.parent)
    assert sorted(rows("collection_task", "result_code, tries, points")) == [
        ("no_response", 3, 2), ("read", 1, 97), ("read", 1, 97), ("read", 4, 2),
    ]  # fmt: skip
    columns = "org_no, business_date, task_code, planned_at, result_code, tries, points, row_number"
    with connect("loader") as connection:
        told = connection.execute(
            f"select {columns} from raw_ami.collection_task order by arrived_at, row_number"
        ).fetchall()
    asked = "1400101", FIRST, "curve", datetime(2026, 10, 1, 4, tzinfo=UTC)
    assert told == [
        (*asked, "read", 1, 97, 1), (*asked, "no_response", 3, 2, 2), (*asked, "read", 1, 97, 1),
        (*asked, "read", 4, 2, 2),
    ]  # fmt: skip
    assert rows("file", "format, accepted_records") == [("collection_tasks", 2)] * 2
    assert [row[0] for row in rows("quarantine", "rule")] == ["bad_number"]
    accounts_balance()


def test_the_bytes_are_kept(installation: Settings):
    path = put(installation, "a.csv", csv_of_days(1, FIRST, 1))
    content = path.read_bytes()
    run()
    path.unlink()
    file_id = hashlib.sha256(content).hexdigest()
    assert (installation.var_dir / "archive" / file_id[:2] / f"{file_id}_a.csv").read_bytes() == content


def test_the_same_file_twice_changes_nothing_also_under_another_name(installation: Settings):
    path = put(installation, "a.csv", csv_of_days(2, FIRST, 2))
    run()
    before, snapshot = checksum(), tables.current_snapshot_id("reading_raw")
    assert not run()["touched"]
    shutil.copy(path, path.with_name("again.csv"))
    os.utime(path, (1, 1))
    assert run()["files"] == 0
    assert (checksum(), tables.current_snapshot_id("reading_raw")) == (before, snapshot)


def test_two_copies_in_one_run_count_once(installation: Settings):
    for name in ("a.csv", "b.csv"):
        put(installation, name, csv_of_days(2, FIRST, 2))
    assert run()["files"] == 1
    assert len(rows("reading_raw")) == 2 * 2 * 96


def test_a_late_file_touches_only_its_dates(installation: Settings):
    put(installation, "a.csv", csv_of_days(2, FIRST, 5))
    run()
    untouched = tables.data_files("reading_raw", [date(2026, 10, 1), date(2026, 10, 4)])
    put(installation, "late.csv", csv_of_days(1, date(2026, 10, 3), 1, version=2, base=50))
    answer = run()
    assert (answer["from"], answer["to"], answer["readings"]) == ("2026-10-03", "2026-10-03", 96)
    assert tables.data_files("reading_raw", [date(2026, 10, 1), date(2026, 10, 4)]) == untouched
    assert len(tables.data_files("reading_raw", [date(2026, 10, 3)])) == 2


def test_a_forced_range_is_answered_without_new_files(installation: Settings):
    assert ingest.ingest().json(FIRST, date(2026, 10, 9)) == {
        "from": "2026-10-01", "to": "2026-10-09", "files": 0, "readings": 0, "quarantined": 0, "touched": False,
    }  # fmt: skip
    assert ingest.ingest().json(None, None)["from"] is None


def test_every_bad_input_is_refused_with_a_reason_and_good_files_go_in(installation: Settings):
    good = csv_of_days(2, FIRST, 1)
    bad = {
        "zero.csv": b"", "zeros.csv": bytes(5000), "gbk.csv": good.replace(b"P00", "户".encode("gbk")),
        "header.nem": nem12_file(record_200(), record_300(), header=""),
        "inside.zip": _zipped("inner.zip", _zipped("a.csv", good)), "what.xml": b"<xml/>",
    }  # fmt: skip
    for name, content in bad.items():
        put(installation, name, content)
    put(installation, "good.csv", good)
    put(installation, "cut.csv", csv_of_days(2, date(2026, 10, 2), 1)[:-300])
    put(installation, "future.csv", csv_file(csv_row(day=date(2099, 1, 1)), csv_row(day=date(2026, 10, 3))))
    put(installation, "negative.csv", csv_file(csv_row("P999999999", FIRST, [-1.0] * 96)))
    answer = run()
    assert answer["files"] == 10
    status = dict(rows("file", "name, status"))
    assert {status[name] for name in bad} == {"refused"}
    assert (status["good.csv"], status["cut.csv"], status["future.csv"], status["negative.csv"]) == (
        "accepted", "partly", "partly", "accepted",
    )  # fmt: skip
    found = {(name, rule) for name, rule in rows("quarantine", "file_name, rule")}
    assert found == {
        ("zero.csv", "empty_file"), ("zeros.csv", "binary_zeros"), ("gbk.csv", "bad_encoding"),
        ("header.nem", "missing_header"), ("inside.zip", "nested_archive"), ("what.xml", "unknown_format"),
        ("cut.csv", "truncated"), ("future.csv", "future"),
    }  # fmt: skip
    assert all(reason and step for reason, step in rows("quarantine", "reason, next_step"))
    assert (answer["from"], answer["to"]) == ("2026-10-01", "2026-10-03")
    assert min(row[0] for row in rows("reading_raw", "value")) == -1.0
    assert mirrored("quarantine") == len(found)
    accounts_balance()
    before = checksum()
    assert run()["files"] == 0
    assert checksum() == before


def _zipped(name: str, content: bytes) -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def test_files_in_the_making_are_left_alone(installation: Settings):
    for name in (".hidden.csv", "a.csv.part", "b.tmp"):
        put(installation, name, csv_of_days(1, FIRST, 1))
    assert run()["files"] == 0


def test_any_order_of_arrival_gives_the_same_rows(installation: Settings):
    contents = {
        "1.csv": csv_of_days(2, FIRST, 3), "2.csv": csv_of_days(1, FIRST, 2, version=2, base=9),
        "3.nem": NEM12, "4.csv": b"?",
    }  # fmt: skip
    found = []
    for order in (list(contents), list(reversed(contents)), ["2.csv", "4.csv", "1.csv", "3.nem"]):
        _again(installation)
        for name in order:
            put(installation, name, contents[name])
            run()
        found.append(checksum())
    _again(installation)
    for name, content in contents.items():
        put(installation, name, content)
    run()
    assert {*found, checksum()} == {found[0]}


def _again(where: Settings) -> None:
    empty_lake()
    for folder in (where.inbox, where.lake):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("commit", [1, 2, 3, 4])
def test_killed_at_any_commit_and_run_again_nothing_is_lost_or_doubled(installation: Settings, when: str, commit: int):
    put(installation, "a.csv", csv_of_days(2, FIRST, 3))
    put(installation, "b.csv", csv_file(csv_row(), csv_row(values=["x"] * 96)))
    run()
    whole = checksum()
    _again(installation)
    put(installation, "a.csv", csv_of_days(2, FIRST, 3))
    put(installation, "b.csv", csv_file(csv_row(), csv_row(values=["x"] * 96)))
    script = Path(__file__).with_name("ingest_killed.py")
    root = str(Path(__file__).parents[3])
    child = subprocess.run(
        [sys.executable, str(script), when, str(commit)], env={**os.environ, "PYTHONPATH": root}, check=False,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL
    put(installation, "c.csv", b"")  # the next run has files of its own too
    answer = run()
    assert (answer["from"], answer["to"], answer["files"]) == ("2026-10-01", "2026-10-03", 3)
    (installation.inbox / "c.csv").unlink()
    assert checksum(hashlib.sha256(b"").hexdigest()) == whole
    assert mirrored("file") == 3
    accounts_balance()
    assert run()["files"] == 0


@pytest.mark.parametrize("loses", ["a record", "a value", "a register"])
def test_a_reader_that_loses_something_stops_the_run_before_anything_is_taken_in(
    installation: Settings, monkeypatch: pytest.MonkeyPatch, loses: str
):
    screen, readings, sort = flatten.screen, flatten.readings, ingest_work._rows

    def lossy(scratch: Path, kind: str, day: date) -> pa.Table | None:
        found = sort(scratch, kind, day)
        return found.slice(1) if found is not None and kind == "registers" else found

    patches = {
        "a record": (
            flatten,
            "screen",
            lambda parsed, *args: screen(replace(parsed, days=parsed.days.slice(1)), *args),
        ),
        "a value": (flatten, "readings", lambda *args: readings(*args).slice(1)),
        "a register": (ingest_work, "_rows", lossy),
    }
    put(installation, "a.csv", csv_of_days(2, FIRST, 2))
    with monkeypatch.context() as patched, pytest.raises(GridmartError, match=r"lost or doubled.*a\.csv") as caught:
        patched.setattr(*patches[loses])
        run()
    assert "mend it, then run 'gridmart ingest' again" in caught.value.next_step
    assert not any(rows(name) for name in ("reading_raw", "register_read", "quarantine", "file"))
    assert run()["readings"] == 2 * 2 * 96
    accounts_balance()


def test_small_files_are_parsed_together_and_a_large_one_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ingest, "JOB_FILES", 3)
    sizes = [10, 20, ingest.JOB_BYTES + 1, 30, ingest.JOB_BYTES, 1, 1, 1, 1]
    files = [ingest.Found(str(n), f"{n}.csv", f"/in/{n}", size, 0, f"/kept/{n}") for n, size in enumerate(sizes)]
    jobs = ingest._parse_jobs(files)
    assert [list(job) for job in jobs] == [["0", "1"], ["2"], ["3"], ["4"], ["5", "6", "7"], ["8"]]
    assert jobs[0] == {"0": "/kept/0", "1": "/kept/1"}


def test_two_ingests_at_once_do_not_meet(installation: Settings):
    with ingest._alone(), pytest.raises(GridmartError, match="another ingest"):
        ingest.ingest()


def test_an_ingest_waits_for_one_that_is_just_ending(installation: Settings):
    with connect("loader", "lake", autocommit=True) as ending:
        ending.execute("select pg_advisory_lock(%s)", (ingest.LOCK,))
        end = Timer(0.5, ending.execute, ("select pg_advisory_unlock_all()",))
        end.start()
        assert ingest.ingest().files == []
        end.join()


def test_replacing_dates_keeps_the_state_before_readable(installation: Settings):
    def reading(day: date, value: float) -> Path:
        start = datetime.fromisoformat(f"{day}T00:00:00+00:00")
        row = {
            "point_no": "P1", "channel": "import_kwh", "interval_start": start, "business_date": day,
            "interval_minutes": 15, "value": value, "quality_code": "A", "method_code": None, "rule_bits": 0,
        }  # fmt: skip
        return tables.write("reading", pa.Table.from_pylist([row], tables.arrow_schema("reading")), day)

    days = [date(2026, 10, n) for n in (1, 2, 3)]
    tables.append_files("reading", [reading(day, 1.0) for day in days])
    before = tables.current_snapshot_id("reading")
    old = tables.data_files("reading")
    tables.replace_dates({"reading": (days[:2], [reading(day, 2.0) for day in days[:2]])})
    assert rows("reading", "value") == [(1.0,), (2.0,), (2.0,)]
    assert tables.data_files("reading", snapshot_id=before) == old
    assert set(tables.data_files("reading", [days[2]])) <= set(old)
    tables.replace_dates({"reading": ([days[0]], [])})
    assert tables.dates_of("reading") == set(days[1:])
    with pytest.raises(ValueError, match="not to be replaced"):
        tables.replace_dates({"reading": ([days[0]], [reading(days[1], 3.0)])})
