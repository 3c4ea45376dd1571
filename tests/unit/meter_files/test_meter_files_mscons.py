"""MSCONS: segments, separators, OBIS, times, qualifiers, and every refusal."""

import time
from zoneinfo import ZoneInfo

import pytest
from format_samples import POINT, START, edi_intervals, edifact

from gridmart.sources.meter_files.registry import parse_bytes
from gridmart.sources.meter_files.summary import summaries

ZONE = ZoneInfo("Asia/Shanghai")
LINE = ["LIN+1", "PIA+5+1-1?:1.29.0:SRW"]


def rules(data: bytes) -> list[str]:
    return [reject.rule for reject in parse_bytes(data, ZONE).rejects]


def test_intervals_with_their_own_times():
    parsed = parse_bytes(edifact(POINT, *LINE, *edi_intervals([1, 2.5, "-3"], START)), ZONE)
    row = parsed.days.to_pylist()[0]
    assert row["values"][:4] == [1.0, 2.5, -3.0, None]
    assert (row["point_no"], row["stream"], row["channel"], row["unit"], row["flag"], row["version"]) == (
        "DE00012345600000000000000000TEST1", "1-1:1.29.0", "import_kwh", "kWh", "A", 20261002010000,
    )  # fmt: skip
    assert not parsed.rejects


def test_a_day_whose_quantities_share_the_time_of_their_line():
    times = ["DTM+163:202610010000?+08:303", "DTM+164:202610020000?+08:303"]
    quantities = [f"QTY+220:{n}" for n in range(96)]
    for segments in ([POINT, *LINE, *times, *quantities], [POINT, *times, *LINE, *quantities]):
        row = parse_bytes(edifact(*segments), ZONE).days.to_pylist()[0]
        assert (row["values"], row["interval_minutes"]) == (list(map(float, range(96))), 15)


def test_an_offset_whose_plus_is_not_released_is_understood():
    data = edifact(POINT, *LINE, *edi_intervals([1], START)).replace(b"?+08", b"+08")
    assert parse_bytes(data, ZONE).days["values"][0].as_py()[0] == 1.0


def test_starts_alone_and_local_times_serve():
    segments = [f for n in range(4) for f in (f"QTY+220:{n}:KWH", f"DTM+163:202610010{n}00:203")]
    row = parse_bytes(edifact(POINT, *LINE, *segments), ZONE).days.to_pylist()[0]
    assert (row["values"][:5], row["interval_minutes"]) == ([0.0, 1.0, 2.0, 3.0, None], 60)


@pytest.mark.parametrize(
    ("obis", "unit", "channel", "scale"),
    [
        ("1-1?:2.29.0", "KWH", "export_kwh", 1),
        ("1-1:1.29.0", "KWH", "import_kwh", 1),
        ("1.29.0", "", "import_kwh", 1),
        ("1-1?:3.29.0", "K3", "import_kvarh", 1),
        ("1-1?:4.29.0", "", "export_kvarh", 1),
        ("1-1?:1.29.0", "MWH", "import_kwh", 1000),
        ("1-1?:1.29.0", "KWT", "import_kwh", -4),
        ("7-20?:3.0.0", "MTQ", "import_kvarh", None),
        ("1-1?:1.29.2", "KWH", None, 1),
        ("1-1?:31.7.0", "AMP", None, 1),
    ],
)
def test_obis_and_unit_give_channel_and_scale(obis: str, unit: str, channel: str | None, scale: int | None):
    segments = [text.replace(":KWH", f":{unit}") for text in edi_intervals([5], START)]
    parsed = parse_bytes(edifact(POINT, "LIN+1", f"PIA+5+{obis}:SRW", *segments), ZONE)
    if scale is None:
        assert [reject.rule for reject in parsed.rejects] == ["unit_mismatch"]
    else:
        assert (parsed.days["channel"].to_pylist(), parsed.days["scale"].to_pylist()) == ([channel], [scale])


@pytest.mark.parametrize(("qualifier", "flag"), [("220", "A"), ("67", "S:67"), ("187", "E:187"), ("20", "N:20")])
def test_the_qualifier_says_what_a_value_is(qualifier: str, flag: str):
    parsed = parse_bytes(edifact(POINT, *LINE, *edi_intervals([5], START, qualifier=qualifier)), ZONE)
    assert parsed.days["flag"].to_pylist() == [flag]


def test_registers_and_energies_of_a_period():
    data = edifact(
        POINT, "LIN+1", "PIA+5+1-1?:1.8.0:SRW", "QTY+220:100:KWH", "DTM+7:20261001:102", "QTY+220:112:KWH",
        "DTM+7:20261002:102", "LIN+2", "PIA+5+1-1?:1.8.1:SRW", "QTY+220:60:KWH", "DTM+163:202610010000?+08:303",
        "LIN+3", "PIA+5+1-1?:1.9.0:SRW", "QTY+79:12:KWH", "DTM+163:20260901:102", "DTM+164:20261001:102",
    )  # fmt: skip
    parsed = parse_bytes(data, ZONE)
    found = [(row["channel"], row["value"], row["index_end"]) for row in parsed.reads.to_pylist()]
    assert found == [
        ("import_kwh", None, 100.0), ("import_kwh", None, 112.0), ("import_kwh_t1", None, 60.0),
        ("import_kwh", 12.0, None),
    ]  # fmt: skip
    index, *_ = summaries("f", parsed, ZONE)
    assert (index["first"], index["total_kwh"]) == ("2026-10-01T00:00:00+08:00", 12.0)


def test_separators_of_its_own_and_released_characters():
    data = edifact(POINT.replace("TEST1", "A?'B"), *LINE, *edi_intervals([1], START))
    assert parse_bytes(data, ZONE).days["point_no"][0].as_py().endswith("A'B")
    other = data.decode().replace("UNA:+.? '", "UNA|*.! ~").replace("?'", "\0").replace("'", "~").replace("?:", "\1")
    other = other.replace("?+", "\2").replace(":", "|").replace("+", "*").replace("\0", "'").replace("\1", ":")
    other = other.replace("\2", "+").replace("UNA|*.! ~", "UNA|*.! ~", 1)
    parsed = parse_bytes(other.encode(), ZONE)
    assert parsed.days.to_pylist() == parse_bytes(data, ZONE).days.to_pylist()
    plain = data.split(b"\n", 1)[1]  # without UNA the common separators hold
    assert parse_bytes(plain, ZONE).days.num_rows == 1


def test_latin_1_is_read():
    data = edifact(POINT, "NAD+MS+Stadtwerke M\u00fcnchen", POINT, *LINE, *edi_intervals([1], START))
    assert rules(data.decode().encode("latin-1")) == []


@pytest.mark.parametrize(
    ("segments", "rule"),
    [
        ([*LINE, *edi_intervals([1], START)], "bad_structure"),
        ([POINT, *LINE, *edi_intervals(["x"], START)], "bad_number"),
        ([POINT, *LINE, *edi_intervals(["1,5"], START)], "bad_number"),
        ([POINT, *LINE, *edi_intervals([1], START, qualifier="999")], "bad_structure"),
        ([POINT, *LINE, "QTY+220:1:KWH"], "bad_date"),
        ([POINT, *LINE, "QTY+220:1:KWH", "DTM+163:202613010000?+00:303"], "bad_date"),
        ([POINT, "LIN+1", "PIA+5+WHAT:SRW", *edi_intervals([1], START)], "unknown_channel"),
        ([POINT, *LINE, *edi_intervals([1], START, seconds=-900)], "bad_date"),
    ],
)
def test_a_bad_quantity_is_refused_and_other_lines_stay(segments: list[str], rule: str):
    parsed = parse_bytes(edifact(*segments, POINT, *LINE, *edi_intervals([4], START)), ZONE)
    assert [reject.rule for reject in parsed.rejects] == [rule]
    assert parsed.rejects[0].reason
    assert parsed.days["values"][0].as_py()[0] == 4.0


def test_what_may_be_lost_is_said():
    good = edifact(POINT, *LINE, *edi_intervals([1, 2], START))
    assert rules(good) == []
    lost = good.replace(b"BGM+7+DOC1+9'\n", b"")
    assert rules(lost) == ["bad_structure"]
    assert "some may be lost" in parse_bytes(lost, ZONE).rejects[0].reason
    cut = edifact(POINT, *LINE, *edi_intervals([1, 2], START), end=False)
    assert rules(cut) == ["truncated", "truncated"]
    assert parse_bytes(cut, ZONE).days.num_rows == 1
    assert rules(good.replace(b"UNH+1+MSCONS", b"UNH+1+UTILMD")) == ["unknown_format"]
    assert rules(edifact(POINT)) == ["empty_file"]


def test_many_quantities_without_a_time_take_no_long_time():
    started = time.process_time()
    times = ["DTM+163:202610010000?+08:303", "DTM+164:202710010000?+08:303"]
    parse_bytes(edifact(POINT, *LINE, *times, *["QTY+220:1"] * 35_040), ZONE)
    assert time.process_time() - started < 10
