"""Collection on the small utility: arrears day by day, late fees, dunning, channels, money without a bill."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from gridmart.warehouse.database import connect
from tests.integration.dbt import small_utility
from tests.integration.dbt.dbt_run import WITHOUT_UNIT_TESTS, checksum, failed, query, run

MARTS = "fct_receivable", "fct_arrears_day"
# residential 0.1 % a day, large industrial 0.2 %
TARIFFS = {4: "RES_TIER", 6: "IND_TOU_CAP"}
ODD_PAYMENTS = [
    ("YX1", "B999202608", small_utility.account(1), datetime(2026, 9, 14, 3, tzinfo=UTC), 70, "03"),
    ("YX2", None, "1499990001", datetime(2026, 9, 14, 3, tzinfo=UTC), 30, "03"),
]


@pytest.fixture(scope="module")
def collected(built: dict[str, str]) -> Iterator[dict[str, str]]:
    """Statuses of a build with known tariffs and with two payments that no bill asks for; undone afterwards."""
    with connect("loader") as connection:
        for n, tariff in TARIFFS.items():
            connection.execute("update raw_cis.c_contract set prc_code = %s where cons_id = %s", (tariff, n))
        small_utility.put(connection, "raw_cis", "a_pay_flow", ODD_PAYMENTS,
                          "charge_id,calc_id,cons_no,charge_time,rcv_amt,pay_mode")  # fmt: skip
    yield run("build", *WITHOUT_UNIT_TESTS)
    with connect("loader") as connection:
        connection.execute("update raw_cis.c_contract set prc_code = 'R1'")
        connection.execute("delete from raw_cis.a_pay_flow where charge_id like 'YX%'")
    run("run")


def test_money_without_a_bill_is_in_the_ledger(collected: dict[str, str]) -> None:
    assert failed(collected) == set()
    rows = query(
        "select reference_no, account_no, unallocated_yuan from marts_candidate.fct_receivable "
        "where kind_code = 'unallocated' order by 1"
    )
    assert rows == [("YX1", small_utility.account(1), 70), ("YX2", "1499990001", 30)]
    ((received, overpaid, unallocated, paid),) = query(
        "select sum(received_yuan), sum(overpaid_yuan), sum(unallocated_yuan), "
        "(select sum(rcv_amt) from raw_cis.a_pay_flow) from marts_candidate.fct_receivable"
    )
    assert (overpaid, unallocated, received + overpaid + unallocated) == (Decimal("363.00"), 100, paid)


def test_late_fee_is_that_of_the_tariff(collected: dict[str, str]) -> None:
    # due on 25 September, known to 10 October: 15 days of 319.00 at 0.1 %, of 170.50 (half of 341.00) at 0.2 %
    fees = query(
        "select account_no, overdue_days, ageing_code, outstanding_yuan, late_fee_yuan "
        "from marts_candidate.fct_receivable where is_overdue and account_no = any(%s) order by 1",
        [small_utility.account(n) for n in TARIFFS],
    )
    assert fees == [
        (small_utility.account(4), 15, "1_30", Decimal("319.00"), Decimal("4.79")),
        (small_utility.account(6), 15, "1_30", Decimal("170.50"), Decimal("5.12")),
    ]
    # without a known tariff there is none
    assert query(
        "select late_fee_yuan from marts_candidate.fct_receivable where bill_no = 'B008202608'"
    ) == [(None,)]  # fmt: skip
    days = query(
        "select business_date, unpaid_yuan, late_fee_yuan from marts_candidate.fct_arrears_day "
        "where account_no = %s order by 1",
        small_utility.account(4),
    )
    assert [day for day, *_ in days] == [date(2026, 9, n) for n in range(26, 31)] + [
        date(2026, 10, n) for n in range(1, 11)
    ]
    assert days[0][1:] == (Decimal("319.00"), Decimal("0.32"))


def test_a_late_payment_ends_the_arrears_on_its_day(collected: dict[str, str]) -> None:
    owed = query(
        "select business_date from marts_candidate.fct_arrears_day where account_no = %s order by 1",
        small_utility.account(7),
    )
    assert owed == [(date(2026, 9, 26),), (date(2026, 9, 27),)]  # paid on the 28th


def test_a_payment_that_arrives_late_changes_the_dates_since(collected: dict[str, str]) -> None:
    when = "select business_date, max(built_at) from marts_candidate.fct_arrears_day group by 1"
    before = dict(query(when))
    with connect("loader") as connection:
        connection.execute("insert into raw_cis.a_pay_flow values ('YX3', 'B004202608', %s, '2026-10-05T03:00Z', 319, "
                           "'01')", (small_utility.account(4),))  # fmt: skip
    assert failed(run("run", "--select", "+fct_arrears_day", "fct_receivable")) == set()
    after = dict(query(when))
    assert {day for day in before if after[day] != before[day]} == {date(2026, 10, n) for n in range(5, 11)}
    incremental = {mart: checksum(mart) for mart in MARTS}
    assert failed(run("run", "--full-refresh", "--select", "+fct_arrears_day", "fct_receivable")) == set()
    assert {mart: checksum(mart) for mart in MARTS} == incremental


def test_dunning_says_whether_it_helped(collected: dict[str, str]) -> None:
    four, seven = small_utility.account(4), small_utility.account(7)
    assert query(
        "select action_no, account_no, channel_code, overdue_days, is_paid_in_7_days "
        "from marts_candidate.fct_dunning order by 1"
    ) == [
        ("S1", four, "disconnection", 13, None), ("U1", seven, "sms", 2, True), ("U2", four, "sms", 2, False),
        ("U3", four, "notice", 5, False),
    ]  # fmt: skip


def test_channels_share_the_payments(collected: dict[str, str]) -> None:
    rows = query(
        "select report_month, channel_code, payments, accounts, unallocated_payments, unallocated_yuan "
        "from marts_candidate.rpt_payment_channel where report_month = '2026-09-01' order by 2"
    )
    assert rows == [(date(2026, 9, 1), "app", 11, 11, 0, 0), (date(2026, 9, 1), "counter", 2, 2, 2, 100)]
