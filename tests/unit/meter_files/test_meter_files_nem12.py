"""NEM12: records 100 to 900, flags, units, and every refusal."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meter_file_samples import nem12_file, record_200, record_300

from gridmart.sources.meter_files import flatten
from gridmart.sources.meter_files.registry import parse_bytes

ZONE = ZoneInfo("Asia/Shanghai")
ARRIVED = datetime(2026, 11, 1, tzinfo=ZONE)


def rules(data: bytes) -> list[tuple[int, str]]:
    return [(reject.row_number, reject.rule) for reject in parse_bytes(data, ZONE).rejects]


def readings(data: bytes) -> list[dict]:
    days = flatten.screen(parse_bytes(data, ZONE), ARRIVED, ZONE).days
    days = days.append_column("file_id", [["f"] * days.num_rows]).append_column(
        "arrived_at", [[ARRIVED] * days.num_rows]
    )
    return flatten.readings(days, date(2026, 10, 1), ZONE).to_pylist()


@pytest.mark.parametrize("minutes", [5, 15, 30])
def test_each_interval_length_fills_its_day(minutes: int):
    count = 1440 // minutes
    rows = readings(nem12_file(record_200(minutes=minutes), record_300(values=list(range(count)))))
    assert [row["value"] for row in rows] == list(range(count))
    assert rows[0]["interval_start"] == datetime(2026, 10, 1, tzinfo=ZONE)
    assert rows[1]["interval_start"].timestamp() - rows[0]["interval_start"].timestamp() == minutes * 60
    assert {row["interval_minutes"] for row in rows} == {minutes}


@pytest.mark.parametrize(
    ("suffix", "unit", "channel", "value"),
    [
        ("E1", "kWh", "import_kwh", 500.0),
        ("B1", "KWH", "export_kwh", 500.0),
        ("E1", "Wh", "import_kwh", 0.5),
        ("E1", "MWh", "import_kwh", 500_000.0),
        ("Q1", "kVArh", "import_kvarh", 500.0),
        ("K1", "KVARH", "export_kvarh", 500.0),
        ("Q1", "varh", "import_kvarh", 0.5),
    ],
)
def test_suffix_and_unit_give_channel_and_value(suffix: str, unit: str, channel: str, value: float):
    rows = readings(nem12_file(record_200(suffix=suffix, unit=unit), record_300(values=[500] * 48)))
    assert {(row["channel"], row["value"]) for row in rows} == {(channel, value)}


def test_400_records_say_the_quality_of_each_part_and_null_data_is_no_reading():
    data = nem12_file(
        record_200(), record_300(tail="V,,,20261002010203,"), "400,1,20,A,,", "400,21,24,E52,76,why", "400,25,48,N,,"
    )
    rows = readings(data)
    assert [row["quality_flag"] for row in rows] == ["A"] * 20 + ["E52"] * 4
    assert flatten.count_readings(parse_bytes(data, ZONE).days) == 24


def test_the_version_is_the_update_time_or_else_the_files():
    data = nem12_file(record_200(), record_300(), record_300("20261003", tail="A,,,,"))
    assert parse_bytes(data, ZONE).days["version"].to_pylist() == [20261002010203, 20261002000000]


@pytest.mark.parametrize("tail", ["A,,,20261002010203", "A,,,20261002010203,", "A,,,20261002010203,,,,,,,", "A"])
def test_missing_and_additional_fields_after_the_flag_are_fine(tail: str):
    parsed = parse_bytes(nem12_file(record_200(), record_300(tail=tail)), ZONE)
    assert not parsed.rejects
    assert parsed.days["flag"].to_pylist() == ["A"]


def test_a_register_that_gridmart_has_no_channel_for_is_read_as_it_is():
    data = nem12_file(record_200(suffix="V1", unit="", minutes=10), record_300(values=[230.5] * 144))
    row = parse_bytes(data, ZONE).days.to_pylist()[0]
    assert (row["stream"], row["channel"], row["interval_minutes"], len(row["values"])) == ("V1", None, 10, 144)


def test_what_records_say_beside_their_values_is_kept():
    data = nem12_file(
        record_200(), record_300(tail="V,,,20261002010203,"), "400,1,20,A,,", "400,21,48,S14,0,lost, then found",
        "500,S,SRV1,20261001121004,001123.5", record_300("20261002", tail="F14,32,gone,20261003010203,"),
    )  # fmt: skip
    parsed = parse_bytes(data, ZONE)
    assert not parsed.rejects
    found = [(row["row_number"], row["name"], row["text"]) for row in parsed.details.to_pylist()]
    assert found == [
        (2, "nmi_configuration", "E1"), (2, "register_id", "1"), (2, "mdm_data_stream", "N1"),
        (2, "meter_no", "METER1"), (5, "reason_code", "21-48: 0"), (5, "reason", "21-48: lost"),
        (6, "transaction_code", "S"), (6, "service_order", "SRV1"), (6, "read_at", "20261001121004"),
        (6, "index_read", "001123.5"), (7, "reason_code", "32"), (7, "reason", "gone"),
    ]  # fmt: skip
    assert {row["business_date"] for row in parsed.details.to_pylist()[6:10]} == {date(2026, 10, 1)}


def test_a_file_without_any_day_is_refused():
    assert rules(nem12_file()) == [(0, "empty_file")]


def test_500_records_and_an_empty_value_are_fine():
    data = nem12_file(record_200(), record_300(values=["", *[1] * 47]), "500,O,S01009,20260310121004,")
    assert not rules(data)
    assert len(readings(data)) == 47


def test_a_folded_300_record_is_refused_as_one_record():
    line = record_300()
    data = nem12_file(record_200(), line[:60], line[60:120], line[120:], record_300("20261002"))
    parsed = parse_bytes(data, ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(3, "bad_structure")]
    assert "lines 3 to 5" in parsed.rejects[0].reason
    assert parsed.rejects[0].content == line
    assert parsed.days["row_number"].to_pylist() == [6]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([record_200(), record_300(values=[1] * 47)], [(3, "interval_mismatch")]),
        ([record_200(), record_300(values=[1] * 96)], [(3, "interval_mismatch")]),
        ([record_200(), record_300(values=["x", *[1] * 47])], [(3, "bad_number")]),
        ([record_200(), record_300(values=["nan", *[1] * 47])], [(3, "bad_number")]),
        ([record_200(), record_300("20261301")], [(3, "bad_date")]),
        ([record_200(), record_300(tail="Z,,,,")], [(3, "bad_structure")]),
        ([record_200(unit="GJ"), record_300()], [(3, "unit_mismatch")]),
        ([record_200(suffix="E1", unit="kvarh"), record_300()], [(3, "unit_mismatch")]),
        ([record_200(minutes=7), record_300()], [(3, "interval_mismatch")]),
        ([record_300()], [(2, "bad_structure")]),
        ([record_200(), record_300(), "777,what"], [(4, "bad_structure")]),
        ([record_200(), record_300(tail="V,,,,"), "400,1,20,A,,"], [(3, "bad_structure")]),
        ([record_200(), record_300(tail="V,,,,"), "400,1,96,A,,"], [(3, "interval_mismatch")]),
        ([record_200(), "400,1,48,A,,"], [(3, "bad_structure")]),
    ],
)
def test_a_bad_record_is_refused_and_others_stay(records: list[str], expected: list[tuple[int, str]]):
    parsed = parse_bytes(nem12_file(*records, record_200("P000000009"), record_300()), ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == expected
    assert "P000000009" in parsed.days["point_no"].to_pylist()
    assert all(reject.content and reject.reason and reject.next_step for reject in parsed.rejects)


def test_without_its_100_record_a_file_is_refused():
    assert rules(nem12_file(record_200(), record_300(), header="")) == [(0, "missing_header")]


def test_without_its_900_record_the_last_day_does_not_count():
    data = nem12_file(record_200(), record_300(), record_300("20261002"), end="")
    for cut in (data, data[:-9], data[:-150]):
        parsed = parse_bytes(cut, ZONE)
        assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(4, "truncated")]
        assert parsed.days.num_rows == 1


def test_a_register_without_a_channel_and_dates_out_of_time_are_refused_on_arrival():
    data = nem12_file(
        record_200(suffix="E2"),
        record_300(),
        record_200(),
        record_300("20990101"),
        record_300("20200101"),
        record_300(),
    )
    parsed = parse_bytes(data, ZONE)
    assert not parsed.rejects
    screened = flatten.screen(parsed, ARRIVED, ZONE)
    assert [(reject.row_number, reject.rule) for reject in screened.rejects] == [
        (3, "unknown_channel"), (5, "future"), (6, "stale"),
    ]  # fmt: skip
    assert screened.days["row_number"].to_pylist() == [7]
    assert screened.delivered == parsed.delivered


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_never_breaks_the_reader(data: st.DataObject):
    content = bytearray(nem12_file(record_200(), record_300(), record_300(tail="V,,,,"), "400,1,48,A,,"))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    parsed = parse_bytes(bytes(content), ZONE)
    assert parsed.delivered >= 1
    flatten.count_readings(parsed.days)
