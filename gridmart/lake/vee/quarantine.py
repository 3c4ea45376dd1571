"""Records that VEE cannot place: readings of points that no register knows or off the grid, edits that do not fit.

They stay in ami.reading_raw; the row in quarantine says so. An unknown point heals when it is registered:
the register's fingerprint of the date changes, and the date is validated again.
"""

from datetime import UTC, datetime

import pyarrow as pa

from gridmart.lake import tables
from gridmart.lake.engine import Engine
from gridmart.lake.vee.clean import Result

UNKNOWN = ("unknown_point", "{n} readings of a point that is not registered", "register the point in the CIS")
EDIT = (
    "edit_mismatch",
    "{n} edit of a value that is not there",
    "look at the interval again, and edit what it holds now",
)
OFF_GRID = ("clock_drift", "{n} readings start off the grid of the day", "check the meter's clock and time zone")


def report(engine: Engine, result: Result) -> int:
    """Append what is new to ami.quarantine; the number of rows appended."""
    found = []
    off_grid = result.off_grid.group_by("point_no", "channel", "business_date", "file_id")
    off_grid = off_grid.agg(row_number=lambda r: r.row_number.min(), readings=lambda r: r.count())
    edits = result.refused_edits.select("point_no", "channel", "business_date", "file_id", "row_number", readings=1)
    for rows, (rule, reason, next_step) in ((result.unknown, UNKNOWN), (off_grid, OFF_GRID), (edits, EDIT)):
        for row in engine.arrow(rows).to_pylist():
            why = reason.format(n=row.pop("readings"))
            found.append({**row, "rule": rule, "reason": why, "next_step": next_step, "content": ""})
    if not found:
        return 0
    day = datetime.now(UTC).date()
    key = ("file_id", "row_number", "rule", "point_no", "business_date")
    held = tables.load("quarantine").scan(selected_fields=key).to_arrow().to_pylist()
    known = {tuple(row[name] for name in key) for row in held}
    names = tables.load("file").scan(selected_fields=("file_id", "name")).to_arrow().to_pydict()
    name_of = dict(zip(names["file_id"], names["name"], strict=True))
    fresh = {tuple(row[name] for name in key): row for row in found}
    rows = [
        {**row, "file_name": name_of.get(row["file_id"]), "arrived_date": day}
        for place, row in fresh.items()
        if place not in known
    ]
    if rows:
        data = pa.Table.from_pylist(rows, tables.arrow_schema("quarantine"))
        tables.append_files("quarantine", [tables.write("quarantine", data, day)])
    return len(rows)
