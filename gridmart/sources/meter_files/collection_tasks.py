"""Collection tasks in Parquet: how many points of a station answered a task with what, at which try; one row each.

A task is a station's collection of one kind that was planned for a moment. Its rows add up to the points that it asked.
"""

import re
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from gridmart.sources.meter_files import container, model, parquet_table
from gridmart.sources.meter_files.meter_events import CODE, EARLIEST, FOOTER, LATEST, PLAIN
from gridmart.sources.meter_files.model import MAX_POINT_LENGTH, Parsed, Reject, Rejects
from gridmart.sources.meter_files.parquet_claims import MAGIC, Limits
from gridmart.sources.meter_files.parquet_table import DATE, MOMENT, TEXT, WHOLE, plain, texts

NAME = "collection_tasks"
IS_TEXT = False
READ = "read"  # the result of a point that answered in full; every other code is a reason of failure
KINDS = {
    "org_no": TEXT, "business_date": DATE, "task_code": TEXT, "planned_at": MOMENT, "result_code": TEXT,
    "tries": WHOLE, "points": WHOLE,
}  # fmt: skip
MAX_ROWS = 1_000_000
MAX_TRIES, MAX_POINTS = 1000, 1_000_000_000


def matches(content: bytes) -> bool:
    """Parquet whose last bytes name the columns of a task and of its results."""
    end = content[-FOOTER:]
    return content.startswith(MAGIC) and b"task_code" in end and re.search(rb"\bplanned_at\b", end) is not None


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read a file; a RefusalError when it is damaged, too large, or of other columns."""
    limits = Limits(MAX_ROWS, MAX_ROWS, container.MAX_BYTES)
    table = parquet_table.read(data, KINDS, limits, "collection tasks").combine_chunks()
    columns = {name: table[name].combine_chunks() for name in KINDS}
    columns = {name: part.chunk(0) if isinstance(part, pa.ChunkedArray) else part for name, part in columns.items()}
    words = {name: texts(columns[name]) for name in ("org_no", "task_code", "result_code")}
    days = columns["business_date"].to_numpy(zero_copy_only=False).astype("datetime64[D]")
    planned = columns["planned_at"].cast(pa.timestamp("us", "UTC"), safe=False).to_numpy(zero_copy_only=False)
    numbers = {name: columns[name].cast(pa.int64()).fill_null(-1).to_numpy() for name in ("tries", "points")}
    rows = list(zip(*(part.to_pylist() for part in words.values()), days, planned, *numbers.values(), strict=True))
    good, rejects = np.ones(len(rows), bool), Rejects()
    for n, fault in _faults(rows):
        good[n] = False
        content = plain(",".join(str(part) for part in rows[n]))
        rejects.append(Reject(n + 1, *fault, None, None, _date(days[n]), content))
    kept = pa.array(good)
    found = {
        **words,
        "business_date": pa.array(days),
        "planned_at": pa.array(planned, pa.timestamp("us", "UTC")),
        "tries": pa.array(numbers["tries"].clip(-1, MAX_TRIES), pa.int32()),
        "points": pa.array(numbers["points"]),
        "row_number": pa.array(np.arange(1, len(rows) + 1)),
    }
    tasks = pa.table({name: found[name].filter(kept) for name in model.TASKS.names}, schema=model.TASKS)
    return Parsed(NAME, rejects=rejects, lines=len(rows), tasks=tasks)


def _date(day: np.datetime64) -> date | None:
    found = day.astype("datetime64[D]").item()  # None, where there is none
    return found if isinstance(found, date) and EARLIEST <= day <= LATEST else None


def _faults(rows: list[tuple]) -> Iterator[tuple[int, tuple[str, str]]]:
    """Places of rows that cannot be read: rule and reason. A row that is told again is one of them."""
    told = set()
    for n, (org_no, task, result, day, planned, tries, points) in enumerate(rows):
        fault = _fault(org_no, task, result, day, planned) or _number_fault(result, tries, points)
        key = org_no, task, result, planned, tries
        if fault is None and key in told:
            fault = "bad_structure", "the file tells this result of this task twice"
        if fault is not None:
            yield n, fault
        told.add(key)


def _fault(org_no: str, task: str, result: str, day: np.datetime64, planned: np.datetime64) -> tuple[str, str] | None:
    if not PLAIN.match(org_no):
        return "bad_structure", f"the station is empty, longer than {MAX_POINT_LENGTH} characters or no plain text"
    for what, code in (("task", task), ("result", result)):
        if not CODE.match(code):
            return "bad_structure", f"{what} code {plain(code)!r} is not of at most 40 letters a to z, digits, _ . -"
    if _date(day) is None:
        return "bad_date", "business_date is no date of a task"
    if not EARLIEST <= planned <= LATEST:
        return "bad_date", f"{planned} is no time of a task"
    return None


def _number_fault(result: str, tries: int, points: int) -> tuple[str, str] | None:
    if not 0 <= tries <= MAX_TRIES or (result == READ and tries == 0):
        return "bad_number", f"{tries} is no number of tries from 1 (a failure: 0) to {MAX_TRIES:,}"
    if not 0 <= points <= MAX_POINTS:
        return "bad_number", f"{points} is no number of points from 0 to {MAX_POINTS:,}"
    return None
