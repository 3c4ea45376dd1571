"""The small utility in its CIS: register, bills and what became of them, applications, products."""

from datetime import UTC, date, datetime, timedelta

import psycopg

from tests.integration.dbt.small_utility.shared import (
    STRANGERS_ACCOUNT,
    account,
    feeder,
    local,
    point,
    put,
    transformer,
)

IN_MARKET = (2, 3)  # accounts that take part in the market
PREPAID = (3,)  # accounts under prepaid control, by their contract in force
CATEGORIES = ("200", "400", "100", "300")  # residential, commercial, large industrial, agricultural
TABLES = {
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
}


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
             date(2020, 1, 1), None, "0", f"{int(n in IN_MARKET)}", local(1, 9))
            for n in numbers
        ],
        "cons_id,cons_no,cust_id,org_no,elec_type_code,trade_code,volt_code,build_date,cancel_date,status_code,"
        "mkt_flag,upd_time",
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
    """Everything that the CIS holds."""
    _register(connection)
    _billing(connection)
    _applications(connection)
    _products(connection)
