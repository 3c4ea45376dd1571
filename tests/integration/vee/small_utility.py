"""A utility of two households on a real lake: its register, deliveries, and checksums of what comes of them."""

from datetime import date, timedelta

import pyarrow as pa

from gridmart.lake import load, tables
from gridmart.warehouse.database import connect
from tests.scenarios.vee.scenario import Case

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 6)
SHAPE = [0.2] * 6 + [0.4] * 6 + [0.6] * 6 + [1.0] * 4 + [0.3] * 2


def deliver(case: Case) -> None:
    """Append the case's readings and indexes to the lake, one file a date."""
    for table, delivered in (("reading_raw", case.rows), ("register_read", case.registers)):
        schema = tables.arrow_schema(table)
        paths = []
        for day in sorted({row["business_date"] for row in delivered}):
            rows = [{name: row.get(name) for name in schema.names} for row in delivered if row["business_date"] == day]
            paths.append(tables.write(table, pa.Table.from_pylist(rows, schema), day))
        if paths:
            tables.append_files(table, paths)


def utility() -> Case:
    """Two points, one of which misses an afternoon of the third day."""
    case = Case().point("A").point("B")
    case.days("A", FIRST, LAST, SHAPE).days("B", FIRST, LAST, SHAPE)
    case.rows = [r for r in case.rows if not (r["point_no"] == "B" and r["business_date"] == FIRST + timedelta(days=2)
                                              and r["interval_start"].hour in (4, 5, 6, 7, 8))]  # fmt: skip
    return case


def readings() -> list[str]:
    """Every clean reading, sorted."""
    return sorted(map(repr, tables.load("reading").scan().to_arrow().to_pylist()))


def checksum() -> list:
    """Clean readings and roll-ups, without what says when they were made."""
    found: list = readings()
    with connect("auditor") as connection:
        for name in load.ROLLUP_TABLES:
            rows = connection.execute(
                f"select to_jsonb(t) - 'lake_snapshot_id' - 'loaded_at' from landing_ami.{name} t"
            ).fetchall()
            found += sorted(map(repr, rows))
    return found


POINTS = "from unnest(array['A', 'B']) with ordinality as u (p, n)"
# as the sources name and code it: two households on one transformer
REGISTER = {
    "raw_cis.c_cons": "select n as cons_id, p as cons_no, '200' as elec_type_code, date '2020-01-01' as build_date, "
    f"null::date as cancel_date {POINTS}",
    "raw_cis.c_contract": "select n as contract_id, n as cons_id, null::text as prc_code, 10::numeric as contract_cap, "
    f"date '2020-01-01' as eff_date, null::date as exp_date {POINTS}",
    "raw_cis.c_mp": "select n as mp_id, p as mp_no, p as cons_no, '01' as mp_attr_code, 'F001' as line_code, "
    f"60 as intv_min, '0' as gen_flag {POINTS}",
    "raw_cis.c_meter": "select n as meter_id, 'M' || p as asset_no, n as mp_id, 1 as t_ct, 1 as t_pt, 8 as digits, "
    f"date '2020-01-01' as inst_date, null::date as rmv_date, null::numeric as inst_read, "
    f"null::numeric as rmv_read {POINTS}",
    "raw_cis.r_stop_restore": "select n as stop_id, p as cons_no, null::timestamptz as stop_time, "
    f"null::timestamptz as restore_time {POINTS} where false",
    "raw_network.pms_line": "select 1 as line_id, 'F001' as line_code",
    "raw_network.pms_transformer": "select 'PSR-1' as psr_id, 'T0001' as tran_code, 1 as line_id, "
    "400::numeric as cap_kva",
    "raw_network.pms_tran_point": "select n as rel_id, 'PSR-1' as psr_id, 'MP-' || p as mp_code, "
    f"date '2020-01-01' as start_date, null::date as end_date {POINTS}",
}


def make_register() -> None:
    """The sources' tables, from nothing."""
    with connect("loader") as connection:
        for table in REGISTER:
            connection.execute(f"drop table if exists {table} cascade")
        for table, query in REGISTER.items():
            connection.execute(f"create table {table} as {query}")


def forget_rollups() -> None:
    """No date is validated, no roll-up is there."""
    with connect("loader") as connection:
        connection.execute("delete from raw_ami.validated_date")
        for name in load.ROLLUP_TABLES:
            connection.execute(f"delete from landing_ami.{name}")
