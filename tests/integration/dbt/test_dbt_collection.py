"""Collection on the small utility: arrears, late fees, dunning, channels; broken facts, and silos side by side."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from gridmart.quality import report
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
    # the tests of all other marts see these payments in the build of `excepted`
    yield run("run") | run("test", "--select", "path:models/marts/collection", *WITHOUT_UNIT_TESTS)
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
        "select channel_code, payments, accounts, unallocated_payments, unallocated_yuan, failed_payments, failed_yuan "
        "from marts_candidate.rpt_payment_channel where report_month = '2026-09-01' order by 1"
    )
    # what failed is in no sum of money, and a channel of nothing else stays
    assert rows == [
        ("", 0, 0, 0, 0, 1, 5), ("app", 11, 11, 0, 0, 0, 0), ("auto_debit", 0, 0, 0, 0, 1, 319),
        ("counter", 2, 2, 2, 100, 0, 0),
    ]  # fmt: skip


# everything that fct_exception knows, once each
BREAK = """
insert into raw_cis.c_cons values (901, '14009', 1, '1400101', '200', null, 'AC03802', '2026-09-01', null, '0');
insert into raw_cis.c_contract values (902, 'K902', 2, 'R1', 5, '0', '0', '2026-09-01', null);
insert into raw_cis.c_contract values (903, 'K903', 3, 'R1', -5, '0', '0', '2019-01-01', '2020-01-01');
insert into raw_cis.e_bill values ('BX', '1499990002', '202609', '2026-10-06', '2026-10-25', 0, 0, '0');
insert into raw_cis.c_mp values (904, 'P904', null, '01', 'F001', 15, '0'),
    (905, 'P905', '1400100001', '01', 'F001', 15, '0');
update raw_cis.c_cons set mkt_flag = '1' where cons_id = 4;
insert into raw_cis.c_meter values (906, 'M906', 3, 1, 1, 8, '2026-09-05', null, 0, null);
insert into raw_network.pms_tran_point values (907, 'PSR-1', 'MP-T0001', '2026-09-01', null),
    (908, 'PSR-2', 'MP-P000000004', '2026-09-01', null);
insert into raw_network.pms_transformer values ('PSR-9', 'T0009', '负', 1, 3, -100, '01', '2020-01-01');
"""
REPAIR = """
delete from raw_cis.c_cons where cons_id = 901; delete from raw_cis.c_contract where contract_id in (902, 903);
delete from raw_cis.e_bill where calc_id = 'BX'; delete from raw_cis.c_mp where mp_id in (904, 905);
update raw_cis.c_cons set mkt_flag = '0' where cons_id = 4;
delete from raw_cis.c_meter where meter_id = 906; delete from raw_network.pms_tran_point where rel_id in (907, 908);
delete from raw_network.pms_transformer where psr_id = 'PSR-9';
"""


@pytest.fixture(scope="module")
def excepted(collected: dict[str, str]) -> Iterator[dict[str, str]]:
    """Statuses of a build over every kind of broken fact; undone afterwards."""
    with connect("loader") as connection:
        connection.execute(BREAK)
    statuses = run("build", *WITHOUT_UNIT_TESTS)
    with connect("loader") as connection:  # the scorecard needs transformers that its table takes in
        connection.execute("update raw_network.pms_transformer set cap_kva = 100 where psr_id = 'PSR-9'")
    run("run", "--select", "+rpt_silo_scorecard")
    yield statuses
    with connect("loader") as connection:
        connection.execute(REPAIR)


def test_every_broken_fact_is_an_exception_with_a_next_step(excepted: dict[str, str]) -> None:
    # a mart that stops at what is broken does not hide it
    assert failed(excepted) == {"dim_transformer"}
    assert (excepted["fct_bill"], excepted["fct_exception"]) == ("skipped", "success")
    assert query(
        "select rule_code, entity_no, split_part(detail_no, '/', 1), source_table "
        "from marts_candidate.fct_exception order by 1, 2"
    ) == [
        ("account_without_contract", "14009", "", "cis.c_cons"),
        ("bill_without_account", "BX", "1499990002", "cis.e_bill"),
        ("negative_capacity", "K903", "903", "cis.c_contract"),
        ("negative_capacity", "T0009", "", "network.pms_transformer"),
        ("overlapping_validity", small_utility.point(3), "M906", "cis.c_meter"),
        ("overlapping_validity", small_utility.point(4), "T0002", "network.pms_tran_point"),
        ("payment_without_bill", "YX1", "B999202608", "cis.a_pay_flow"),
        ("payment_without_bill", "YX2", "", "cis.a_pay_flow"),
        ("point_without_account", "P904", "", "cis.c_mp"),
        ("point_without_transformer", "P905", small_utility.account(1), "network.pms_tran_point"),
        ("transformer_feeds_itself", "T0001", "907", "network.pms_tran_point"),
        ("two_contracts", small_utility.account(2), "K902", "cis.c_contract"),
    ]
    assert query("select 1 from marts_candidate.fct_exception where next_step_zh is null or next_step_en is null") == []


def test_exceptions_are_told_as_a_warning_and_counted(excepted: dict[str, str]) -> None:
    assert excepted["fct_exception_is_empty"] == "warn"
    assert query(
        "select severity, unexpected_count from supervision.quality_result "
        "where details ->> 'test' = 'fct_exception_is_empty' order by result_id desc limit 1"
    ) == [("warning", 12)]
    told = {(fact["rule_code"], fact["source_table"]): fact["facts"] for fact in report.facts()["exceptions"]}
    assert (sum(told.values()), told["payment_without_bill", "cis.a_pay_flow"]) == (12, 2)
    page = report.write().read_text()
    assert "缴费没有对应账单" in page and "Find its bill, or pay it back" in page


def test_one_account_has_one_number_in_every_silo(excepted: dict[str, str]) -> None:
    first, second = small_utility.account(1), small_utility.account(2)
    assert query(
        "select system_code, source_key, canonical_no, rule_code from marts_candidate.dim_identity "
        "where entity_code = 'account' and (canonical_no = any(%s) or canonical_no is null) order by 1, 2",
        [first, second],
    ) == [
        ("cis", first, first, "exact"), ("cis", second, second, "exact"),
        ("crm", "1400-1000-01", first, "punctuation"), ("crm", "1400-1000-02", second, "punctuation"),
        ("crm", "1499-9900-01", None, "none"),
        ("market", "JY-0010-0002", second, "punctuation"), ("market", "JY-9999-0001", None, "none"),
    ]  # fmt: skip
    # the twelfth is no customer of the CRM
    assert query(
        "select canonical_no from marts_candidate.dim_identity "
        "where entity_code = 'account' and system_code = 'crm' and source_key is null and canonical_no <> '14009'"
    ) == [(small_utility.account(12),)]
    assert query(
        "select source_key, canonical_no, rule_code from marts_candidate.dim_identity "
        "where system_code = 'telemetry' order by 1, 2"
    ) == [
        ("PSR-1", "T0001", "register"), ("PSR-2", "T0002", "register"),
        (None, "T0003", "none"), (None, "T0004", "none"), (None, "T0009", "none"),  # areas that it ought to know
    ]  # fmt: skip


def test_scorecard_says_where_silos_differ(excepted: dict[str, str]) -> None:
    rows = query(
        "select entity_code, other_system, reference_value, other_value, only_reference, only_other, verdict_code "
        "from marts_candidate.rpt_silo_scorecard where unit = 'keys' and business_date = '2026-10-10' order by 1, 2"
    )
    assert rows == [
        # the fourth is a member that the market lacks, a stranger one that the CIS lacks; nobody else is one
        ("account", "crm", 13, 12, 2, 1, "differ"), ("account", "market", 3, 3, 1, 1, "differ"),
        # accounts hang on both stations, the only order on one
        ("organisation", "cis", 2, 2, 0, 0, "agree"), ("organisation", "crm", 2, 1, 1, 0, "differ"),
        ("point", "ami", 20, 18, 2, 0, "differ"), ("point", "network", 18, 17, 2, 1, "differ"),
        ("transformer", "ami", 5, 4, 1, 0, "differ"), ("transformer", "telemetry", 5, 2, 3, 0, "differ"),
    ]  # fmt: skip
    money = query(
        "select business_date, reference_value, other_value, only_reference, verdict_code "
        "from marts_candidate.rpt_silo_scorecard where unit = 'yuan' order by 1"
    )
    assert [row[0] for row in money] == [date(2026, 8, 1), date(2026, 9, 1)]
    assert [row[-1] for row in money] == ["differ", "differ"]
    energy = query(
        "select business_date, reference_value is null, verdict_code from marts_candidate.rpt_silo_scorecard "
        "where unit = 'kWh' order by 1"
    )
    assert energy == [(date(2026, 8, 1), True, "unknown"), (date(2026, 9, 1), False, "differ")]
