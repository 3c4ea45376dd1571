"""Local days of a time zone: their start in UTC and their length."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
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


def local_s(moment: datetime, zone: tzinfo, fold: int = 0) -> int:
    """Seconds since 1970 of a local time without a zone; fold 1: the second of two where the clock is set back."""
    return int(moment.replace(tzinfo=zone, fold=fold).timestamp())


@lru_cache(maxsize=20_000)
def iso_s(text: str, zone: tzinfo) -> int | None:
    """Seconds since 1970 of an ISO 8601 time, local where it has no zone; None where it is no time after 1970."""
    try:
        moment = datetime.fromisoformat(text) if text.isascii() else None
    except ValueError:
        return None
    if moment is None or not 1970 < moment.year < 2200:
        return None
    return int(moment.timestamp()) if moment.tzinfo else local_s(moment, zone)


@lru_cache(maxsize=20_000)
def stamp_s(text: str, zone: tzinfo, fold: int = 0) -> int | None:
    """Seconds since 1970 of a local YYYYMMDD, YYYYMMDDhhmm or YYYYMMDDhhmmss; None where it is no time after 1970.

    24:00 of a day is 00:00 of the next. fold: as in `local_s`.
    """
    if not (text.isascii() and text.isdigit() and len(text) in (8, 12, 14)):
        return None
    text = text.ljust(14, "0")
    parts = [int(text[:4]), *(int(text[n : n + 2]) for n in range(4, 14, 2))]
    is_end = parts[3:] == [24, 0, 0]
    if is_end:
        parts[3] = 0
    try:
        moment = datetime(*parts) + timedelta(days=is_end)  # type: ignore[arg-type]  # noqa: DTZ001
    except (ValueError, OverflowError):
        return None
    return local_s(moment, zone, fold) if 1970 < moment.year < 2200 else None
