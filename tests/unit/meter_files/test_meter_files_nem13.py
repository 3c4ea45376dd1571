"""NEM13: two register reads and the energy between them, and every refusal."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from meter_file_samples import nem12_file, nem13_file, record_250

from gridmart.sources.meter_files import flatten
from gridmart.sources.meter_files.registry import parse_bytes
from gridmart.sources.meter_files.summary import summaries

ZONE = ZoneInfo("Asia/Shanghai")


def test_a_record_is_an_energy_between_two_reads():
    parsed = parse_bytes(
        nem13_file(record_250(), record_250(suffix="12", direction="I", quantity="-5", unit="WH")), ZONE
    )
    assert not parsed.rejects
    first, second = parsed.reads.to_pylist()
    assert first == {
        "point_no": "P000000001", "stream": "11", "channel": "import_kwh", "unit": "kWh", "scale": 1,
        "start_s": int(datetime(2026, 10, 1, tzinfo=ZONE).timestamp()),
        "end_s": int(datetime(2026, 10, 4, 12, tzinfo=ZONE).timestamp()),
        "value": 22.0, "index_start": 990.5, "index_end": 1012.5, "flag": "A", "version": 20261005010203,
        "row_number": 2,
    }  # fmt: skip
    assert (second["channel"], second["scale"], second["value"]) == ("export_kwh", -1000, -5.0)


def test_its_total_is_the_quantity_as_delivered():
    found = list(
        summaries("f", parse_bytes(nem13_file(record_250(), record_250(quality="E62", quantity="8")), ZONE), ZONE)
    )
    assert found == [
        {
            "file": "f", "point": "P000000001", "channel": "11", "unit": "kWh", "readings": 2, "total": 30.0,
            "first": "2026-10-01T00:00:00+08:00", "last": "2026-10-04T12:00:00+08:00", "qualities": "AE",
            "total_kwh": 30.0,
        }
    ]  # fmt: skip


def test_service_orders_and_reasons_are_kept():
    details = parse_bytes(nem13_file(record_250(), "550,N,,S,SRV-1"), ZONE).details.to_pylist()
    assert [(row["name"], row["text"]) for row in details if row["row_number"] == 3] == [
        ("previous_transaction_code", "N"), ("transaction_code", "S"), ("service_order", "SRV-1"),
    ]  # fmt: skip
    assert {row["business_date"] for row in details} == {date(2026, 10, 4)}


def test_the_lake_keeps_an_index_at_midnight_and_refuses_what_has_none():
    data = nem13_file(record_250(), record_250(start="20261001093000"), record_250(end="20261005000000"))
    screened = flatten.screen(parse_bytes(data, ZONE), datetime(2026, 11, 1, tzinfo=ZONE), ZONE)
    found = screened.registers.to_pylist()
    assert [(row["business_date"], row["index_start"], row["row_number"]) for row in found] == [
        (date(2026, 10, 1), 990.5, 2), (date(2026, 10, 1), 990.5, 4), (date(2026, 10, 5), 1012.5, 4),
    ]  # fmt: skip
    assert [(reject.row_number, reject.rule) for reject in screened.rejects] == [(3, "not_an_interval")]
    assert (screened.accepted, screened.delivered) == (2, 3)


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (record_250(quantity="x"), "bad_number"),
        (record_250(quantity=""), "bad_number"),
        (record_250(before="1e400"), "bad_number"),
        (record_250(after="１２"), "bad_number"),
        (record_250(start="20261301000000"), "bad_date"),
        (record_250(end="20260930000000"), "bad_date"),
        (record_250(unit="GJ"), "unit_mismatch"),
        (record_250(quality="Z"), "bad_structure"),
        (record_250()[:60], "bad_structure"),
        (record_250(suffix="?"), "bad_structure"),
        ("300,20261001,1,2,3,A", "bad_structure"),
    ],
)
def test_a_bad_record_is_refused_and_others_stay(record: str, rule: str):
    parsed = parse_bytes(nem13_file(record_250(), record, record_250()), ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(3, rule)]
    assert parsed.reads["row_number"].to_pylist() == [2, 4]
    assert parsed.delivered == 3


def test_a_file_that_ends_early_or_holds_nothing_says_so():
    assert [reject.rule for reject in parse_bytes(nem13_file(record_250(), end=""), ZONE).rejects] == ["truncated"]
    assert [reject.rule for reject in parse_bytes(nem13_file(), ZONE).rejects] == ["empty_file"]
    headless = nem12_file(record_250(), header="")
    assert [reject.rule for reject in parse_bytes(headless, ZONE).rejects] == ["missing_header"]
    assert [reject.rule for reject in parse_bytes(nem13_file("550,N,,S,"), ZONE).rejects] == ["bad_structure"]
