"""A small real source database with the tables of the catalogue, for tests of extraction and arrival."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from gridmart.settings import settings
from gridmart.warehouse.database import connect, url

DATABASE = "trial_cis"
TABLES = """
create table organisation(org_no text primary key, org_name text, org_name_en text, org_type text, parent_org_no text);
create table substation(substation_no text primary key, substation_name text, org_no text);
create table feeder(feeder_no text primary key, feeder_name text, substation_no text, org_no text);
create table transformer(transformer_no text primary key, transformer_name text, feeder_no text, org_no text,
    rated_kva numeric, ownership text);
create table customer(customer_no text primary key, customer_name text, phone text, id_number text, address text);
create table account(account_no text primary key, customer_no text, org_no text, usage_category text,
    industry_code text, voltage_code text, opened_date date, closed_date date, status_code text);
create table contract(contract_no text primary key, account_no text, tariff_code text, contract_capacity_kva numeric,
    capacity_charge_basis text, power_factor_standard numeric, valid_from date, valid_to date);
create table metering_point(point_no text primary key, account_no text, point_kind text, feeder_no text,
    interval_minutes int, has_generation bool);
create table point_transformer(point_no text, transformer_no text, valid_from date, valid_to date,
    primary key (point_no, valid_from));
create table meter(meter_no text primary key, point_no text, ct_ratio int, pt_ratio int, digits int,
    installed_date date, removed_date date, install_index numeric, removal_index numeric);
create table bill(bill_no text primary key, account_no text, bill_month date, issued_date date, due_date date,
    energy_kwh numeric, amount_yuan numeric(18,2), status_code text);
create table bill_line(bill_no text, line_no int, line_kind text, period_code text, quantity numeric,
    unit_price numeric(12,6), amount_yuan numeric(18,2), primary key (bill_no, line_no));
create table payment(payment_no text primary key, bill_no text, account_no text, paid_at timestamptz,
    amount_yuan numeric(18,2), channel_code text);
do $$ declare t text; begin
    for t in select tablename from pg_tables where schemaname = 'public' loop
        execute format('alter table %I add column updated_at timestamptz not null default ''2026-01-01''', t);
    end loop;
end $$;
insert into organisation values ('1400', '公司', 'Company', 'company', null), ('14001', '一区', 'District', 'district',
    '1400'), ('1400101', '一所', 'Station', 'station', '14001');
insert into substation values ('S1', '变电站', '14001');
insert into feeder values ('F001', '馈线', 'S1', '1400101');
insert into transformer values ('T0001', '台区', 'F001', '1400101', 400, 'public');
insert into customer select 'C' || n, '客户' || n, '138' || n, 'id' || n, '地址' from generate_series(1, 3) n;
insert into account select lpad(n::text, 10, '0'), 'C' || n, '1400101', 'residential', '00', '220V', '2020-01-01', null,
    'active' from generate_series(1, 3) n;
insert into contract select 'K' || n, lpad(n::text, 10, '0'), 'RES', 8, 'none', null, '2020-01-01', null
    from generate_series(1, 3) n;
insert into metering_point select 'P' || lpad(n::text, 9, '0'), lpad(n::text, 10, '0'), 'customer', 'F001', 15, false
    from generate_series(1, 3) n;
insert into point_transformer select point_no, 'T0001', '2020-01-01', null from metering_point;
insert into meter select 'M' || point_no, point_no, 1, 1, 6, '2020-01-01', null, 0.125, null from metering_point;
insert into bill select 'B' || account_no || m, account_no, date '2026-01-01' + m * interval '1 month', '2026-03-03',
    '2026-03-23', 100.123, 50.12, 'issued' from account, generate_series(0, 1) m;
insert into bill_line select bill_no, n, 'energy', 'total', 50, 0.5012, 25.06 from bill, generate_series(1, 2) n;
insert into payment select 'Y' || bill_no, bill_no, account_no, '2026-03-10 08:30:00.123456+08', 50.12, 'app' from bill;
grant select on all tables in schema public to cis_reader;
"""


def execute(statement: str) -> None:
    """Run SQL at the source, as its owner would."""
    with connect("postgres", DATABASE) as connection:
        connection.execute(statement)


def rows(schema: str, table: str, without: tuple[str, ...] = ("_extracted_at", "_dlt_load_id")) -> set[str]:
    """Rows of a table of the warehouse as JSON texts, less what differs from load to load."""
    with connect("postgres") as connection:
        query = f"select (to_jsonb(t) - %s::text[])::text from {schema}.{table} t"
        found = [row for (row,) in connection.execute(query, (list(without),))]
    assert len(found) == len(set(found)), "a row came twice"
    return set(found)


def forget_landed() -> None:
    """Remove what landed and what was let in of cis."""
    with connect("postgres") as connection:
        for schema in ("landing_cis", "landing_cis_staging", "raw_cis"):
            names = connection.execute("select tablename from pg_tables where schemaname = %s", (schema,)).fetchall()
            for (name,) in names:
                connection.execute(f"drop table {schema}.{name} cascade")
        connection.execute("delete from supervision.source_column where source = 'cis'")
        connection.execute("delete from supervision.schema_change where source = 'cis'")
        connection.execute("delete from supervision.source_status where source = 'cis'")


@contextmanager
def source_database() -> Iterator[None]:
    """The source, filled, and GRIDMART_CIS_URL set to it; gone afterwards."""
    with connect("postgres", "postgres", autocommit=True) as connection:
        connection.execute(f"drop database if exists {DATABASE} with (force)")
        connection.execute(f"create database {DATABASE}")
    execute(TABLES)
    forget_landed()
    os.environ["GRIDMART_CIS_URL"] = url("cis_reader", DATABASE, "postgresql+psycopg2")
    settings.cache_clear()
    try:
        yield
    finally:
        del os.environ["GRIDMART_CIS_URL"]
        settings.cache_clear()
        forget_landed()
        with connect("postgres", "postgres", autocommit=True) as connection:
            connection.execute(f"drop database {DATABASE} with (force)")


def source_status(source: str) -> tuple[str, str | None]:
    """Status and reason of a source."""
    with connect("postgres") as connection:
        row = connection.execute(
            "select status, reason from supervision.source_status where source = %s", (source,)
        ).fetchone()
    assert row is not None
    return row


def warehouse_value(query: str) -> object:
    """The single value of a query on the warehouse."""
    with connect("postgres") as connection:
        row = connection.execute(psycopg.sql.SQL(query)).fetchone()
    assert row is not None
    return row[0]
