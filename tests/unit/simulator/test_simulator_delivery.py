"""Files of all formats are read back to exactly what was delivered, and the same delivery gives the same bytes."""

import re
import zipfile
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from clean_deliveries import FIRST, delivery, people

from gridmart.simulator import faults
from gridmart.simulator.delivery import (
    Delivery,
    Record,
    chinese_csv,
    green_button,
    gridmart_csv,
    gridmart_parquet,
    head_end,
    iec61968,
    mscons,
    nem12,
    nem13,
    prime,
    rows,
)
from gridmart.simulator.estimate import BYTES_A_READING, READINGS_A_SECOND
from gridmart.simulator.faults import clock_drift, feed_stop, gap_concentrator, gap_meter, meter_swap, theft_hours
from gridmart.simulator.plan import FORMATS
from gridmart.simulator.work import WRITERS as WRITERS_OF
from gridmart.sources.meter_files import registry
from gridmart.sources.meter_files.model import Parsed
from gridmart.sources.meter_files.registry import parse_file
from gridmart.tariffs import PERIODS

ZONE = ZoneInfo("Asia/Shanghai")
WRITERS = [gridmart_csv, gridmart_parquet, nem12]
PACKED = [nem13, chinese_csv, green_button, mscons, prime, iec61968]
ENERGIES_ALONE = [nem12, nem13, mscons, prime]
START = date(2026, 3, 30)
STATION = "1400101"


def _delivery(days: int = 3) -> Delivery:
    """Holes, a day without values, a row twice, a row withheld, a wrong unit, further records."""
    made = delivery(people(), STATION, START, days)
    made.values[0, 10:16] = np.nan
    made.values[1, 96:192] = np.nan
    made.copies[2, 0], made.copies[3, 1] = 2, 0
    made.units[4, 0] = "Wh"
    made.extra.append(Record("P999999999", "import_kwh", START, 1, np.full(96, 0.125)))
    made.extra.append(made.record(0, START, 2, np.full(96, 0.5)))
    return made


def _expected(made: Delivery, kind: str) -> list[tuple]:
    """(point, channel, date, version, unit, values, registers) in the order of the file."""
    found = []
    for row in range(len(made.points)):
        for k in range(made.days):
            day = made.start + timedelta(days=k)
            if np.isfinite(made.values[row, made.slots(day)]).any():
                found += [made.record(row, day, 1)] * int(made.copies[row, k])
    units = {"import_kwh": "kWh", "export_kwh": "kWh", "import_kvarh": "kvarh", "voltage_v": "V", "current_a": "A"}
    return [
        (
            r.point_no,
            r.channel,
            r.day,
            r.version,
            r.unit or units[r.channel],
            r.values,
            (r.register_start, r.register_end),
        )
        for r in [*found, *made.extra]
        if kind != "nem12" or r.channel not in ("voltage_v", "current_a")
    ]


def _read(parsed: Parsed) -> list[np.ndarray]:
    """Values of each record, NaN where the file says that there is no data."""
    found = []
    for row in parsed.days.to_pylist():
        values = np.array(row["values"], float)
        if row["flags"]:
            values[[flag.startswith("N") for flag in row["flags"]]] = np.nan
        found.append(values)
    return found


@pytest.mark.parametrize("writer", WRITERS, ids=lambda w: w.NAME)
def test_what_is_written_is_what_is_read(tmp_path: Path, writer: ModuleType) -> None:
    made = _delivery()
    writer.write(tmp_path / "file", made)
    parsed = parse_file(tmp_path / "file", ZONE)
    expected = _expected(made, writer.NAME)
    assert parsed.format == writer.NAME and not parsed.rejects
    assert len(expected) > 100
    days = parsed.days.to_pylist()
    assert [(d["point_no"], d["channel"], d["business_date"]) for d in days] == [e[:3] for e in expected]
    assert [d["unit"].lower() for d in days] == [e[4].lower() for e in expected]
    for got, (_, _, _, _, _, values, _) in zip(_read(parsed), expected, strict=True):
        np.testing.assert_array_equal(got, values)
    if writer is nem12:
        assert parsed.registers.num_rows == 0
        stamps = {(e[2], e[3]): d["version"] for d, e in zip(days, expected, strict=True)}
        assert stamps[START, 2] > stamps[START, 1] == 20260331020000
    else:
        assert [d["version"] for d in days] == [e[3] for e in expected]
        reads = [(r["point_no"], r["index_start"], r["index_end"]) for r in parsed.registers.to_pylist()]
        assert reads == [(e[0], *e[6]) for e in expected if np.isfinite(e[6][0])]


def _scaled(parsed: Parsed) -> list[np.ndarray]:
    """`_read` in kWh, kvarh, V and A."""
    scales = parsed.days["scale"].to_pylist()
    return [
        values / -scale if scale < 0 else values * scale for values, scale in zip(_read(parsed), scales, strict=True)
    ]


def _channels(parsed: Parsed, table: str = "days") -> list[str]:
    """Channels; of reactive energy by quadrant, which has none, that of the simulator."""
    columns = (getattr(parsed, table)[name].to_pylist() for name in ("channel", "stream"))
    return [channel or {"R1": "import_kvarh"}[stream] for channel, stream in zip(*columns, strict=True)]


@pytest.mark.parametrize("writer", PACKED, ids=lambda w: w.NAME)
def test_formats_of_the_field_are_read_to_the_same_values(tmp_path: Path, writer: ModuleType) -> None:
    made = _delivery()
    made.values[5, 3], made.values[5, 4] = -0.091, 1234.567
    writer.write(tmp_path / "file", made)
    parsed = parse_file(tmp_path / "file", ZONE)
    assert not parsed.rejects and set(parsed.format.split("+")) <= {writer.NAME, "nem12"}
    expected = [e for e in _expected(made, "") if not (writer in ENERGIES_ALONE and e[1] in ("voltage_v", "current_a"))]
    assert {e[1] for e in expected} >= {"import_kwh", "export_kwh", "import_kvarh"}
    days = parsed.days.to_pylist()
    got = zip(_channels(parsed), days, _scaled(parsed), strict=True)
    found = sorted(
        ((d["point_no"], channel, d["business_date"], d["version"], list(v)) for channel, d, v in got),
        key=lambda row: (row[:4], np.nansum(row[4])),
    )
    wanted = sorted(
        ((e[0], e[1], e[2], e[3], list(e[5] / (1000 if e[4] == "Wh" else 1))) for e in expected),
        key=lambda row: (row[:4], np.nansum(row[4])),
    )
    if writer is prime:  # without versions, the row of the later one has no place of its own among the others
        found, wanted = (sorted(rows, key=lambda row: (row[:3], np.nansum(row[4]))) for rows in (found, wanted))
    assert [row[:3] for row in found] == [row[:3] for row in wanted]
    np.testing.assert_allclose([row[4] for row in found], [row[4] for row in wanted], rtol=1e-12)
    versions = {(row[3], other[3]) for row, other in zip(found, wanted, strict=True) if row[2] == START}
    by_stamp = {(20260331020000, 1), (20260401020000, 2)}
    in_utc = {(20260330180000, 1), (20260331180000, 2)}
    assert versions == {chinese_csv: {(1, 1), (2, 2)}, prime: {(0, 1), (0, 2)}, mscons: in_utc}.get(writer, by_stamp)


@pytest.mark.parametrize("writer", [w for w in PACKED if w is not nem13], ids=lambda w: w.NAME)
def test_formats_of_the_field_hold_the_registers(tmp_path: Path, writer: ModuleType) -> None:
    made = _delivery()
    made.registers[0, 1:, :] -= 1000.0  # another meter from the second day on
    writer.write(tmp_path / "file", made)
    parsed = parse_file(tmp_path / "file", ZONE)
    found = {
        (r["point_no"], channel, r["end_s"], round(r["index_end"] * (1 / -r["scale"] if r["scale"] < 0 else 1), 6))
        for r, channel in zip(parsed.reads.to_pylist(), _channels(parsed, "reads"), strict=True)
    }
    wanted = set()
    for point, channel, day, _, _, _, ends in _expected(made, ""):
        midnights = (pd.Timestamp(day + timedelta(days=k), tz=ZONE) for k in (0, 1))
        wanted |= {
            (point, channel, int(at.timestamp()), e) for at, e in zip(midnights, ends, strict=True) if np.isfinite(e)
        }
    assert found == wanted and len(wanted) > 100


def test_registers_of_nem13_are_those_that_the_curve_agrees_with(tmp_path: Path) -> None:
    made = delivery(people(), STATION, START, 3)
    first = int(np.flatnonzero(made.channels == "import_kwh")[0])
    made.values[first] = 0.0
    made.values[first, ::96] = 1.25
    made.values[first, 100] = np.nan
    nem13.write(tmp_path / "file", made)
    parsed = parse_file(tmp_path / "file", ZONE)
    assert not parsed.rejects and parsed.format == "nem12+nem13"
    keys = ("point_no", "channel", "value", "index_start", "index_end", "version")
    read = [tuple(row[key] for key in keys) for row in parsed.reads.to_pylist()]
    assert read == [
        (made.points[first], "import_kwh", 1.25, *made.registers[first, k], stamp)
        for k, stamp in ((0, 20260331020000), (2, 20260402020000))
    ]


def test_a_chinese_export_is_gbk_and_names_each_register_once(tmp_path: Path) -> None:
    made = delivery(people(), STATION, START, 3)
    chinese_csv.write(tmp_path / "file", made)
    with zipfile.ZipFile(tmp_path / "file") as archive:
        texts = [archive.read(name).decode("gbk").splitlines() for name in archive.namelist()]
    assert (
        texts[0][0].startswith("计量点编号,数据日期,数据项,单位,版本,00:00,00:15") and "正向有功电量曲线" in texts[0][1]
    )
    imports = int((made.channels == "import_kwh").sum())
    assert len(texts[1]) == 1 + imports * 4


def test_no_interchange_outgrows_its_readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mscons, "MESSAGES", 50)
    mscons.write(tmp_path / "file", _delivery())
    with zipfile.ZipFile(tmp_path / "file") as archive:
        assert len(archive.namelist()) > 3
        assert all(archive.read(name).count(b"UNH+") <= 50 for name in archive.namelist())
    parsed = parse_file(tmp_path / "file", ZONE)
    assert not parsed.rejects and parsed.days.num_rows == len(_expected(_delivery(), "nem12"))


def test_every_format_that_is_read_can_be_written() -> None:
    # which the head-end writes, whatever the format of readings
    beside_readings = {"meter_events", "frozen_registers", "collection_tasks"}
    assert set(FORMATS) | beside_readings == {found.NAME for found in registry.FORMATS}
    assert list(WRITERS_OF) == list(FORMATS) == list(BYTES_A_READING) == list(READINGS_A_SECOND)


@pytest.mark.parametrize("writer", [*WRITERS, *PACKED], ids=lambda w: w.NAME)
def test_the_same_delivery_gives_the_same_bytes(tmp_path: Path, writer: ModuleType) -> None:
    writer.write(tmp_path / "a", _delivery())
    writer.write(tmp_path / "b", _delivery())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_blocks_of_any_size_hold_the_same_records() -> None:
    made = _delivery()
    whole = list(rows.blocks(made))
    small = list(rows.blocks(made, 7))
    assert len(small) > len(whole) == 2
    assert [r for b in small for r in b.fixed.to_pylist()] == [r for b in whole for r in b.fixed.to_pylist()]
    np.testing.assert_array_equal(np.vstack([b.values for b in small]), np.vstack([b.values for b in whole]))


def test_no_number_shows_the_noise_of_floats(tmp_path: Path) -> None:
    made = delivery(people(), STATION, START, 2)
    gridmart_csv.write(tmp_path / "csv", made)
    nem12.write(tmp_path / "nem", made)
    for name in ("csv", "nem"):
        lines = (tmp_path / name).read_text().splitlines()
        assert not [line for line in lines if re.search(r"\.\d{4}|\de", line)]


@pytest.mark.parametrize("writer", [*WRITERS, *PACKED], ids=lambda w: w.NAME)
def test_late_records_are_a_file_of_their_own(tmp_path: Path, writer: ModuleType) -> None:
    made = _delivery()
    records = [made.record(0, START, 2), made.record(5, START + timedelta(days=1), 1)]
    writer.write_records(tmp_path / "late", records)
    parsed = parse_file(tmp_path / "late", ZONE)
    assert not parsed.rejects
    assert parsed.days["business_date"].to_pylist() == [START, START + timedelta(days=1)]
    for got, record in zip(_scaled(parsed), records, strict=True):
        np.testing.assert_array_equal(got, record.values)


@pytest.mark.parametrize("writer", [*WRITERS, *PACKED], ids=lambda w: w.NAME)
def test_a_late_record_says_the_same_as_it_would_have_in_time(tmp_path: Path, writer: ModuleType) -> None:
    made = delivery(people(), STATION, START, 3)
    writer.write(tmp_path / "in time", made)
    day = START + timedelta(days=1)
    writer.write_records(tmp_path / "late", [made.record(0, day, 1)])
    versions = [
        dict(zip(p.days["business_date"].to_pylist(), p.days["version"].to_pylist(), strict=True))[day]
        for p in (parse_file(tmp_path / name, ZONE) for name in ("in time", "late"))
    ]
    assert versions[0] == versions[1]


@pytest.mark.parametrize("writer", [*WRITERS, *PACKED], ids=lambda w: w.NAME)
def test_a_file_of_which_nothing_is_left_is_told_by_its_reader(tmp_path: Path, writer: ModuleType) -> None:
    made = delivery(people(), STATION, START, 1)
    made.copies[:] = 0
    writer.write(tmp_path / "empty", made)
    parsed = parse_file(tmp_path / "empty", ZONE)
    assert parsed.days.num_rows == 0 and [reject.rule for reject in parsed.rejects] == ["empty_file"]
    assert not rows.has_records(made)


def _head_end(
    tmp_path: Path, made: Delivery, instances: dict[str, pd.DataFrame], **more: object
) -> dict[str, pd.DataFrame]:
    head_end.write(tmp_path / "head_end", "label", made, people(), instances, **more)
    return {
        name: pq.read_table(tmp_path / "head_end" / f"{name}_{STATION}_label.parquet").to_pandas()
        for name in ("frozen", "events", "collection")
    }


def test_frozen_registers_are_the_indexes_at_the_end_of_the_day(tmp_path: Path) -> None:
    made = delivery(people(), STATION, START, 2)
    made.values[0, 5:50] = np.nan
    made.values[1, 96:] = np.nan
    frozen = _head_end(tmp_path, made, {})["frozen"]
    keys = set(zip(frozen["point_no"], frozen["business_date"], strict=True))
    assert (made.points[0], START) in keys
    assert (made.points[1], START) in keys and (made.points[1], START + timedelta(days=1)) not in keys
    for row in frozen.itertuples():
        k = made.row_of[row.point_no, "import_kwh"]
        assert row.total_index == made.registers[k, made.day_index(row.business_date), 1]
        assert row.frozen_at == pd.Timestamp(row.business_date + timedelta(days=1), tz=ZONE)
    home = set(people().accounts.loc[people().accounts["usage_category"].eq("residential"), "point_no"])
    single = frozen["point_no"].isin(home)
    assert 0 < single.sum() < len(frozen)
    assert (frozen.loc[single, "flat_index"] == frozen.loc[single, "total_index"]).all()
    assert (frozen.loc[single, ["sharp_index", "peak_index", "valley_index", "deep_valley_index"]] == 0).all(axis=None)
    boundary = frozen["point_no"].str.startswith(("B", "K"))
    assert boundary.any() and frozen.loc[boundary, "flat_index"].isna().all()


def test_indexes_by_period_are_taken_as_they_are(tmp_path: Path) -> None:
    made = delivery(people(), STATION, START, 2)
    count = int((made.channels == "import_kwh").sum())
    index = np.arange(count * 2 * len(PERIODS), dtype=float).reshape(count, 2, len(PERIODS))
    frozen = _head_end(tmp_path, made, {}, period_index=index)["frozen"]
    got = frozen[[f"{period}_index" for period in PERIODS]].to_numpy()
    np.testing.assert_array_equal(got, index.transpose(1, 0, 2).reshape(-1, len(PERIODS)))


def test_indexes_of_periods_add_up_at_the_start() -> None:
    index = np.array([0.0, 0.01, 999_999.99, 1234.56])
    made = head_end.period_starts(index, np.array([True, True, True, False]))
    np.testing.assert_array_equal(np.round(made.sum(axis=1), 2), index)
    assert made[3].tolist() == [0, 0, 1234.56, 0, 0]
    assert (made >= 0).all()


def test_collection_tasks_tell_who_answered_at_which_try_and_why_others_did_not(tmp_path: Path) -> None:
    made = delivery(people(), STATION, START, 2)
    points = int((made.channels == "import_kwh").sum())
    silent = made.points[0]
    made.values[made.row_of[silent, "import_kwh"], 24:48] = np.nan  # the second quarter of the first day
    made.values[made.row_of[made.points[-1], "import_kwh"], 30] = np.nan  # one interval of it
    made.values[:, 96:] = np.nan  # nothing on the second day
    found = _head_end(tmp_path, made, {})["collection"]
    tasks = found.groupby(["business_date", "planned_at", "task_code"], as_index=False)["points"].sum()
    assert tasks["points"].tolist() == [points] * 10
    assert tasks["planned_at"].iloc[0] == pd.Timestamp(f"{START} 06:00", tz=ZONE)
    assert tasks["planned_at"].iloc[4] == pd.Timestamp(f"{START + timedelta(days=1)} 00:30", tz=ZONE)
    read = found[found["result_code"].eq("read")]
    assert read.groupby("planned_at")["points"].sum().tolist() == [points, points - 2, points, points, points]
    assert set(read["tries"]) >= {1, 2} and read.loc[read["tries"].eq(1), "points"].sum() > 0.9 * read["points"].sum()
    failed = found[~found["result_code"].eq("read") & found["business_date"].eq(START)]
    assert failed[["result_code", "tries", "points"]].values.tolist() == [["no_response", 3, 1], ["incomplete", 3, 1]]
    later = found[found["business_date"].gt(START)]
    assert set(later["result_code"]) == {"no_response"} and (later["points"] > 0).all()


def test_a_terminal_that_is_offline_is_the_reason_why_its_points_do_not_answer(tmp_path: Path) -> None:
    made = delivery(people(), STATION, START, 2)
    points = made.points[made.channels == "import_kwh"][:3]
    day = START + timedelta(days=1)
    gap = faults.instances(
        gap_concentrator.FAULT, point_no=points, from_date=day, to_date=day, first_slot=[40] * 3, slots=[24] * 3
    )
    gap_concentrator.apply(made, gap)
    found = _head_end(tmp_path, made, {"gap_concentrator": gap})["collection"]
    failed = found[~found["result_code"].eq("read")]
    local = failed["planned_at"].dt.tz_convert(ZONE).dt.hour
    assert list(zip(local, failed["result_code"], failed["points"], strict=True)) == [
        (12, "terminal_offline", 3),
        (18, "terminal_offline", 3),
    ]


def test_a_head_end_that_stands_still_sends_nothing_at_all(tmp_path: Path) -> None:
    stop = faults.instances(
        feed_stop.FAULT, entity=["station"], entity_no=STATION, from_date=START, to_date=START + timedelta(days=1)
    )
    found = _head_end(tmp_path, delivery(people(), STATION, START, 3), {"feed_stop": stop})
    last = START + timedelta(days=2)
    assert set(found["frozen"]["business_date"]) == set(found["collection"]["business_date"]) == {last}
    assert found["events"]["occurred_at"].ge(pd.Timestamp(last, tz=ZONE)).all()


def test_events_tell_of_gaps_swaps_and_some_thefts(tmp_path: Path) -> None:
    made = delivery(people(), STATION, START, 3)
    points = people().accounts["point_no"].iloc[people().rows_of(STATION)].tolist()
    day = START + timedelta(days=1)
    instances = {
        "gap_meter": faults.instances(
            gap_meter.FAULT, point_no=points[:2], from_date=day, to_date=day, first_slot=[8, 0], slots=[20, 3]
        ),
        "theft_hours": faults.instances(
            theft_hours.FAULT, point_no=points[2:5], from_date=[day, day, FIRST], to_date=None,
            detail=['{"event": "cover_open"}', "{}", '{"event": "cover_open"}'],
        ),
        "meter_swap": faults.instances(meter_swap.FAULT, point_no=[points[0]], from_date=day, to_date=day),
    }  # fmt: skip
    events = _head_end(tmp_path, made, instances)["events"]
    told = events[events["event_code"].isin(["communication_lost", "communication_restored"])]
    assert told[["point_no", "event_code", "occurred_at"]].values.tolist() == [
        [points[0], "communication_lost", pd.Timestamp(f"{day} 02:00", tz=ZONE)],
        [points[0], "communication_restored", pd.Timestamp(f"{day} 06:59", tz=ZONE)],
    ]
    opened = events[events["event_code"].eq("cover_open") & events["point_no"].isin(points[2:5])]
    assert opened["point_no"].tolist() == [points[2]]
    assert (
        events["occurred_at"]
        .between(pd.Timestamp(START, tz=ZONE), pd.Timestamp(START + timedelta(days=3), tz=ZONE))
        .all()
    )
    installed = events[events["event_code"].eq("meter_installed")]
    assert installed["meter_no"].tolist() == [f"N{points[0]}"]
    before = events[events["point_no"].eq(points[3])]
    assert before["meter_no"].str.startswith("M").all()
    assert events["event_code"].eq("clock_synchronised").any()
    assert events["event_zh"].notna().all() and events["event_en"].notna().all()


def test_a_clock_that_is_off_is_told_every_week_and_set_at_the_end_alone(tmp_path: Path) -> None:
    made = delivery(people(), STATION, START, 30)
    point = people().accounts["point_no"].iloc[people().rows_of(STATION)].iloc[0]
    first, last = START + timedelta(days=2), START + timedelta(days=21)
    drift = faults.instances(
        clock_drift.FAULT, point_no=[point], from_date=first, to_date=last, detail=['{"event": "clock_fault"}']
    )
    told = _head_end(tmp_path, made, {"clock_drift": drift})["events"]
    told = told[told["point_no"].eq(point) & told["event_code"].str.startswith("clock")]
    dates = told["occurred_at"].dt.tz_convert(ZONE).dt.date
    off = told[dates.between(first, last)]
    assert off["event_code"].tolist() == ["clock_fault"] * 3 + ["clock_synchronised"]
    assert dates[off.index].tolist() == [first, first + timedelta(days=7), first + timedelta(days=14), last]
    assert not told.loc[~dates.between(first, last), "event_code"].eq("clock_fault").any()


def test_what_a_head_end_says_of_a_date_does_not_depend_on_the_span(tmp_path: Path) -> None:
    one = _head_end(tmp_path, delivery(people(), STATION, START + timedelta(days=1), 1), {})
    three = _head_end(tmp_path, delivery(people(), STATION, START, 3), {})
    day = pd.Timestamp(START + timedelta(days=1), tz=ZONE)
    for name, when in (("events", "occurred_at"), ("frozen", "frozen_at"), ("collection", "planned_at")):
        shift = pd.Timedelta(days=1) if name == "frozen" else pd.Timedelta(minutes=31) if name == "collection" else None
        begin = day if shift is None else day + shift
        same = three[name][three[name][when].ge(begin) & three[name][when].lt(begin + pd.Timedelta(days=1))]
        pd.testing.assert_frame_equal(one[name], same.reset_index(drop=True))
