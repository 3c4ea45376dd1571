"""The Chinese calendar of business dates: workdays, weekends, public holidays, make-up workdays.

Holidays and make-up workdays come from the `holidays` library, which follows the State Council's yearly notices.
"""

from datetime import date, timedelta
from functools import lru_cache

import holidays
import pyarrow as pa

# holidays whose statutory days off count as festival days in time-of-use rules (deep valley, 深谷)
FESTIVALS = ("Spring Festival", "Labor Day", "National Day", "Chinese New Year")

SCHEMA = pa.schema(
    [
        ("business_date", pa.date32()),
        ("day_type", pa.string()),
        ("is_workday", pa.bool_()),
        ("is_holiday", pa.bool_()),
        ("is_festival", pa.bool_()),
        ("holiday_name_zh", pa.string()),
        ("holiday_name_en", pa.string()),
    ]
)


@lru_cache(maxsize=4)
def _china(first_year: int, last_year: int) -> tuple[dict[date, str], dict[date, str], frozenset[date]]:
    years = range(first_year, last_year + 1)
    zh = holidays.country_holidays("CN", years=years, language="zh_CN")
    en = holidays.country_holidays("CN", years=years, language="en_US")
    return dict(zh), dict(en), frozenset(en.weekend_workdays)


def days(start: date, end: date) -> pa.Table:
    """One row per date from `start` to `end`, both included: see `SCHEMA`.

    `day_type` is workday, weekend or holiday; a make-up workday at a weekend is a workday; names are
    null on days that are no holiday. Festival days are those that carry the festival's name, also where it is
    observed later; weekends and days off that a notice swaps next to them are not.
    """
    zh, en, makeup = _china(start.year, end.year)
    rows = []
    for offset in range((end - start).days + 1):
        day = start + timedelta(days=offset)
        name = en.get(day)
        weekend = day.weekday() >= 5 and day not in makeup
        day_type = "holiday" if name else "weekend" if weekend else "workday"
        festival = any(word in (name or "") for word in FESTIVALS)
        rows.append((day, day_type, day_type == "workday", bool(name), festival, zh.get(day), name))
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    return pa.table([pa.array(c, type=f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)
