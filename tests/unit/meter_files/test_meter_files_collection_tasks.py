"""Collection tasks: what is accepted, every refusal, and that a head-end's own files are read whole."""

import csv
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from meter_file_samples import TASKS, packed_parquet, task, tasks_file

from gridmart.settings import PROJECT_DIR
from gridmart.simulator.delivery import head_end
from gridmart.sources.meter_files import flatten
from gridmart.sources.meter_files.registry import parse_bytes

ZONE = ZoneInfo("Asia/Shanghai")
ARRIVED = datetime(2026, 10, 2, 3, tzinfo=UTC)


def test_a_row_is_the_points_of_a_task_with_one_result_at_one_try():
    parsed = parse_bytes(tasks_file(task(), task(tries=2, points=3), task(result_code="no_response", tries=0)), ZONE)
    assert (parsed.format, parsed.rejects, parsed.delivered) == ("collection_tasks", [], 3)
    rows = parsed.tasks.to_pylist()
    assert rows[0] == {
        "org_no": "1400101", "business_date": date(2026, 10, 1), "task_code": "curve",
        "planned_at": datetime(2026, 10, 1, 4, tzinfo=UTC), "result_code": "read", "tries": 1, "points": 97,
        "row_number": 1,
    }  # fmt: skip
    assert [(row["result_code"], row["tries"], row["points"]) for row in rows[1:]] == [
        ("read", 2, 3),
        ("no_response", 0, 97),
    ]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"org_no": ""}, "bad_structure"),
        ({"org_no": "S\n1"}, "bad_structure"),
        ({"task_code": None}, "bad_structure"),
        ({"result_code": "=cmd|x"}, "bad_structure"),
        ({"result_code": "x" * 41}, "bad_structure"),
        ({"business_date": None}, "bad_date"),
        ({"business_date": date(1960, 1, 1)}, "bad_date"),
        ({"planned_at": None}, "bad_date"),
        ({"planned_at": datetime(9999, 1, 1, tzinfo=UTC)}, "bad_date"),
        ({"tries": 0}, "bad_number"),
        ({"tries": -1}, "bad_number"),
        ({"tries": None}, "bad_number"),
        ({"points": -1}, "bad_number"),
        ({"points": None}, "bad_number"),
        ({"points": 2**62}, "bad_number"),
        ({"points": 5}, "bad_structure"),  # the same result at the same try, told again
    ],
)
def test_a_bad_row_is_refused_and_its_neighbours_stay(changed: dict[str, object], rule: str):
    parsed = parse_bytes(tasks_file(task(), task(**changed), task(org_no="1400102")), ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(2, rule)]
    assert parsed.rejects[0].reason and parsed.rejects[0].content.isprintable()
    assert parsed.tasks["row_number"].to_pylist() == [1, 3] and parsed.delivered == 3


def test_whole_numbers_may_have_any_width():
    content = pa.Table.from_pylist([task()], schema=TASKS)
    content = content.set_column(5, "tries", pa.array([None], pa.uint8()))
    content = content.set_column(6, "points", pa.array([7], pa.uint32()))
    assert [reject.rule for reject in parse_bytes(packed_parquet(content), ZONE).rejects] == ["bad_number"]


@pytest.mark.parametrize(
    ("day", "rule"), [(date(2026, 10, 4), "future"), (date(2021, 1, 1), "stale"), (date(2026, 10, 3), None)]
)
def test_a_task_out_of_its_time_is_refused_on_arrival(day: date, rule: str | None):
    parsed = parse_bytes(tasks_file(task(), task(business_date=day, tries=2)), ZONE)
    screened = flatten.screen(parsed, ARRIVED, ZONE)
    assert [(reject.row_number, reject.rule) for reject in screened.rejects] == ([(2, rule)] if rule else [])
    assert screened.delivered == parsed.delivered == 2


@pytest.mark.parametrize(
    "content",
    [
        pa.Table.from_pylist([task()], TASKS).drop_columns(["tries"]),
        pa.Table.from_pylist([task()], TASKS).append_column("x", pa.array([1])),
        pa.Table.from_pylist([task()], TASKS).set_column(3, "planned_at", pa.array([0], pa.timestamp("us"))),
    ],
)
def test_other_columns_are_refused_as_a_whole(content: pa.Table):
    parsed = parse_bytes(packed_parquet(content), ZONE)
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(0, "missing_header")]


def test_a_head_end_that_had_no_task_is_no_fault():
    parsed = parse_bytes(packed_parquet(TASKS.empty_table()), ZONE)
    assert (parsed.format, parsed.delivered, parsed.rejects) == ("collection_tasks", 0, [])


def test_the_samples_have_the_columns_of_the_simulator():
    assert TASKS.equals(head_end.COLLECTION)


def test_seeds_name_every_task_and_result_of_the_simulator():
    def codes(name: str) -> set[str]:
        with (PROJECT_DIR / "dbt" / "seeds" / "codes" / f"{name}.csv").open(encoding="utf-8") as file:
            return {row[f"{name.removeprefix('collection_')}_code"] for row in csv.DictReader(file)}

    assert codes("collection_result") == {"read", *head_end.FAILURES}
    assert codes("collection_task") == {"curve", "frozen"}
