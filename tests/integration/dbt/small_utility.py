"""A tiny consistent utility in raw schemas: 2 stations, 2 feeders, 4 transformers, 12 accounts, 40 days.

Energy is made so that every area loses 4 %: what boundary meters see is what customers took (less what
they fed in) over 0.96. Names and phones are recognisable, so that a scan can look for them.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

FIRST = date(2026, 9, 1)
DAYS = 40
LAST = FIRST + timedelta(days=DAYS - 1)
LOADED_AT = datetime(2026, 10, 11, 4, tzinfo=UTC)
LOSS = 0.04
CATEGORIES = ("residential", "commercial", "large_industrial", "agricultural")

CIS = {
    "organisation": "org_no text primary key, org_name text, org_name_en text, org_type text, parent_org_no text",
    "feeder": "feeder_no text primary key, feeder_name text, substation_no text, org_no text",
    "transformer": "transformer_no text primary key, transformer_name text, feeder_no text, org_no text, "
    "rated_kva numeric, ownership text",
    "customer": "customer_no text primary key, customer_name text, phone text, id_number text, address text",
    "account": "account_no text primary key, customer_no text, org_no text, usage_category text, industry_code text, "
    "voltage_code text, opened_date date, closed_date date, status_code text",
    "contract": "contract_no text primary key, account_no text, tariff_code text, contract_capacity_kva numeric, "
    "capacity_charge_basis text, power_factor_standard numeric, valid_from date, valid_to date",
    "metering_point": "point_no text primary key, account_no text, point_kind text, feeder_no text, "
    "interval_minutes bigint, has_generation boolean",
    "point_transformer": "point_no text, transformer_no text, valid_from date, valid_to date, "
    "primary key (point_no, valid_from)",
    "meter": "meter_no text primary key, point_no text, ct_ratio bigint, pt_ratio bigint, digits bigint, "
    "installed_date date, removed_date date, install_index numeric, removal_index numeric",
    "bill": "bill_no text primary key, account_no text, bill_month date, issued_date date, due_date date, "
    "energy_kwh numeric, amount_yuan numeric, status_code text",
    "bill_line": "bill_no text, line_no bigint, line_kind text, period_code text, quantity numeric, "
    "unit_price numeric, amount_yuan numeric, primary key (bill_no, line_no)",
    "payment": "payment_no text primary key, bill_no text, account_no text, paid_at timestamptz, "
    "amount_yuan numeric, channel_code text",
}
OTHERS = {
    ("raw_weather", "hourly"): "station_code text, valid_at timestamptz, kind text, issued_at timestamptz, "
    "temperature_c double precision, humidity_pct double precision, _extracted_at timestamptz, "
    "primary key (station_code, valid_at, kind)",
    ("raw_calendar", "day"): "business_date date primary key, day_type text, is_workday boolean, is_holiday boolean, "
    "is_festival boolean, holiday_name_zh text, holiday_name_en text, _extracted_at timestamptz",
}


def put(connection: psycopg.Connection, schema: str, table: str, rows: Iterable[Sequence[Any]], columns: str) -> None:
    """COPY rows into a table; columns is a comma-separated list."""
    names = sql.SQL(", ").join(sql.Identifier(name.strip()) for name in columns.split(","))
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(schema, table), names)
    with connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def create(connection: psycopg.Connection) -> None:
    """The tables that extraction would have made, empty; those of gridmart's own DDL are emptied."""
    for table, ddl in CIS.items():
        connection.execute(f"drop table if exists raw_cis.{table} cascade")
        stamps = "updated_at timestamptz not null default now(), _extracted_at timestamptz not null default now()"
        connection.execute(f"create table raw_cis.{table} ({stamps}, {ddl})")
    for (schema, table), ddl in OTHERS.items():
        connection.execute(f"drop table if exists {schema}.{table} cascade")
        connection.execute(f"create table {schema}.{table} ({ddl})")
    for table in ("point_day", "transformer_hour", "feeder_hour", "collection_day", "file", "quarantine"):
        connection.execute(f"truncate raw_ami.{table}")


def _register(connection: psycopg.Connection) -> None:
    put(
        connection, "raw_cis", "organisation",
        [
            ("1400", "晋北电力公司", "Jinbei Power", "company", None),
            ("14001", "城东分公司", "East", "district", "1400"),
            ("1400101", "城关供电所", "Chengguan", "station", "14001"),
            ("1400102", "河西供电所", "Hexi", "station", "14001"),
        ],
        "org_no,org_name,org_name_en,org_type,parent_org_no",
    )  # fmt: skip
    put(
        connection, "raw_cis", "feeder", [(f"F00{n}", f"线路{n}", "S001", f"140010{n}") for n in (1, 2)],
        "feeder_no,feeder_name,substation_no,org_no",
    )  # fmt: skip
    put(
        connection, "raw_cis", "transformer",
        [(f"T000{n}", f"公变{n}", feeder(n), f"140010{feeder(n)[-1]}", 200, "public") for n in range(1, 5)],
        "transformer_no,transformer_name,feeder_no,org_no,rated_kva,ownership",
    )  # fmt: skip
    numbers = range(1, 13)
    put(
        connection, "raw_cis", "customer",
        [(f"C{n:03}", f"欧阳试{n:02}", f"1380000{n:04}", f"1401011990{n:08}", f"北街{n:02}号院") for n in numbers],
        "customer_no,customer_name,phone,id_number,address",
    )  # fmt: skip
    put(
        connection, "raw_cis", "account",
        [
            (account(n), f"C{n:03}", f"140010{feeder(transformer(n))[-1]}", CATEGORIES[n % 4], "A00", "V0",
             date(2020, 1, 1), None, "active")
            for n in numbers
        ],
        "account_no,customer_no,org_no,usage_category,industry_code,voltage_code,opened_date,closed_date,status_code",
    )  # fmt: skip
    changed = date(2026, 9, 15)  # account 1 raised its capacity mid-month
    put(
        connection, "raw_cis", "contract",
        [("K001a", account(1), "R1", 8, "none", None, date(2020, 1, 1), changed)]
        + [
            (f"K{n:03}", account(n), "R1", 20, "none", None, changed if n == 1 else date(2020, 1, 1), None)
            for n in numbers
        ],
        "contract_no,account_no,tariff_code,contract_capacity_kva,capacity_charge_basis,power_factor_standard,"
        "valid_from,valid_to",
    )  # fmt: skip
    points = [(point(n), account(n), "customer", feeder(transformer(n)), 15, n == 12) for n in numbers]
    points += [(f"P0000010{n:02}", None, "transformer_boundary", feeder(n), 15, False) for n in range(1, 5)]
    points += [(f"P0000020{n:02}", None, "feeder_boundary", f"F00{n}", 15, False) for n in (1, 2)]
    put(
        connection, "raw_cis", "metering_point", points,
        "point_no,account_no,point_kind,feeder_no,interval_minutes,has_generation",
    )  # fmt: skip
    places = [(point(n), f"T000{transformer(n)}", date(2020, 1, 1), None) for n in numbers]
    places += [(f"P0000010{n:02}", f"T000{n}", date(2020, 1, 1), None) for n in range(1, 5)]
    put(connection, "raw_cis", "point_transformer", places, "point_no,transformer_no,valid_from,valid_to")
    swapped = date(2026, 9, 20)  # the meter of point 2
    meters = [
        (f"M{p[0][1:]}", p[0], 1, 1, 6, date(2020, 1, 1), swapped if p[0] == point(2) else None, 0, None)
        for p in points
    ]
    meters.append(("M2NEW", point(2), 1, 1, 6, swapped, None, 0, None))
    put(
        connection, "raw_cis", "meter", meters,
        "meter_no,point_no,ct_ratio,pt_ratio,digits,installed_date,removed_date,install_index,removal_index",
    )  # fmt: skip


def account(n: int) -> str:
    """Account number of the n-th account (1-12)."""
    return f"14001{n:05}"


def point(n: int) -> str:
    """Point number of the n-th account's point."""
    return f"P{n:09}"


def transformer(n: int) -> int:
    """Number (1-4) of the transformer that feeds the n-th account."""
    return 1 + (n - 1) % 4


def feeder(transformer_number: int) -> str:
    """Feeder of a transformer: T0001 and T0002 on F001."""
    return f"F00{1 + (transformer_number - 1) // 2}"


def hourly(n: int, day: date) -> list[float]:
    """Import energy of the n-th account in each local hour, kWh; whole watt-hours."""
    return [round(0.5 + n / 10 + 0.4 * math.sin((h + n + day.day) * math.pi / 12), 3) for h in range(24)]


def put_day(connection: psycopg.Connection, day: date, factor: float = 1.0, loaded_at: datetime = LOADED_AT) -> None:
    """All roll-ups of one date, as the lake would load them: delete and insert; factor scales account 3."""
    snapshot = int(loaded_at.timestamp())
    for table in ("point_day", "transformer_hour", "feeder_hour", "collection_day"):
        connection.execute(f"delete from raw_ami.{table} where business_date = %s", (day,))
    use = {n: [round(v * (factor if n == 3 else 1.0), 3) for v in hourly(n, day)] for n in range(1, 13)}
    feed = {n: [0.2 if n == 12 and 9 <= h < 15 else 0.0 for h in range(24)] for n in use}
    areas: dict[str, list[list[float]]] = {}
    for n, values in use.items():
        for area in (f"T000{transformer(n)}", feeder(transformer(n))):
            sums = areas.setdefault(area, [[0.0, 0.0] for _ in range(24)])
            for h in range(24):
                sums[h][0] += values[h]
                sums[h][1] += feed[n][h]

    def point_row(number: str, values: Sequence[float], export: float, estimated: int) -> tuple[Any, ...]:
        total = round(sum(values), 3)
        peak = round(sum(values[8:12]), 3)
        valley = round(sum(values[0:6]), 3)
        return (
            number, day, total, export, round(total * 0.2, 3), 0, peak, round(total - peak - valley, 3), valley, 0,
            max(values), datetime(day.year, day.month, day.day, tzinfo=UTC), [float(v) for v in values], 96,
            96 - estimated, estimated, 0, None, snapshot, loaded_at,
        )  # fmt: skip

    # account 5 misses four intervals on every tenth day
    rows = [point_row(point(n), v, sum(feed[n]), 4 if n == 5 and day.day % 10 == 0 else 0) for n, v in use.items()]
    for area, sums in areas.items():
        supplied = [round(sold / (1 - LOSS) - generated, 3) for sold, generated in sums]
        kind = "P0000010" if area[0] == "T" else "P0000020"
        rows.append(point_row(f"{kind}{int(area[1:]):02}", supplied, 0.0, 0))
    put(
        connection, "raw_ami", "point_day", rows,
        "point_no,business_date,import_kwh,export_kwh,import_kvarh,sharp_kwh,peak_kwh,flat_kwh,valley_kwh,"
        "deep_valley_kwh,peak_kw,peak_at,hourly_kwh,intervals_due,intervals_actual,intervals_estimated,rule_bits,"
        "register_advance_kwh,lake_snapshot_id,loaded_at",
    )  # fmt: skip
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
    for table, key, first in (("transformer_hour", "transformer_no", "T"), ("feeder_hour", "feeder_no", "F")):
        put(
            connection, "raw_ami", table,
            [
                (area, midnight + timedelta(hours=h), day, round(sold / (1 - LOSS) - generated, 3), round(sold, 3),
                 round(generated, 3), 0.0, round(sold * 0.1, 3) * (day.day % 10 == 0 and area in ("T0001", "F001")),
                 3, snapshot, loaded_at)
                for area, sums in areas.items() if area[0] == first
                for h, (sold, generated) in enumerate(sums)
            ],
            f"{key},hour_start,business_date,supplied_kwh,sold_kwh,generation_kwh,supplied_estimated_kwh,"
            "sold_estimated_kwh,points,lake_snapshot_id,loaded_at",
        )  # fmt: skip
    put(
        connection, "raw_ami", "collection_day",
        [(day, t, 4, 4, 4, 384, 384, 0, snapshot, loaded_at) for t in ("T0001", "T0002", "T0003", "T0004")]
        + [(day, "", 2, 2, 2, 192, 192, 0, snapshot, loaded_at)],
        "business_date,transformer_no,points_due,points_read,points_complete,intervals_due,intervals_actual,"
        "intervals_estimated,lake_snapshot_id,loaded_at",
    )  # fmt: skip


def _billing(connection: psycopg.Connection) -> None:
    bills, lines, payments = [], [], []
    for month, due in ((date(2026, 8, 1), date(2026, 9, 25)), (date(2026, 9, 1), date(2026, 10, 25))):
        for n in range(1, 13):
            number = f"B{n:03}{month:%Y%m}"
            energy, levies = 500 + 20 * n, round((500 + 20 * n) * 0.03, 2)
            amount = round(energy * 0.52, 2)
            bills.append(
                (
                    number,
                    account(n),
                    month,
                    month + timedelta(days=35),
                    due,
                    energy,
                    round(amount + levies, 2),
                    "issued",
                )
            )
            lines.append((number, 1, "energy", "total", energy, 0.52, amount))
            lines.append((number, 2, "levies", "total", energy, 0.03, levies))
            # account 4 pays nothing, account 6 half, account 7 late; September is not due yet
            if month.month == 8 and n != 4:
                paid = round((amount + levies) / (2 if n == 6 else 1), 2)
                at = datetime(2026, 9, 28 if n == 7 else 12, 3, tzinfo=UTC)
                payments.append((f"Y{n:03}{month:%Y%m}", number, account(n), at, paid, "app"))
    put(
        connection, "raw_cis", "bill", bills,
        "bill_no,account_no,bill_month,issued_date,due_date,energy_kwh,amount_yuan,status_code",
    )  # fmt: skip
    put(
        connection, "raw_cis", "bill_line", lines,
        "bill_no,line_no,line_kind,period_code,quantity,unit_price,amount_yuan",
    )  # fmt: skip
    put(connection, "raw_cis", "payment", payments, "payment_no,bill_no,account_no,paid_at,amount_yuan,channel_code")


def load(connection: psycopg.Connection) -> None:
    """The whole small utility, anew, in one transaction of a connection as role loader."""
    create(connection)
    _register(connection)
    _billing(connection)
    for n in range(DAYS):
        put_day(connection, FIRST + timedelta(days=n))
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
    put(
        connection, "raw_ami", "file", [("f" * 64, "a.csv", "csv", "partly", 100, 99, 1, 9_504, LOADED_AT)],
        "file_id,name,format,status,delivered_records,accepted_records,quarantined_records,readings,arrived_at",
    )  # fmt: skip
    put(
        connection, "raw_ami", "quarantine",
        [("f" * 64, "a.csv", 7, "negative", "import below zero", "ask for a new version", point(9), FIRST, LAST)],
        "file_id,file_name,row_number,rule,reason,next_step,point_no,business_date,arrived_date",
    )  # fmt: skip


if __name__ == "__main__":
    from gridmart.warehouse.database import connect

    with connect("loader") as warehouse:
        load(warehouse)
