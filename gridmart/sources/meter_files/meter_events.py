"""Meter events in Parquet: what a meter, or the head-end about it, reports; one row an event."""

import re
from datetime import UTC
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from gridmart.sources.meter_files import container, model, parquet_table
from gridmart.sources.meter_files.model import MAX_POINT_LENGTH, Parsed, Reject, Rejects
from gridmart.sources.meter_files.parquet_claims import MAGIC, Limits
from gridmart.sources.meter_files.parquet_table import MOMENT, TEXT, plain, texts

NAME = "meter_events"
IS_TEXT = False
KINDS = {
    "point_no": TEXT, "meter_no": TEXT, "occurred_at": MOMENT, "event_code": TEXT, "event_zh": TEXT, "event_en": TEXT,
}  # fmt: skip
FOOTER = 64 << 10  # bytes at the end of a file that name its columns
MAX_EVENTS = 1_000_000
CODE = re.compile(r"^[a-z0-9][a-z0-9_.-]{0,39}$")
PLAIN = re.compile(rf"^[^\x00-\x1f\x7f]{{1,{MAX_POINT_LENGTH}}}$")
EARLIEST, LATEST = np.datetime64("1970-01-02", "us"), np.datetime64("2200-01-01", "us")


def matches(content: bytes) -> bool:
    """Parquet whose last bytes name the column of an event's code."""
    return content.startswith(MAGIC) and b"event_code" in content[-FOOTER:]


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read a file; a RefusalError when it is damaged, too large, or of other columns. A file of no event is one too."""
    table = parquet_table.read(data, KINDS, Limits(MAX_EVENTS, MAX_EVENTS, container.MAX_BYTES), "meter events")
    points, meters, codes = (texts(_whole(table[name])).to_pylist() for name in ("point_no", "meter_no", "event_code"))
    at = _whole(table["occurred_at"]).cast(pa.timestamp("us", "UTC"), safe=False).to_numpy(zero_copy_only=False)
    rejects = Rejects()
    good = np.ones(len(points), dtype=bool)
    for n, (point, meter, code, moment) in enumerate(zip(points, meters, codes, at, strict=True)):
        fault = _fault(point, meter, code, moment)
        if fault:
            good[n] = False
            content = plain(f"{point},{meter},{moment},{code}")
            rejects.append(Reject(n + 1, *fault, point[:MAX_POINT_LENGTH], None, None, content))
    kept = pa.array(good)
    moments = pa.array(at, pa.timestamp("us", "UTC")).filter(kept)
    dates = [moment.replace(tzinfo=UTC).astimezone(zone).date() for moment in at[good].tolist()]
    columns = {
        "point_no": pa.array(points, pa.string()).filter(kept),
        "meter_no": pa.array(meters, pa.string()).filter(kept),
        "event_code": pa.array(codes, pa.string()).filter(kept),
        "occurred_at": moments,
        "business_date": pa.array(dates, pa.date32()),
        "row_number": pa.array(np.arange(1, len(points) + 1)[good]),
    }
    return Parsed(NAME, rejects=rejects, lines=len(points), events=pa.table(columns, schema=model.EVENTS))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _fault(point: str, meter: str, code: str, moment: np.datetime64) -> tuple[str, str] | None:
    if not PLAIN.match(point) or not PLAIN.match(meter):
        reason = f"the point or the meter is empty, longer than {MAX_POINT_LENGTH} characters or no plain text"
        return "bad_structure", reason
    if not CODE.match(code):
        return "bad_structure", f"event code {plain(code)!r} is not of at most 40 letters a to z, digits, _ . -"
    if not EARLIEST <= moment <= LATEST:
        return "bad_date", f"{moment} is no time of an event"
    return None
