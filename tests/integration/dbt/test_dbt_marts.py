"""What marts say of the small utility, against what was put in; KPIs against another way."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from gridmart import kpis
from gridmart.quality import gate, suites
from gridmart.warehouse import published
from gridmart.warehouse.database import connect
from tests.integration.dbt import kpis_again, small_utility
from tests.integration.dbt.dbt_run import HEALTH, built_at, checksum, failed, query, rebuilt, run


def test_reliability_counts_customer_hours_within_the_month(built: dict[str, str]) -> None:
    rows = query(
        "select report_month, org_no, customers, customer_hours_lost, customer_hours_lost_by_fault, interruptions, "
        "reliability_rate, saidi_hours, saifi, mttr_hours from marts_candidate.rpt_reliability_month "
        "where org_no = '1400' order by 1"
    )
    # September: 3 customers for 3 hours by a fault, 6 for the 4 hours before midnight; October has the 4 hours after
    september = 1 - Decimal(33) / (12 * 30 * 24)
    assert rows[0] == (
        date(2026, 9, 1), "1400", 12, 33, 9, 9, round(september, 8), Decimal("2.75"), Decimal("0.75"), Decimal("2.5"),
    )  # fmt: skip
    october = 1 - Decimal(24) / (12 * 10 * 24)  # known up to the tenth
    assert rows[1] == (date(2026, 10, 1), "1400", 12, 24, 0, 0, round(october, 8), 2, 0, None)
    levels = "select org_no, customers, customer_hours_lost from marts_candidate.rpt_reliability_month "
    assert query(levels + "where report_month = '2026-09-01' order by 1") == [
        ("1400", 12, 33), ("14001", 12, 33), ("1400101", 6, 9), ("1400102", 6, 24),
    ]  # fmt: skip


def test_an_outage_that_is_only_announced_loses_nothing(built: dict[str, str]) -> None:
    assert query(
        "select status_code, business_date, customer_hours_lost from marts_candidate.fct_outage where outage_no = 'TD3'"
    ) == [("announced", date(2026, 10, 20), None)]
    assert query("select outage_no, is_overrun from marts_candidate.fct_outage where is_overrun") == [("TD2", True)]


def test_a_transformers_health_says_what_is_wrong_first(built: dict[str, str]) -> None:
    rows = query(
        "select transformer_no, hours_observed, peak_kva, load_factor, imbalance_share, power_factor, lowest_v, "
        "peak_oil_c, alarms, health_class from marts_candidate.fct_device_health order by 1"
    )
    one, two = rows
    assert one == (
        "T0001", 24, Decimal("62.79"), Decimal("0.31395"), Decimal("0.385"), Decimal("0.95"), 230, 83, 1, "alarm",
    )  # fmt: skip
    # the hour without supply neither lowers the voltage nor weighs in the power factor
    assert two == (
        "T0002", 2, Decimal("205.2"), Decimal("1.026"), 0, Decimal("0.9"), 226, 70, 0, "overloaded",
    )  # fmt: skip


FIFTH, SIXTH = date(2026, 9, 5), date(2026, 9, 6)
# what changes in the network, how it is taken back, and the dates whose health it changes, of the fifth and sixth
CHANGED_HEALTH = {
    "telemetry of another date": (
        "insert into raw_network.dms_telemetry (psr_id, meas_time, ua_v, ia_a, oil_temp_c) "
        "values ('PSR-2', '2026-09-06 00:00+08', 230, 100, 60), ('PSR-2', '2026-09-06 23:00+08', 230, 100, 60)",
        "delete from raw_network.dms_telemetry where meas_time >= '2026-09-06 00:00+08'",
        {SIXTH},
    ),
    # a corrected row takes the place of the one before, extracted later
    "an hour": (
        "update raw_network.dms_telemetry set oil_temp_c = 99 "
        "where psr_id = 'PSR-1' and meas_time = '2026-09-05 23:00+08'",
        "update raw_network.dms_telemetry set oil_temp_c = 83 "
        "where psr_id = 'PSR-1' and meas_time = '2026-09-05 23:00+08'",
        {FIFTH},
    ),
    "an alarm that is another transformer's": (
        "update raw_network.oms_fault set psr_id = 'PSR-2' where fault_id = 2",
        "update raw_network.oms_fault set psr_id = 'PSR-1' where fault_id = 2",
        {FIFTH},
    ),
    "the power of a transformer": (
        "update raw_network.pms_transformer set cap_kva = 100 where psr_id = 'PSR-2'",
        "update raw_network.pms_transformer set cap_kva = 200 where psr_id = 'PSR-2'",
        {FIFTH, SIXTH},
    ),
}


def test_health_of_a_date_is_built_again_when_what_it_is_made_of_changes(built: dict[str, str]) -> None:
    # with the view that reads it, which a full refresh drops
    models = "--select", "dim_transformer", "int_telemetry_date_version", HEALTH, "int_account_measure"
    first = checksum(HEALTH)
    for change, _, dates in CHANGED_HEALTH.values():
        times, before = built_at([HEALTH]), checksum(HEALTH)
        with connect("loader") as connection:
            connection.execute(change.encode())
        assert failed(run("run", *models)) == set()
        assert rebuilt(times) == {HEALTH: dates}
        assert checksum(HEALTH) != before
    times = built_at([HEALTH])
    assert failed(run("run", *models)) == set() and rebuilt(times) == {HEALTH: set()}
    hot = ("--vars", '{"hot_oil_c": 50}')
    assert failed(run("run", *models, *hot)) == set() and rebuilt(times) == {HEALTH: {FIFTH, SIXTH}}
    incremental = checksum(HEALTH)
    assert failed(run("run", "--full-refresh", *models, *hot)) == set()
    assert checksum(HEALTH) == incremental
    with connect("loader") as connection:
        for _, back, _ in CHANGED_HEALTH.values():
            connection.execute(back.encode())
    assert failed(run("run", *models)) == set()
    assert checksum(HEALTH) == first


def test_a_changed_meter_does_not_change_the_place_of_a_point(built: dict[str, str]) -> None:
    place = "select transformer_no, valid_from, valid_to from marts_candidate.dim_point_transformer where point_no = %s"
    assert query(place, small_utility.point(2)) == [("T0002", date(2020, 1, 1), None)]
    # feeder boundaries hang on no transformer
    assert query("select count(*) from marts_candidate.dim_point_transformer") == [(16,)]


def test_the_market_stands_beside_what_meters_saw(built: dict[str, str]) -> None:
    bought = "select contract_kind, energy_mwh, amount_yuan from marts_candidate.fct_contract_position_month order by 1"
    assert query(bought) == [("annual", 2, 740), ("green", 1, 350)]
    spot = "select day_ahead_yuan_mwh, real_time_yuan_mwh, spread_yuan_mwh from marts_candidate.fct_spot_price_hour"
    assert query(f"{spot} where hour_start_at = %s", small_utility.local(5, 3)) == [(303, 310, 7)]
    assert query(f"{spot} where hour_start_at = %s", small_utility.local(5, 20)) == [(320, None, None)]
    settled, metered, unexplained = query(
        "select t.actual_mwh, t.metered_mwh, t.unexplained_mwh from marts_candidate.fct_trade_settlement_day as t "
    )[0]
    ((supplied,),) = query(
        "select supplied_kwh from marts_candidate.fct_energy_balance_day "
        "where level_code = 'company' and business_date = '2026-09-05'"
    )
    assert (settled, metered) == (Decimal("0.13"), round(supplied / 1000, 3))
    assert abs(unexplained - (settled - supplied / 1000)) < Decimal("0.001")
    # August was billed and not settled, September both, so only September has a margin
    margins = query(
        "select report_month, days_settled, margin_yuan from marts_candidate.rpt_purchase_sale_margin order by 1"
    )
    ((revenue,),) = query(
        "select sum(revenue_yuan) from marts_candidate.rpt_sales_month where sales_month = '2026-09-01'"
    )
    assert margins == [(date(2026, 8, 1), 0, None), (date(2026, 9, 1), 1, revenue - Decimal("45.93"))]


def test_a_participant_whom_nobody_knows_keeps_its_row(built: dict[str, str]) -> None:
    rows = query(
        "select participant_code, account_no, org_no, reply_code, delivered_share, delivered_kwh, settled_yuan "
        "from marts_candidate.fct_demand_response order by 1"
    )
    two, three = small_utility.account(2), small_utility.account(3)
    station = {n: f"140010{small_utility.feeder(small_utility.transformer(n))[-1]}" for n in (2, 3)}
    assert rows == [
        ("U2", two, station[2], "accepted", Decimal("0.8"), 8, 20),
        ("U3", three, station[3], "declined", None, None, None),
        ("U9", "1499990001", None, "accepted", Decimal("0.25"), 1, 0),
    ]


def test_an_event_has_its_end_and_one_of_nobody_knows_what_stays(built: dict[str, str]) -> None:
    rows = query(
        "select point_no, event_code, event_zh, account_no, transformer_no, duration_hours "
        "from marts_candidate.fct_meter_event order by 1, 2"
    )
    three, four = (small_utility.point(n) for n in (3, 4))
    assert rows == [
        (three, "power_off", "电能表停电", small_utility.account(3), "T0003", 2),
        (three, "power_on", "电能表上电", small_utility.account(3), "T0003", None),
        (four, "cover_open", "电能表开表盖", small_utility.account(4), "T0004", None),
        ("P999999999", "beep", None, None, None, None),
    ]
    by_day = query(
        "select org_no, station_name_zh is not null, event_code, is_end, events, events_ended, events_open, "
        "duration_hours from marts_candidate.rpt_meter_event_day order by event_code"
    )
    # what has begun is open or ended; an end, and what nobody knows, is neither
    assert by_day == [
        ("", False, "beep", False, 1, 0, 0, None),
        ("1400102", True, "cover_open", False, 1, 0, 1, None),
        ("1400102", True, "power_off", False, 1, 1, 0, 2),
        ("1400102", True, "power_on", True, 1, 0, 0, None),
    ]


TASKS = (
    "select business_date, org_no, task_zh, points_asked, points_read_first, points_read, points_failed, tries "
    "from marts_candidate.fct_collection_task order by 1, 2"
)
FIRST_TASKS = [
    (small_utility.FIRST, "1400101", "负荷曲线采集", 7, 5, 6, 1, 4),
    (small_utility.FIRST, "1400102", "负荷曲线采集", 7, 0, 6, 1, 2),
    (small_utility.FIRST + timedelta(days=1), "1400101", "负荷曲线采集", 7, 7, 7, 0, 1),
]


def test_a_collection_task_is_what_the_latest_file_tells(built: dict[str, str]) -> None:
    assert query(TASKS) == FIRST_TASKS
    assert query(
        "select org_no, station_name_zh is not null, reason_code, reason_zh, tasks, points_failed "
        "from marts_candidate.fct_collection_failure order by 1"
    ) == [("1400101", True, "no_response", "电能表无应答", 1, 1), ("1400102", True, "x.17", None, 1, 1)]


def test_a_retry_that_is_told_later_builds_its_date_again_and_no_other(built: dict[str, str]) -> None:
    names = "int_collection_task_version", "fct_collection_task", "fct_collection_failure"
    times = "select business_date, max(built_at) from marts_candidate.fct_collection_task group by 1 order by 1"
    (_, first), (_, second) = query(times)
    with connect("loader") as connection:
        connection.execute(
            "insert into raw_ami.collection_task select org_no, business_date, task_code, planned_at, 'read', 5, 7, "
            "arrived_at + interval '1 day', 'z', 1 from raw_ami.collection_task where file_id = %s limit 1",
            ("b" * 64,),
        )
    try:
        assert failed(run("run", "--select", *names)) == set()
        assert query(TASKS)[0][3:] == (7, 0, 7, 0, 5)
        assert query("select org_no from marts_candidate.fct_collection_failure") == [("1400102",)]
        (_, first_again), (_, second_again) = query(times)
        assert first_again > first and second_again == second
    finally:
        with connect("loader") as connection:
            connection.execute("delete from raw_ami.collection_task where file_id = 'z'")
        run("run", "--select", *names)
    assert query(TASKS) == FIRST_TASKS


def test_marts_of_stations_and_months_add_up_what_they_are_made_of(built: dict[str, str]) -> None:
    by_station = query(
        "select org_no, sum(points_due), sum(points_read), sum(points_complete), sum(intervals_estimated) "
        "from marts_candidate.rpt_collection_station_day group by 1 order by 1"
    )
    # what no station has are the boundaries of two feeders; account 5 misses four intervals on four days
    days = small_utility.DAYS
    assert by_station[0] == ("", 2 * days, 2 * days, 2 * days, 0)
    assert [row[:3] for row in by_station[1:]] == [(org, 8 * days, 8 * days) for org in ("1400101", "1400102")]
    assert sum(row[4] for row in by_station) == 16 and sum(row[3] for row in by_station) == 18 * days - 4
    ((stations, feeders, transformers),) = query(
        "select sum(loss_kwh) filter (where level_code = 'station'), "
        "sum(loss_kwh) filter (where level_code = 'feeder'), "
        "sum(members) filter (where level_code = 'transformer') from marts_candidate.rpt_loss_station_day"
    )
    assert abs(stations - feeders) < Decimal("0.1") and transformers == 4 * days
    months = query(
        "select loss_month, count(*), sum(days_measured), sum(loss_kwh) = (select sum(loss_kwh) from "
        "marts_candidate.fct_energy_balance_day where level_code = 'transformer' "
        "and date_trunc('month', business_date) = loss_month) "
        "from marts_candidate.rpt_loss_area_month group by 1 order by 1"
    )
    assert months == [(date(2026, 9, 1), 4, 4 * 30, True), (date(2026, 10, 1), 4, 4 * 10, True)]
    missed = query(
        "select collection_month, transformer_no, points_due, days_missed "
        "from marts_candidate.rpt_collection_area_month "
        "where transformer_no in ('', 'T0001') order by 1, 2"
    )
    assert [row[1:] for row in missed] == [("", 60, 0), ("T0001", 120, 0), ("", 20, 0), ("T0001", 40, 0)]


def test_registers_by_period_are_held_against_the_readings(built: dict[str, str]) -> None:
    rows = query(
        "select business_date, account_no, status_code, sum_difference_kwh, period_difference_kwh "
        "from marts_candidate.fct_register_day order by 1"
    )
    three = small_utility.account(3)
    assert [row[:4] for row in rows] == [
        (date(2026, 9, 9), three, "not_comparable", None),
        (date(2026, 9, 10), three, "periods_differ", 0),
        (date(2026, 9, 20), three, "not_comparable", None),
    ]
    assert rows[0][4] is None and abs(rows[1][4] - 1) < Decimal("0.02")


def test_a_stage_is_late_by_working_days_and_an_open_one_goes_on(built: dict[str, str]) -> None:
    stages = "select application_no, stage_number, limit_days, working_days, is_late, is_open "
    ((as_of,),) = query("select settled_as_of from intermediate.int_as_of")
    assert query(stages + "from marts_candidate.fct_application_stage order by 1, 2") == [
        ("YK1", 1, 1, 1, False, False),
        ("YK1", 2, 3, 7, True, False),
        ("YK2", 1, 1, (as_of - date(2026, 10, 7)).days, True, True),
        ("YK3", 1, 3, 2, False, False),  # withdrawn: its stage ended with it
    ]


def test_an_account_is_read_on_the_last_day_of_its_month(built: dict[str, str]) -> None:
    cycle = "select read_month, max(reading_date), sum(accounts_due), sum(accounts_read) "
    assert query(cycle + "from marts_candidate.rpt_read_cycle group by 1 order by 1") == [
        (date(2026, 9, 1), date(2026, 9, 30), 12, 12),
        (date(2026, 10, 1), small_utility.LAST, 12, 12),
    ]


@pytest.mark.parametrize("month", [date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)], ids=str)
def test_every_kpi_is_what_raw_tables_give_by_another_way(built: dict[str, str], month: date) -> None:
    found = kpis.values(month, schema="marts_candidate", role="builder")
    with connect("loader") as connection:
        again = kpis_again.values(connection, month)
    assert set(found) == set(kpis.kpis()) == {*again, "billing_error_rate"}
    for code, expected in again.items():
        value = found[code]
        assert (value is None) == (expected is None), (code, value, expected)
        assert value is None or float(value) == pytest.approx(expected, rel=1e-5, abs=1e-6), code
    if month.month == 9:
        assert sum(value is not None for value in found.values()) >= 20


def test_kpis_are_kept_as_they_are_published_and_once(built: dict[str, str]) -> None:
    with connect("builder") as connection:
        assert published.keep_kpis(connection, "marts_candidate", "first") > 30
        assert published.keep_kpis(connection, "marts_candidate", "second") == 0
        kept = dict(
            connection.execute("select key, content from supervision.published_row where mart = 'kpi'").fetchall()
        )
        connection.rollback()
    for code, value in kpis.values(date(2026, 9, 1), "marts_candidate", "builder").items():
        assert kept.get(f"{code} 2026-09") == (None if value is None else pytest.approx(float(value))), code


def test_what_dbt_builds_meets_the_publication_suites(built: dict[str, str]) -> None:
    whole = gate.Target("publication", "builder", "marts_candidate", {})
    unmet = [result for result in gate.run(suites.publication(), whole, lambda line: None) if not result.is_success]
    # its calendar has no whole year; of what is only told, an event and a reason are on no list
    assert [(result.table, result.expectation) for result in unmet if result.severity == "critical"] == [
        ("dim_date", "expect_table_row_count_to_be_between")
    ]
    assert {"fct_meter_event.event_zh", "fct_collection_failure.reason_zh"} <= {
        f"{result.table}.{result.column}" for result in unmet
    }


def test_branches_of_marts_hold_on_made_rows(built: dict[str, str]) -> None:
    statuses = run("test", "--select", "path:models/marts,test_type:unit")
    assert len(statuses) >= 15 and failed(statuses) == set()
