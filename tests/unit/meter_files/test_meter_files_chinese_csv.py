"""Exports of Chinese head-ends: curves, frozen registers, encodings, and every refusal."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from format_samples import CURVE, curve_csv, curve_row, frozen_csv

from gridmart.sources.meter_files import flatten
from gridmart.sources.meter_files.registry import parse_bytes
from gridmart.sources.meter_files.summary import summaries

ZONE = ZoneInfo("Asia/Shanghai")


def rules(text: str | bytes, zone: ZoneInfo = ZONE) -> list[tuple[int, str]]:
    data = text.encode() if isinstance(text, str) else text
    return [(reject.row_number, reject.rule) for reject in parse_bytes(data, zone).rejects]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_it_is_found_and_read_in_either_encoding(encoding: str):
    parsed = parse_bytes(curve_csv(curve_row()).encode(encoding), ZONE)
    assert (parsed.format, parsed.rejects) == ("chinese_csv", [])
    row = parsed.days.to_pylist()[0]
    assert (row["point_no"], row["stream"], row["unit"], row["business_date"], row["row_number"]) == (
        "P000000001", "有功功率曲线", "kW", date(2026, 10, 1), 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("item", "unit", "channel", "kwh"),
    [
        ("有功功率曲线", "kW", "import_kwh", 96.0),
        ("负荷曲线", "", "import_kwh", 96.0),
        ("", "kW", "import_kwh", 96.0),
        ("正向有功电量曲线", "kWh", "import_kwh", 384.0),
        ("电量曲线", "", "import_kwh", 384.0),
        ("反向有功电量曲线", "Wh", "export_kwh", 0.384),
        ("有功功率曲线", "W", "import_kwh", 0.096),
        ("有功功率曲线", "MW", "import_kwh", 96000.0),
        ("正向无功电量曲线", "kvarh", "import_kvarh", None),
        ("无功功率曲线", "kvar", "import_kvarh", None),
        ("电压曲线", "V", "voltage_v", None),
        ("A相电压曲线", "V", None, None),
        ("电流曲线", "", "current_a", None),
    ],
)
def test_item_and_unit_say_what_a_curve_is(item: str, unit: str, channel: str | None, kwh: float | None):
    parsed = parse_bytes(curve_csv(curve_row(item, unit)).encode(), ZONE)
    assert parsed.days["channel"].to_pylist() == [channel]
    (found,) = summaries("f", parsed, ZONE)
    assert (found["total"], found.get("total_kwh"), found["readings"]) == (384.0, kwh, 96)


@pytest.mark.parametrize(
    "times",
    [
        CURVE,
        ",".join(f"{k // 4}:{k % 4 * 15:02d}:00" for k in range(1, 97)),
        ",".join(f"P{k}" for k in range(1, 97)),
        ",".join(f"{k:02d}" for k in range(1, 97)),
        ",".join(f"第{k}点" for k in range(1, 97)),
        ",".join(f"点{k}" for k in range(96)),
        ",".join(f"{k // 4:02d}时{k % 4 * 15:02d}分" for k in range(96)),
        ",".join(f"{k // 4:02d}{k % 4 * 15:02d}" for k in range(96)),
        ",".join(f"{k // 4 % 24:02d}:{k % 4 * 15:02d}" for k in range(1, 97)),
    ],
)
def test_every_way_to_name_the_96_points(times: str):
    parsed = parse_bytes(curve_csv(curve_row(values=list(range(96))), times=times).encode(), ZONE)
    assert parsed.days.to_pylist()[0]["values"] == list(range(96))
    assert parsed.days["interval_minutes"].to_pylist() == [15]


def test_a_title_above_the_header_and_units_in_its_names_are_fine():
    times = ",".join(f"P{k}(kW)" for k in range(1, 97))
    text = "某供电公司 用户负荷\n\n" + curve_csv(curve_row("", ""), times=times)
    parsed = parse_bytes(text.encode("gbk"), ZONE)
    assert (parsed.rejects, parsed.days["unit"].to_pylist(), parsed.days["row_number"].to_pylist()) == ([], ["kW"], [4])


@pytest.mark.parametrize(
    ("names", "point"),
    [
        ("户号,表号,测量点号", "c"), ("户号,表号,计量点编号", "c"), ("用户编号,电能表资产编号,台区", "b"),
        ("用电客户编号,户名,台区", "a"), ("序号,表计资产号,户号", "b"), ("序号,资产号,户号", "b"),
    ],
)  # fmt: skip
def test_a_metering_point_goes_before_a_meter_and_a_meter_before_an_account(names: str, point: str):
    parsed = parse_bytes(frozen_csv("a,b,c,2026-10-01,5", head=f"{names},数据日期,正向有功总").encode(), ZONE)
    assert parsed.reads["point_no"].to_pylist() == [point]


def test_24_points_are_hours_and_empty_points_are_not_delivered():
    row = curve_row(values=["", "-", "--", *[1] * 21])
    parsed = parse_bytes(curve_csv(row, times=",".join(f"{h}:00" for h in range(24))).encode(), ZONE)
    found = parsed.days.to_pylist()[0]
    assert (found["interval_minutes"], found["values"]) == (60, [None, None, None, *[1.0] * 21])


@pytest.mark.parametrize(
    "day", ["2026-10-01", "2026/10/1", "20261001", "2026年10月1日", "2026-10-01 00:00:00", "2026-10-01 00:00:00.0"]
)
def test_dates_are_read_as_such_systems_write_them(day: str):
    parsed = parse_bytes(curve_csv(curve_row(day=day)).encode(), ZONE)
    assert parsed.days["business_date"].to_pylist() == [date(2026, 10, 1)]


def test_texts_of_excel_tabs_quotes_and_versions():
    head = "计量点编号\t用户名称\t数据日期\t数据项\t单位\t入库时间"
    row = ['="P000000001"', '"某,某"', "2026-10-01", "负荷曲线", "kW", "2026-10-02 03:04:05", *["1"] * 96]
    text = curve_csv("\t".join(row), head=head, times="").replace("\t,\n", "\n")
    text = text.replace("入库时间,", "入库时间\t" + CURVE.replace(",", "\t"))
    found = parse_bytes(text.encode(), ZONE).days.to_pylist()[0]
    assert (found["point_no"], found["version"]) == ("P000000001", 20261002030405)


def test_frozen_registers_are_indexes_at_midnight_by_tariff():
    data = frozen_csv("1400000001,M1,2026-10-01,80,100.5,1,20.5,,40", "1400000001,M1,2026-10-02,80,102.5,1,21,39,41")
    parsed = parse_bytes(data.encode("gbk"), ZONE)
    assert not parsed.rejects
    screened = flatten.screen(parsed, datetime(2026, 11, 1, tzinfo=ZONE), ZONE)
    kept = [
        (row["channel"], row["index_start"]) for row in screened.registers.to_pylist()
        if row["business_date"] == date(2026, 10, 1)
    ]  # fmt: skip
    assert kept == [
        ("import_kwh", 100.5), ("import_kwh_sharp", 1.0), ("import_kwh_peak", 20.5), ("import_kwh_valley", 40.0),
    ]  # fmt: skip
    assert screened.accepted == 9
    total = next(row for row in summaries("f", parsed, ZONE) if row["channel"] == "正向有功总")
    assert (total["point"], total["readings"], total["total"], total["total_kwh"]) == ("M1", 2, 203.0, 2.0)
    assert (total["first"], total["last"]) == ("2026-10-01T00:00:00+08:00", "2026-10-02T00:00:00+08:00")


@pytest.mark.parametrize(
    ("name", "channel", "unit"),
    [
        ("正向有功总电能示值", "import_kwh", "kWh"),
        ("正向有功总(kWh)", "import_kwh", "kWh"),
        ("日冻结示数总", "import_kwh", "kWh"),
        ("反向有功电能示值（峰）", "export_kwh_peak", "kWh"),
        ("尖峰", "import_kwh_sharp", "kWh"),
        ("深谷示数", "import_kwh_deep_valley", "kWh"),
        ("正向无功总", "import_kvarh", "kvarh"),
        ("组合有功总", None, "kWh"),
        ("正向有功示数", "import_kwh", "kWh"),
        ("示数", "import_kwh", "kWh"),
    ],
)
def test_every_way_to_name_a_register(name: str, channel: str | None, unit: str):
    parsed = parse_bytes(frozen_csv("M1,2026-10-01,5", head=f"表号,数据日期,{name}").encode(), ZONE)
    row = parsed.reads.to_pylist()[0]
    assert (row["channel"], row["unit"], row["index_end"]) == (channel, unit, 5.0)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (curve_row(values=["x", *[1] * 95]), "bad_number"),
        (curve_row(values=["1e400", *[1] * 95]), "bad_number"),
        (curve_row(values=["NaN", *[1] * 95]), "bad_number"),
        (curve_row(values=["１２", *[1] * 95]), "bad_number"),
        (curve_row(values=[""] * 96), "bad_structure"),
        (curve_row(values=[1] * 95), "bad_structure"),
        (curve_row(day="2026-02-30"), "bad_date"),
        (curve_row(day="昨天"), "bad_date"),
        (curve_row("什么", ""), "unit_mismatch"),
        (curve_row("负荷曲线", "GJ"), "unit_mismatch"),
        (curve_row("正向有功总示值曲线", "kWh"), "unknown_channel"),
        (curve_row().replace("P000000001", ""), "bad_structure"),
    ],
)
def test_a_bad_row_is_refused_and_its_neighbours_stay(row: str, rule: str):
    parsed = parse_bytes(curve_csv(curve_row(), row, curve_row()).encode(), ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(3, rule)]
    assert parsed.days["row_number"].to_pylist() == [2, 4]
    assert parsed.rejects[0].content == row[:500]
    assert parsed.delivered == 3


def test_a_line_cut_off_crlf_blank_lines_and_mixed_encodings():
    text = curve_csv(curve_row(), curve_row())
    assert rules(text[:-90]) == [(3, "truncated")]
    assert rules(text.rstrip("\n").replace("\n", "\r\n\r\n")) == []
    assert rules(text.encode("gbk") + "客户".encode() + b"\xff\n") == [(0, "bad_encoding")]


@pytest.mark.parametrize(
    "times", ["00:00,00:15,00:45", "P1,P2,P4", "00:07," + CURVE[6:], ",".join(f"P{k}" for k in range(1, 96)), "甲"]
)
def test_columns_that_are_no_day_are_refused_as_a_whole(times: str):
    row = ",".join(curve_row().split(",")[: 5 + len(times.split(","))])
    assert rules(curve_csv(row, times=times)) == [(0, "missing_header")]


@pytest.mark.parametrize(
    ("day", "expected"), [("2026-03-29", "interval_mismatch"), ("2026-10-25", "interval_mismatch")]
)
def test_a_day_of_another_length_needs_as_many_points(day: str, expected: str):
    berlin = ZoneInfo("Europe/Berlin")
    assert rules(curve_csv(curve_row(day=day)), berlin) == [(2, expected)]
    short_day = curve_row(values=[*[1] * 92, *[""] * 4], day="2026-03-29")
    assert rules(curve_csv(short_day), berlin) == []
