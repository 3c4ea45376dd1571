"""The publication gate on real tables: what is wrong never reaches the dashboards, and they say so."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gridmart.cli import app
from gridmart.errors import GridmartError
from gridmart.quality import publication, report, suites
from gridmart.settings import PROJECT_DIR
from gridmart.sources import status
from gridmart.warehouse import publish, published
from gridmart.warehouse.database import connect
from tests.integration.sources.source_database import forget_landed

SQL = Path(__file__).with_name("candidate_marts.sql")
META = {
    "fct_point_day": {"publish": "by_date"},
    "fct_quality_result": {"publish": "always"},
    "fct_bill": {"publish": "full", "history": "bill_no"},
}


def forget_marts() -> None:
    forget_landed()
    with connect("postgres") as connection:
        connection.execute("drop view if exists marts.rpt_publication")
        connection.execute("drop view if exists marts_candidate.fct_quality_result")
        for schema in ("marts", "marts_candidate"):
            for (name,) in connection.execute(
                "select tablename from pg_tables where schemaname = %s", (schema,)
            ).fetchall():
                connection.execute(f"drop table {schema}.{name} cascade")
        connection.execute(
            "truncate supervision.quality_result, supervision.publication, supervision.source_status,"
            " supervision.published_row"
        )


def write_manifest() -> None:
    with connect("postgres") as connection:
        names = [
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables where table_schema = 'marts_candidate'"
            )
        ]
    nodes = {
        f"model.gridmart.{name}": {
            "resource_type": "model", "alias": name, "schema": "marts_candidate",
            "config": {"meta": META.get(name, {"publish": "full"})},
        }
        for name in names
    }  # fmt: skip
    path = publish.manifest_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nodes": nodes}))


@pytest.fixture
def one_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate looks at bills alone, where a test is about what is copied and not about what is found."""
    bills = [suite for suite in suites.publication() if suite.table == "fct_bill"]
    monkeypatch.setattr(suites, "publication", lambda: bills)


@pytest.fixture
def candidate(warehouse) -> Iterator[None]:
    forget_marts()
    with connect("loader") as connection, connect("builder") as builder:
        raw, marts = SQL.read_text().split("\n\n", 1)
        connection.execute(raw)
        connection.commit()
        builder.execute(marts)
    manifest = publish.manifest_file()
    kept = manifest.read_bytes() if manifest.exists() else None
    write_manifest()
    yield
    manifest.unlink(missing_ok=True)
    if kept is not None:
        manifest.write_bytes(kept)
    forget_marts()


def change(statement: str) -> None:
    with connect("builder") as connection:
        connection.execute(statement)


def seen(query: str) -> tuple:
    """First row of a query as the dashboards' role."""
    with connect("bi_reader") as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row


def run() -> tuple[publish.Decision, int]:
    return publication.run(None, None, lambda line: None)


def badge() -> tuple:
    return seen("select status_code, reason, data_as_of::text from marts.rpt_publication")


def test_good_candidate_is_published_green_and_twice_changes_nothing(candidate):
    decision, written = run()
    assert (decision.status, decision.reason) == ("green", None)
    assert written > 370
    assert badge() == ("green", None, "2026-10-31")
    assert seen("select sum(receivable_yuan)::text from marts.fct_bill") == ("150.10",)
    assert seen("select count(*) from pg_indexes where schemaname = 'marts' and tablename = 'fct_point_day'") == (1,)
    # the results of this very run are on the dashboard
    assert seen("select count(*) > 50 from marts.fct_quality_result where gate = 'publication'") == (True,)
    before = seen("select xmin::text from marts.fct_bill")
    run()
    assert seen("select xmin::text from marts.fct_bill") == before


def test_bad_candidate_keeps_the_old_marts_turns_red_and_heals(candidate):
    run()
    change("update marts_candidate.fct_bill set outstanding_yuan = 39 where bill_no = 'B1'")
    change("insert into marts_candidate.dim_date values ('2026-12-01', 'workday')")
    with pytest.raises(GridmartError, match=r"publication\.fct_bill: fct_bill: expect_receivable_to_equal") as error:
        run()
    assert error.value.exit_code == 4
    assert seen("select sum(outstanding_yuan)::text from marts.fct_bill") == ("40.00",)
    assert seen("select count(*) from marts.dim_date where business_date = '2026-12-01'") == (0,)
    code, reason, as_of = badge()
    assert (code, as_of) == ("red", "2026-10-31")
    assert "fct_bill" in reason and "expect_receivable_to_equal_received_and_outstanding" in reason
    assert seen("select checked_at > published_at from marts.rpt_publication") == (True,)
    failed = "select count(*) from marts.fct_quality_result where not is_success and severity = 'critical'"
    assert seen(failed) == (1,)
    assert "expect_receivable_to_equal_received_and_outstanding" in report.write().read_text()

    change("update marts_candidate.fct_bill set outstanding_yuan = 40 where bill_no = 'B1'")
    run()
    assert badge()[0] == "green"
    assert seen("select count(*) from marts.dim_date where business_date = '2026-12-01'") == (1,)


def test_every_state_of_a_bill_that_people_saw_is_kept(candidate, one_suite):
    with pytest.raises(GridmartError, match="nothing was published yet"):
        published.bill("B2", datetime.now(UTC))
    run()
    between = datetime.now(UTC)
    change("update marts_candidate.fct_bill set bill_month = '2026-08-01' where bill_no = 'B2'")
    run()
    run()
    change("update marts_candidate.fct_bill set outstanding_yuan = 39 where bill_no = 'B1'")
    with pytest.raises(GridmartError, match="expect_receivable_to_equal"):
        run()
    states = published.bill("B2")
    assert [state["bill"]["bill_month"] for state in states] == ["2026-09-01", "2026-08-01"]
    assert published.bill("B2", between) == states[:1]
    assert [state["bill"]["outstanding_yuan"] for state in published.bill("B1")] == [40.0]  # the red one never was
    with pytest.raises(GridmartError, match="no bill B9 was published"):
        published.bill("B9")
    told = CliRunner().invoke(app, ["bill", "B2", "--at", between.isoformat(), "--json"])
    assert json.loads(told.stdout) == states[0]
    assert "2026-08-01" in CliRunner().invoke(app, ["bill", "B2"]).stdout


# damages with the words that tell them; those that stand together break no expectation of each other
BROKEN = [
    [
        ("update marts_candidate.fct_point_day set import_kwh = -1", "import_kwh.*between"),
        ("insert into marts_candidate.fct_payment select * from marts_candidate.fct_payment", "payment_no.*unique"),
        ("update marts_candidate.fct_bill set received_yuan = 60, outstanding_yuan = 40.10, overpaid_yuan = 0.10 "
         "where bill_no = 'B1'", "expect_open_or_overpaid_never_both"),
        ("update marts_candidate.rpt_recovery_month set overpaid_yuan = 100.11", "expect_overpaid_below_receivable"),
        ("update marts_candidate.fct_energy_balance_day set loss_kwh = 6", "expect_supplied_to_equal_sold_and_loss"),
        ("update marts_candidate.dim_account set customer_name_masked = '张三丰'", "expect_names_masked"),
        ("update marts_candidate.fct_load_forecast_hour set p90_kw = 1", "expect_band_in_order"),
        ("update marts_candidate.fct_receivable set overdue_days = 12 where bill_no = 'B1'",
         "fct_receivable.*expect_overdue_as_on_the_last_evening"),
        ("update marts_candidate.fct_dunning set is_paid_in_7_days = true", "expect_paid_in_time_to_be_paid_in_full"),
        ("update marts_candidate.rpt_payment_channel set amount_share = 0.9",
         "expect_shares_of_a_month_to_be_the_whole"),
        ("insert into marts_candidate.fct_exception values ('two_contracts', '1', '', 'a', 'b')",
         "expect_fewer_than_systems_that_lost_each_other"),
        ("update marts_candidate.rpt_silo_scorecard set other_hash = 'b'", "expect_agreement_to_have_no_difference"),
        ("update marts_candidate.fct_bill_difference set is_wrong = false", "expect_wrong_to_be_beyond_tolerance"),
        ("update marts_candidate.fct_shadow_bill set difference_yuan = 0", "expect_every_yuan_explained"),
        ("update marts_candidate.rpt_billing_error_month set bills_wrong = 3", "expect_wrong_among_issued"),
        ("drop table marts_candidate.customer_360", "marts_candidate.customer_360 does not exist"),
        ("update marts_candidate.rpt_collection_station_day set points_complete = 2",
         "rpt_collection_station_day: expect_counts_in_order"),
        ("update marts_candidate.rpt_collection_area_month set days_missed = 1", "expect_missed_days_to_miss_points"),
        ("update marts_candidate.rpt_loss_area_month set days_abnormal = 9",
         "expect_abnormal_days_among_those_measured"),
        ("update marts_candidate.fct_collection_task set points_read_first = 9", "expect_first_try_among_read"),
        ("update marts_candidate.fct_collection_failure set points_failed = 0",
         r"fct_collection_failure\.points_failed"),
        ("update marts_candidate.fct_meter_event set ended_at = occurred_at",
         "fct_meter_event: expect_end_after_begin"),
        ("update marts_candidate.rpt_read_cycle set read_rate = 1", "expect_read_among_due"),
        ("update marts_candidate.rpt_customer_tag set accounts_tagged = 2", "expect_tagged_among_accounts"),
        ("update marts_candidate.customer_tag set evidence_value = 0", "expect_every_tag_to_be_earned"),
        ("update marts_candidate.fct_interaction set order_no = null", "expect_open_to_be_an_order"),
        ("update marts_candidate.fct_application_stage set is_late = false", "expect_late_to_be_beyond_the_limit"),
        ("update marts_candidate.fct_contract_position_month set amount_yuan = 1",
         "expect_amount_to_be_energy_times_price"),
        ("update marts_candidate.fct_demand_response set reply_code = 'declined'", "expect_only_accepted_to_be_paid"),
        ("update marts_candidate.fct_device_health set imbalance_share = 2", "expect_shares_and_counts_that_can_be"),
        ("update marts_candidate.fct_outage set customer_hours_lost = 1",
         "expect_customer_hours_to_be_customers_times_hours"),
        ("update marts_candidate.fct_repair set arrival_minutes = 1", "expect_stages_to_follow_each_other"),
        ("update marts_candidate.fct_spot_price_hour set day_ahead_yuan_mwh = null",
         "fct_spot_price_hour: expect_a_price"),
        ("update marts_candidate.fct_trade_settlement_day set total_yuan = 1", "expect_total_to_be_its_parts"),
        ("update marts_candidate.rpt_reliability_month set reliability_rate = 1.2",
         r"rpt_reliability_month\.reliability_rate"),
        ("update marts_candidate.rpt_tariff_impact set change_yuan = 2", "expect_change_to_be_proposed_less_present"),
        ("update marts_candidate.fct_bill_line set amount_yuan = null", "expect_amount_and_bill"),
        ("update marts_candidate.fct_shadow_bill_line set line_kind_code = 'x'",
         "fct_shadow_bill_line: expect_amount_and_kind"),
        ("update marts_candidate.fct_register_day set sum_difference_kwh = 1", "expect_difference_of_its_parts"),
        ("insert into marts_candidate.dim_point_transformer values ('P000000001', 'T2', '2021-01-01', null, true)",
         "expect_one_transformer_at_a_time"),
        ("update marts_candidate.dim_kpi set mart = ''", "expect_every_kpi_to_be_defined"),
        ("update marts_candidate.dim_tariff set flat_price_yuan_per_kwh = null", "dim_tariff: expect_a_price"),
        ("update marts_candidate.dim_feeder set transformers = -1", "dim_feeder: expect_no_negative_counts"),
    ],
    [
        ("update marts_candidate.fct_receivable set receivable_yuan = 51, received_yuan = 51 where bill_no = 'B2'",
         "expect_the_money_of_the_bills"),
        ("update marts_candidate.fct_arrears_day set unpaid_yuan = 39", "expect_overdue_as_on_the_last_evening"),
        ("update marts_candidate.rpt_payment_channel set payments = 1", "expect_every_payment_of_the_source"),
        ("update marts_candidate.rpt_silo_scorecard set only_other = 1", "expect_keys_to_add_up"),
        ("update marts_candidate.rpt_billing_error_month set bills_issued = 1", "expect_every_bill_to_be_counted"),
        ("update marts_candidate.rpt_collection_station_day set points_due = 2",
         "expect_stations_to_add_up_to_the_areas"),
        ("update marts_candidate.rpt_loss_station_day set members = 2", "expect_stations_to_add_up_to_the_balances"),
        ("update marts_candidate.fct_collection_failure set points_failed = 2",
         "expect_reasons_to_add_up_to_the_failures"),
        ("update marts_candidate.rpt_meter_event_day set events = 2", "expect_every_event_to_be_counted"),
        ("update marts_candidate.rpt_read_cycle set reading_date = '2026-09-30'",
         "expect_reading_day_within_its_month"),
        ("update marts_candidate.rpt_customer_tag set accounts = 2", "expect_every_account_in_the_whole_of_every_tag"),
        ("update marts_candidate.rpt_purchase_sale_margin set purchase_yuan = 71, margin_yuan = 29",
         "expect_every_settled_yuan"),
        ("update marts_candidate.rpt_tariff_impact set proposed_yuan = 152.10, change_yuan = 2 where level_no = ''",
         "expect_levels_to_add_up"),
        ("update marts_candidate.fct_bill_line set amount_yuan = 1 where bill_no = 'B1'",
         "fct_bill_line: expect_lines_to_add_up_to_the_bills"),
        ("update marts_candidate.fct_shadow_bill_line set amount_yuan = 1",
         "fct_shadow_bill_line: expect_lines_to_add_up_to_the_bills"),
        ("update marts_candidate.fct_shadow_bill set energy_yuan = 94",
         "fct_shadow_bill: expect_total_to_be_its_parts"),
    ],
    [
        ("delete from marts_candidate.fct_bill where bill_no = 'B2'", "expect_every_bill_of_the_source"),
        ("update marts_candidate.fct_receivable set ageing_code = null", "expect_overdue_to_have_an_age"),
        ("update marts_candidate.fct_arrears_day set unpaid_yuan = 100.11", "expect_no_debt_above_its_bill"),
        ("update marts_candidate.rpt_collection_station_day set business_date = '2099-01-01'",
         "rpt_collection_station_day: expect_no_day_to_come"),
        ("update marts_candidate.rpt_collection_area_month set points_due = 2, points_read = 2",
         "expect_areas_to_add_up_to_the_stations"),
        ("update marts_candidate.rpt_loss_area_month set supplied_kwh = supplied_kwh + 1, loss_kwh = loss_kwh + 1",
         "rpt_loss_area_month: expect_areas_to_add_up"),
        ("update marts_candidate.rpt_purchase_sale_margin set revenue_yuan = 101, margin_yuan = 31",
         "expect_every_billed_yuan"),
        ("insert into marts_candidate.rpt_meter_event_day select * from marts_candidate.rpt_meter_event_day",
         "business_date, org_no, event_code.*unique"),
        ("update marts_candidate.rpt_customer_tag set why_zh = ''", "expect_every_tag_to_say_what_it_means"),
    ],
    [
        ("update marts_candidate.fct_bill set received_yuan = 50, outstanding_yuan = 50.10 where bill_no = 'B1'",
         "expect_every_payment_on_its_bill"),
        ("update marts_candidate.fct_receivable set unallocated_yuan = 0.01 where bill_no = 'B2'",
         "expect_every_payment_in_one_place"),
    ],
]  # fmt: skip


def unmet(severity: str) -> list[str]:
    """What the last gate found unmet, as it is told."""
    with connect("auditor") as connection:
        rows = connection.execute(
            "select concat_ws(': ', suite, concat_ws('.', table_name, column_name), expectation, observed) "
            "from supervision.quality_result where not is_success and severity = %s and run_id = ("
            "select run_id from supervision.quality_result where gate = 'publication' order by result_id desc limit 1)",
            (severity,),
        ).fetchall()
    return [text for (text,) in rows]


def untold(damages: list[tuple[str, str]], found: list[str]) -> list[str]:
    """Words of damages that nothing found tells."""
    return [words for _, words in damages if not any(re.search(words, text) for text in found)]


@pytest.mark.parametrize("damages", BROKEN, ids=["one", "two", "three", "four"])
def test_first_publication_of_bad_data_publishes_nothing(candidate, damages):
    for damage, _ in damages:
        change(damage)
    with pytest.raises(GridmartError, match="the publication gate is red"):
        run()
    assert untold(damages, unmet("critical")) == []
    assert badge()[0] == "red"
    assert seen("select count(*) from pg_tables where schemaname = 'marts' and tablename <> 'fct_quality_result'") == (
        0,
    )


def test_only_changed_dates_are_replaced(candidate, one_suite):
    run()
    versions = "select array_agg(xmin::text order by business_date) from marts.fct_point_day"
    (before,) = seen(versions)
    change("update marts_candidate.fct_point_day set built_at = now(), import_kwh = 11, flat_kwh = 4 "
           "where business_date = '2026-10-30'")  # fmt: skip
    change("delete from marts_candidate.fct_point_day where business_date = '2026-10-31'")
    run()
    (after,) = seen(versions)
    assert len(after) == 2 and after[0] == before[0] and after[1] != before[1]
    assert seen("select sum(import_kwh)::text from marts.fct_point_day") == ("21.000",)
    assert badge()[2] == "2026-10-30"


def test_new_columns_and_dropped_models_follow(candidate, one_suite):
    run()
    change("alter table marts_candidate.fct_point_day add column peak_kw numeric default 3")
    change("create table marts_candidate.rpt_old as select 1 as a")
    write_manifest()
    run()
    assert seen("select max(peak_kw)::text from marts.fct_point_day") == ("3",)
    assert seen("select count(*) from marts.rpt_old") == (1,)
    change("drop table marts_candidate.rpt_old")
    run()
    assert seen("select to_regclass('marts.rpt_old') is null") == (True,)


def test_failed_source_makes_the_badge_amber_and_is_named(candidate, one_suite):
    status.record("weather", "no file arrived")
    run()
    code, reason, _ = badge()
    assert code == "amber" and "source weather" in reason and "no file arrived" in reason


ODD = [
    ("update marts_candidate.fct_dunning set channel_code = 'pigeon'", r"fct_dunning\.channel_code"),
    ("update marts_candidate.fct_dunning set reconnected_at = acted_at - interval '1 hour'",
     "expect_reconnection_after_disconnection"),
    ("update marts_candidate.rpt_payment_channel set unallocated_yuan = 1.11", "expect_few_unallocated"),
    ("update marts_candidate.rpt_silo_scorecard set only_reference = 2, only_other = 2, verdict_code = 'differ'",
     "expect_systems_to_know_the_same_things"),
    ("update marts_candidate.fct_bill_difference set cause_code = 'other'", "expect_few_unexplained"),
    ("update marts_candidate.rpt_billing_error_month set bills_wrong = 1, billing_error_rate = 0.5",
     "expect_few_bills_wrong"),
    ("update marts_candidate.fct_meter_event set event_zh = null", r"fct_meter_event\.event_zh"),
    ("update marts_candidate.fct_device_health set load_factor = 3.5, health_class = 'overloaded'",
     "expect_load_factor_plausible"),
    ("update marts_candidate.fct_repair set repair_minutes = null", "expect_repaired_to_have_an_end"),
    ("update marts_candidate.rpt_reliability_month set customers = 31, saidi_hours = 60.0 / 31 where org_no = '1400'",
     "expect_stations_to_add_up_to_the_company"),
]  # fmt: skip


def test_what_somebody_should_look_at_is_published_and_said(candidate):
    for damage, _ in ODD:
        change(damage)
    run()
    found = unmet("warning")
    assert untold(ODD, found) == []
    code, reason, _ = badge()
    assert code == "amber" and "fct_" in reason and f"and {len(found) - 3} more" in reason


def test_candidate_without_marts_is_refused(candidate, one_suite):
    run()
    forget_candidate = (
        "select format('drop table marts_candidate.%I', tablename) from pg_tables where schemaname = 'marts_candidate'"
    )
    with connect("builder") as connection:
        for (statement,) in connection.execute(forget_candidate).fetchall():
            connection.execute(statement)
    with pytest.raises(GridmartError, match="no marts in marts_candidate"):
        run()
    assert seen("select count(*) from marts.fct_bill") == (2,)


def test_killed_in_the_middle_of_the_copy_leaves_the_old_marts(candidate, one_suite):
    run()
    change("insert into marts_candidate.dim_date values ('2026-12-01', 'workday')")
    change("update marts_candidate.rpt_segment set accounts = 2")
    with connect("builder") as blocker:
        # dim_date is copied before rpt_segment, where the child has to wait for this row
        blocker.execute("update marts.rpt_segment set accounts = 9")
        child = subprocess.Popen(
            [sys.executable, "-m", "gridmart", "publish"], cwd=PROJECT_DIR, env=dict(os.environ),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        waiting = False
        while not waiting and time.monotonic() < deadline and child.poll() is None:
            time.sleep(0.1)
            with connect("postgres") as connection:
                (waiting,) = connection.execute("select exists (select from pg_locks where not granted)").fetchone()
        assert waiting
        child.send_signal(signal.SIGKILL)
        child.wait()
        blocker.rollback()
    assert seen("select count(*) from marts.dim_date where business_date = '2026-12-01'") == (0,)
    assert seen("select accounts from marts.rpt_segment") == (1,)
    run()
    assert seen("select accounts from marts.rpt_segment") == (2,)
    assert badge()[0] == "green"
