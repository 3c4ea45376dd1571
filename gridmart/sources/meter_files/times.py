"""Local days of a time zone: their start in UTC and their length."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=20_000)
def day_start_s(day: date, zone: ZoneInfo) -> int:
    """Seconds since 1970 of local 00:00 of a date."""
    return int(datetime.combine(day, time(), tzinfo=zone).astimezone(UTC).timestamp())


@lru_cache(maxsize=20_000)
def day_minutes(day: date, zone: ZoneInfo) -> int:
    """Length of the local day: 1440, or 1380 and 1500 when the clocks change."""
    if day.year >= 9999 or day.year <= 1:
        return 1440
    return (day_start_s(day + timedelta(days=1), zone) - day_start_s(day, zone)) // 60
