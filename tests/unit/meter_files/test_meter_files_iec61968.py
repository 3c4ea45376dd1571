"""IEC 61968-9 MeterReadings: reading types, intervals named by their end, indexes, qualities, refusals."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from format_samples import START, iec_block, iec_document, iec_meter, iec_reading

from gridmart.sources.meter_files.registry import parse_bytes
from gridmart.sources.meter_files.summary import summaries

ZONE = ZoneInfo("Asia/Shanghai")
QUARTER = START + timedelta(minutes=15)
KIND = "0.0.{measuring}.{behaviour}.{flow}.1.12.0.0.0.0.{tier}.0.0.{phase}.{power}.{uom}.0"


def kind(measuring=2, behaviour=4, flow=1, tier=0, phase=0, power=3, uom=72) -> str:
    return KIND.format(**locals())


def test_intervals_end_at_their_time_stamp():
    parsed = parse_bytes(iec_document(iec_meter(iec_block([1, 2.5], QUARTER, quality="2.8.0"))), ZONE)
    row = parsed.days.to_pylist()[0]
    assert row["values"][:3] == [1.0, 2.5, None]
    assert (row["point_no"], row["stream"], row["channel"], row["unit"], row["scale"], row["flag"], row["version"]) == (
        "METER1", "forward.Wh", "import_kwh", "kWh", 1, "E:2.8.0", 20261002010000,
    )  # fmt: skip


def test_a_usage_point_goes_before_a_meter():
    text = iec_meter(iec_block([1], QUARTER)).replace("<Meter>", "<UsagePoint><mRID>UP1</mRID></UsagePoint><Meter>")
    assert parse_bytes(iec_document(text), ZONE).days["point_no"].to_pylist() == ["UP1"]


@pytest.mark.parametrize(
    ("codes", "stream", "channel", "kwh"),
    [
        (kind(power=0), "forward.Wh", "import_kwh", 0.003),
        (kind(flow=19), "reverse.Wh", "export_kwh", 3.0),
        (kind(uom=73), "forward.VArh", "import_kvarh", None),
        (kind(tier=2), "forward.Wh.T2", None, 3.0),
        (kind(phase=128), "forward.Wh.phase128", None, 3.0),
        (kind(flow=4), "net.Wh", None, 3.0),
        (kind(uom=29, power=0, phase=128), "forward.V.phase128", "voltage_v", None),
    ],
)
def test_a_reading_type_gives_stream_channel_and_energy(
    codes: str, stream: str, channel: str | None, kwh: float | None
):
    parsed = parse_bytes(iec_document(iec_meter(iec_block([1, 2], QUARTER, kind=codes))), ZONE)
    assert (parsed.days["stream"].to_pylist(), parsed.days["channel"].to_pylist()) == ([stream], [channel])
    (found,) = summaries("f", parsed, ZONE)
    assert (found["total"], found.get("total_kwh")) == (3.0, kwh)


def test_summations_are_indexes_and_a_tier_is_a_register_of_its_own():
    parts = (iec_reading(100, "2026-10-01T00:00:00+08:00"), iec_reading(30, "2026-09-30T16:00:00Z", kind(0, 1, tier=1)),
             iec_reading(112, "2026-10-02T00:00:00"))  # fmt: skip
    parsed = parse_bytes(iec_document(iec_meter(*parts)), ZONE)
    assert [(row["channel"], row["index_end"]) for row in parsed.reads.to_pylist()] == [
        ("import_kwh", 100.0), ("import_kwh_t1", 30.0), ("import_kwh", 112.0),
    ]  # fmt: skip
    total, tier = summaries("f", parsed, ZONE)
    assert (total["readings"], total["total"], total["total_kwh"]) == (2, 212.0, 12.0)
    assert tier["first"] == "2026-10-01T00:00:00+08:00"


def test_a_period_may_be_stated_and_the_step_of_a_block_serves_where_nothing_else_does():
    period = "<timePeriod><start>2026-09-01T00:00:00+08:00</start><end>2026-10-01T00:00:00+08:00</end></timePeriod>"
    parsed = parse_bytes(iec_document(iec_meter(iec_reading(7, "", kind(0), period))), ZONE)
    (row,) = parsed.reads.to_pylist()
    assert (row["end_s"] - row["start_s"], row["value"]) == (30 * 86400, 7.0)
    parsed = parse_bytes(iec_document(iec_meter(iec_block([1, 2], QUARTER, kind=kind(0)))), ZONE)
    assert parsed.days["interval_minutes"].to_pylist() == [15]


@pytest.mark.parametrize(
    ("part", "rule"),
    [
        (iec_reading("x", "2026-10-01T00:00:00Z"), "bad_number"),
        (iec_reading("nan", "2026-10-01T00:00:00Z"), "bad_number"),
        (iec_reading(1, "yesterday"), "bad_date"),
        (iec_reading(1, "2026-10-01T00:00:00Z", kind(0)), "bad_date"),
        (iec_reading(1, "2026-10-01T00:00:00Z", "3.0.129.160"), "unknown_channel"),
        (iec_reading(1, "2026-10-01T00:00:00Z", kind(power=99)), "unit_mismatch"),
        (iec_block([], QUARTER), "bad_structure"),
    ],
)
def test_a_bad_reading_is_refused_and_others_stay(part: str, rule: str):
    parsed = parse_bytes(iec_document(iec_meter(part, iec_block([1], QUARTER))), ZONE)
    assert [reject.rule for reject in parsed.rejects] == [rule]
    assert parsed.days.num_rows == 1


def test_a_document_without_values_says_so():
    assert [reject.rule for reject in parse_bytes(iec_document(), ZONE).rejects] == ["empty_file"]
    assert [reject.rule for reject in parse_bytes(iec_document(iec_meter()), ZONE).rejects] == ["bad_structure"]
    nameless = iec_document(iec_meter(iec_block([1], QUARTER), name=""))
    assert [reject.rule for reject in parse_bytes(nameless, ZONE).rejects] == ["bad_structure"]
