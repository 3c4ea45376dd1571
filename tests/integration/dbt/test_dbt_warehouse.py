"""dbt on the real PostgreSQL: what a rebuild, a late reading, a changed register and broken data do."""

import subprocess
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from gridmart.settings import Settings
from gridmart.sources import contract
from gridmart.warehouse import dbt
from gridmart.warehouse.database import connect
from tests.integration.dbt import small_utility
from tests.integration.dbt.dbt_run import (
    BY_DATE,
    BY_MONTH,
    HEALTH,
    REGISTERS,
    WITHOUT_UNIT_TESTS,
    built_at,
    checksum,
    checksums,
    failed,
    months_built_at,
    months_rebuilt,
    query,
    rebuilt,
    run,
)
from tests.killed import kill_at_lock


def test_first_build_passes_every_test(built: dict[str, str]) -> None:
    assert failed(built) == set()
    assert query("select count(*) from marts_candidate.fct_point_day") == [(18 * small_utility.DAYS,)]
    # a contract and a household that begin while the account goes on
    assert query("select count(*), count(distinct account_no) from marts_candidate.dim_account") == [(14, 12)]
    assert (
        query(
            "select loss_rate, balance_class from marts_candidate.fct_energy_balance_day "
            "where level_code = 'company' and business_date = '2026-09-05'"
        )[0][1]
        == "normal"
    )


STAGED = {
    "point": "stg_cis__metering_point",
    "place": "stg_network__point_transformer",
    "meter": "stg_cis__meter",
    "account": "stg_cis__account",
    "contract": "stg_cis__contract",
    "disconnection": "stg_cis__disconnection",
    "transformer": "stg_network__transformer",
}
# what a source may hold on a bad day: codes and references that nobody knows, two places at once, a name without
# prefix; and validities that end
ODD = """
insert into raw_cis.c_cons values (901, '9', 1, '1400101', '777', null, 'AC9', '2020-01-01', '2026-01-01', '5');
insert into raw_cis.c_mp values (901, 'P9', '9', '77', null, 15, 'x'), (902, 'P8', null, null, null, null, null);
insert into raw_cis.c_meter values (901, 'M9', 901, 40, 100, 8, '2026-01-01', '2026-03-31', 0, 17.5),
    (902, 'M8', 12345, null, null, null, null, null, null, null);
insert into raw_cis.c_contract values (901, 'K9', 12345, 'R1', 5, '7', '7', '2020-01-01', '2026-02-28');
insert into raw_cis.r_stop_restore select n, 'B9', '9', '2026-01-01 09:00+08', null, 9.5, '0'
    from generate_series(901, 903) n;
insert into raw_cis.r_stop_restore values (904, null, null, null, '2026-01-01 09:00+08', null, '7');
insert into raw_network.pms_transformer values ('PSR-9', 'T9', '孤', 12345, 12345, 100, '09', null);
insert into raw_network.pms_tran_point values (901, 'PSR-9', 'P9', '2020-01-01', null),
    (902, 'PSR-1', 'MP-P9', '2020-01-01', '2026-01-31'), (903, 'PSR-0', 'MP-MP-1', null, null);
"""


def test_validation_and_staging_read_the_sources_alike(built: dict[str, str]) -> None:
    with connect("loader") as connection:
        connection.execute(ODD)
    try:
        for entity, model in STAGED.items():
            with connect("loader") as connection:
                frame = contract.read(connection, entity)
            columns = ", ".join(frame.columns).replace("transformer_feeder_no", "feeder_no")
            staged = query(f"select {columns} from staging.{model}")
            read = frame.astype(object).where(frame.notna(), None)
            assert len(staged) > 4, model
            assert Counter(staged) == Counter(read.itertuples(index=False, name=None)), model
        # what nobody knows is not lost: it comes through as it is
        assert query("select usage_category, voltage_code, status_code from staging.stg_cis__account "
                     "where account_no = '9'") == [("777", "AC9", "5")]  # fmt: skip
        assert query("select point_kind from staging.stg_cis__metering_point where point_no = 'P9'") == [("77",)]
    finally:
        with connect("loader") as connection:
            for table, key in (("cis.c_cons", "cons_id"), ("cis.c_mp", "mp_id"), ("cis.c_meter", "meter_id"),
                               ("cis.c_contract", "contract_id"), ("cis.r_stop_restore", "stop_id"),
                               ("network.pms_tran_point", "rel_id")):  # fmt: skip
                connection.execute(f"delete from raw_{table} where {key} between 901 and 904")
            connection.execute("delete from raw_network.pms_transformer where psr_id = 'PSR-9'")


def test_money_posted_to_another_bill_is_no_recovery_of_either(built: dict[str, str]) -> None:
    assert query(
        "select bill_no, receivable_yuan - received_yuan, outstanding_yuan, overpaid_yuan, is_overdue "
        "from marts_candidate.fct_bill where bill_no in ('B008202608', 'B009202608') order by 1"
    ) == [
        ("B008202608", Decimal("363.00"), Decimal("363.00"), Decimal("0.00"), True),
        ("B009202608", Decimal("0.00"), Decimal("0.00"), Decimal("363.00"), False),
    ]
    ((received, overpaid, paid, highest),) = query(
        "select sum(received_yuan), sum(overpaid_yuan), (select sum(amount_yuan) from marts_candidate.fct_payment), "
        "max(recovery_rate) from marts_candidate.rpt_recovery_month"
    )
    assert (received + overpaid, overpaid) == (paid, Decimal("363.00"))
    assert highest <= 1


def test_second_build_changes_nothing(built: dict[str, str]) -> None:
    before, times, months = checksums(), built_at((*BY_DATE, REGISTERS, HEALTH)), months_built_at()
    assert failed(run("run")) == set()
    assert checksums() == before
    assert rebuilt(times) == {table: set() for table in (*BY_DATE, REGISTERS, HEALTH)}
    assert months_rebuilt(months) == {table: set() for table in BY_MONTH}


def test_late_reading_or_register_updates_only_its_dates(built: dict[str, str]) -> None:
    day, before, months = date(2026, 9, 17), checksum("fct_point_day"), months_built_at()
    times, registers, index_day = built_at(), built_at([REGISTERS]), date(2026, 9, 9)
    with connect("loader") as connection:
        # loaded long before the last build, promoted only now: no clock may hide it
        small_utility.put_day(connection, day, factor=2.0, loaded_at=datetime(2020, 1, 1, tzinfo=UTC))
        # and a register of another date alone: what was used on the date after it changes too
        connection.execute("update raw_ami.register_day set peak_index = 99.5 where business_date = %s", (index_day,))
    assert failed(run("run")) == set()
    assert rebuilt(times) == {table: {day} for table in BY_DATE}
    assert rebuilt(registers) == {REGISTERS: {index_day, index_day + timedelta(days=1)}}
    assert months_rebuilt(months) == {table: {date(2026, 9, 1)} for table in BY_MONTH}
    assert checksum("fct_point_day") != before


def test_range_builds_its_dates_again(built: dict[str, str]) -> None:
    before, times = checksums(), built_at()
    assert failed(run("run", "--vars", '{"from_date": "2026-09-03", "to_date": "2026-09-04"}')) == set()
    assert rebuilt(times) == {table: {date(2026, 9, 3), date(2026, 9, 4)} for table in BY_DATE}
    assert checksums() == before


def test_changed_register_updates_the_dates_from_its_validity(built: dict[str, str]) -> None:
    times, registers, since = built_at(), built_at([REGISTERS]), date(2026, 10, 5)
    with connect("loader") as connection:
        # the ratio of a meter counts in what its registers tell, and in nothing else
        connection.execute("update raw_cis.c_meter set t_ct = 40 where mp_id = 3")
        moved = "update raw_network.pms_tran_point set end_date = %s where mp_code = 'MP-P000000001'"
        connection.execute(moved, (since - timedelta(days=1),))
        connection.execute(
            "insert into raw_network.pms_tran_point (rel_id, psr_id, mp_code, start_date) "
            "values (900, 'PSR-2', 'MP-P000000001', %s)",
            (since,),
        )
    assert failed(run("run")) == set()
    assert rebuilt(times)["fct_point_day"] == {day for day in times["fct_point_day"] if day >= since}
    assert rebuilt(registers) == {REGISTERS: set(registers[REGISTERS])}
    assert query(
        "select business_date, register_peak_kwh is not null from marts_candidate.fct_register_day order by 1"
    ) == [(date(2026, 9, 9), False), (date(2026, 9, 10), True), (date(2026, 9, 20), False)]
    assert query(
        "select transformer_no, min(business_date) from marts_candidate.fct_point_day "
        "where point_no = 'P000000001' group by 1 order by 1"
    ) == [("T0001", small_utility.FIRST), ("T0002", since)]


# what changes in CIS, how it is taken back, a mart that shows it, and the months whose shadow bills depend on it
CHANGED = {
    "a line of a bill": (
        "update raw_cis.e_bill_det set amt = amt + 1 where calc_id = 'B003202608' and item_seq = 1;"
        "update raw_cis.e_bill set t_amt = t_amt + 1 where calc_id = 'B003202608'",
        "update raw_cis.e_bill_det set amt = amt - 1 where calc_id = 'B003202608' and item_seq = 1;"
        "update raw_cis.e_bill set t_amt = t_amt - 1 where calc_id = 'B003202608'",
        "fct_bill",
        {date(2026, 8, 1)},
    ),
    "the end of a contract": (
        "update raw_cis.c_contract set exp_date = '2026-09-21' where contract_id = 203",
        "update raw_cis.c_contract set exp_date = null where contract_id = 203",
        "dim_account",
        {date(2026, 9, 1)},
    ),
    # added up, the two rows are what they were
    "capacities that two contracts exchange": (
        "update raw_cis.c_contract set contract_cap = 28 - contract_cap where contract_id in (101, 203)",
        "update raw_cis.c_contract set contract_cap = 28 - contract_cap where contract_id in (101, 203)",
        "dim_account",
        {date(2026, 8, 1), date(2026, 9, 1)},
    ),
    "a payment": (
        "insert into raw_cis.a_pay_flow (charge_id, calc_id, cons_no, charge_time, rcv_amt, pay_mode) "
        "values ('Y9', 'B004202608', '1400100004', '2026-09-28', 319, '01')",
        "delete from raw_cis.a_pay_flow where charge_id = 'Y9'",
        "fct_bill",
        set(),
    ),
}


# of a month that is built again, the rows that a change writes; the others stand as they were written
LEDGERS = {"fct_bill": "bill_no", "fct_receivable": "reference_no", "fct_payment": "payment_no"}
WRITTEN = {
    "a payment": {"fct_bill": {"B004202608"}, "fct_receivable": {"B004202608"}, "fct_payment": {"Y9"}},
}


@pytest.fixture(scope="module")
def before_changes(built: dict[str, str]) -> dict[str, tuple[int, str]]:
    """Checksums of marts before anything changes in CIS."""
    return checksums()


@pytest.mark.parametrize("case", CHANGED)
def test_changed_bill_contract_or_payment_updates_its_months(
    before_changes: dict[str, tuple[int, str]], case: str
) -> None:
    change, _, mart, expected = CHANGED[case]
    before, months = checksum(mart), months_built_at()
    ((now,),) = query("select now()")
    with connect("loader") as connection:
        connection.execute(change.encode())
    assert failed(run("run")) == set()
    assert months_rebuilt(months)["fct_shadow_bill"] == expected
    assert checksum(mart) != before
    for ledger, rows in WRITTEN.get(case, {}).items():
        written = query(f"select {LEDGERS[ledger]} from marts_candidate.{ledger} where built_at > %s", now)
        assert {key for (key,) in written} == rows


# an account moves to the other station, another voltage and the market; an hour later it is what it was again
MOVES = "update raw_cis.c_cons set org_no = %s, volt_code = %s, mkt_flag = %s, upd_time = %s where cons_id = 5"
MOVED = ("1400102", "AC00101", "1", datetime(2026, 10, 10, 17, tzinfo=UTC))  # on the eleventh
MOVED_BACK = ("1400101", "AC03802", "0", datetime(2026, 10, 10, 18, tzinfo=UTC))  # on the same day


def test_changed_account_begins_a_period_once_and_keeps_the_one_before(
    before_changes: dict[str, tuple[int, str]],
) -> None:
    periods = (
        "select org_no, voltage_code, is_market_member, tariff_code, valid_from, valid_to, is_current "
        "from marts_candidate.dim_account where account_no = %s order by valid_from"
    )
    five, opened, moved = small_utility.account(5), date(2020, 1, 1), date(2026, 10, 11)
    assert query(periods, five) == [("1400101", "0.4kV", False, "R1", opened, None, True)]
    with connect("loader") as connection:
        connection.execute(MOVES, MOVED)
    assert failed(run("run")) == set()
    expected = [
        ("1400101", "0.4kV", False, "R1", opened, moved, False),
        ("1400102", "10kV", True, "R1", moved, None, True),
    ]
    assert query(periods, five) == expected
    history = query("select * from history.int_account_history order by account_no, version_no")
    once = "int_account_history", "dim_account"
    assert failed(run("build", "--select", *once, *WITHOUT_UNIT_TESTS)) == set()
    assert failed(run("run", "--full-refresh", "--select", *once)) == set()
    assert query("select * from history.int_account_history order by account_no, version_no") == history
    assert query(periods, five) == expected
    # what is shown of an account is what it is today, once
    shown = "select org_no, contract_capacity_kva from marts_candidate.customer_360 where account_no = %s"
    assert query(shown, five) == [("1400102", 20)]
    assert query("select distinct org_no from marts_candidate.fct_bill where account_no = %s", five) == [("1400102",)]


def test_everything_built_by_increments_equals_its_full_refresh(before_changes: dict[str, tuple[int, str]]) -> None:
    incremental = checksums()
    assert failed(run("run", "--full-refresh")) == set()
    assert checksums() == incremental


def test_changes_that_are_taken_back_leave_no_trace(before_changes: dict[str, tuple[int, str]]) -> None:
    with connect("loader") as connection:
        for _, back, _, _ in CHANGED.values():
            connection.execute(back.encode())
        connection.execute(MOVES, MOVED_BACK)
    assert failed(run("run")) == set()
    assert checksums() == before_changes


def test_killed_in_the_middle_of_a_build_and_run_again(built: dict[str, str]) -> None:
    day, times, before = date(2026, 9, 21), built_at(), checksum("fct_point_day")
    with connect("loader") as connection:
        small_utility.put_day(connection, day, factor=3.0, loaded_at=datetime(2021, 1, 1, tzinfo=UTC))
    kill_at_lock("marts_candidate.fct_point_day", "dbt", "run", mode="share")
    assert checksum("fct_point_day") == before, "a half built mart is seen"
    assert failed(run("run")) == set()
    assert rebuilt(times) == {table: {day} for table in BY_DATE}
    sums = "select count(*), round(sum(import_kwh)::numeric, 3) from {} where business_date = %s"
    assert query(sums.format("marts_candidate.fct_point_day"), day) == query(sums.format("raw_ami.point_day"), day)


def test_no_personal_data_in_any_mart(built: dict[str, str]) -> None:
    with connect("loader") as connection:
        secrets = [
            value
            for people in (
                "select cust_name, mobile, cert_no, addr from raw_cis.c_cust",
                "select full_name, mobile from raw_crm.profile",
            )
            for row in connection.execute(people).fetchall()
            for value in row
        ]
    told = "select v from unnest(%s::text[]) as v where exists (select from {} as t where strpos(t::text, v) > 0)"
    tables = query("select tablename from pg_tables where schemaname = 'marts_candidate'")
    found = [(table, query(told.format(f"marts_candidate.{table}"), secrets)) for (table,) in tables]
    assert len(found) > 50 and len(secrets) > 60
    assert [(table, values) for table, values in found if values] == []
    assert query("select distinct customer_name_masked from marts_candidate.dim_account") == [("欧**",)]


def test_hash_is_keyed_and_its_key_stands_in_no_file(built: dict[str, str], warehouse: Settings) -> None:
    from hashlib import sha256

    from gridmart.secrets import secret

    key = secret("pii_hash_key")
    stored = dict(query("select account_no, customer_hash from marts_candidate.dim_account where is_current"))
    assert stored[small_utility.account(1)] == sha256((key + "C001").encode()).hexdigest()
    page = dbt.dictionary()
    assert "One row per" in page.read_text() and "marts_candidate" in page.read_text()
    made = page.stat().st_mtime_ns
    assert dbt.dictionary().stat().st_mtime_ns == made, "the page of this project is there"
    files = [path for path in dbt.home().rglob("*") if path.is_file()]
    assert page in files
    assert [path for path in files if key.encode() in path.read_bytes()] == []


def test_scores_are_rebuilt_alone(built: dict[str, str]) -> None:
    with connect("scorer") as connection:
        connection.execute(
            "insert into ml.account_segment values (%s, 'evening_peak', '晚峰型', 'Evening peak', 0.1, 'v1', 's1', "
            "false, now())",
            (small_utility.account(2),),
        )
    try:
        statuses = run("build", "--select", "tag:scores", "--exclude-resource-type", "unit_test")
        models = {name for name in statuses if name.startswith(("fct_", "rpt_", "customer_360")) and "." not in name}
        assert {"fct_load_forecast_hour", "rpt_forecast_accuracy", "customer_360", "rpt_segment"} <= models
        assert failed(statuses) == set()
        assert dict(query("select segment_code, accounts from marts_candidate.rpt_segment")) == {
            "evening_peak": 1,
            "unscored": 11,
        }
    finally:
        with connect("scorer") as connection:
            connection.execute("delete from ml.account_segment")


def test_wrapper_passes_the_exit_code_and_output(built: dict[str, str]) -> None:
    gridmart = Path(__file__).parents[3] / "bin" / "gridmart"
    listed = subprocess.run(
        [gridmart, "dbt", "ls", "--quiet", "--select", "tag:scores", "--resource-type", "model"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert listed.returncode == 0
    assert "gridmart.marts.customer.customer_360" in listed.stdout
    refused = subprocess.run([gridmart, "dbt", "no-such-command"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
