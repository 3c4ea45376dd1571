"""Mean temperatures of dates from raw_weather: what like days are chosen by, beside their kind and age."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from gridmart.lake.vee.days import dates_between, day_minutes, day_start
from gridmart.warehouse.database import connect

MEANS = """
    select business_date, avg(mean_c)
    from (
        select (valid_at at time zone %(timezone)s)::date as business_date, avg(temperature_c) as mean_c,
            count(temperature_c) as hours
        from raw_weather.hourly
        where kind = 'actual' and valid_at >= %(start)s and valid_at < %(end)s
        group by station_code, 1
    ) as station_day
    where hours = (%(hours)s::jsonb ->> business_date::text)::int
    group by business_date
"""


def means(first: date, last: date, timezone: str) -> dict[date, float]:
    """Mean of the measured temperature, °C to 0.1, of the dates first…last, over the stations that measured every hour.

    One value for the whole utility: what a date's weather differs by from another's is much the same in its districts.
    A date that no station has wholly measured is left out, and all are where no weather was ever extracted.
    """
    zone = ZoneInfo(timezone)
    hours = {str(day): day_minutes(day, zone) // 60 for day in dates_between(first, last)}
    asked = {"timezone": timezone, "start": day_start(first, zone), "end": day_start(last + timedelta(days=1), zone)}
    with connect("loader") as connection:
        there = connection.execute("select to_regclass('raw_weather.hourly')").fetchone()
        if there is None or there[0] is None:
            return {}
        rows = connection.execute(MEANS, {**asked, "hours": Jsonb(hours)}).fetchall()
    return {day: round(float(mean), 1) for day, mean in rows}
