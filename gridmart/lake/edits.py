"""Manual edits of readings: a CSV file in, rows of `ami.edit` out. No reading is changed here: VEE puts edits over it.

Header: point,channel,start,old,new,who,at,why. `start` and `at` are ISO 8601 with an offset; `old` is the value that
the editor saw (empty: there was none, or it does not matter); energies in kWh or kvarh.
"""

import csv
import hashlib
import io
import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from gridmart.errors import GridmartError
from gridmart.lake import tables
from gridmart.settings import settings
from gridmart.sources.meter_files.model import CHANNELS, CONTENT_LENGTH

HEADER = ("point", "channel", "start", "old", "new", "who", "at", "why")
MOST_BYTES = 64 * 1024 * 1024
PROPERTY = "gridmart.edit-file"
NEXT_STEP = "mend the row and deliver it in a new file"


@dataclass
class Edits:
    """A file's rows: `rows` as ami.edit has them, `refused` as ami.quarantine has them (without its dates)."""

    file_id: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)


class _RowError(Exception):
    """A row that cannot be used: (rule, reason)."""


def _number(text: str, name: str) -> float:
    try:
        value = float(text) if text.isascii() else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1e12:
        raise _RowError("bad_value", f"{name} {text[:20]!r} is not a number that a meter can show")
    return value


def _moment(text: str, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _RowError("bad_time", f"{name} {text[:40]!r} is not a time with its offset")


def _row(cells: dict[str, str], zone: ZoneInfo) -> dict[str, Any]:
    for name in ("point", "who", "why"):
        if not cells[name]:
            raise _RowError("not_told", f"an edit must say {name!r}")
    if cells["channel"] not in CHANNELS:
        raise _RowError("unknown_channel", f"channel {cells['channel'][:20]!r} is not known")
    start = _moment(cells["start"], "start")
    return {
        "point_no": cells["point"], "channel": cells["channel"], "interval_start": start,
        "business_date": start.astimezone(zone).date(),
        "old_value": _number(cells["old"], "old") if cells["old"] else None,
        "new_value": _number(cells["new"], "new"), "edited_by": cells["who"], "edited_at": _moment(cells["at"], "at"),
        "reason": cells["why"],
    }  # fmt: skip


def read(data: bytes, zone: ZoneInfo) -> Edits:
    """The edits of a file's bytes; a GridmartError when it is no such file at all."""
    found = Edits(hashlib.sha256(data).hexdigest())
    try:
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = tuple(next(lines, ()))
        if header != HEADER:
            raise GridmartError("this is no file of edits", f"its first line must be {','.join(HEADER)}", 2)
        for number, values in enumerate(lines, start=2):
            if values:
                _take(found, number, values, zone)
    except (UnicodeDecodeError, csv.Error) as error:
        raise GridmartError(f"the file of edits cannot be read: {error}", "deliver it as CSV in UTF-8", 2) from error
    return found


def _take(found: Edits, number: int, values: list[str], zone: ZoneInfo) -> None:
    origin = {"file_id": found.file_id, "row_number": number}
    cells = dict(zip(HEADER, (value.strip() for value in values), strict=False))
    try:
        if len(values) != len(HEADER):
            raise _RowError("bad_row", f"the row has {len(values)} cells, not {len(HEADER)}")
        found.rows.append({**_row(cells, zone), **origin})
    except _RowError as bad:
        rule, reason = bad.args
        found.refused.append(
            {**origin, "rule": rule, "reason": reason, "next_step": NEXT_STEP, "point_no": cells.get("point"),
             "channel": cells.get("channel"), "business_date": None, "content": ",".join(values)[:CONTENT_LENGTH]}
        )  # fmt: skip


def take_in(path: Path) -> dict[str, Any]:
    """Append a file's edits to ami.edit, and what is refused to ami.quarantine; the same file twice changes nothing.

    Returns {"file_id", "edits", "quarantined", "dates", "new"}; the dates are to be validated again.
    """
    if path.stat().st_size > MOST_BYTES:
        raise GridmartError(f"{path.name} is larger than {MOST_BYTES // 2**20} MB", "split it: edits are few", 2)
    found = read(path.read_bytes(), ZoneInfo(settings().timezone))
    tables.ensure_tables()
    by_date: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for row in found.rows:
        by_date[row["business_date"]].append(row)
    is_new = False
    if found.refused and found.file_id not in tables.snapshot_property("quarantine", PROPERTY):
        today = datetime.now(UTC).date()
        rows = [{**row, "file_name": path.name, "arrived_date": today} for row in found.refused]
        refused = pa.Table.from_pylist(rows, tables.arrow_schema("quarantine"))
        tables.append_files("quarantine", [tables.write("quarantine", refused, today)], {PROPERTY: found.file_id})
        is_new = True
    # after the quarantine: a run that is killed between the two is made good by the next
    if by_date and found.file_id not in tables.snapshot_property("edit", PROPERTY):
        written = [
            tables.write("edit", pa.Table.from_pylist(rows, tables.arrow_schema("edit")), day, found.file_id)
            for day, rows in sorted(by_date.items())
        ]
        tables.append_files("edit", written, {PROPERTY: found.file_id})
        is_new = True
    return {
        "file_id": found.file_id,
        "edits": len(found.rows),
        "quarantined": len(found.refused),
        "dates": [day.isoformat() for day in sorted(by_date)],
        "new": is_new,
    }
