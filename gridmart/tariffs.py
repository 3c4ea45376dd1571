"""Tariffs: data in `dbt/seeds/tariffs/`, read here for time-of-use periods and prices.

A version holds from `valid_from` to the day before `valid_to`. `gridmart/quality/tariffs.py` refuses bad files.
"""

import csv
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from gridmart.calendar import days
from gridmart.settings import PROJECT_DIR

SEEDS: Path = PROJECT_DIR / "dbt" / "seeds" / "tariffs"

# of an account whose contract names no tariff that is known
CALENDAR_OF: dict[str, str] = {
    "residential": "single",
    "agricultural": "single",
    "commercial": "commercial_tou",
    "large_industrial": "industrial_tou",
}
PERIODS = ("sharp", "peak", "flat", "valley", "deep_valley")


@lru_cache(maxsize=16)
def seed(name: str) -> tuple[dict[str, str], ...]:
    """Rows of one seed file, all values as text."""
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


def in_force(row: dict[str, str], day: date) -> bool:
    """Whether a row with `valid_from` and `valid_to` (exclusive; empty: open) holds on a day."""
    return row["valid_from"] <= day.isoformat() and (not row["valid_to"] or day.isoformat() < row["valid_to"])


def version(tariff_code: str, day: date) -> dict[str, str] | None:
    """The version of a tariff that holds on a day: a row of `tariff_version.csv`; None where there is none."""
    rows = (row for row in seed("tariff_version") if row["tariff_code"] == tariff_code and in_force(row, day))
    return next(rows, None)


def rows_of(name: str, of: dict[str, str]) -> list[dict[str, str]]:
    """Rows of a seed (prices, levies, tiers) that belong to a version of a tariff."""
    key = ("tariff_code", "valid_from")
    return [row for row in seed(name) if all(row[column] == of[column] for column in key)]


def calendars_on(day: date) -> dict[str, str]:
    """Calendar of each tariff that holds on a day, by tariff code."""
    return {row["tariff_code"]: row["calendar_code"] for row in seed("tariff_version") if in_force(row, day)}


def changes() -> list[date]:
    """Days on which a version of a tariff begins or ends."""
    found = {row[column] for row in seed("tariff_version") for column in ("valid_from", "valid_to")}
    return sorted(date.fromisoformat(text) for text in found if text)


def day_types(day_type: str, is_festival: bool) -> frozenset[str]:
    """What a rule's `day_type` may say to hold on a day of this type (workday, weekend, holiday)."""
    return frozenset(("any", day_type, *(("festival",) if is_festival else ())))


@lru_cache(maxsize=512)
def _hours(calendar_code: str, version: date, month: int, kinds: frozenset[str]) -> tuple[str, ...]:
    """The period of each of the 24 local hours; `version` is any day on which the rules hold."""
    hours = ["flat"] * 24
    for row in sorted(seed("tou_period"), key=lambda r: int(r["priority"])):
        if row["calendar_code"] != calendar_code or not in_force(row, version):
            continue
        if str(month) not in row["months"].split() or row["day_type"] not in kinds:
            continue
        for hour in range(int(row["start_hour"]), int(row["end_hour"])):
            hours[hour] = row["period_code"]
    return tuple(hours)


def tou_hours(start: date, end: date) -> pa.Table:
    """Time-of-use period of every local hour.

    Columns: calendar_code (string), business_date (date32), local_hour (int8, 0-23), period_code
    (one of `PERIODS`); one row per calendar, date and hour, `start` to `end` both included; flat before a calendar's
    first version. Source: the notices named in `tou_period.csv`.
    """
    table = days(start, end)
    known = zip(*(table.column(name).to_pylist() for name in ("business_date", "day_type", "is_festival")), strict=True)
    kinds = {day: day_types(day_type, is_festival) for day, day_type, is_festival in known}
    codes: list[str] = []
    dates: list[date] = []
    periods: list[str] = []
    for code in sorted({row["calendar_code"] for row in seed("tou_period")}):
        for offset in range((end - start).days + 1):
            day = start + timedelta(days=offset)
            codes += [code] * 24
            dates += [day] * 24
            periods += _hours(code, day, day.month, kinds[day])
    return pa.table(
        {
            "calendar_code": pa.array(codes, pa.string()),
            "business_date": pa.array(dates, pa.date32()),
            "local_hour": pa.array(list(range(24)) * (len(dates) // 24), pa.int8()),
            "period_code": pa.array(periods, pa.string()),
        }
    )
