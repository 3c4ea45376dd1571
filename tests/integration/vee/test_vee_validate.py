"""`validate` on a real PostgreSQL and a real lake: skip, late file, crash at any step, database gone."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from gridmart.errors import GridmartError
from gridmart.lake import edits, load, tables
from gridmart.lake.validate import validate
from gridmart.lake.vee.rules import Rule
from gridmart.settings import PROJECT_DIR, Settings
from gridmart.stack import postgres
from gridmart.warehouse.database import connect
from tests.integration.vee.small_utility import FIRST, LAST, SHAPE, checksum, deliver, utility
from tests.scenarios.vee.scenario import Case


def dates_loaded() -> list[date]:
    with connect("auditor") as connection:
        query = "select distinct business_date from landing_ami.point_day order by 1"
        return [row[0] for row in connection.execute(query)]


def test_validate_fills_roll_ups_and_skips_what_is_unchanged(lake: Settings) -> None:
    deliver(utility())
    done = validate(FIRST, LAST)
    assert done["vee_readings_per_second"] > 0 and sum(done["seconds"].values()) > done["seconds"]["vee"] > 0
    what = {name: done[name] for name in ("from", "to", "dates", "readings")}
    assert what == {"from": "2026-03-02", "to": "2026-03-06", "dates": 5, "readings": 240}
    with connect("auditor") as connection:
        day = connection.execute(
            "select import_kwh, peak_kw, intervals_due, intervals_actual, intervals_estimated, hourly_kwh[13]"
            " from landing_ami.point_day where point_no = 'B' and business_date = '2026-03-04'"
        ).fetchone()
        hours = connection.execute(
            "select count(*), sum(sold_kwh), sum(supplied_kwh), sum(sold_estimated_kwh) from landing_ami.feeder_hour"
        ).fetchone()
        collection = connection.execute(
            "select points_due, points_read, points_complete, intervals_due, intervals_actual"
            " from landing_ami.collection_day where business_date = '2026-03-04'"
        ).fetchone()
    assert day is not None and day[:5] == (pytest.approx(11.8), 1.0, 24, 19, 5) and day[5] == pytest.approx(0.6)
    assert hours == (120, pytest.approx(118.0), None, pytest.approx(3.0))
    assert collection == (2, 2, 1, 48, 43)
    assert validate(FIRST, LAST)["dates"] == 0


def test_late_file_revalidates_its_date_and_what_hangs_on_it(lake: Settings) -> None:
    deliver(utility())
    validate(FIRST, LAST)
    late = FIRST + timedelta(days=2)
    deliver(Case().point("B").day("B", late, SHAPE, version=2, file_id="late"))
    done = validate(late, late)
    assert (done["from"], done["to"], done["dates"]) == (str(late), str(LAST), 3)
    once = checksum()
    assert validate(FIRST, LAST, every=True)["dates"] == 5
    assert checksum() == once


def test_a_later_index_renews_the_gap_that_waited_for_it(lake: Settings) -> None:
    begin, gap, after = FIRST, [FIRST + timedelta(days=n) for n in (1, 2)], FIRST + timedelta(days=3)
    deliver(Case().point("A").point("B").day("A", begin, SHAPE, (None, 100.0)).days("B", FIRST, gap[-1], SHAPE))
    validate(FIRST, gap[-1])
    assert sum_of("A", gap) == pytest.approx(2 * 11.8), "as the day before"
    deliver(Case().point("A").point("B").day("B", after, SHAPE))
    validate(after, after)
    assert sum_of("A", gap) == pytest.approx(2 * 11.8), "no index came"
    deliver(Case().point("A").day("A", after, SHAPE, (147.2, None), file_id="late"))
    done = validate(after, after)
    assert (done["from"], done["to"]) == (str(gap[0]), str(after))
    assert sum_of("A", gap) == pytest.approx(47.2)
    once = checksum()
    assert validate(FIRST, after)["dates"] == 0
    assert validate(FIRST, after, every=True)["dates"] == 4
    assert checksum() == once
    deliver(Case().point("A").day("A", begin, [None] * 24, (None, 110.0), version=2))
    assert validate(begin, begin)["to"] == str(after), "an index before the gap is another"
    assert sum_of("A", gap) == pytest.approx(37.2)


def sum_of(point: str, dates: list[date]) -> float:
    rows = tables.load("reading").scan().to_arrow().to_pylist()
    return float(sum(row["value"] for row in rows if row["point_no"] == point and row["business_date"] in dates))


def test_weather_that_comes_later_renews_its_date_and_the_four_weeks_after_it(lake: Settings) -> None:
    deliver(utility())
    with connect("loader") as connection:
        connection.execute("drop table if exists raw_weather.hourly cascade")
    validate(FIRST, LAST)
    with connect("loader") as connection:
        connection.execute("create table raw_weather.hourly (like landing_weather.hourly including all)")
    assert validate(FIRST, LAST)["dates"] == 0
    measured(LAST, 23)
    assert validate(FIRST, LAST)["dates"] == 0, "a day of which an hour is missing has no mean yet"
    measured(LAST, 24)
    assert validate(FIRST, LAST)["dates"] == 1
    measured(FIRST + timedelta(days=1), 24)
    assert validate(FIRST, LAST)["dates"] == 4
    with connect("loader") as connection:
        connection.execute("drop table raw_weather.hourly cascade")


def measured(day: date, hours: int) -> None:
    """The first hours of a local day, of one station: 20 °C."""
    with connect("loader") as connection:
        connection.execute(
            "insert into raw_weather.hourly select 'S', (%s::date + make_interval(hours => h)) at time zone"
            " 'Asia/Shanghai', 'actual', now(), 20, 50, now() from generate_series(0, %s) h on conflict do nothing",
            (day, hours - 1),
        )


def test_a_point_registered_later_heals(lake: Settings) -> None:
    case = utility().point("C").days("C", FIRST, LAST, SHAPE)
    deliver(case)
    validate(FIRST, LAST)
    unknown = [r for r in tables.load("quarantine").scan().to_arrow().to_pylist() if r["rule"] == "unknown_point"]
    assert {row["point_no"] for row in unknown} == {"C"}
    with connect("loader") as connection:
        connection.execute("insert into raw_cis.c_mp values (3, 'C', 'C', '01', 'F001', 60, '0')")
        connection.execute("insert into raw_cis.c_meter values (3, 'MC', 3, 1, 1, 8, '2020-01-01', null)")
        connection.execute("insert into raw_cis.c_cons values (3, 'C', '200', '2020-01-01', null)")
    assert validate(FIRST, LAST)["dates"] == 5
    assert "C" in set(tables.load("reading").scan().to_arrow()["point_no"].to_pylist())


def test_a_closed_account_that_goes_on_sending_is_not_due_and_stays_visible(lake: Settings) -> None:
    deliver(utility())
    closed = FIRST + timedelta(days=3)
    with connect("loader") as connection:
        connection.execute("update raw_cis.c_cons set cancel_date = %s where cons_no = 'A'", (closed,))
    validate(FIRST, LAST)
    with connect("auditor") as connection:
        days = connection.execute(
            "select business_date, intervals_due, intervals_actual from landing_ami.point_day where point_no = 'A'"
            " and business_date between %s and %s order by 1",
            (closed - timedelta(days=1), closed),
        ).fetchall()
        due = connection.execute(
            "select points_due from landing_ami.collection_day where business_date = %s", (closed,)
        ).fetchone()
    assert days == [(closed - timedelta(days=1), 24, 24), (closed, 0, 24)]
    assert due == (1,)


def test_a_late_disconnection_makes_the_gap_of_its_date_zero(lake: Settings) -> None:
    deliver(utility())
    validate(FIRST, LAST)
    query = "select import_kwh from landing_ami.point_day where point_no = 'B' and business_date = '2026-03-04'"
    with connect("loader") as connection:
        (before,) = connection.execute(query).fetchone() or (None,)
        # the gap is from noon to five o'clock: the first two hours of it without supply
        connection.execute(
            "insert into raw_cis.r_stop_restore values (1, 'B', '2026-03-04 12:00+08', '2026-03-04 14:00+08')"
        )
    assert validate(FIRST, LAST)["dates"] == 3  # its date, and those that look back on it
    rows = tables.load("reading").scan(row_filter="quality_code = 'E'").to_arrow().sort_by("interval_start")
    assert rows["method_code"].to_pylist() == [19, 19, 15, 15, 15]
    with connect("auditor") as connection:
        assert connection.execute(query).fetchone() == (pytest.approx(before - 2 * 0.6),)
    assert validate(FIRST, LAST)["dates"] == 0


def test_a_late_report_of_a_clock_flags_the_days_until_it_is_set(lake: Settings) -> None:
    deliver(utility())
    validate(FIRST, LAST)
    case = Case().event("A", "clock_fault", datetime(2026, 3, 3, 4, tzinfo=UTC))
    case.event("A", "clock_synchronised", datetime(2026, 3, 4, 4, tzinfo=UTC))
    for event in case.events:
        day = event["business_date"]
        path = tables.write("event", pa.Table.from_pylist([event], tables.arrow_schema("event")), day)
        tables.append_files("event", [path])
    # dates on which no clock is off any more stay as they are
    assert validate(FIRST, LAST)["dates"] == 2
    with connect("auditor") as connection:
        found = connection.execute(
            "select point_no, business_date from landing_ami.point_day where rule_bits & %s > 0 order by 2",
            (int(Rule.CLOCK_DRIFT),),
        ).fetchall()
    assert found == [("A", FIRST + timedelta(days=1)), ("A", FIRST + timedelta(days=2))]
    assert validate(FIRST, LAST)["dates"] == 0


EDITS = """point,channel,start,old,new,who,at,why
A,import_kwh,2026-03-04T00:00+08:00,0.2,5.2,wang,2026-04-02T08:00:00Z,photograph of the display
A,import_kwh,2026-03-04T01:00+08:00,0.9,5.2,wang,2026-04-02T08:00:00Z,photograph of the display
A,import_kwh,2026-03-04T02:00+08:00,0.2,5.2,,2026-04-02T08:00:00Z,photograph of the display
"""


def test_a_file_of_edits_stands_over_the_values_of_its_date(lake: Settings, tmp_path: Path) -> None:
    deliver(utility())
    validate(FIRST, LAST)
    before = checksum()
    file = tmp_path / "edits.csv"
    file.write_text(EDITS, encoding="utf-8")
    done = edits.take_in(file)
    assert (done["edits"], done["quarantined"], done["dates"], done["new"]) == (2, 1, ["2026-03-04"], True)
    assert not edits.take_in(file)["new"]
    assert validate(FIRST, LAST)["dates"] == 1
    rows = tables.load("reading").scan(row_filter="quality_code = 'M'").to_arrow().to_pylist()
    assert [(row["point_no"], row["value"], row["method_code"]) for row in rows] == [("A", 5.2, None)]
    with connect("auditor") as connection:
        query = (
            "select import_kwh, intervals_actual from landing_ami.point_day"
            " where point_no = 'A' and business_date = '2026-03-04'"
        )
        assert connection.execute(query).fetchone() == (pytest.approx(11.8 + 5.0), 23)
    refused = {
        (row["rule"], row["row_number"])
        for row in tables.load("quarantine").scan().to_arrow().to_pylist()
        if row["file_id"] == done["file_id"]
    }
    assert refused == {("not_told", 4), ("edit_mismatch", 3)}
    tables.replace_dates({"edit": ([date(2026, 3, 4)], [])})
    assert validate(FIRST, LAST)["dates"] == 1
    assert checksum() == before


def test_empty_register_says_what_to_do(lake: Settings) -> None:
    with connect("loader") as connection:
        connection.execute("delete from raw_cis.c_mp")
    with pytest.raises(GridmartError, match="extract the CIS and the network first"):
        validate(FIRST, LAST)


KILLED = """
import os, signal
from datetime import date
from gridmart.lake import load, validate
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
{patch}
validate.validate(date(2026, 3, 2), date(2026, 3, 6))
"""
BETWEEN = "load.load_rollups = die"
HALF_WAY = """
replace = load._replace
def half(cursor, schema, name, rows, dates):
    replace(cursor, schema, name, rows, dates)
    if name == "transformer_hour":
        die()
load._replace = half
"""


@pytest.mark.parametrize("patch", [BETWEEN, HALF_WAY], ids=["before the load", "in the middle of the load"])
def test_killed_and_run_again_gives_the_same(lake: Settings, patch: str) -> None:
    deliver(utility())
    validate(FIRST, LAST)
    wanted = checksum()
    late = Case().point("A").day("A", FIRST, SHAPE[::-1], version=2, file_id="late")
    deliver(late)
    before = dates_loaded()
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_DIR)}
    done = subprocess.run(
        [sys.executable, "-c", KILLED.format(patch=patch)], env=environment, cwd=Path.cwd(), capture_output=True
    )
    assert done.returncode == -9, done.stderr
    assert dates_loaded() == before
    assert validate(FIRST, LAST)["dates"] == 5
    after = checksum()
    assert after != wanted
    validate(FIRST, LAST, every=True)
    assert checksum() == after


def test_postgres_stopped_in_the_middle_of_the_load_heals(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(utility())
    replace = load._replace

    def stop_then_replace(cursor: object, schema: str, name: str, rows: pa.Table, dates: list[date]) -> None:
        if name == "transformer_hour":
            postgres.stop()
        replace(cursor, schema, name, rows, dates)

    with monkeypatch.context() as patched:
        patched.setattr(load, "_replace", stop_then_replace)
        with pytest.raises(GridmartError, match="PostgreSQL refused or broke off the load") as caught:
            validate(FIRST, LAST)
    assert "run the same command again" in caught.value.next_step
    postgres.start()
    assert dates_loaded() == []
    assert validate(FIRST, LAST)["dates"] == 5
    assert len(dates_loaded()) == 5
