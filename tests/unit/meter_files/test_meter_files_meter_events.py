"""Meter events: what is accepted, every refusal, and that a head-end's own files are read whole."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from meter_file_samples import EVENTS, csv_file, csv_row, event, events_file, packed_parquet

from gridmart.settings import PROJECT_DIR
from gridmart.simulator.delivery import events as simulated
from gridmart.sources.meter_files import flatten
from gridmart.sources.meter_files.registry import parse_bytes

ZONE = ZoneInfo("Asia/Shanghai")
ARRIVED = datetime(2026, 10, 2, 3, tzinfo=UTC)


def test_an_event_keeps_its_meter_code_and_moment_and_has_a_local_date():
    late = datetime(2026, 10, 1, 16, 30, tzinfo=UTC)
    parsed = parse_bytes(events_file(event(), event(occurred_at=late, event_code="power_on")), ZONE)
    assert (parsed.format, parsed.rejects, parsed.delivered) == ("meter_events", [], 2)
    rows = parsed.events.to_pylist()
    assert rows[0] == {
        "point_no": "P000000001", "meter_no": "MP000000001", "event_code": "power_off",
        "occurred_at": datetime(2026, 10, 1, 1, 2, 3, tzinfo=UTC), "business_date": date(2026, 10, 1), "row_number": 1,
    }  # fmt: skip
    assert (rows[1]["business_date"], rows[1]["row_number"]) == (date(2026, 10, 2), 2)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"point_no": ""}, "bad_structure"),
        ({"point_no": None}, "bad_structure"),
        ({"point_no": "P\n1"}, "bad_structure"),
        ({"meter_no": "M" * 65}, "bad_structure"),
        ({"event_code": None}, "bad_structure"),
        ({"event_code": "=cmd|x"}, "bad_structure"),
        ({"event_code": "x" * 41}, "bad_structure"),
        ({"occurred_at": None}, "bad_date"),
        ({"occurred_at": datetime(1969, 1, 1, tzinfo=UTC)}, "bad_date"),
        ({"occurred_at": datetime(9999, 1, 1, tzinfo=UTC)}, "bad_date"),
    ],
)
def test_a_bad_event_is_refused_and_its_neighbours_stay(changed: dict[str, object], rule: str):
    parsed = parse_bytes(events_file(event(), event(**changed), event(point_no="P000000003")), ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(2, rule)]
    assert parsed.rejects[0].reason and parsed.rejects[0].content.isprintable()
    assert parsed.events["row_number"].to_pylist() == [1, 3]
    assert parsed.delivered == 3


@pytest.mark.parametrize(
    ("at", "rule"),
    [
        (datetime(2026, 10, 4, 12, tzinfo=UTC), "future"),
        (datetime(2021, 9, 1, tzinfo=UTC), "stale"),
        (datetime(2026, 10, 3, 1, tzinfo=UTC), None),
    ],
)
def test_an_event_out_of_its_time_is_refused_on_arrival(at: datetime, rule: str | None):
    parsed = parse_bytes(events_file(event(), event(occurred_at=at)), ZONE)
    screened = flatten.screen(parsed, ARRIVED, ZONE)
    assert [(reject.row_number, reject.rule) for reject in screened.rejects] == ([(2, rule)] if rule else [])
    assert screened.delivered == parsed.delivered == 2


@pytest.mark.parametrize(
    "content",
    [
        pa.Table.from_pylist([event()], EVENTS).drop_columns(["meter_no"]),
        pa.Table.from_pylist([event()], EVENTS).append_column("x", pa.array([1])),
        pa.Table.from_pylist([event()], EVENTS).set_column(2, "occurred_at", pa.array([0], pa.timestamp("us"))),
    ],
)
def test_other_columns_are_refused_as_a_whole(content: pa.Table):
    parsed = parse_bytes(packed_parquet(content), ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(0, "missing_header")]


def test_a_file_that_says_nothing_happened_is_no_fault():
    parsed = parse_bytes(packed_parquet(EVENTS.empty_table()), ZONE)
    assert (parsed.format, parsed.delivered) == ("meter_events", 0)


def test_events_may_stand_beside_readings_in_an_archive():
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a", csv_file(csv_row()))
        archive.writestr("b", events_file(event()))
    parsed = parse_bytes(sink.getvalue(), ZONE)
    assert (parsed.format, parsed.days.num_rows) == ("gridmart_csv+meter_events", 1)
    assert parsed.events["row_number"].to_pylist() == [3]


def test_the_samples_have_the_columns_of_the_simulator():
    assert EVENTS.equals(simulated.SCHEMA)


def test_the_seed_names_every_event_of_the_simulator_as_it_does():
    with (PROJECT_DIR / "dbt" / "seeds" / "codes" / "meter_event.csv").open(encoding="utf-8") as file:
        seeded = {row["event_code"]: row for row in csv.DictReader(file)}
    assert {code: (row["event_zh"], row["event_en"]) for code, row in seeded.items()} == simulated.EVENTS
    assert {(code, row["end_code"]) for code, row in seeded.items()} >= set(simulated.AFTERWARDS.items())
