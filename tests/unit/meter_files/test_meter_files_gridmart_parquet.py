"""gridmart Parquet: what gridmart CSV accepts and refuses, and files that lie about themselves."""

import gzip
import io
import math
import zipfile
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from meter_file_samples import PARQUET, csv_file, csv_row, parquet_file, parquet_row, parquet_table
from meter_file_samples import packed_parquet as packed

from gridmart.simulator.delivery import Delivery, Record, gridmart_csv, gridmart_parquet
from gridmart.sources.meter_files import gridmart_parquet as reader
from gridmart.sources.meter_files import parquet_claims
from gridmart.sources.meter_files.registry import parse_bytes, parse_file

ZONE = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 10, 1)


def rules(data: bytes, zone: ZoneInfo = ZONE) -> list[tuple[int, str]]:
    return [(reject.row_number, reject.rule) for reject in parse_bytes(data, zone).rejects]


def test_a_row_keeps_its_values_unit_version_and_registers() -> None:
    values = [None, *map(float, range(95))]
    parsed = parse_bytes(
        parquet_file(parquet_row(values=values, version=7, register_start=10.5, register_end=11.25)), ZONE
    )
    found = parsed.days.to_pylist()[0]
    assert not parsed.rejects
    assert (parsed.format, parsed.lines) == ("gridmart_parquet", 1)
    assert found["values"] == values
    assert (found["point_no"], found["channel"], found["unit"], found["version"], found["row_number"]) == (
        "P000000001", "import_kwh", "kWh", 7, 1,
    )  # fmt: skip
    read = parsed.registers.to_pylist()[0]
    assert (read["index_start"], read["index_end"], read["business_date"]) == (10.5, 11.25, DAY)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"values": [math.nan, *[1.0] * 95]}, "bad_number"),
        ({"values": [*[1.0] * 95, math.inf]}, "bad_number"),
        ({"register_start": math.nan}, "bad_number"),
        ({"register_end": -math.inf}, "bad_number"),
        ({"version": None}, "bad_number"),
        ({"version": -1}, "bad_number"),
        ({"version": 10**18 + 1}, "bad_number"),
        ({"date": None}, "bad_date"),
        ({"point": ""}, "bad_structure"),
        ({"point": None}, "bad_structure"),
        ({"point": "P" * 65}, "bad_structure"),
        ({"point": "P1\0"}, "bad_structure"),
        ({"point": "P1\nP2"}, "bad_structure"),
        ({"channel": "steam"}, "unknown_channel"),
        ({"channel": None}, "unknown_channel"),
        ({"unit": "GJ"}, "unit_mismatch"),
        ({"unit": "kvarh"}, "unit_mismatch"),
        ({"interval_minutes": 7}, "interval_mismatch"),
        ({"interval_minutes": None}, "interval_mismatch"),
        ({"interval_minutes": 30}, "interval_mismatch"),
        ({"interval_minutes": 5}, "interval_mismatch"),
        ({"values": [1.0] * 95}, "interval_mismatch"),
        ({"values": [1.0] * 97}, "interval_mismatch"),
        ({"values": [*[1.0] * 97, None]}, "interval_mismatch"),
        ({"values": []}, "interval_mismatch"),
        ({"values": None}, "interval_mismatch"),
    ],
)
def test_a_bad_row_is_refused_and_its_neighbours_stay(changed: dict[str, object], rule: str) -> None:
    data = parquet_file(parquet_row(), parquet_row(**changed), parquet_row(point="P000000003", values=[2.0] * 96))
    parsed = parse_bytes(data, ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(2, rule)]
    assert parsed.days["point_no"].to_pylist() == ["P000000001", "P000000003"]
    assert parsed.days["row_number"].to_pylist() == [1, 3]
    assert parsed.days["values"].to_pylist() == [[1.0] * 96, [2.0] * 96]
    assert parsed.rejects[0].reason and parsed.rejects[0].next_step
    assert parsed.rejects[0].content.isprintable()
    assert parsed.delivered == 3


def test_a_date_that_no_calendar_has_is_refused() -> None:
    content = parquet_table(parquet_row(), parquet_row())
    days = pa.array([20_000, 2**31 - 1], pa.int32()).cast(pa.date32())
    data = packed(content.set_column(3, "date", days))
    assert rules(data) == [(2, "bad_date")]
    assert parse_bytes(data, ZONE).days.num_rows == 1


def test_further_values_may_be_empty() -> None:
    parsed = parse_bytes(
        parquet_file(parquet_row(values=[*[1.0] * 96, None, None]), parquet_row(values=[2.0] * 96)), ZONE
    )
    assert not parsed.rejects
    assert parsed.days["values"].to_pylist() == [[1.0] * 96, [2.0] * 96]


@pytest.mark.parametrize(("day", "intervals"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)])
def test_days_of_23_and_25_hours_hold_their_own_count(day: date, intervals: int) -> None:
    good, longer = (
        parquet_row(date=day, values=[1.0] * intervals),
        parquet_row(date=day, values=[1.0] * (intervals + 1)),
    )
    assert rules(parquet_file(good, longer), BERLIN) == [(2, "interval_mismatch")]
    assert len(parse_bytes(parquet_file(good), BERLIN).days["values"][0]) == intervals


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "none"},
        {"compression": "snappy", "data_page_version": "2.0"},
        {"compression": "gzip", "use_dictionary": False},
        {"row_group_size": 1, "store_schema": False},
        {"use_dictionary": False, "column_encoding": {"values.list.element": "BYTE_STREAM_SPLIT"}},
        {"data_page_size": 16, "write_page_index": True, "write_page_checksum": True},
    ],
)
def test_ways_to_write_the_same_rows_are_read_alike(options: dict[str, object]) -> None:
    rows = [
        parquet_row(point=f"P{k:09d}", values=[k + n / 8 for n in range(96)], register_start=float(k)) for k in range(5)
    ]
    assert parse_bytes(parquet_file(*rows, **options), ZONE).days.equals(parse_bytes(parquet_file(*rows), ZONE).days)


def test_other_types_of_the_same_meaning_are_read() -> None:
    usual = parquet_table(parquet_row(), parquet_row(point="P000000002"))
    kinds = {
        "point": pa.dictionary(pa.int32(), pa.string()), "channel": pa.large_string(), "version": pa.int16(),
        "interval_minutes": pa.uint8(), "values": pa.large_list(pa.float64()),
    }  # fmt: skip
    other = usual.cast(pa.schema([pa.field(f.name, kinds.get(f.name, f.type)) for f in PARQUET]))
    other = other.select(other.column_names[::-1])
    assert parse_bytes(packed(other), ZONE).days.equals(parse_bytes(packed(usual), ZONE).days)


def _with(name: str, column: pa.Array) -> pa.Table:
    return parquet_table(parquet_row()).set_column(PARQUET.names.index(name), name, column)


@pytest.mark.parametrize(
    "content",
    [
        parquet_table(parquet_row()).drop_columns(["unit"]),
        parquet_table(parquet_row()).append_column("quality", pa.array(["A"])),
        parquet_table(parquet_row()).append_column("unit", pa.array(["kWh"])),
        parquet_table(parquet_row()).rename_columns(["point_no", *PARQUET.names[1:]]),
        _with("values", pa.array([[1.0] * 96], pa.list_(pa.float32()))),
        _with("values", pa.array([["1.0"] * 96], pa.list_(pa.string()))),
        _with("values", pa.array([1.0])),
        _with("values", pa.array([[[1.0]] * 96], pa.list_(pa.list_(pa.float64())))),
        _with("date", pa.array(["2026-10-01"])),
        _with("date", pa.array([0], pa.timestamp("us"))),
        _with("version", pa.array(["1"])),
        _with("version", pa.array([1], pa.uint64())),
        _with("point", pa.array([1])),
        _with("point", pa.array([b"P1"], pa.binary())),
        _with("register_start", pa.array(["1"])),
        pa.table({"a": [1]}),
        pa.table({}),
    ],
)
def test_other_columns_or_types_are_refused_as_a_whole(content: pa.Table) -> None:
    parsed = parse_bytes(packed(content), ZONE)
    assert [(r.row_number, r.rule) for r in parsed.rejects] == [(0, "missing_header")]
    assert parsed.rejects[0].content == ""


def test_a_file_of_no_row_is_refused() -> None:
    assert rules(packed(PARQUET.empty_table())) == [(0, "empty_file")]


def test_text_that_is_not_utf8_is_refused() -> None:
    data = parquet_file(parquet_row(point="客户"), compression="none")
    assert rules(data.replace("客户".encode(), "客户".encode("gbk") + b"xx")) == [(0, "bad_encoding")]


def test_it_may_be_packed_and_stand_beside_other_formats() -> None:
    data = parquet_file(parquet_row(), parquet_row())
    assert parse_bytes(gzip.compress(data), ZONE).days.equals(parse_bytes(data, ZONE).days)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a", data)
        archive.writestr("b", csv_file(csv_row("P000000002")))
    parsed = parse_bytes(sink.getvalue(), ZONE)
    assert parsed.format == "gridmart_csv+gridmart_parquet"
    assert parsed.days["row_number"].to_pylist() == [1, 2, 4]


def test_a_format_that_is_given_is_the_one_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(parquet_file(parquet_row()))
    assert parse_file(tmp_path / "a", ZONE, "gridmart_parquet").days.num_rows == 1
    assert [r.rule for r in parse_file(tmp_path / "a", ZONE, "gridmart_csv").rejects] == ["binary_zeros"]
    (tmp_path / "b").write_bytes(csv_file(csv_row()))
    assert [r.rule for r in parse_file(tmp_path / "b", ZONE, "gridmart_parquet").rejects] == ["missing_header"]


def test_a_file_cut_off_anywhere_is_refused() -> None:
    data = parquet_file(*(parquet_row(point=f"P{k}") for k in range(3)))
    for size in range(5, len(data), 37):
        assert rules(data[:size]) == [(0, "truncated")]
    assert [rule for _, rule in rules(data[:4] + data[400:])] in (["damaged"], ["truncated"])
    assert rules(b"PAR1" + bytes(4) + b"\xff\xff\xff\x7fPAR1") == [(0, "truncated")]
    assert rules(b"PAR1PAR1") == [(0, "truncated")]


def test_a_file_larger_than_any_delivery_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    data = parquet_file(*[parquet_row()] * 40)
    for limit, most in (("MAX_ROWS", 39), ("MAX_VALUES", 40 * 96 - 1)):
        with monkeypatch.context() as patch:
            patch.setattr(reader, limit, most)
            assert rules(data) == [(0, "archive_limit")]
    with monkeypatch.context() as patch:
        patch.setattr(reader.container, "MAX_BYTES", 40 * 96 * 8)
        assert rules(parquet_file(*[parquet_row()] * 40, use_dictionary=False)) == [(0, "archive_limit")]
    with monkeypatch.context() as patch:
        patch.setattr(parquet_claims, "MAX_FOOTER", 100)
        assert rules(data) == [(0, "archive_limit")]
    assert not rules(data)


def test_a_long_text_that_many_rows_share_stays_one() -> None:
    names = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), ["P" * 1_000_000])
    data = packed(parquet_table(*[parquet_row()] * 2000).set_column(0, "point", names))
    assert len(data) < 200_000  # two gigabytes of text
    parsed = parse_bytes(data, ZONE)
    assert len(parsed.rejects) == 2000
    assert parsed.rejects[0].point_no == "P" * 64


def test_texts_that_share_a_prefix_are_not_unpacked() -> None:
    data = parquet_file(
        *(parquet_row(point="P" * 1000 + str(k)) for k in range(5)),
        use_dictionary=False, column_encoding={"point": "DELTA_BYTE_ARRAY"},
    )  # fmt: skip
    assert rules(data) == [(0, "damaged")]


def test_refusals_are_those_of_gridmart_csv() -> None:
    changes: list[dict[str, object]] = [
        {}, {"point": ""}, {"channel": "steam"}, {"unit": "GJ"}, {"interval_minutes": 7}, {"version": ""},
        {"date": "2026-02-30"}, {"register_start": "nan"}, {"values": ["inf", *[1.0] * 95]}, {},
    ]  # fmt: skip
    lines, rows = [], []
    for change in changes:
        told = parquet_row() | {"register_start": "", "register_end": ""} | change
        names = ("point", "date", "values", "channel", "unit", "interval_minutes", "version", "register_start")
        lines.append(csv_row(*(told[name] for name in names)))
        typed = {
            name: None if value in ("", "2026-02-30") and name != "point" else value for name, value in change.items()
        }
        typed |= {"register_start": math.nan} if "register_start" in change else {}
        rows.append(parquet_row(**typed | ({"values": [math.inf, *[1.0] * 95]} if "values" in change else {})))
    of_csv = parse_bytes(csv_file(*lines), ZONE)
    of_parquet = parse_bytes(parquet_file(*rows), ZONE)
    assert [r.rule for r in of_csv.rejects] == [r.rule for r in of_parquet.rejects]
    assert [r.row_number - 1 for r in of_csv.rejects] == [r.row_number for r in of_parquet.rejects]
    assert of_csv.days.drop(["row_number"]).equals(of_parquet.days.drop(["row_number"]))


values = st.one_of(st.just(math.nan), st.integers(-(10**6), 10**9).map(lambda wh: wh / 1000))


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    points, days = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    keys = [(f"P{k}", channel) for k in range(points) for channel in ("import_kwh", "import_kvarh")]
    numbers = np.array(draw(st.lists(values, min_size=4, max_size=40)))
    made = np.resize(numbers, (len(keys), days * 96))
    registers = np.array(draw(st.lists(values, min_size=2, max_size=6)))
    delivery = Delivery(
        "1400101", DAY, days, np.array([p for p, _ in keys], object), np.array([c for _, c in keys], object), made,
        np.resize(registers, (len(keys), days, 2)), made.copy(),
        np.array(draw(st.lists(st.integers(0, 2), min_size=len(keys) * days, max_size=len(keys) * days))).reshape(
            len(keys), days
        ),
        {key: k for k, key in enumerate(keys)},
    )  # fmt: skip
    if draw(st.booleans()):
        delivery.extra.append(Record("P9", "export_kwh", DAY, 2, np.resize(numbers, 96), 1.25, 2.5))
    if draw(st.booleans()):
        delivery.units[0, 0] = "Wh"
    return delivery


@settings(max_examples=25, deadline=None)
@given(deliveries())
def test_a_delivery_reads_alike_in_csv_and_parquet(
    tmp_path_factory: pytest.TempPathFactory, delivery: Delivery
) -> None:
    folder = tmp_path_factory.mktemp("both")
    gridmart_csv.write(folder / "a", delivery)
    gridmart_parquet.write(folder / "b", delivery)
    a, b = (parse_file(folder / name, ZONE) for name in "ab")
    assume(a.days.num_rows)  # without any record both are refused as empty
    assert (a.format, b.format) == ("gridmart_csv", "gridmart_parquet")
    for of_csv, of_parquet in ((a.days, b.days), (a.registers, b.registers)):
        assert of_csv.drop(["row_number"]).equals(of_parquet.drop(["row_number"]))
        assert [n - 1 for n in of_csv["row_number"].to_pylist()] == of_parquet["row_number"].to_pylist()
    # a record of which nothing was sent and that stands in a CSV line of its own is a day without values in both
    assert [(r.row_number - 1, r.rule) for r in a.rejects] == [(r.row_number, r.rule) for r in b.rejects]


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_a_damaged_file_never_breaks_the_reader(data: st.DataObject) -> None:
    options: dict[str, object] = data.draw(st.sampled_from([{}, {"compression": "none"}, {"data_page_version": "2.0"}]))
    content = bytearray(
        parquet_file(parquet_row(), parquet_row(point="P000000002"), parquet_row(point="P000000003"), **options)
    )
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(4, len(content) - 9))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    parsed = parse_bytes(bytes(content), ZONE)
    assert parsed.delivered >= 0
    assert all(reject.reason and reject.next_step for reject in parsed.rejects)
