"""The small utility in its CRM: customers, contacts, campaigns."""

from datetime import UTC, date, datetime

import psycopg

from tests.integration.dbt.small_utility.shared import STRANGER, STRANGERS_ACCOUNT, account, local, put

TABLES = {
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
}


def profile(n: int) -> str:
    """Id of the n-th account's customer in the CRM; the twelfth has none there."""
    return f"p-{n:02}"


def acct_ref(number: str) -> str:
    """An account number as the CRM writes it."""
    return f"{number[:4]}-{number[4:8]}-{number[8:]}"


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


def load(connection: psycopg.Connection) -> None:
    """Everything that the CRM holds."""
    _customers(connection)
    _campaigns(connection)
