"""Daily frozen registers: what is accepted, every refusal, and that a head-end's own files are read whole."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from meter_file_samples import FROZEN, frozen, frozen_file, packed_parquet

from gridmart.simulator.delivery import head_end
from gridmart.sources.meter_files import flatten
from gridmart.sources.meter_files.registry import parse_bytes

ZONE = ZoneInfo("Asia/Shanghai")
ARRIVED = datetime(2026, 10, 2, 3, tzinfo=UTC)


def test_each_index_is_a_register_at_the_end_of_its_date():
    parsed = parse_bytes(frozen_file(frozen(), frozen(point_no="P2", total_index=None)), ZONE)
    assert (parsed.format, parsed.rejects, parsed.delivered) == ("frozen_registers", [], 2)
    registers = flatten.screen(parsed, ARRIVED, ZONE).registers.to_pylist()
    first = {row["channel"]: row["index_end"] for row in registers if row["point_no"] == "P000000001"}
    assert first == {
        "import_kwh": 100.5, "import_kwh_sharp": 0.0, "import_kwh_peak": 20.5, "import_kwh_flat": 40.0,
        "import_kwh_valley": 40.0,
    }  # fmt: skip
    assert {row["business_date"] for row in registers} == {date(2026, 10, 1)}
    assert {row["index_start"] for row in registers} == {None} and {row["row_number"] for row in registers} == {1, 2}
    assert sum(row["point_no"] == "P2" for row in registers) == 4


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"point_no": None}, "bad_structure"),
        ({"point_no": "P\n1"}, "bad_structure"),
        ({"business_date": None}, "bad_date"),
        ({"business_date": date(1960, 1, 1)}, "bad_date"),
        ({"frozen_at": None}, "not_an_interval"),
        ({"frozen_at": datetime(2026, 10, 2, 16, tzinfo=UTC)}, "not_an_interval"),
        ({"peak_index": float("nan")}, "bad_number"),
        ({"total_index": 1e300}, "bad_number"),
        ({name: None for name in FROZEN.names if name.endswith("_index")}, "bad_structure"),
    ],
)
def test_a_bad_record_is_refused_and_its_neighbours_stay(changed: dict[str, object], rule: str):
    parsed = parse_bytes(frozen_file(frozen(), frozen(**changed), frozen(point_no="P3")), ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(2, rule)]
    assert parsed.rejects[0].reason and parsed.rejects[0].content.isprintable()
    assert set(parsed.frozen["row_number"].to_pylist()) == {1, 3} and parsed.delivered == 3


@pytest.mark.parametrize(
    ("day", "rule"), [(date(2026, 10, 4), "future"), (date(2021, 1, 1), "stale")], ids=["future", "stale"]
)
def test_a_date_out_of_its_time_is_refused_on_arrival(day: date, rule: str):
    at = datetime(day.year, day.month, day.day, 16, tzinfo=UTC)
    late = frozen(point_no="P2", business_date=day, frozen_at=at)
    parsed = flatten.screen(parse_bytes(frozen_file(frozen(), late), ZONE), ARRIVED, ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(2, rule)]
    assert set(parsed.registers["point_no"].to_pylist()) == {"P000000001"} and parsed.delivered == 2


def test_a_file_of_a_head_end_that_nobody_answered_is_no_fault():
    parsed = parse_bytes(packed_parquet(FROZEN.empty_table()), ZONE)
    assert (parsed.format, parsed.delivered, parsed.rejects) == ("frozen_registers", 0, [])


def test_the_simulated_head_end_writes_these_columns():
    assert head_end.FROZEN.names == FROZEN.names
    assert pa.types.is_float64(head_end.FROZEN.field("total_index").type)
