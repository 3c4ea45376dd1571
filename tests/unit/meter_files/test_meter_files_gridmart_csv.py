"""gridmart CSV: every accepted form, every refusal."""

import math
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meter_file_samples import csv_file, csv_row

from gridmart.sources.meter_files.registry import parse_bytes

ZONE = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def rules(data: bytes, zone: ZoneInfo = ZONE) -> list[tuple[int, str]]:
    return [(reject.row_number, reject.rule) for reject in parse_bytes(data, zone).rejects]


def test_a_row_keeps_its_values_unit_version_and_registers():
    parsed = parse_bytes(csv_file(csv_row(values=["", *range(95)], version=7, start="10.5", end="11.25")), ZONE)
    row = parsed.days.to_pylist()[0]
    assert row["values"] == [None, *map(float, range(95))]
    assert (row["point_no"], row["channel"], row["unit"], row["version"], row["row_number"]) == (
        "P000000001", "import_kwh", "kWh", 7, 2,
    )  # fmt: skip
    read = parsed.registers.to_pylist()[0]
    assert (read["index_start"], read["index_end"], read["business_date"]) == (10.5, 11.25, date(2026, 10, 1))
    assert not parsed.rejects


def test_rows_without_registers_give_no_register_read():
    assert parse_bytes(csv_file(csv_row()), ZONE).registers.num_rows == 0


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (csv_row(values=["x", *[1] * 95]), "bad_number"),
        (csv_row(values=["nan", *[1] * 95]), "bad_number"),
        (csv_row(values=["inf", *[1] * 95]), "bad_number"),
        (csv_row(values=["1e400", *[1] * 95]), "bad_number"),
        (csv_row(values=["１２", *[1] * 95]), "bad_number"),
        (csv_row(start="abc"), "bad_number"),
        (csv_row(version="one"), "bad_number"),
        (csv_row(version=""), "bad_number"),
        (csv_row(day="2026-02-30"), "bad_date"),
        (csv_row(day="01.10.2026"), "bad_date"),
        (csv_row(point=""), "bad_structure"),
        (csv_row(values=[1] * 95), "bad_structure"),
        (csv_row(values=[1] * 97), "bad_structure"),
        (csv_row(channel="steam"), "unknown_channel"),
        (csv_row(unit="GJ"), "unit_mismatch"),
        (csv_row(unit="kvarh"), "unit_mismatch"),
        (csv_row(minutes=7), "interval_mismatch"),
        (csv_row(minutes=30), "interval_mismatch"),
        (csv_row(minutes=5), "interval_mismatch"),
    ],
)
def test_a_bad_row_is_refused_and_its_neighbours_stay(row: str, rule: str):
    parsed = parse_bytes(csv_file(csv_row("P000000001"), row, csv_row("P000000003")), ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(3, rule)]
    assert parsed.days["point_no"].to_pylist() == ["P000000001", "P000000003"]
    assert parsed.days["row_number"].to_pylist() == [2, 4]
    assert parsed.rejects[0].content == row[:500]
    assert parsed.rejects[0].reason
    assert parsed.rejects[0].next_step
    assert parsed.delivered == 3


def test_a_line_cut_off_at_the_end_is_truncated_and_the_rest_stays():
    data = csv_file(csv_row(), csv_row("P000000002"))
    assert rules(data[:-40]) == [(3, "truncated")]


def test_a_missing_last_line_end_and_crlf_and_a_bom_are_fine():
    data = csv_file(csv_row(), csv_row("P000000002"))
    for variant in (data.rstrip(b"\n"), data.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + data):
        parsed = parse_bytes(variant, ZONE)
        assert not parsed.rejects
        assert parsed.days.num_rows == 2


def test_a_carriage_return_alone_ends_a_line():
    rows = [csv_row(), csv_row("P000000002").replace(",1.0,", ",1.0\r,", 1), csv_row("P000000003")]
    parsed = parse_bytes(csv_file(*rows), ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [
        (3, "bad_structure"),
        (4, "bad_structure"),
    ]
    assert parsed.rejects[1].content.startswith(",1.0,")
    assert parsed.days["row_number"].to_pylist() == [2, 5]
    assert parse_bytes(csv_file(*rows[::2]).replace(b"\n", b"\r"), ZONE).days.num_rows == 2


def test_negative_values_come_in():
    assert not rules(csv_file(csv_row(values=[-1.5, *[1] * 95])))


def test_blank_lines_do_not_count():
    data = csv_file(csv_row(), "", csv_row("P000000002"))
    parsed = parse_bytes(data, ZONE)
    assert parsed.days["row_number"].to_pylist() == [2, 4]
    assert not parsed.rejects


def test_a_wrong_header_is_refused_as_a_whole():
    data = csv_file(csv_row()).replace(b"register_start", b"register", 1)
    assert rules(data) == [(0, "missing_header")]


@pytest.mark.parametrize(("day", "intervals"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)])
def test_days_of_23_and_25_hours_hold_their_own_count(day: date, intervals: int):
    good = csv_row(day=day, values=[*[1] * intervals, *[""] * (100 - intervals)])
    long = csv_row("P000000002", day, [1] * 100)
    expected = [] if intervals == 100 else [(3, "interval_mismatch")]
    assert rules(csv_file(good, long, width=100), BERLIN) == expected
    assert len(parse_bytes(csv_file(good, width=100), BERLIN).days["values"][0]) == intervals


numbers = st.one_of(st.none(), st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 3)))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(numbers, min_size=24, max_size=24), min_size=1, max_size=5))
def test_what_is_written_is_read_back(days: list[list[float | None]]):
    rows = [
        csv_row(f"P{n:09d}", values=["" if value is None else repr(value) for value in values], minutes=60)
        for n, values in enumerate(days)
    ]
    parsed = parse_bytes(csv_file(*rows, width=24), ZONE)
    assert not parsed.rejects
    for read, written in zip(parsed.days["values"].to_pylist(), days, strict=True):
        for a, b in zip(read, written, strict=True):
            assert a is b is None or math.isclose(a, b, rel_tol=0, abs_tol=0)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_never_breaks_the_reader(data: st.DataObject):
    content = bytearray(csv_file(csv_row(), csv_row("P000000002"), csv_row("P000000003")))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    parsed = parse_bytes(bytes(content), ZONE)
    assert parsed.delivered >= 1
    assert all(reject.reason and reject.next_step for reject in parsed.rejects)
