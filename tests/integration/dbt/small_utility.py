"""A tiny consistent utility in raw schemas: 2 stations, 2 feeders, 4 transformers, 12 accounts, 40 days.

Tables, names and codes are those of the sources. Energy is made so that every area loses 4 %: what boundary meters
see is what customers took (less what they fed in) over 0.96. Personal data are recognisable, so that a scan can look
for them.
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
IN_MARKET = (2, 3)  # accounts that take part in the market
PREPAID = (3,)  # accounts under prepaid control, by their contract in force
CATEGORIES = ("200", "400", "100", "300")  # residential, commercial, large industrial, agricultural

# the sources' tables in their own names and codes, as extraction lands them (whole numbers are bigint there)
SYSTEMS = {
    "raw_cis": {
        "c_cust": "cust_id bigint primary key, cust_no text, cust_name text, mobile text, cert_no text, addr text",
        "c_cons": "cons_id bigint primary key, cons_no text, cust_id bigint, org_no text, elec_type_code text, "
        "trade_code text, volt_code text, build_date date, cancel_date date, status_code text, mkt_flag text",
        "c_contract": "contract_id bigint primary key, contract_no text, cons_id bigint, prc_code text, "
        "contract_cap numeric(12,2), ba_calc_mode text, pf_std_code text, eff_date date, exp_date date, "
        "fee_ctl_flag text",
        "c_household": "hh_id bigint primary key, cons_id bigint, hh_type_code text, person_num bigint, "
        "eff_date date, exp_date date",
        "c_mp": "mp_id bigint primary key, mp_no text, cons_no text, mp_attr_code text, line_code text, "
        "intv_min bigint, gen_flag text",
        "c_meter": "meter_id bigint primary key, asset_no text, mp_id bigint, t_ct bigint, t_pt bigint, "
        "digits bigint, inst_date date, rmv_date date, inst_read numeric(14,2), rmv_read numeric(14,2)",
        "e_bill": "calc_id text primary key, cons_no text, bill_ym varchar(6), issue_date date, due_date date, "
        "t_pq numeric(18,3), t_amt numeric(18,2), settle_flag text",
        "e_bill_det": "calc_id text, item_seq bigint, item_code text, prd_code text, qty numeric(18,3), "
        "prc numeric(12,6), amt numeric(18,2), primary key (calc_id, item_seq)",
        "s_app": "app_id bigint primary key, app_no text, app_type_code text, cons_no text, org_no text, "
        "orgn_cap numeric(12,2), req_cap numeric(12,2), app_time timestamptz, end_time timestamptz, status_code text",
        "s_app_stage": "app_id bigint, stage_seq bigint, stage_code text, stage_name text, limit_days bigint, "
        "begin_time timestamptz, end_time timestamptz, primary key (app_id, stage_seq)",
        "a_pay_flow": "charge_id text primary key, calc_id text, cons_no text, charge_time timestamptz, "
        "rcv_amt numeric(18,2), pay_mode text",
        "a_pay_fail": "fail_id bigint primary key, calc_id text, cons_no text, try_time timestamptz, "
        "try_amt numeric(18,2), pay_mode text, fail_code text",
        "a_urge": "urge_id bigint primary key, calc_id text, cons_no text, urge_step bigint, urge_mode text, "
        "urge_time timestamptz, owe_amt numeric(18,2)",
        "r_stop_restore": "stop_id bigint primary key, calc_id text, cons_no text, stop_time timestamptz, "
        "restore_time timestamptz, owe_amt numeric(18,2), status_code text",
        "i_inspect": "inspect_id bigint primary key, inspect_no text, cons_no text, inspect_type_code text, "
        "inspect_time timestamptz, result_code text, finding text",
        "p_product": "prod_id bigint primary key, prod_code text, prod_name text, prod_name_en text, "
        "prod_type_code text, prc numeric(12,2), prc_unit text, online_date date",
        "p_subscr": "subscr_id bigint primary key, prod_id bigint, cons_no text, begin_date date, end_date date, "
        "status_code text",
    },
    "raw_network": {
        "pms_dept": "dept_id bigint primary key, dept_code text, dept_name text, dept_name_en text, "
        "dept_level bigint, parent_id bigint",
        "pms_substation": "sub_id bigint primary key, sub_code text, sub_name text, dept_id bigint, volt_kv bigint",
        "pms_line": "line_id bigint primary key, line_code text, line_name text, sub_id bigint, dept_id bigint",
        "pms_transformer": "psr_id text primary key, tran_code text, tran_name text, line_id bigint, "
        "dept_id bigint, cap_kva numeric(12,2), asset_nature text, run_date date",
        "pms_tran_point": "rel_id bigint primary key, psr_id text, mp_code text, start_date date, end_date date",
        "dms_telemetry": "psr_id text, meas_time timestamptz, ua_v numeric(6,1), ub_v numeric(6,1), uc_v numeric(6,1), "
        "ia_a numeric(9,1), ib_a numeric(9,1), ic_a numeric(9,1), pf numeric(4,3), oil_temp_c numeric(5,1), "
        "primary key (psr_id, meas_time)",
        "dms_substation": "sub_id bigint, meas_time timestamptz, out_kwh numeric(14,3), in_kwh numeric(14,3), "
        "primary key (sub_id, meas_time)",
        "oms_fault": "fault_id bigint primary key, fault_no text, equip_type text, psr_id text, line_id bigint, "
        "is_outage bigint, cause_code text, cause_desc text, weather_code text, fault_time timestamptz, "
        "report_time timestamptz, recover_time timestamptz",
        "oms_repair_order": "order_id bigint primary key, order_no text, fault_id bigint, dept_id bigint, "
        "crew_name text, status_code text, report_time timestamptz, dispatch_time timestamptz, "
        "arrive_time timestamptz, finish_time timestamptz, result_desc text",
        "oms_outage": "outage_id bigint primary key, outage_no text, outage_type text, equip_type text, psr_id text, "
        "line_id bigint, fault_id bigint, cause_code text, cause_desc text, cons_num bigint, plan_start timestamptz, "
        "plan_end timestamptz, start_time timestamptz, end_time timestamptz, status_code text",
    },
    "raw_market": {
        "mkt_purchase_price": "price_ym varchar(6), item_code text, item_name text, price numeric(12,6), "
        "publish_date date, primary key (price_ym, item_code)",
        "mkt_spot_price": "market_code text, period_start timestamptz, price_mwh numeric(12,2), "
        "primary key (market_code, period_start)",
        "mkt_contract": "contract_no text primary key, cp_code text, cp_name text, cp_kind text, contract_kind text, "
        "sign_date date, start_date date, end_date date, price_mwh numeric(12,2), total_mwh numeric(16,3), "
        "status_code text",
        "mkt_contract_month": "contract_no text, deliv_ym varchar(6), volume_mwh numeric(16,3), "
        "price_mwh numeric(12,2), primary key (contract_no, deliv_ym)",
        "mkt_settle_day": "settle_date date primary key, contract_mwh numeric(16,3), actual_mwh numeric(16,3), "
        "dev_mwh numeric(16,3), contract_amt numeric(18,2), spot_amt numeric(18,2), dev_fee numeric(18,2), "
        "total_amt numeric(18,2), status_code text",
        "mkt_member": "part_code text primary key, part_name text, part_kind text, cons_ref text, "
        "cap_kva numeric(12,2), reg_date date",
        "dr_event": "event_no text primary key, event_kind text, start_time timestamptz, end_time timestamptz, "
        "invite_time timestamptz, target_kw numeric(12,1), price_kwh numeric(12,6), invite_cnt bigint, "
        "accept_cnt bigint, status_code text",
        "dr_part": "event_no text, part_code text, invite_time timestamptz, reply_code text, reply_time timestamptz, "
        "bid_kw numeric(12,1), base_kw numeric(12,1), real_kw numeric(12,1), settle_amt numeric(18,2), "
        "primary key (event_no, part_code)",
    },
    "raw_crm": {
        "profile": "profile_id text primary key, acct_ref text, full_name text, mobile text, addr_text text, "
        "pref_channel text, registered_on date, is_active boolean",
        "consent": "consent_id bigint primary key, profile_id text, channel text, is_granted boolean, granted_on date, "
        "withdrawn_on date",
        "interaction": "interaction_id bigint primary key, profile_id text, channel text, topic text, order_no text, "
        "started_at timestamptz, duration_s bigint",
        "service_order": "order_no text primary key, profile_id text, acct_ref text, caller_mobile text, "
        "org_code text, channel text, category_code text, category_name text, content text, is_urgent boolean, "
        "outage_no text, accepted_at timestamptz, dispatched_at timestamptz, finished_at timestamptz, "
        "closed_at timestamptz, status text, result_text text, is_justified boolean",
        "feedback": "feedback_id bigint primary key, profile_id text, order_no text, score bigint, comment_text text, "
        "given_at timestamptz",
        "campaign": "campaign_no text primary key, name_zh text, name_en text, product_code text, channel text, "
        "list_date date, start_date date, end_date date, holdout_share numeric(5,4), budget_yuan numeric(18,2), "
        "status text",
        "campaign_target": "target_id bigint primary key, campaign_no text, profile_id text, arm text, "
        "contacted_at timestamptz",
        "response": "response_id bigint primary key, campaign_no text, profile_id text, kind text, "
        "responded_at timestamptz",
    },
}
UPDATED = {"raw_cis": "upd_time", "raw_network": "mtime", "raw_market": "rec_time", "raw_crm": "modified_at"}
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


def drop(connection: psycopg.Connection) -> None:
    """Remove the tables that extraction would have made."""
    for schema, table in [*((place, name) for place, names in SYSTEMS.items() for name in names), *OTHERS]:
        connection.execute(f"drop table {schema}.{table} cascade")


def create(connection: psycopg.Connection) -> None:
    """The tables that extraction would have made, empty; those of gridmart's own DDL are emptied."""
    for schema, tables in SYSTEMS.items():
        for table, ddl in tables.items():
            connection.execute(f"drop table if exists {schema}.{table} cascade")
            now = "timestamptz not null default now()"
            connection.execute(f"create table {schema}.{table} ({ddl}, {UPDATED[schema]} {now}, _extracted_at {now})")
    for (schema, table), ddl in OTHERS.items():
        connection.execute(f"drop table if exists {schema}.{table} cascade")
        connection.execute(f"create table {schema}.{table} ({ddl})")
    for table in (
        "point_day",
        "transformer_hour",
        "feeder_hour",
        "collection_day",
        "file",
        "quarantine",
        "meter_event",
    ):
        connection.execute(f"truncate raw_ami.{table}")


def _network(connection: psycopg.Connection) -> None:
    put(
        connection, "raw_network", "pms_dept",
        [
            (1, "1400", "晋北电力公司", "Jinbei Power", 1, None),
            (2, "14001", "城东分公司", "East", 2, 1),
            (3, "1400101", "城关供电所", "Chengguan", 3, 2),
            (4, "1400102", "河西供电所", "Hexi", 3, 2),
        ],
        "dept_id,dept_code,dept_name,dept_name_en,dept_level,parent_id",
    )  # fmt: skip
    put(connection, "raw_network", "pms_substation", [(1, "S01", "城东变电站", 2, 110)],
        "sub_id,sub_code,sub_name,dept_id,volt_kv")  # fmt: skip
    put(connection, "raw_network", "pms_line", [(n, f"F00{n}", f"线路{n}", 1, 2 + n) for n in (1, 2)],
        "line_id,line_code,line_name,sub_id,dept_id")  # fmt: skip
    put(
        connection, "raw_network", "pms_transformer",
        [
            (f"PSR-{n}", f"T000{n}", f"公变{n}", int(feeder(n)[-1]), 2 + int(feeder(n)[-1]), 200, "01",
             date(2015, 1, 1))
            for n in range(1, 5)
        ],
        "psr_id,tran_code,tran_name,line_id,dept_id,cap_kva,asset_nature,run_date",
    )  # fmt: skip
    places = [(n, f"PSR-{transformer(n)}", f"MP-{point(n)}", date(2020, 1, 1), None) for n in range(1, 13)]
    places += [(100 + n, f"PSR-{n}", f"MP-P0000010{n:02}", date(2020, 1, 1), None) for n in range(1, 5)]
    put(connection, "raw_network", "pms_tran_point", places, "rel_id,psr_id,mp_code,start_date,end_date")


def _register(connection: psycopg.Connection) -> None:
    numbers = range(1, 13)
    put(
        connection, "raw_cis", "c_cust",
        [(n, f"C{n:03}", f"欧阳试{n:02}", f"1380000{n:04}", f"1401011990{n:08}", f"北街{n:02}号院") for n in numbers],
        "cust_id,cust_no,cust_name,mobile,cert_no,addr",
    )  # fmt: skip
    put(
        connection, "raw_cis", "c_cons",
        [
            (n, account(n), n, f"140010{feeder(transformer(n))[-1]}", CATEGORIES[n % 4], "A00", "AC03802",
             date(2020, 1, 1), None, "0", f"{int(n in IN_MARKET)}")
            for n in numbers
        ],
        "cons_id,cons_no,cust_id,org_no,elec_type_code,trade_code,volt_code,build_date,cancel_date,status_code,"
        "mkt_flag",
    )  # fmt: skip
    changed = date(2026, 9, 15)  # account 1 raised its capacity mid-month
    put(
        connection, "raw_cis", "c_contract",
        [(101, "K001", 1, "R1", 8, "0", "0", date(2020, 1, 1), changed, "0")]
        + [
            (200 + n, f"K{n:03}", n, "R1", 20, "0", "0", changed if n == 1 else date(2020, 1, 1), None,
             f"{int(n in PREPAID)}")
            for n in numbers
        ],
        "contract_id,contract_no,cons_id,prc_code,contract_cap,ba_calc_mode,pf_std_code,eff_date,exp_date,fee_ctl_flag",
    )  # fmt: skip
    put(connection, "raw_cis", "a_pay_fail",
        [
            (1, "B004202608", account(4), local(12, 3), 319, "05", "01"),
            (2, None, account(5), local(12, 4), 5, None, "9"),
        ],
        "fail_id,calc_id,cons_no,try_time,try_amt,pay_mode,fail_code")  # fmt: skip
    put(connection, "raw_cis", "c_household", [(1, 8, "01", 6, date(2026, 9, 1), None)],
        "hh_id,cons_id,hh_type_code,person_num,eff_date,exp_date")  # fmt: skip
    points = [(n, point(n), account(n), "01", feeder(transformer(n)), 15, f"{int(n == 12)}") for n in numbers]
    points += [(100 + n, f"P0000010{n:02}", None, "02", feeder(n), 15, "0") for n in range(1, 5)]
    points += [(200 + n, f"P0000020{n:02}", None, "03", f"F00{n}", 15, "0") for n in (1, 2)]
    put(connection, "raw_cis", "c_mp", points, "mp_id,mp_no,cons_no,mp_attr_code,line_code,intv_min,gen_flag")
    swapped = date(2026, 9, 20)  # the meter of point 2
    meters = [
        (p[0], f"M{p[1][1:]}", p[0], 1, 1, 8, date(2020, 1, 1), swapped if p[1] == point(2) else None, 0, None)
        for p in points
    ]
    meters.append((999, "M2NEW", 2, 1, 1, 8, swapped, None, 0, None))
    put(
        connection, "raw_cis", "c_meter", meters,
        "meter_id,asset_no,mp_id,t_ct,t_pt,digits,inst_date,rmv_date,inst_read,rmv_read",
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
    missed = {f"T000{transformer(5)}": 4 if day.day % 10 == 0 else 0}
    rows = [point_row(point(n), v, sum(feed[n]), sum(missed.values()) if n == 5 else 0) for n, v in use.items()]
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
        [
            (day, t, 4, 4, 4 - (lost > 0), 384, 384 - lost, lost, snapshot, loaded_at)
            for t in ("T0001", "T0002", "T0003", "T0004")
            for lost in (missed.get(t, 0),)
        ]
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
            issued = month + timedelta(days=35)
            bills.append(
                (number, account(n), f"{month:%Y%m}", issued, due, energy, round(amount + levies, 2), "0")
            )  # fmt: skip
            lines.append((number, 1, "01", "0", energy, 0.52, amount))
            lines.append((number, 2, "05", "0", energy, 0.03, levies))
            # account 4 pays nothing, account 6 half, account 7 late, account 8's money is posted to account 9's bill;
            # September is not due yet
            if month.month == 8 and n != 4:
                paid = round((amount + levies) / (2 if n == 6 else 1), 2)
                at = datetime(2026, 9, 28 if n == 7 else 12, 3, tzinfo=UTC)
                posted = f"B009{month:%Y%m}" if n == 8 else number
                payments.append((f"Y{n:03}{month:%Y%m}", posted, account(n), at, paid, "01"))
    put(
        connection, "raw_cis", "e_bill", bills,
        "calc_id,cons_no,bill_ym,issue_date,due_date,t_pq,t_amt,settle_flag",
    )  # fmt: skip
    put(connection, "raw_cis", "e_bill_det", lines, "calc_id,item_seq,item_code,prd_code,qty,prc,amt")
    put(connection, "raw_cis", "a_pay_flow", payments, "charge_id,calc_id,cons_no,charge_time,rcv_amt,pay_mode")
    # account 7 pays after a message; account 4 does not, is noticed and cut off
    put(
        connection, "raw_cis", "a_urge",
        [
            (1, "B007202608", account(7), 1, "01", local(27, 9), 352.00),
            (2, "B004202608", account(4), 1, "01", local(27, 9), 319.00),
            (3, "B004202608", account(4), 3, "03", local(30, 9), 319.00),
        ],
        "urge_id,calc_id,cons_no,urge_step,urge_mode,urge_time,owe_amt",
    )  # fmt: skip
    put(connection, "raw_cis", "r_stop_restore",
        [(1, "B004202608", account(4), local(8, 9, 10), None, 319.00, "0")],
        "stop_id,calc_id,cons_no,stop_time,restore_time,owe_amt,status_code")  # fmt: skip
    put(connection, "raw_cis", "i_inspect",
        [(1, "JC1", account(3), "01", local(9, 10), "0", "未发现异常"),
         (2, "JC2", account(7), "02", local(16, 10), "3", "现场查获窃电行为，已取证")],
        "inspect_id,inspect_no,cons_no,inspect_type_code,inspect_time,result_code,finding")  # fmt: skip


def local(day: int, hour: float, month: int = 9) -> datetime:
    """A local time of 2026 in UTC."""
    return datetime(2026, month, day, tzinfo=UTC) + timedelta(hours=hour - 8)


def _operation(connection: psycopg.Connection) -> None:
    """Telemetry of one day, an alarm, a fault with its repair, a planned outage, one over the end of a month."""
    put(
        connection, "raw_network", "dms_telemetry",
        [("PSR-1", local(5, hour), 230, 230, 230, 100, 100, 50 + hour, 0.95, 60 + hour) for hour in range(24)]
        + [
            ("PSR-2", local(5, 0), 0, 0, 0, 0, 0, 0, None, 20),
            ("PSR-2", local(5, 1), 230, 228, 226, 300, 300, 300, 0.9, 70),
        ],
        "psr_id,meas_time,ua_v,ub_v,uc_v,ia_a,ib_a,ic_a,pf,oil_temp_c",
    )  # fmt: skip
    put(connection, "raw_network", "dms_substation", [(1, local(5, hour), 98, 100) for hour in range(24)],
        "sub_id,meas_time,out_kwh,in_kwh")  # fmt: skip
    put(
        connection, "raw_network", "oms_fault",
        [
            (1, "GZ1", "1", "PSR-1", 1, 1, "21", "低压过负荷", "normal", local(10, 8), local(10, 8.5),
             local(10, 11)),
            (2, "GZ2", "1", "PSR-1", 1, 0, "41", "油温高告警", "normal", local(5, 14), local(5, 14), local(5, 15)),
        ],
        "fault_id,fault_no,equip_type,psr_id,line_id,is_outage,cause_code,cause_desc,weather_code,fault_time,"
        "report_time,recover_time",
    )  # fmt: skip
    put(
        connection, "raw_network", "oms_repair_order",
        [
            (1, "QX1", 1, 3, "城关抢修一班", "40", local(10, 8.5), local(10, 8.75), local(10, 9.5), local(10, 11),
             "更换熔丝"),
        ],
        "order_id,order_no,fault_id,dept_id,crew_name,status_code,report_time,dispatch_time,arrive_time,finish_time,"
        "result_desc",
    )  # fmt: skip
    put(
        connection, "raw_network", "oms_outage",
        [
            (1, "TD1", "2", "1", "PSR-1", 1, 1, "21", "低压过负荷", 3, None, None, local(10, 8), local(10, 11), "2"),
            (2, "TD2", "1", "2", None, 2, None, "51", "计划检修", 6, local(30, 20), local(1, 3, 10), local(30, 20),
             local(1, 4, 10), "2"),
            (3, "TD3", "1", "2", None, 1, None, "51", "计划检修", 6, local(20, 9, 10), local(20, 12, 10), None, None,
             "0"),
        ],
        "outage_id,outage_no,outage_type,equip_type,psr_id,line_id,fault_id,cause_code,cause_desc,cons_num,plan_start,"
        "plan_end,start_time,end_time,status_code",
    )  # fmt: skip


def _applications(connection: psycopg.Connection) -> None:
    """One that was late once, one whose stage is still open."""
    put(
        connection, "raw_cis", "s_app",
        [
            (1, "YK1", "102", account(1), "1400101", 8, 20, local(1, 9), local(9, 16), "1"),
            (2, "YK2", "201", account(2), "1400102", 20, 40, local(7, 9, 10), None, "0"),
            (3, "YK3", "301", account(3), "1400102", 40, 20, local(7, 9), local(9, 9), "9"),  # withdrawn on its way
        ],
        "app_id,app_no,app_type_code,cons_no,org_no,orgn_cap,req_cap,app_time,end_time,status_code",
    )  # fmt: skip
    put(
        connection, "raw_cis", "s_app_stage",
        [
            (1, 1, "10", "受理申请", 1, local(1, 9), local(2, 10)),
            (1, 2, "20", "现场勘查", 3, local(2, 10), local(9, 16)),
            (2, 1, "10", "受理申请", 1, local(7, 9, 10), None),
            (3, 1, "20", "现场勘查", 3, local(7, 9), None),
        ],
        "app_id,stage_seq,stage_code,stage_name,limit_days,begin_time,end_time",
    )  # fmt: skip


def _market(connection: psycopg.Connection) -> None:
    """Two contracts, a settled day, prices of a day, an event with one who delivers, one who declines, a stranger."""
    put(connection, "raw_market", "mkt_purchase_price", [("202609", "01", "代理购电价格", 0.345, date(2026, 8, 28))],
        "price_ym,item_code,item_name,price,publish_date")  # fmt: skip
    put(
        connection, "raw_market", "mkt_spot_price",
        [("DA", local(5, hour), 300 + hour) for hour in range(24)]
        + [("RT", local(5, hour), 310) for hour in range(12)],
        "market_code,period_start,price_mwh",
    )  # fmt: skip
    put(
        connection, "raw_market", "mkt_contract",
        [
            (*kind, date(2025, 12, 9), date(2026, 1, 1), date(2026, 12, 31), price, total, "2")
            for kind, price, total in (
                (("HT1", "G1", "热电厂", "coal", "annual"), 370, 24),
                (("HT2", "G2", "风电场", "wind", "green"), 350, 12),
            )
        ],
        "contract_no,cp_code,cp_name,cp_kind,contract_kind,sign_date,start_date,end_date,price_mwh,total_mwh,"
        "status_code",
    )  # fmt: skip
    put(connection, "raw_market", "mkt_contract_month", [("HT1", "202609", 2, 370), ("HT2", "202609", 1, 350)],
        "contract_no,deliv_ym,volume_mwh,price_mwh")  # fmt: skip
    put(
        connection, "raw_market", "mkt_settle_day",
        [(date(2026, 9, 5), 0.1, 0.13, 0.03, 36.33, 9.3, 0.3, 45.93, "2")],
        "settle_date,contract_mwh,actual_mwh,dev_mwh,contract_amt,spot_amt,dev_fee,total_amt,status_code",
    )  # fmt: skip
    put(
        connection, "raw_market", "mkt_member",
        [
            (f"U{n}", f"欧阳试{n:02}", "user", f"JY-{number[2:6]}-{number[6:]}", 20, date(2026, 1, 5))
            for n, number in ((2, account(2)), (3, account(3)), (9, "1499990001"))
        ],
        "part_code,part_name,part_kind,cons_ref,cap_kva,reg_date",
    )  # fmt: skip
    put(
        connection, "raw_market", "dr_event",
        [("DR1", "heat", local(5, 18), local(5, 20), local(4, 10), 10, 2.5, 3, 2, "3")],
        "event_no,event_kind,start_time,end_time,invite_time,target_kw,price_kwh,invite_cnt,accept_cnt,status_code",
    )  # fmt: skip
    put(
        connection, "raw_market", "dr_part",
        [
            ("DR1", "U2", local(4, 10), "1", local(4, 11), 5, 12, 4, 20),
            ("DR1", "U3", local(4, 10), "2", local(4, 11), None, None, None, None),
            ("DR1", "U9", local(4, 10), "1", local(4, 12), 2, 8, 0.5, 0),
        ],
        "event_no,part_code,invite_time,reply_code,reply_time,bid_kw,base_kw,real_kw,settle_amt",
    )  # fmt: skip


def profile(n: int) -> str:
    """Id of the n-th account's customer in the CRM; the twelfth has none there."""
    return f"p-{n:02}"


def acct_ref(number: str) -> str:
    """An account number as the CRM writes it."""
    return f"{number[:4]}-{number[4:8]}-{number[8:]}"


STRANGER, STRANGERS_ACCOUNT = "p-99", "1499990001"  # the CRM knows him, the CIS does not


def _customers(connection: psycopg.Connection) -> None:
    """Profiles, consents, contacts, orders of the hotline with and without a contact, survey answers."""
    people = [(profile(n), account(n), f"欧阳试{n:02}", f"1380000{n:04}", f"北街{n:02}号院") for n in range(1, 12)]
    people.append((STRANGER, STRANGERS_ACCOUNT, "欧阳客", "13800000099", "北街"))
    put(
        connection, "raw_crm", "profile",
        [
            (key, acct_ref(number), name, mobile, place, "app", date(2020, 1, 1), True)
            for key, number, name, mobile, place in people
        ],
        "profile_id,acct_ref,full_name,mobile,addr_text,pref_channel,registered_on,is_active",
    )  # fmt: skip
    agreed = date(2020, 1, 1)
    put(
        connection, "raw_crm", "consent",
        [
            (1, profile(1), "app", True, agreed, None),
            (2, profile(1), "sms", True, agreed, None),
            (3, profile(2), "app", True, agreed, None),
            (4, profile(3), "app", True, agreed, date(2026, 9, 20)),  # withdrawn after the list was drawn
            (5, profile(5), "app", False, agreed, date(2026, 8, 1)),  # withdrawn before it
            (6, profile(9), "sms", True, date(2026, 10, 7), None),
        ],
        "consent_id,profile_id,channel,is_granted,granted_on,withdrawn_on",
    )  # fmt: skip
    put(
        connection, "raw_crm", "interaction",
        [
            (1, profile(1), "app", "查询电费", None, local(5, 10), 120),
            (2, profile(2), "hotline", "投诉", "GD2", local(20, 12), 300),
            (3, None, "counter", "现金缴费", None, local(2, 9, 10), 600),
            (4, profile(3), "web", "欧阳试03 来电 13800000003", None, local(6, 9), 60),  # a clerk's own words
            (5, profile(1), "hotline", "电费咨询", "GD1", local(1, 23.5), 200),
            (6, profile(1), "app", "查询电费", None, datetime(2025, 9, 1, tzinfo=UTC), 30),
        ],
        "interaction_id,profile_id,channel,topic,order_no,started_at,duration_s",
    )  # fmt: skip
    said = "欧阳试03 反映停电，电话 13800000003"
    orders = [
        ("GD1", profile(1), account(1), "bill_question", "电费咨询", False, None,
         [local(1, 23.5), local(2, 0), local(2, 8), local(2, 10)], "closed", None),
        ("GD2", profile(2), account(2), "complaint", "投诉", False, None,
         [local(20, 12), local(20, 12.5), local(22, 12), local(22, 13)], "closed", True),
        ("GD3", profile(3), account(3), "outage", "停电报修", True, "TD1",
         [local(9, 9, 10), local(9, 9.25, 10), None, None], "dispatched", None),
        ("GD4", None, STRANGERS_ACCOUNT, "drone", "无人机", False, None,
         [local(3, 9), local(3, 9.5), local(3, 10), local(3, 11)], "closed", None),
    ]  # fmt: skip
    put(
        connection, "raw_crm", "service_order",
        [
            (number, key, acct_ref(number_of), "13800000003", "1400101", "hotline", code, name, said, urgent, outage,
             *times, status, said, justified)
            for number, key, number_of, code, name, urgent, outage, times, status, justified in orders
        ],
        "order_no,profile_id,acct_ref,caller_mobile,org_code,channel,category_code,category_name,content,is_urgent,"
        "outage_no,accepted_at,dispatched_at,finished_at,closed_at,status,result_text,is_justified",
    )  # fmt: skip
    put(
        connection, "raw_crm", "feedback",
        [
            (1, profile(1), "GD1", 5, "处理及时", local(2, 12)),
            (2, profile(2), "GD2", 1, "服务态度不好，不及时", local(22, 14)),  # two rules, the first by priority counts
            (3, None, "GD4", 3, None, local(3, 12)),
            (4, profile(3), "GD3", 4, "我是欧阳试03 13800000003", local(9, 12, 10)),  # no rule knows it
            (5, profile(4), "GD9", 2, "不太满意", local(9, 13, 10)),  # of an order that never arrived
        ],
        "feedback_id,profile_id,order_no,score,comment_text,given_at",
    )  # fmt: skip


def _campaigns(connection: psycopg.Connection) -> None:
    """One with a holdout and everything that goes wrong, one without a holdout, one only planned."""
    put(
        connection, "raw_crm", "campaign",
        [
            ("CP1", "峰谷电价推广", "Time of use", "tou_shift", "app", date(2026, 9, 14), date(2026, 9, 16),
             date(2026, 9, 25), 0.2, 60_000, "ended"),
            ("CP2", "缴费签约", "Automatic payment", "auto_debit", "sms", date(2026, 10, 1), date(2026, 10, 5),
             date(2026, 11, 10), 0, 20_000, "running"),
            ("CP3", "绿电套餐", "Green power", "green_power", "phone", date(2026, 10, 9), date(2026, 10, 14),
             date(2026, 12, 1), 0.2, 30_000, "planned"),
        ],
        "campaign_no,name_zh,name_en,product_code,channel,list_date,start_date,end_date,holdout_share,budget_yuan,"
        "status",
    )  # fmt: skip
    asked = local(16, 10)
    put(
        connection, "raw_crm", "campaign_target",
        [
            (1, "CP1", profile(1), "treated", asked),
            (2, "CP1", profile(2), "treated", asked),
            (3, "CP1", profile(3), "treated", asked),
            (4, "CP1", profile(4), "treated", None),  # never reached
            (5, "CP1", profile(5), "treated", asked),  # without consent
            (6, "CP1", profile(6), "holdout", None),
            (7, "CP1", profile(7), "holdout", asked),  # heard of it all the same
            (8, "CP1", STRANGER, "treated", asked),
            (9, "CP1", "p-98", "treated", asked),  # a profile that never arrived
            (10, "CP2", profile(1), "treated", local(5, 10, 10)),
            (11, "CP2", profile(9), "treated", local(6, 10, 10)),
        ],
        "target_id,campaign_no,profile_id,arm,contacted_at",
    )  # fmt: skip
    put(
        connection, "raw_crm", "response",
        [
            (1, "CP1", profile(1), "opened", local(16, 10.5)),
            (2, "CP1", profile(1), "clicked", local(16, 10.75)),
            (3, "CP1", profile(1), "accepted", local(17, 9)),
            (4, "CP1", profile(2), "opened", local(16, 11)),
            (5, "CP1", profile(6), "accepted", local(20, 9)),  # unasked
            (6, "CP1", profile(8), "accepted", local(21, 9)),  # not on the list
            (7, "CP9", profile(8), "accepted", local(21, 9)),  # a campaign that never arrived
        ],
        "response_id,campaign_no,profile_id,kind,responded_at",
    )  # fmt: skip


def _products(connection: psycopg.Connection) -> None:
    """One paid by the month, one paid once, one that nobody takes; a subscription to what is not on the list."""
    put(
        connection, "raw_cis", "p_product",
        [
            (1, "GFYW", "光伏代运维", "PV operation", "02", 20, "月", date(2024, 3, 1)),
            (2, "JNZD", "节能诊断", "Energy audit", "03", 2000, "次", date(2024, 3, 1)),
            (3, "DNTD", "电能替代改造", "Electrification", "01", 0, "项", date(2024, 3, 1)),
        ],
        "prod_id,prod_code,prod_name,prod_name_en,prod_type_code,prc,prc_unit,online_date",
    )  # fmt: skip
    put(
        connection, "raw_cis", "p_subscr",
        [
            (1, 1, account(12), date(2026, 8, 15), None, "1"),
            (2, 1, account(3), date(2026, 8, 20), date(2026, 10, 5), "0"),
            (3, 2, account(1), date(2026, 9, 3), None, "1"),
            (4, 9, account(2), date(2026, 9, 10), None, "1"),
            (5, 1, STRANGERS_ACCOUNT, date(2026, 10, 1), None, "1"),
        ],
        "subscr_id,prod_id,cons_no,begin_date,end_date,status_code",
    )  # fmt: skip


def load(connection: psycopg.Connection) -> None:
    """The whole small utility, anew, in one transaction of a connection as role loader."""
    create(connection)
    _network(connection)
    _operation(connection)
    _market(connection)
    _applications(connection)
    _customers(connection)
    _campaigns(connection)
    _products(connection)
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
    noon = datetime(2026, 9, 17, 4, tzinfo=UTC)
    put(
        connection, "raw_ami", "meter_event",
        [
            (number, f"M{number}", code, noon + timedelta(hours=hours), (noon + timedelta(hours=hours)).date(),
             LOADED_AT, "f" * 64, row)
            for row, (number, code, hours) in enumerate(
                [(point(3), "power_off", 0), (point(3), "power_on", 2), (point(4), "cover_open", 0),
                 ("P999999999", "beep", 0)],
                start=1,
            )
        ],
        "point_no,meter_no,event_code,occurred_at,business_date,arrived_at,file_id,row_number",
    )  # fmt: skip


if __name__ == "__main__":
    from gridmart.warehouse.database import connect

    with connect("loader") as warehouse:
        load(warehouse)
