"""A small real source database with the tables of the catalogue, for tests of extraction and arrival."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from gridmart.settings import settings
from gridmart.warehouse.database import connect, url

DATABASE = "trial_cis"
TABLES = """
create table c_cust(cust_id bigint primary key, cust_no text, cust_name text, mobile text, cert_no text, addr text);
create table c_cons(cons_id bigint primary key, cons_no text, cust_id bigint, org_no text, elec_type_code text,
    trade_code text, volt_code text, build_date date, cancel_date date, status_code text,
    mkt_flag text);
create table c_contract(contract_id bigint primary key, contract_no text, cons_id bigint, prc_code text,
    contract_cap numeric(12,2), ba_calc_mode text, pf_std_code text, eff_date date, exp_date date,
    fee_ctl_flag text);
create table c_household(hh_id bigint primary key, cons_id bigint, hh_type_code text, person_num int, eff_date date,
    exp_date date);
create table c_mp(mp_id bigint primary key, mp_no text, cons_no text, mp_attr_code text, line_code text, intv_min int,
    gen_flag text);
create table c_meter(meter_id bigint primary key, asset_no text, mp_id bigint, t_ct int, t_pt int, digits int,
    inst_date date, rmv_date date, inst_read numeric(14,3), rmv_read numeric(14,3));
create table e_bill(calc_id text primary key, cons_no text, bill_ym char(6), issue_date date, due_date date,
    t_pq numeric, t_amt numeric(18,2), settle_flag text);
create table e_bill_det(calc_id text, item_seq int, item_code text, prd_code text, qty numeric, prc numeric(12,6),
    amt numeric(18,2), primary key (calc_id, item_seq));
create table a_pay_flow(charge_id text primary key, calc_id text, cons_no text, charge_time timestamptz,
    rcv_amt numeric(18,2), pay_mode text);
create table a_pay_fail(fail_id bigint primary key, calc_id text, cons_no text, try_time timestamptz,
    try_amt numeric(18,2), pay_mode text, fail_code text);
create table a_urge(urge_id bigint primary key, calc_id text, cons_no text, urge_step int, urge_mode text,
    urge_time timestamptz, owe_amt numeric(18,2));
create table r_stop_restore(stop_id bigint primary key, calc_id text, cons_no text, stop_time timestamptz,
    restore_time timestamptz, owe_amt numeric(18,2), status_code text);
create table s_app(app_id bigint primary key, app_no text, app_type_code text, cons_no text, org_no text,
    orgn_cap numeric(12,2), req_cap numeric(12,2), app_time timestamptz, end_time timestamptz, status_code text);
create table s_app_stage(app_id bigint, stage_seq int, stage_code text, stage_name text, limit_days int,
    begin_time timestamptz, end_time timestamptz, primary key (app_id, stage_seq));
create table p_product(prod_id bigint primary key, prod_code text, prod_name text, prod_name_en text,
    prod_type_code text, prc numeric(12,2), prc_unit text, online_date date);
create table p_subscr(subscr_id bigint primary key, prod_id bigint, cons_no text, begin_date date, end_date date,
    status_code text);
create table i_inspect(inspect_id bigint primary key, inspect_no text, cons_no text, inspect_type_code text,
    inspect_time timestamptz, result_code text, finding text);
do $$ declare t text; begin
    for t in select tablename from pg_tables where schemaname = 'public' loop
        execute format('alter table %I add column upd_time timestamptz not null default ''2026-01-01''', t);
    end loop;
end $$;
insert into c_cust select n, 'C' || n, '客户' || n, '138' || n, 'id' || n, '地址' from generate_series(1, 3) n;
insert into c_cons select n, lpad(n::text, 10, '0'), n, '1400101', '200', '00', 'AC03802', '2020-01-01', null, '0', '0'
    from generate_series(1, 3) n;
insert into c_contract select n, 'K' || n, n, 'RES', 8, '0', '0', '2020-01-01', null from generate_series(1, 3) n;
insert into c_mp select n, 'P' || lpad(n::text, 9, '0'), lpad(n::text, 10, '0'), '01', 'F001', 15, '0'
    from generate_series(1, 3) n;
insert into c_meter select mp_id, 'M' || mp_no, mp_id, 1, 1, 8, '2020-01-01', null, 0.125, null from c_mp;
insert into e_bill select 'B' || cons_no || m, cons_no, to_char(date '2026-01-01' + m * interval '1 month', 'YYYYMM'),
    '2026-03-03', '2026-03-23', 100.123, 50.12, '0' from c_cons, generate_series(0, 1) m;
insert into e_bill_det select calc_id, n, '01', '0', 50, 0.5012, 25.06 from e_bill, generate_series(1, 2) n;
insert into a_pay_flow select 'Y' || calc_id, calc_id, cons_no, '2026-03-10 08:30:00.123456+08', 50.12, '01'
    from e_bill;
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
