"""The public holiday calendar into landing_calendar.day: day type, holidays and their names."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from gridmart.settings import settings
from gridmart.sources.catalog import Source
from gridmart.sources.file_drop import upsert
from gridmart.warehouse.database import connect

DAYS_BEFORE = 400  # models look back a year and the month before it
DAYS_AHEAD = 400  # forecasts and bills need the days to come


def extract(source: Source, say: Callable[[str], None], start: date | None = None, end: date | None = None) -> int:
    """Load the days from 400 before to 400 after the demo's, the run's and today's dates; returns changed days."""
    from gridmart.calendar import days

    today = datetime.now(UTC).date()
    asked = [settings().demo_from, settings().demo_to, today, *(day for day in (start, end) if day)]
    table = days(min(asked) - timedelta(days=DAYS_BEFORE), max(asked) + timedelta(days=DAYS_AHEAD))
    at = datetime.now(UTC)
    columns = table.column_names
    with connect("loader") as connection:
        changed = upsert(
            connection,
            (source.landing, "day"),
            ("business_date",),
            [*columns, "_extracted_at"],
            ((*(row[name] for name in columns), at) for row in table.to_pylist()),
        )
    say(f"calendar: {changed:,} days changed of {table.num_rows:,}")
    return changed
