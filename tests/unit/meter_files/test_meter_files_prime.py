"""PRIME reports S02, S04, S05: values, registers, times, and every refusal."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from format_samples import prime_meter, prime_report, s02

from gridmart.sources.meter_files import flatten
from gridmart.sources.meter_files.registry import parse_bytes
from gridmart.sources.meter_files.summary import summaries

ZONE = ZoneInfo("Europe/Madrid")
S04 = (
    '<S04 Fhi="20260901000000000S" Fhf="20261001000000000S" Ctr="{contract}" Pt="{period}" Mx="471" '
    'Fx="20260908130000000S">\n<Value AIa="308" AEa="0" R1a="185"/>\n<Value AIi="19" AEi="1" R1i="16"/>\n</S04>'
)
S05 = '<S05 Fh="20261001000000000S" Ctr="1" Pt="{period}"><Value AIa="{index}" AEa="0" R1a="75"/></S05>'


def rules(data: bytes) -> list[tuple[int, str]]:
    return [(reject.row_number, reject.rule) for reject in parse_bytes(data, ZONE).rejects]


def test_an_hour_is_named_by_its_end():
    meter = prime_meter(*(s02(f"202610{1 + h // 24:02d}{h % 24:02d}0000000S", h) for h in range(1, 25)), magnitude="1")
    parsed = parse_bytes(prime_report("S02", meter), ZONE)
    rows = {row["stream"]: row for row in parsed.days.to_pylist()}
    assert rows["AI"]["values"] == list(map(float, range(1, 25)))
    assert (rows["AI"]["business_date"], rows["AI"]["interval_minutes"]) == (date(2026, 10, 1), 60)
    assert [(rows[name]["channel"], rows[name]["unit"], rows[name]["scale"]) for name in ("AI", "AE", "R1", "R4")] == [
        ("import_kwh", "Wh", -1000), ("export_kwh", "Wh", -1000), (None, "varh", -1000), (None, "varh", -1000),
    ]  # fmt: skip
    assert not parsed.rejects


def test_quarters_are_found_by_their_step_and_kilowatt_hours_by_their_magnitude():
    ends = [f"2026100100{m:02d}00000S" for m in (15, 30, 45)] + ["20261001010000000S"]
    parsed = parse_bytes(prime_report("S02", prime_meter(*(s02(end) for end in ends), magnitude="1000")), ZONE)
    row = parsed.days.to_pylist()[0]
    assert (row["interval_minutes"], row["unit"], row["values"][:5]) == (15, "kWh", [19.0] * 4 + [None])


def test_summer_and_winter_letters_part_the_hour_that_comes_twice():
    ends = [f"20261025{h:02d}0000000{season}" for h, season in ((2, "S"), (3, "S"), (3, "W"), (4, "W"))]
    ends[1:3] = ["20261025020000000W", "20261025030000000W"]
    parsed = parse_bytes(prime_report("S02", prime_meter(*(s02(end, n) for n, end in enumerate(ends)))), ZONE)
    row = parsed.days.to_pylist()[0]
    assert len(row["values"]) == 25
    assert row["values"][1:5] == [0.0, 1.0, 2.0, 3.0]


def test_an_invalid_reading_is_no_data():
    meter = prime_meter(s02("20261001010000000S", bits="80"), s02("20261001020000000S", bits="02"))
    days = parse_bytes(prime_report("S02", meter), ZONE).days
    assert days["flags"][0].as_py()[:2] == ["N:80", "A:02"]
    assert flatten.count_readings(days.slice(0, 1)) == 1


def test_a_billing_close_is_an_energy_and_an_index_by_period_and_contract():
    meter = prime_meter(S04.format(contract=1, period=0), S04.format(contract=2, period=3))
    reads = {row["stream"]: row for row in parse_bytes(prime_report("S04", meter), ZONE).reads.to_pylist()}
    assert {name: (row["channel"], row["value"], row["index_end"]) for name, row in reads.items()} == {
        "AI": ("import_kwh", 19.0, 308.0), "AE": ("export_kwh", 1.0, 0.0), "R1": (None, 16.0, 185.0),
        "MX": (None, 471.0, None), "AI.C2.P3": ("import_kwh_c2_p3", 19.0, 308.0),
        "AE.C2.P3": ("export_kwh_c2_p3", 1.0, 0.0), "R1.C2.P3": (None, 16.0, 185.0), "MX.C2.P3": (None, 471.0, None),
    }  # fmt: skip
    assert [datetime.fromtimestamp(reads["AI"][end], ZONE).isoformat() for end in ("start_s", "end_s")] == [
        "2026-09-01T00:00:00+02:00", "2026-10-01T00:00:00+02:00",
    ]  # fmt: skip


def test_a_daily_close_is_an_index_that_the_lake_keeps():
    meter = prime_meter(S05.format(period=0, index=308), S05.format(period=1, index=134))
    parsed = parse_bytes(prime_report("S05", meter), ZONE)
    screened = flatten.screen(parsed, datetime(2026, 11, 1, tzinfo=ZONE), ZONE)
    kept = [row for row in screened.registers.to_pylist() if row["index_start"]]
    assert [(row["channel"], row["business_date"], row["index_start"]) for row in kept] == [
        ("import_kwh", date(2026, 10, 1), 308.0), ("import_kwh_p1", date(2026, 10, 1), 134.0),
    ]  # fmt: skip
    assert {reject.rule for reject in screened.rejects} == {"unknown_channel"}
    (total, *_) = summaries("f", parsed, ZONE)
    assert (total["channel"], total["total"], "total_kwh" in total) == ("AI", 308.0, False)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (prime_report("S02", prime_meter(s02("20261301000000000S"), s02("20261001010000000S"))), [(4, "bad_date")]),
        (prime_report("S02", prime_meter(s02("20261001010000000X"), s02("20261001010000000S"))), [(4, "bad_date")]),
        (prime_report("S02", prime_meter(s02("20261001010000000S", "x"))), [(4, "bad_number")]),
        (prime_report("S02", prime_meter(s02("20261001010000000S"), magnitude="7")), [(3, "unit_mismatch")]),
        (prime_report("S02", prime_meter(s02("20261001010000000S"), name="")), [(3, "bad_structure")]),
        (prime_report("S02", '<Cnt Id="Z" ErrCat="2" ErrCode="1"></Cnt>'), [(3, "bad_structure")]),
        (prime_report("S02", prime_meter('<S02 Fh="20261001010000000S"/>')), [(4, "bad_structure")]),
        (prime_report("S04", prime_meter(S04.format(contract=0, period=0))), [(4, "bad_structure")]),
        (prime_report("S05", prime_meter(S05.format(period=0, index="1e400"))), [(4, "bad_number")]),
        (prime_report("S05", prime_meter('<S05 Fh="20261001000000000S" Ctr="1" Pt="0"/>')), [(4, "bad_structure")]),
        (prime_report("S09", prime_meter()), [(0, "unknown_format")]),
        (prime_report("S05"), [(0, "empty_file")]),
    ],
)
def test_what_is_refused(data: bytes, expected: list[tuple[int, str]]):
    assert rules(data) == expected
