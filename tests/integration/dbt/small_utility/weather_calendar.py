"""The small utility's weather, and a calendar of working days alone."""

from datetime import UTC, datetime, timedelta

import psycopg

from tests.integration.dbt.small_utility.shared import DAYS, FIRST, LOADED_AT, put

TABLES = {
    ("raw_weather", "hourly"): "station_code text, valid_at timestamptz, kind text, issued_at timestamptz, "
    "temperature_c double precision, humidity_pct double precision, _extracted_at timestamptz, "
    "primary key (station_code, valid_at, kind)",
    ("raw_calendar", "day"): "business_date date primary key, day_type text, is_workday boolean, is_holiday boolean, "
    "is_festival boolean, holiday_name_zh text, holiday_name_en text, _extracted_at timestamptz",
}


def load(connection: psycopg.Connection) -> None:
    """Weather with its forecast, and the days."""
    start = datetime(2026, 9, 1, tzinfo=UTC) - timedelta(hours=8)
    put(
        connection, "raw_weather", "hourly",
        [
            ("14001", start + timedelta(hours=h), kind, start, celsius, 50.0, LOADED_AT)
            for kind, celsius, hours in (("actual", 20.0, 24 * DAYS), ("forecast", 22.0, 24 * DAYS + 48))
            for h in range(hours)
        ],
        "station_code,valid_at,kind,issued_at,temperature_c,humidity_pct,_extracted_at",
    )  # fmt: skip
    put(
        connection, "raw_calendar", "day",
        [
            (FIRST + timedelta(days=n), "workday", True, False, False, None, None, LOADED_AT)
            for n in range(DAYS + 7)
        ],
        "business_date,day_type,is_workday,is_holiday,is_festival,holiday_name_zh,holiday_name_en,_extracted_at",
    )  # fmt: skip
