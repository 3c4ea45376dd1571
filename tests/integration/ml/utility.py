"""The marts that models read, made by hand for a small synthetic utility."""

from datetime import timedelta

import numpy as np
import psycopg

from tests.unit.ml.synthetic import panel

DDL = """
drop table if exists marts_candidate.fct_transformer_load_hour, marts_candidate.fct_feeder_load_hour,
    marts_candidate.fct_weather_hour, marts_candidate.dim_date, marts_candidate.fct_point_day,
    marts_candidate.dim_account, marts_candidate.dim_organisation;
create table marts_candidate.fct_transformer_load_hour (transformer_no text, hour_start_at timestamptz,
    business_date date, feeder_no text, org_no text, load_kw numeric(18, 3));
create table marts_candidate.fct_feeder_load_hour (feeder_no text, hour_start_at timestamptz,
    business_date date, org_no text, load_kw numeric(18, 3));
create table marts_candidate.fct_weather_hour (station_code text, hour_start_at timestamptz, business_date date,
    temperature_c double precision, humidity_pct double precision, is_forecast boolean);
create table marts_candidate.dim_date (business_date date, month_start date, day_type text, is_workday boolean,
    is_holiday boolean, holiday_name_zh text, holiday_name_en text);
create table marts_candidate.fct_point_day (point_no text, business_date date, account_no text,
    import_kwh numeric(18, 3),
    export_kwh numeric(18, 3), hourly_kwh real[], lake_snapshot_id bigint);
create table marts_candidate.dim_account (account_no text, usage_category text, is_current boolean);
create table marts_candidate.dim_organisation (org_no text, org_type text, district_no text);
insert into marts_candidate.dim_organisation values
    ('1400', 'company', null), ('14001', 'district', '14001'), ('1400101', 'station', '14001');
"""
ACCOUNTS = 120
CATEGORIES = ("residential", "residential", "commercial", "large_industrial", "agricultural")


def copy(connection: psycopg.Connection, table: str, rows: list[tuple]) -> None:
    """COPY rows into a mart."""
    with connection.cursor() as cursor, cursor.copy(f"copy marts_candidate.{table} from stdin") as target:
        for row in rows:
            target.write_row(row)


def shape(category: str, k: int, workday: bool) -> np.ndarray:
    """Hourly kWh of one day of a kind of account; households of two kinds: evening peak, and charging at night."""
    hours = np.arange(24)

    def bump(at: float, width: float) -> np.ndarray:
        return np.exp(-(((hours - at + 12) % 24 - 12) ** 2) / (2 * width**2))

    if category == "residential":
        return 0.2 + (bump(20, 2) if k % 2 else 2 * bump(2, 2.5)) * (1.0 if workday else 1.3)
    if category == "commercial":
        return 0.5 + 5 * bump(14, 3)
    if category == "large_industrial":
        return np.full(24, 50.0)
    return 0.1 + 3 * bump(8, 2) * (1.2 if workday else 1.0)


def build(connection: psycopg.Connection, days: int = 140) -> None:
    """Create and fill the marts: 7 series of `days` days, weather a week ahead, 120 accounts."""
    p = panel(days)
    connection.execute(DDL)
    first = int(p.first_at.timestamp())
    at = [p.first_at + timedelta(hours=k) for k in range(p.load.shape[1])]
    dates = [p.date_of(int(d)) for d in p.day]
    assert first == int(at[0].timestamp())
    for level, table in (("feeder", "fct_feeder_load_hour"), ("transformer", "fct_transformer_load_hour")):
        rows = []
        for s, (code, number) in enumerate(p.keys):
            if code == level:
                middle = ("F001", "1400101") if level == "transformer" else ("1400101",)
                rows += [(number, at[t], dates[t], *middle, round(float(p.load[s, t]), 3)) for t in range(p.known)]
        copy(connection, table, rows)
    copy(
        connection, "fct_weather_hour",
        [("14001", at[t], dates[t], float(p.temperature[0, t]), 50.0, t >= p.known) for t in range(len(at))],
    )  # fmt: skip
    seen = {dates[t]: t for t in range(len(at))}
    copy(
        connection, "dim_date",
        [(d, d.replace(day=1), "workday" if p.is_workday[t] else "weekend", bool(p.is_workday[t]),
          bool(p.holiday[t]), None, None) for d, t in seen.items()],
    )  # fmt: skip
    draw = np.random.default_rng(3)
    points, accounts = [], []
    for k in range(ACCOUNTS):
        category = CATEGORIES[k % len(CATEGORIES)]
        accounts.append((f"{k:010d}", category, True))
        for day in range(days):
            workday = bool(p.is_workday[day * 24])
            values = shape(category, k // 5, workday) * (1 + 0.15 * draw.random(24))
            if k == 0 and day < days - 3:
                continue  # an account that is three days old
            points.append(
                (f"P{k:09d}", p.date_of(day), f"{k:010d}", round(float(values.sum()), 3), 0,
                 "{" + ",".join(f"{v:.4f}" for v in values) + "}", 77)
            )  # fmt: skip
    copy(connection, "fct_point_day", points)
    copy(connection, "dim_account", accounts)
    connection.commit()
