"""What was known at a moment can be read, and a roll-up of then be worked out again, after a late file changed both."""

import json
import time
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from gridmart.cli import app
from gridmart.errors import GridmartError
from gridmart.lake import as_known, load, maintenance, tables, temperature
from gridmart.lake.validate import validate
from gridmart.settings import Settings
from gridmart.warehouse.database import connect
from tests.integration.vee.small_utility import FIRST, LAST, SHAPE, deliver, utility
from tests.scenarios.vee.scenario import Case

DAY = FIRST + timedelta(days=2)  # B misses five hours of it
ORDER = dict.fromkeys(load.ROLLUP_TABLES, "point_no") | {
    "transformer_hour": "hour_start", "feeder_hour": "hour_start", "collection_day": "business_date",
}  # fmt: skip


def stored(name: str) -> tuple[pa.Table, int]:
    """Rows of a roll-up of DAY as they are loaded, without what says when, and the snapshot that they name."""
    with load.transaction() as cursor:
        cursor.execute(f"select * from {load.LANDING}.{name} where business_date = '{DAY}' order by {ORDER[name]}")
        rows = cursor.fetch_arrow_table()
    (snapshot,) = set(rows["lake_snapshot_id"].to_pylist())
    return rows.drop_columns(["lake_snapshot_id", "loaded_at"]), snapshot


def same(again: dict[str, pa.Table], name: str, rows: pa.Table) -> bool:
    """Whether a roll-up worked out again has the bytes of the loaded one."""
    return again[name].sort_by(ORDER[name]).select(rows.column_names).cast(rows.schema).equals(rows)


def now() -> datetime:
    """This moment, with no commit in its millisecond."""
    time.sleep(0.005)
    at = datetime.now(UTC)
    time.sleep(0.005)
    return at


def late_file() -> None:
    deliver(Case().point("B").day("B", DAY, SHAPE, version=2, file_id="late"))


def values(at: datetime, channel: str | None = None) -> list[tuple]:
    found = as_known.reading("B", DAY, at, channel)["readings"]
    return [(row["value"], row["quality_code"]) for row in found]


def test_readings_and_roll_ups_of_then_after_a_late_file(lake: Settings) -> None:
    deliver(utility())
    validate(DAY, DAY)
    then = now()
    old = {name: stored(name) for name in load.ROLLUP_TABLES}
    late_file()
    validate(DAY, DAY)
    with connect("loader") as connection:  # one date's roll-up in force still names the state of then
        connection.execute(
            "insert into raw_ami.validated_date select %s, '', null, '', 0, 1, %s, now()", (LAST, old["point_day"][1])
        )
    maintenance.expire_snapshots(keep_days=0)

    assert sum(code == "E" for _, code in values(then)) == 5
    assert [code for _, code in values(now(), "import_kwh")] == ["A"] * 24
    new, snapshot = stored("point_day")
    assert new != old["point_day"][0] and snapshot != old["point_day"][1]
    (made,) = {snapshot for _, snapshot in old.values()}
    again = as_known.rollups([DAY], made)
    for name, (rows, _) in old.items():
        assert rows.num_rows and same(again, name, rows), name
    assert not same(again, "point_day", new)

    with connect("loader") as connection:
        connection.execute("update raw_cis.c_contract set contract_cap = 11 where cons_id = 1")
    with pytest.raises(GridmartError, match="register of points are no longer those of then"):
        as_known.rollups([DAY], snapshot)


def test_what_cannot_be_read_is_told(lake: Settings) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    tables.catalog().drop_table((tables.NAMESPACE, "reading"))  # its history begins here
    tables.ensure_tables()
    with pytest.raises(GridmartError, match="nothing was validated yet") as caught:
        as_known.reading("A", DAY, now())
    assert "gridmart validate" in caught.value.next_step
    deliver(utility())
    validate(DAY, DAY)
    first = now()
    with pytest.raises(GridmartError, match="nothing was validated yet") as caught:
        as_known.reading("A", DAY, start)
    assert "the first state is of" in caught.value.next_step
    for point, day, channel, cause in (
        ("Z", DAY, None, "Z has no reading of 2026-03-04, then or now"),
        ("A", DAY, "export_kwh", "A, export_kwh, has no reading"),
        ("A", FIRST, None, "no reading of 2026-03-02 was known"),
    ):
        with pytest.raises(GridmartError, match=cause) as caught:
            as_known.reading(point, day, first, channel)
        assert caught.value.exit_code == 2
    validate(FIRST, FIRST)
    with pytest.raises(GridmartError, match="no reading of A on 2026-03-02 was known") as caught:
        as_known.reading("A", FIRST, first)
    assert "came later" in caught.value.next_step

    between = now()
    late_file()
    validate(DAY, DAY)
    assert len(values(between)) == 24
    with connect("loader") as connection:  # no roll-up names the first states any more
        connection.execute("update raw_ami.validated_date set lake_snapshot_id = 0")
    maintenance.expire_snapshots(keep_days=0)
    for at in (first, between):
        with pytest.raises(GridmartError, match="has expired") as caught:
            as_known.reading("B", DAY, at)
        assert "the nearest that can be read" in caught.value.next_step
    assert len(values(now())) == 24


def test_the_command(lake: Settings) -> None:
    deliver(utility())
    validate(DAY, DAY)
    words = ["lake", "as-known", "--at", now().isoformat(), "--point", "B", "--date", str(DAY)]
    found = CliRunner().invoke(app, [*words, "--json"])
    assert found.exit_code == 0, found.output
    rows = json.loads(found.stdout)["readings"]
    assert len(rows) == 24 and {tuple(row["rules"]) for row in rows if row["quality_code"] == "E"} == {("missing",)}
    assert "missing" in CliRunner().invoke(app, words).stdout
    with pytest.raises(GridmartError, match="'yesterday' is not a date and time"):
        as_known.moment("yesterday")
    assert as_known.moment("2026-03-04T00:00") == datetime(2026, 3, 3, 16, tzinfo=UTC)


def test_stored_roll_ups_are_proved_and_a_changed_one_is_found(lake: Settings) -> None:
    prove = ["lake", "prove", "--date", str(DAY), "--json"]
    with connect("loader") as connection:
        for name in load.ROLLUP_TABLES:
            connection.execute(f"delete from {load.SCHEMA}.{name} where business_date = %s", (DAY,))
    with pytest.raises(GridmartError, match="are not in the warehouse"):
        as_known.proof(DAY)
    deliver(utility())
    validate(DAY, DAY)
    with connect("loader") as connection:  # what the arrival gate does
        for name in load.ROLLUP_TABLES:
            connection.execute(
                f"insert into {load.SCHEMA}.{name} select * from {load.LANDING}.{name} where business_date = %s", (DAY,)
            )
    done = CliRunner().invoke(app, prove)
    found = json.loads(done.stdout)
    assert done.exit_code == 0 and found["equal"] and all(one["rows"] for one in found["tables"].values())

    with connect("loader") as connection:
        connection.execute(
            f"update {load.SCHEMA}.point_day set import_kwh = import_kwh + 0.001 where business_date = %s "
            "and point_no = 'A'", (DAY,),
        )  # fmt: skip
    done = CliRunner().invoke(app, prove)
    differ = [name for name, one in json.loads(done.stdout)["tables"].items() if one["sha256"] != one["sha256_again"]]
    assert (done.exit_code, differ) == (3, ["point_day"])
    assert "DIFFERENT" in CliRunner().invoke(app, prove[:-1]).stdout


def test_roll_ups_that_a_late_file_replaced_are_proved_as_of_then(
    lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    prove = ["lake", "prove", "--date", str(DAY), "--json", "--at"]
    deliver(utility())
    validate(DAY, DAY)
    then = now()
    rows, snapshot = stored("point_day")
    validate(LAST, LAST)  # the state of ami.reading that made another date
    late_file()
    validate(DAY, DAY)
    done = CliRunner().invoke(app, [*prove, then.isoformat()])
    old = json.loads(done.stdout)
    assert done.exit_code == 0 and old["equal"] and old["snapshot_ids"] == [snapshot] and not old["is_in_force"]
    assert old["tables"]["point_day"]["rows"] == rows.num_rows > 0
    new = as_known.proof_at(DAY, now())
    assert new["equal"] and new["is_in_force"] and new["snapshot_ids"] == [stored("point_day")[1]]
    differ = {name for name, one in new["tables"].items() if one["sha256"] != old["tables"][name]["sha256"]}
    assert differ >= {"point_day", "collection_day"}

    def spoilt(dates: list[date], snapshot_id: int) -> dict[str, pa.Table]:
        found = worked_out(dates, snapshot_id)
        return found | {"feeder_hour": found["feeder_hour"].slice(1)}

    worked_out = as_known.rollups
    monkeypatch.setattr(as_known, "rollups", spoilt)
    done = CliRunner().invoke(app, [*prove[:-2], "--at", then.isoformat()])
    shown = " ".join(done.stdout.split())
    assert done.exit_code == 3 and shown.count("DIFFERENT") == 1 and "made anew since" in shown


def test_what_cannot_be_proved_as_of_then_is_told(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(utility())
    with monkeypatch.context() as patched:
        patched.setattr("gridmart.lake.checksums.of_dates", lambda *_: {})
        validate(DAY, DAY)
    with pytest.raises(GridmartError, match="keeps no checksums"):
        as_known.proof_at(DAY, now())
    with pytest.raises(GridmartError, match="no reading of 2026-03-02 was known"):
        as_known.proof_at(FIRST, now())
    with pytest.raises(GridmartError, match="a bill is proved as it is published"):
        CliRunner().invoke(app, ["lake", "prove", "--bill", "1", "--at", "2026-03-04"], catch_exceptions=False)


@pytest.mark.parametrize("words", [[], ["--date", str(DAY), "--bill", "1"]])
def test_one_thing_is_proved_at_a_time(words: list[str]) -> None:
    with pytest.raises(GridmartError, match="nothing or two things to prove") as caught:
        CliRunner().invoke(app, ["lake", "prove", *words], catch_exceptions=False)
    assert caught.value.exit_code == 2


def test_roll_ups_are_worked_out_again_by_the_temperatures_of_then(
    lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm = [FIRST - timedelta(days=n) for n in (3, 4, 5)]  # the workdays of the week before
    case = utility()
    for day in warm:
        case.day("B", day, [2 * value for value in SHAPE])
    deliver(case)
    means = dict.fromkeys([DAY, *warm], 30.0) | {FIRST: 10.0, FIRST + timedelta(days=1): 10.0}
    with monkeypatch.context() as patched:
        patched.setattr(temperature, "means", lambda *_: means)
        validate(DAY, DAY)
    rows, snapshot = stored("point_day")
    assert same(as_known.rollups([DAY], snapshot), "point_day", rows)
    validate(DAY, DAY)
    assert not stored("point_day")[0].equals(rows), "without weather the estimates are others"
