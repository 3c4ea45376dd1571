"""The small utility in the trading system."""

from datetime import date

import psycopg

from tests.integration.dbt.small_utility.shared import account, local, put

TABLES = {
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
}


def load(connection: psycopg.Connection) -> None:
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
