"""The demo's marketing system (CIS) as a database of its own: `demo_cis`, replaced in one transaction."""

from datetime import UTC, date, datetime, timedelta

import psycopg
from psycopg import sql

from gridmart.simulator import faults
from gridmart.simulator.utility import COMPANY, DISTRICTS, FEEDERS, INDUSTRY, STATIONS, TARIFFS, Utility
from gridmart.warehouse.database import connect

DATABASE = "demo_cis"
DDL = """
create table organisation (org_no text primary key, org_name text, org_name_en text, org_type text,
    parent_org_no text, updated_at timestamptz not null);
create table substation (substation_no text primary key, substation_name text, org_no text,
    updated_at timestamptz not null);
create table feeder (feeder_no text primary key, feeder_name text, substation_no text, org_no text,
    updated_at timestamptz not null);
create table transformer (transformer_no text primary key, transformer_name text, feeder_no text, org_no text,
    rated_kva numeric(12,2), ownership text, updated_at timestamptz not null);
create table customer (customer_no text primary key, customer_name text, phone text, id_number text, address text,
    updated_at timestamptz not null);
create table account (account_no text primary key, customer_no text, org_no text, usage_category text,
    industry_code text, voltage_code text, opened_date date, closed_date date, status_code text,
    updated_at timestamptz not null);
create table contract (contract_no text primary key, account_no text, tariff_code text,
    contract_capacity_kva numeric(12,2), capacity_charge_basis text, power_factor_standard numeric(4,2),
    valid_from date, valid_to date, updated_at timestamptz not null);
create table metering_point (point_no text primary key, account_no text, point_kind text, feeder_no text,
    interval_minutes integer, has_generation boolean, updated_at timestamptz not null);
create table point_transformer (point_no text, transformer_no text, valid_from date, valid_to date,
    updated_at timestamptz not null, primary key (point_no, valid_from));
create table meter (meter_no text primary key, point_no text, ct_ratio integer, pt_ratio integer, digits integer,
    installed_date date, removed_date date, install_index numeric(14,2), removal_index numeric(14,2),
    updated_at timestamptz not null);
create table bill (bill_no text primary key, account_no text, bill_month date, issued_date date, due_date date,
    energy_kwh numeric(18,3), amount_yuan numeric(18,2), status_code text, updated_at timestamptz not null);
create table bill_line (bill_no text, line_no integer, line_kind text, period_code text, quantity numeric(18,3),
    unit_price numeric(12,6), amount_yuan numeric(18,2), updated_at timestamptz not null,
    primary key (bill_no, line_no));
create table payment (payment_no text primary key, bill_no text, account_no text, paid_at timestamptz,
    amount_yuan numeric(18,2), channel_code text, updated_at timestamptz not null);
"""


def tariffs_of(utility: Utility) -> dict[str, str]:
    """Tariff code by account: every other large industrial customer has chosen the demand charge."""
    chosen = {}
    for k, (account, category) in enumerate(utility.accounts[["account_no", "usage_category"]].itertuples(index=False)):
        chosen[account] = TARIFFS.get(category) or ("IND_TOU_CAP" if k % 2 else "IND_TOU_DEM")
    return chosen


def _meters(utility: Utility, removal: dict[str, float], at: datetime) -> list[tuple]:
    wrong, swapped = faults.wrong_multipliers(utility), faults.swaps(utility)
    rows: list[tuple] = []
    for point in utility.points.itertuples():
        name = str(point.point_no)
        ct = wrong.get(name, int(point.ct_ratio))
        installed = date(2020, 1, 1)
        day = swapped.get(name)
        index = float(point.start_index)
        until, final = (day, removal.get(name)) if day else (None, None)
        rows.append((f"M{name}", name, ct, int(point.pt_ratio), 8, installed, until, index, final, at))
        if day:
            rows.append((f"N{name}", name, ct, int(point.pt_ratio), 8, day, None, 0.0, None, at))
    return rows


def tables(utility: Utility, removal: dict[str, float], billing: dict[str, list[tuple]]) -> dict[str, list[tuple]]:
    """Rows of every table of the CIS; `removal` is the last index of each swapped meter."""
    at = datetime.combine(utility.first - timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    accounts, points = utility.accounts, utility.points
    tariff = tariffs_of(utility)
    station_of = {feeder: STATIONS[k] for feeder, k in FEEDERS}
    made: dict[str, list[tuple]] = {
        "organisation": [(*COMPANY, "company", None, at)]
        + [(*district, "district", COMPANY[0], at) for district in DISTRICTS]
        + [(no, name, en, "station", parent, at) for no, name, en, parent in STATIONS],
        "substation": [
            (f"S{k + 1:02d}", f"{name[:2]}110千伏变电站", no, at) for k, (no, name, _, _) in enumerate(STATIONS)
        ],
        "feeder": [
            (f, f"10千伏{station_of[f][1][:2]}{k + 1}线", f"S{s + 1:02d}", station_of[f][0], at)
            for k, (f, s) in enumerate(FEEDERS)
        ],
        "transformer": [
            (t.transformer_no, f"{'公变' if t.ownership == 'public' else '专变'}{t.transformer_no[1:]}", t.feeder_no,
             t.org_no, t.rated_kva, t.ownership, at)
            for t in utility.transformers.itertuples()
        ],
        "customer": [
            (a.customer_no, a.customer_name, a.phone, a.id_number, a.address, at) for a in accounts.itertuples()
        ],
        "account": [
            (a.account_no, a.customer_no, a.org_no, a.usage_category, INDUSTRY[str(a.usage_category)],
             "10kV" if a.usage_category == "large_industrial" else "0.4kV", a.opened_date, None, "active", at)
            for a in accounts.itertuples()
        ],
        "contract": [
            (f"H{a.account_no}", a.account_no, tariff[str(a.account_no)], a.capacity_kva,
             {"IND_TOU_CAP": "capacity", "IND_TOU_DEM": "demand"}.get(tariff[str(a.account_no)], "none"),
             0.90 if a.usage_category == "large_industrial" else None, a.opened_date, None, at)
            for a in accounts.itertuples()
        ],
        "metering_point": [
            (p.point_no, p.account_no, p.point_kind, p.feeder_no, 15, bool(p.has_generation), at)
            for p in points.itertuples()
        ],
        "point_transformer": [
            (p.point_no, p.transformer_no, date(2020, 1, 1), None, at)
            for p in points[points["transformer_no"].notna()].itertuples()
        ],
        "meter": _meters(utility, removal, at),
    }  # fmt: skip
    return made | billing


def replace(made: dict[str, list[tuple]], stamp: str) -> None:
    """Replace the whole database in one transaction; `stamp` says what it holds."""
    with connect("cis_owner", DATABASE) as connection:
        for table in made:
            connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(table)))
        connection.execute(DDL)
        for table, rows in made.items():
            name = sql.Identifier(table)
            with connection.cursor().copy(sql.SQL("copy {} from stdin").format(name)) as copy:
                for row in rows:
                    copy.write_row(row)
            connection.execute(sql.SQL("grant select on {} to cis_reader").format(name))
        connection.execute(sql.SQL("comment on table account is {}").format(sql.Literal(f"gridmart demo {stamp}")))


def stamp() -> str | None:
    """What the database holds, as given to `replace`; None when it holds no demo."""
    try:
        with connect("cis_reader", DATABASE) as connection:
            row = connection.execute("select obj_description(to_regclass('public.account'), 'pg_class')").fetchone()
    except psycopg.Error:
        return None
    return row[0].removeprefix("gridmart demo ") if row and row[0] else None
