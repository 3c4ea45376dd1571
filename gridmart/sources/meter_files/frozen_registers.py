"""Daily frozen registers in Parquet: the total and those by period at the end of a day; one row a point and day.

A register by period is of active import and has a channel of its own (`import_kwh_peak`).
"""

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from gridmart.sources.meter_files import container, model, numbers, parquet_table
from gridmart.sources.meter_files.meter_events import EARLIEST, FOOTER, LATEST, PLAIN
from gridmart.sources.meter_files.model import MAX_POINT_LENGTH, Parsed, Reject, Rejects
from gridmart.sources.meter_files.parquet_claims import MAGIC, Limits
from gridmart.sources.meter_files.parquet_table import DATE, MOMENT, REAL, TEXT, plain, texts
from gridmart.sources.meter_files.times import day_start_s
from gridmart.tariffs import PERIODS

NAME = "frozen_registers"
IS_TEXT = False
TOTAL = "import_kwh"
CHANNELS = {"total_index": TOTAL, **{f"{period}_index": f"{TOTAL}_{period}" for period in PERIODS}}
KINDS = {"point_no": TEXT, "business_date": DATE, "frozen_at": MOMENT, **dict.fromkeys(CHANNELS, REAL)}
MAX_ROWS = 1_000_000


def matches(content: bytes) -> bool:
    """Parquet whose last bytes name the column of the moment of freezing."""
    return content.startswith(MAGIC) and re.search(rb"\bfrozen_at\b", content[-FOOTER:]) is not None


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read a file; a RefusalError when it is damaged, too large, or of other columns."""
    limits = Limits(MAX_ROWS, MAX_ROWS, container.MAX_BYTES)
    table = parquet_table.read(data, KINDS, limits, "frozen registers").combine_chunks()
    columns = {name: table[name].combine_chunks() for name in KINDS}
    columns = {name: part.chunk(0) if isinstance(part, pa.ChunkedArray) else part for name, part in columns.items()}
    points = texts(columns["point_no"]).to_pylist()
    days = columns["business_date"].to_numpy(zero_copy_only=False).astype("datetime64[D]")
    frozen = columns["frozen_at"].cast(pa.timestamp("us", "UTC"), safe=False).to_numpy(zero_copy_only=False)
    values = {name: columns[name].to_numpy(zero_copy_only=False) for name in CHANNELS}
    there = {name: columns[name].is_valid().to_numpy(zero_copy_only=False) for name in CHANNELS}
    named = {point: PLAIN.match(point) is not None for point in set(points)}
    known = (days >= EARLIEST.astype("datetime64[D]")) & (days <= LATEST.astype("datetime64[D]"))
    ends = {day: day_start_s(day.item() + timedelta(days=1), zone) for day in np.unique(days[known])}
    due = np.array([ends.get(day, 0) for day in days], "int64").astype("datetime64[s]")
    odd = [valid & ~numbers.are_numbers(values[name]) for name, valid in there.items()]
    checks = (
        ("bad_structure", ~np.array([named[point] for point in points], bool),
         f"the point is empty, longer than {MAX_POINT_LENGTH} characters or no plain text"),
        ("bad_date", ~known, "business_date is no date of a register"),
        ("not_an_interval", ~(frozen == due), "frozen_at is not local 00:00 of the day after business_date"),
        ("bad_number", np.any(odd, axis=0), f"an index is {numbers.NOT_A_NUMBER}"),
        ("bad_structure", ~np.any(list(there.values()), axis=0), "the row holds no index"),
    )  # fmt: skip
    good, rejects = np.ones(len(points), bool), Rejects()
    for rule, bad, reason in checks:
        for n in np.flatnonzero(bad & good).tolist():
            content = plain(",".join([points[n], str(days[n]), *(f"{part[n]:g}" for part in values.values())]))
            day: date | None = days[n].item() if known[n] else None
            rejects.append(Reject(n + 1, rule, reason, points[n][:MAX_POINT_LENGTH], None, day, content))
        good &= ~bad
    rejects.sort(key=lambda reject: reject.row_number)
    parts = []
    for name, channel in CHANNELS.items():
        rows = np.flatnonzero(good & there[name])
        found = {
            "point_no": pa.array([points[n] for n in rows], pa.string()),
            "channel": pa.array([channel] * len(rows), pa.string()),
            "business_date": pa.array(days[rows]),
            "index_start": pa.nulls(len(rows), pa.float64()),
            "index_end": pa.array(values[name][rows]),
            "version": pa.array(np.zeros(len(rows), np.int64)),
            "row_number": pa.array(rows + 1),
        }
        parts.append(pa.table(found, schema=model.REGISTERS))
    return Parsed(NAME, rejects=rejects, lines=len(points), frozen=pa.concat_tables(parts))
