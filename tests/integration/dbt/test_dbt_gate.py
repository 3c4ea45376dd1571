"""Gate 2 on the real PostgreSQL: what constraints and tests stop, what they store, and at which dates tests look."""

import json
from dataclasses import dataclass

import pytest

from gridmart.warehouse import dbt
from gridmart.warehouse.database import connect
from tests.integration.dbt.dbt_run import WITHOUT_UNIT_TESTS, checksum, failed, query, run

BROKEN = {
    "bill is not the sum of its lines": (
        "update raw_cis.e_bill set t_amt = t_amt + 7, t_pq = 1 where calc_id = 'B003202609'",
        "update raw_cis.e_bill set t_amt = t_amt - 7, t_pq = 560 where calc_id = 'B003202609'",
        "fct_bill_is_sum_of_its_lines",
    ),
    "periods are not the energy of the day": (
        "update raw_ami.point_day set valley_kwh = valley_kwh + 5 where point_no = 'P000000003' "
        "and business_date = '2026-09-06'; update raw_ami.collection_day set lake_snapshot_id = lake_snapshot_id + 1 "
        "where business_date = '2026-09-06'",
        "update raw_ami.point_day set valley_kwh = valley_kwh - 5 where point_no = 'P000000003' "
        "and business_date = '2026-09-06'; update raw_ami.collection_day set lake_snapshot_id = lake_snapshot_id - 1 "
        "where business_date = '2026-09-06'",
        "fct_point_day_periods_add_up",
    ),
    "more points read than due": (
        "update raw_ami.collection_day set points_read = 9, lake_snapshot_id = 1 where business_date = '2026-09-07'",
        "update raw_ami.collection_day set points_read = points_due, lake_snapshot_id = 2 "
        "where business_date = '2026-09-07'",
        "fct_collection_day_complete_within_read_within_due",
    ),
}


@pytest.fixture(scope="module")
def sales(built: dict[str, str]) -> list[tuple[int, str]]:
    """Checksums of the sales by month, before broken data and after."""
    return [checksum("rpt_sales_month")]


@dataclass(frozen=True)
class Broken:
    """What a build over broken data left: statuses, its results that failed, and of a second look at bills alone."""

    run_id: str
    statuses: dict[str, str]
    blamed: dict[str, str]
    again: dict[str, str]
    remembered: list[str]


@pytest.fixture(scope="module")
def broken(sales: list[tuple[int, str]]) -> Broken:
    """One build over all of BROKEN at once; repaired afterwards."""
    try:
        with connect("loader") as connection:
            for break_it, _, _ in BROKEN.values():
                connection.execute(break_it)
        statuses = run("build", *WITHOUT_UNIT_TESTS)
        sales.append(checksum("rpt_sales_month"))
        ((run_id,),) = query("select run_id from supervision.quality_result order by result_id desc limit 1")
        blamed = query(
            "select details ->> 'test', observed from supervision.quality_result "
            "where not is_success and severity = 'critical' and run_id = %s",
            run_id,
        )
        again = run("test", "--select", "fct_bill_is_sum_of_its_lines", "fct_bill_holds_its_payments")
        remembered = query(
            "select distinct test_name from intermediate.date_tested "
            "where model_name = 'fct_bill' and business_date = '2026-09-01' "
            "and starts_with(test_name, 'fct_bill') order by 1"
        )
        return Broken(run_id, statuses, dict(blamed), again, [name for (name,) in remembered])
    finally:
        with connect("loader") as connection:
            for _, repair, _ in BROKEN.values():
                connection.execute(repair)
        run("run")


@pytest.mark.parametrize("case", BROKEN)
def test_invariant_fails_on_broken_data(broken: Broken, case: str) -> None:
    assert BROKEN[case][2] in broken.blamed


def test_nothing_else_fails_on_broken_data(broken: Broken) -> None:
    assert set(broken.blamed) == {name for _, _, name in BROKEN.values()}
    # a table that breaks its own constraint stays as it was
    assert failed(broken.statuses) == {"fct_bill_is_sum_of_its_lines", "fct_point_day", "fct_collection_day"}
    assert 'violates check constraint "fct_point_day_periods_add_up"' in broken.blamed["fct_point_day_periods_add_up"]
    assert "P000000003, 2026-09-06" in broken.blamed["fct_point_day_periods_add_up"]  # the row


def test_a_build_stores_the_result_of_each_of_its_tests_and_constraints(broken: Broken) -> None:
    stored = query(
        "select gate, count(distinct run_id), bool_and(checked_at = latest), "
        "count(*) filter (where details ->> 'type' = 'test') from ("
        "  select *, max(checked_at) over (partition by run_id) as latest from supervision.quality_result"
        "  where run_id = %s) r group by 1",
        broken.run_id,
    )
    tests = [name for name, status in broken.statuses.items() if status in ("pass", "warn", "fail")]
    assert stored == [("between_layers", 1, True, len(tests))]
    ((suite, table, severity, observed, why),) = query(
        "select suite, table_name, severity, observed, details ->> 'why' from supervision.quality_result"
        " where details ->> 'test' = 'fct_bill_is_sum_of_its_lines' and run_id = %s",
        broken.run_id,
    )
    assert (suite, table, severity) == ("dbt.fct_bill", "fct_bill", "critical")
    assert observed == "Got 1 result, configured to fail if != 0"
    assert why is None or why
    assert query(
        "select expectation, column_name, is_success, details ->> 'test' from supervision.quality_result "
        "where details ->> 'type' = 'constraint' and table_name in ('fct_bill', 'fct_point_day') and run_id = %s "
        "order by table_name, expectation, column_name",
        broken.run_id,
    ) == [
        ("check", None, True, "fct_bill_receivable_is_received_plus_outstanding"),
        ("check", None, True, "fct_bill_is_open_or_overpaid_never_both"),
        ("not_null", "account_no", True, "not_null of fct_bill.account_no"),
        ("not_null", "bill_month", True, "not_null of fct_bill.bill_month"),
        ("primary_key", "bill_no", True, "primary_key of fct_bill.bill_no"),
        ("check", None, False, "fct_point_day_periods_add_up"),
    ]  # fmt: skip


def test_a_failure_is_told_until_it_is_repaired(broken: Broken) -> None:
    assert failed(broken.again) == {"fct_bill_is_sum_of_its_lines"}  # though its month was not built again
    assert broken.again["fct_bill_holds_its_payments"] == "pass"
    assert broken.remembered == ["fct_bill_holds_its_payments"]
    assert run("test", "--select", "fct_bill_is_sum_of_its_lines")["fct_bill_is_sum_of_its_lines"] == "pass"  # repaired


def test_tests_look_at_what_is_new_and_once_a_week_at_every_date(built: dict[str, str]) -> None:
    test = ("test", "--select", "fct_bill_is_sum_of_its_lines")
    run(*test)
    change = (
        "update marts_candidate.fct_bill set receivable_yuan = receivable_yuan {0} 1, "
        "outstanding_yuan = outstanding_yuan {0} 1 where bill_no = 'B003202609'"
    )
    with connect("builder") as connection:
        connection.execute(change.format("+").encode())
    try:
        assert failed(run(*test)) == set()  # its month has passed
        code = dbt.test_every_date()
    finally:
        with connect("builder") as connection:
            connection.execute(change.format("-").encode())
    results = json.loads((dbt.home() / "every_date" / "run_results.json").read_text())["results"]
    found = {row["unique_id"].split(".")[2] for row in results if row["status"] == "fail"}
    assert code == 1 and "fct_bill_is_sum_of_its_lines" in found
    assert found <= {  # what else is held against the ledger
        "fct_bill_is_sum_of_its_lines", "fct_shadow_bill_holds_every_issued_yuan",
        "rpt_recovery_month_holds_every_bill", "rpt_sales_month_holds_every_kwh",
    }  # fmt: skip


def test_a_table_from_before_a_constraint_gets_it(built: dict[str, str]) -> None:
    held = (
        "select conname, pg_get_constraintdef(oid) from pg_constraint "
        "where conrelid = 'marts_candidate.fct_bill'::regclass order by conname"
    )
    there = query(held)
    with connect("builder") as connection:
        connection.execute(
            "alter table marts_candidate.fct_bill drop constraint fct_bill_is_open_or_overpaid_never_both, "
            "alter column bill_month drop not null"
        )
    assert len(query(held)) == len(there) - 2
    run("run", "--select", "dim_date")
    assert sorted(definition for _, definition in query(held)) == sorted(definition for _, definition in there)


def test_failed_invariant_keeps_what_depends_on_it(broken: Broken, sales: list[tuple[int, str]]) -> None:
    assert broken.statuses["rpt_sales_month"] == "skipped"
    before, after = sales
    assert after == before
