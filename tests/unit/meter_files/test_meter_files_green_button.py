"""Green Button: links between resources, multipliers, units, local time, and every refusal."""

import gzip
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from format_samples import START, feed, interval_block, local_time, reading_type, usage_point

from gridmart.sources.meter_files.registry import parse_bytes
from gridmart.sources.meter_files.stated_time import StatedTime
from gridmart.sources.meter_files.summary import summaries

ZONE = ZoneInfo("Asia/Shanghai")


def totals(data: bytes) -> list[dict]:
    return list(summaries("f", parse_bytes(data, ZONE), ZONE))


def rules(data: bytes) -> list[str]:
    return [reject.rule for reject in parse_bytes(data, ZONE).rejects]


def one_block(kind: str, values: list[object] | None = None, service: int = 0) -> bytes:
    return feed(usage_point(kind=service), kind, interval_block(values or [1000, 500], START))


def test_a_block_becomes_the_intervals_of_local_days():
    data = feed(usage_point(), reading_type(), interval_block(list(range(100)), START, quality=8))
    parsed = parse_bytes(data, ZONE)
    first, second = parsed.days.to_pylist()
    assert first["values"] == list(range(96))
    assert second["values"] == [96, 97, 98, 99, *[None] * 92]
    assert (first["point_no"], first["stream"], first["channel"], first["unit"], first["scale"], first["flag"]) == (
        "UP1", "forward/01", "import_kwh", "Wh", -1000, "E:8",
    )  # fmt: skip
    assert (first["version"], first["interval_minutes"]) == (20261002010203, 15)


@pytest.mark.parametrize(
    ("power", "uom", "flow", "unit", "channel", "kwh"),
    [
        (0, 72, 1, "Wh", "import_kwh", 1.5),
        (3, 72, 19, "kWh", "export_kwh", 1500.0),
        (-3, 72, 1, "mWh", "import_kwh", 0.0015),
        (6, 72, 1, "MWh", "import_kwh", 1_500_000.0),
        (1, 72, 1, "10^1 Wh", "import_kwh", 15.0),
        (0, 72, 4, "Wh", None, 1.5),
        (0, 73, 1, "VArh", "import_kvarh", None),
        (0, 29, 1, "V", "voltage_v", None),
        (3, 128, 1, "kUSGal", None, None),
        (0, 38, 1, "W", None, None),
    ],
)
def test_multiplier_unit_and_direction(power: int, uom: int, flow: int, unit: str, channel: str | None, kwh: float):
    data = one_block(reading_type(power, uom, flow))
    assert parse_bytes(data, ZONE).days["channel"].to_pylist() == [channel]
    (found,) = totals(data)
    assert (found["unit"], found["total"], found["readings"]) == (unit, 1500.0, 2)
    assert found.get("total_kwh") == kwh


def test_water_and_gas_have_no_channel_even_in_watt_hours():
    assert parse_bytes(one_block(reading_type(), service=2), ZONE).days["channel"].to_pylist() == [None]


def test_several_usage_points_and_readings_are_told_apart_in_any_order():
    data = feed(
        interval_block([7], START, name="UP2"),
        interval_block([2], START, reading="02"),
        interval_block([1], START),
        interval_block([5], START, customer="other"),
        reading_type(), reading_type(flow=19, name="08"),
        usage_point(name="UP2"), usage_point(reading="02", type_name="08"), usage_point(),
        usage_point(customer="other"),
    )  # fmt: skip
    assert {(row["point"], row["channel"]): row["total"] for row in totals(data)} == {
        ("UP2", "forward/01"): 7.0,
        ("9b/UP1", "reverse/02"): 2.0,
        ("9b/UP1", "forward/01"): 1.0,
        ("other/UP1", "forward/01"): 5.0,
    }


def test_time_is_printed_as_the_feed_states_it():
    for day, offset in ((8, "-05:00"), (9, "-04:00")):  # clocks change on 8 March
        start = datetime(2026, 3, day, tzinfo=ZoneInfo("America/New_York"))
        (found,) = totals(feed(usage_point(), local_time(), reading_type(), interval_block([1], start)))
        assert found["first"] == f"2026-03-{day:02d}T00:00:00{offset}"


@pytest.mark.parametrize(
    ("zone", "stated"),
    [
        ("America/New_York", StatedTime(-18000, 3600, "360E2000", "B40E2000")),
        ("Europe/Berlin", StatedTime(3600, 3600, "3E0E2000", "AE0E3000")),
        ("Australia/Sydney", StatedTime(36000, 3600, "A40E2000", "440E3000")),
        ("Asia/Shanghai", StatedTime(28800, 0, "", "")),
    ],
)
def test_stated_rules_give_the_offsets_of_the_real_zone(zone: str, stated: StatedTime):
    real = ZoneInfo(zone)
    at = int(datetime(2024, 1, 1, tzinfo=ZONE).timestamp())
    for hour in range(0, 3 * 366 * 24, 1):
        moment = at + hour * 3600
        mine, theirs = datetime.fromtimestamp(moment, stated), datetime.fromtimestamp(moment, real)
        assert mine.utcoffset() == theirs.utcoffset(), theirs


def test_values_that_a_register_shows_are_indexes_at_the_end():
    (row,) = parse_bytes(one_block(reading_type(behaviour=9), [500]), ZONE).reads.to_pylist()
    end = int((START + timedelta(minutes=15)).timestamp())
    assert (row["start_s"], row["end_s"], row["index_end"], row["value"]) == (end, end, 500.0, None)


def test_a_day_is_no_interval_but_is_read():
    data = feed(usage_point(), reading_type(), interval_block([30, 40], START, seconds=86_400))
    parsed = parse_bytes(data, ZONE)
    assert (parsed.days.num_rows, parsed.reads["value"].to_pylist()) == (0, [30.0, 40.0])
    assert totals(data)[0]["last"] == "2026-10-03T00:00:00+08:00"


def test_the_same_interval_twice_is_two_records():
    data = feed(usage_point(), reading_type(), interval_block([1, 2], START), interval_block([1, 3], START))
    assert [row["values"][:2] for row in parse_bytes(data, ZONE).days.to_pylist()] == [[1, 2], [1, 3]]
    assert totals(data)[0]["readings"] == 4


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (one_block(reading_type(), ["x", 2, "1e400", "１２"]), ["bad_number"] * 3),
        (one_block(reading_type(power=12)), []),
        (one_block(reading_type(power=13)), ["unit_mismatch"]),
        (feed(usage_point(), interval_block([1], START)), ["bad_structure"]),
        (feed(interval_block([1], START), reading_type(), reading_type(name="08")), ["bad_structure"]),
        (feed(interval_block([1], START), reading_type()), []),
        (feed(usage_point(), reading_type(), interval_block([], START)), ["bad_structure"]),
        (feed(usage_point(), reading_type(), interval_block([1], START, seconds=-5)), ["bad_date"]),
        (feed(usage_point(), reading_type()), ["empty_file"]),
        (feed(), ["empty_file"]),
        (b"<xyz><abc>123</abc></xyz>", ["unknown_format"]),
    ],
)
def test_what_is_refused(data: bytes, expected: list[str]):
    assert rules(data) == expected
    assert all(reject.reason for reject in parse_bytes(data, ZONE).rejects)


def test_a_document_that_breaks_off_keeps_what_came_before():
    data = feed(usage_point(), reading_type(), interval_block([1, 2], START), interval_block([3], START))
    cut = data[: data.rindex(b"<entry>") + 300]
    parsed = parse_bytes(cut, ZONE)
    assert [(reject.rule, reject.row_number) for reject in parsed.rejects] == [("truncated", cut.count(b"\n") + 1)]
    assert parsed.days.num_rows == 1
    assert rules(data.replace(b"</title>", b"</tilte>")) == ["bad_structure"]


@pytest.mark.parametrize(
    "doctype",
    [
        b'<!DOCTYPE feed [<!ENTITY lol "lol"><!ENTITY big "&lol;&lol;&lol;&lol;">]>',
        b'<!DOCTYPE feed SYSTEM "file:///etc/passwd">',
        b'<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_a_document_type_is_refused_before_anything_is_expanded(doctype: bytes):
    data = one_block(reading_type()).replace(b"<feed", doctype + b"<feed", 1)
    assert rules(data) == ["xml_entities"]


def test_depth_and_size_are_bounded(monkeypatch: pytest.MonkeyPatch):
    assert rules(feed("<entry>" + "<a>" * 5000 + "</a>" * 5000 + "</entry>")) == ["archive_limit"]
    monkeypatch.setattr("gridmart.sources.meter_files.xml_reader.MAX_ELEMENTS", 10)
    assert rules(one_block(reading_type())) == ["archive_limit"]
    monkeypatch.setattr("gridmart.sources.meter_files.xml_reader.MAX_BYTES", 10)
    assert rules(one_block(reading_type())) == ["archive_limit"]


def test_other_encodings_are_read_when_they_are_declared():
    text = one_block(reading_type()).decode().replace("Batch", "Müller").replace("UTF-8", "ISO-8859-1")
    assert totals(text.encode("latin-1")) == totals(text.replace("ISO-8859-1", "UTF-8").encode())
    assert rules(text.replace("ISO-8859-1", "UTF-8").encode("latin-1")) == ["bad_encoding"]
    assert totals(gzip.compress(text.encode("latin-1"))) == totals(text.encode("latin-1"))
