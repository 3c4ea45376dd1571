"""The calendar of the engine: when each local day starts, how long it is, what kind of day it is."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pyarrow as pa

import gridmart.calendar as utility_calendar

EPOCH = date(1970, 1, 1)
DAY_S = 86_400


def dates_between(start: date, end: date) -> list[date]:
    """All dates from start to end, both included."""
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """UTC time of local 00:00 of a date."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def day_minutes(day: date, zone: ZoneInfo) -> int:
    """Length of the local day: 1440, or 1380 and 1500 when the clocks change."""
    return int((day_start(day + timedelta(days=1), zone) - day_start(day, zone)).total_seconds()) // 60


def day_table(start: date, end: date, timezone: str, temperatures: Mapping[date, float] | None = None) -> pa.Table:
    """One row a date: business_date, previous_date, next_date, day_start_s (epoch), minutes, is_workday, temperature_c.

    temperatures: mean of dates, °C; null for the others.
    """
    zone = ZoneInfo(timezone)
    dates = dates_between(start, end)
    kinds = utility_calendar.days(start, end).to_pydict()
    workday = dict(zip(kinds["business_date"], kinds["is_workday"], strict=True))
    return pa.table(
        {
            "business_date": pa.array(dates, pa.date32()),
            "previous_date": pa.array([day - timedelta(days=1) for day in dates], pa.date32()),
            "next_date": pa.array([day + timedelta(days=1) for day in dates], pa.date32()),
            "day_start_s": pa.array([int(day_start(day, zone).timestamp()) for day in dates], pa.int64()),
            "minutes": pa.array([day_minutes(day, zone) for day in dates], pa.int32()),
            "is_workday": pa.array([bool(workday[day]) for day in dates], pa.bool_()),
            "temperature_c": pa.array([(temperatures or {}).get(day) for day in dates], pa.float64()),
        }
    )


def _by_runs(day: ir.DateValue, dates: list[date], values: list[int]) -> ir.IntegerValue:
    """`values` by date as an expression: one comparison a run of dates with one value, cheaper than a join a row."""
    starts = [n for n in range(1, len(dates)) if values[n] != values[n - 1]]
    last = ibis.literal(values[-1]).cast("int64")
    if not starts:
        return last
    return ibis.cases(*[(day < dates[n], ibis.literal(values[n - 1]).cast("int64")) for n in starts], else_=last)


def start_of(day: ir.DateValue, calendar: pa.Table) -> ir.IntegerValue:
    """Epoch seconds of local 00:00 of a date of the calendar (`day_table`)."""
    dates: list[date] = calendar["business_date"].to_pylist()
    starts: list[int] = calendar["day_start_s"].to_pylist()
    offsets = [at - (day - EPOCH).days * DAY_S for day, at in zip(dates, starts, strict=True)]
    return day.epoch_days().cast("int64") * DAY_S + _by_runs(day, dates, offsets)


def minutes_of(day: ir.DateValue, calendar: pa.Table) -> ir.IntegerValue:
    """Length of a date of the calendar (`day_table`) in minutes."""
    return _by_runs(day, calendar["business_date"].to_pylist(), calendar["minutes"].to_pylist())


def slot_table(start: date, end: date, timezone: str, lengths: Iterable[int]) -> pa.Table:
    """Every interval of every date for each length in minutes.

    Columns: business_date, interval_minutes, slot, interval_start (UTC), minute_of_day (local clock).
    """
    zone = ZoneInfo(timezone)
    columns: dict[str, list] = {
        name: [] for name in ("business_date", "interval_minutes", "slot", "interval_start", "minute_of_day")
    }
    for day in dates_between(start, end):
        first, minutes = day_start(day, zone), day_minutes(day, zone)
        for length in sorted(set(lengths)):
            for slot in range(minutes // length):
                at = first + timedelta(minutes=slot * length)
                local = at.astimezone(zone)
                columns["business_date"].append(day)
                columns["interval_minutes"].append(length)
                columns["slot"].append(slot)
                columns["interval_start"].append(at)
                columns["minute_of_day"].append(local.hour * 60 + local.minute)
    types = (pa.date32(), pa.int32(), pa.int64(), pa.timestamp("us", "UTC"), pa.int32())
    return pa.table({name: pa.array(values, kind) for (name, values), kind in zip(columns.items(), types, strict=True)})
