"""Tariffs: data in `dbt/seeds/tariffs/`, read here for time-of-use periods and prices."""

import csv
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from gridmart.calendar import days
from gridmart.settings import PROJECT_DIR

SEEDS: Path = PROJECT_DIR / "dbt" / "seeds" / "tariffs"

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
    """Whether a row with `valid_from` and `valid_to` (empty: open) holds on a day."""
    return row["valid_from"] <= day.isoformat() and (not row["valid_to"] or day.isoformat() <= row["valid_to"])


@lru_cache(maxsize=512)
def _hours(calendar_code: str, version: date, month: int, is_festival: bool) -> tuple[str, ...]:
    """The period of each of the 24 local hours; `version` is any day on which the rules hold."""
    hours = ["flat"] * 24
    for row in sorted(seed("tou_period"), key=lambda r: int(r["priority"])):
        if row["calendar_code"] != calendar_code or not in_force(row, version):
            continue
        if str(month) not in row["months"].split() or (row["day_type"] == "festival" and not is_festival):
            continue
        for hour in range(int(row["start_hour"]), int(row["end_hour"])):
            hours[hour] = row["period_code"]
    return tuple(hours)


def tou_hours(start: date, end: date) -> pa.Table:
    """Time-of-use period of every local hour.

    Columns: calendar_code (string), business_date (date32), local_hour (int8, 0-23), period_code
    (one of `PERIODS`); one row per calendar, date and hour, `start` to `end` both included.
    Source: the notices named in `tou_period.csv`.
    """
    festival = dict(
        zip(*(days(start, end).column(name).to_pylist() for name in ("business_date", "is_festival")), strict=True)
    )
    codes: list[str] = []
    dates: list[date] = []
    periods: list[str] = []
    for code in sorted(set(CALENDAR_OF.values())):
        for offset in range((end - start).days + 1):
            day = start + timedelta(days=offset)
            codes += [code] * 24
            dates += [day] * 24
            periods += _hours(code, day, day.month, festival[day])
    return pa.table(
        {
            "calendar_code": pa.array(codes, pa.string()),
            "business_date": pa.array(dates, pa.date32()),
            "local_hour": pa.array(list(range(24)) * (len(dates) // 24), pa.int8()),
            "period_code": pa.array(periods, pa.string()),
        }
    )
