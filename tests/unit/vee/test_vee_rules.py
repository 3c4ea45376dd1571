"""Each rule of a day by itself, on either side of its threshold."""

from collections.abc import Callable
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pytest

from gridmart.lake.engine import engine
from gridmart.lake.vee import checks, electrical, levels, registers, runs
from gridmart.lake.vee.rules import CATALOGUE, THRESHOLDS, Method, On, Rule, bits, threshold_columns
from gridmart.lake.vee.summary import HOURS

DAY = date(2026, 3, 30)
PLAIN = {
    "point_no": "P1", "channel": "import_kwh", "business_date": DAY, "interval_minutes": 15, "declared_minutes": 15,
    "due": 96, "readings": 96, "intervals": 96, "total": 24.0, "lowest": 0.1, "highest": 0.5, "third_highest": 0.4,
    "duplicates": 0, "duplicates_differing": 0, "is_due": True, "is_active": True, "is_swap": False,
    "has_generation": False, "capacity_kva": 10.0, "advance": 24.0, "unit_kwh": 0.01, "has_fallen": False,
    "is_rollover": False, "ct_ratio": 40.0, "pt_ratio": 1.0, "level_ratio": 1.0,
    "off_from_minute": 0, "off_to_minute": 0, **threshold_columns()["residential"],
}  # fmt: skip


def holds(rule: Callable[[ir.Table], ir.BooleanValue], **values: object) -> bool:
    """Whether a rule finds something in a plain residential point-day that differs in some values."""
    t = ibis.memtable(pd.DataFrame([{**PLAIN, **values}]))
    return bool(t.select(flag=rule(t).fill_null(False)).execute()["flag"].iloc[0])


VOLTAGE = {"channel": "voltage_v", "lowest": 225.0, "highest": 230.0}
CASES: list[tuple[Callable[[ir.Table], ir.BooleanValue], dict, dict]] = [
    (checks.missing, {"intervals": 95}, {"intervals": 95, "is_due": False}),
    (checks.duplicate, {"duplicates_differing": 1}, {"duplicates": 5}),
    (checks.negative, {"lowest": -0.01}, {"lowest": -0.01, "channel": "export_kwh"}),
    (checks.spike, {"highest": 9.0}, {"highest": 1.9}),  # 1.9 kWh in 15 minutes is 7.6 kW: below the floor of 8
    (checks.spike, {"highest": 9.0, "third_highest": 3.2}, {"highest": 9.0, "third_highest": 3.3}),  # ratio 1.8
    (checks.capacity_limit, {"highest": 3.01}, {"highest": 3.0}),  # 10 kVA × 1.2 × 15 minutes
    (checks.capacity_limit, {"highest": 3.01}, {"highest": 300.0, "capacity_kva": None}),
    (checks.reverse_energy, {"channel": "export_kwh"}, {"channel": "export_kwh", "has_generation": True}),
    (checks.interval_mismatch, {"declared_minutes": 30}, {"readings": 0, "declared_minutes": 30}),
    (checks.inactive_point, {"is_active": False}, {"is_active": False, "readings": 0}),
    (registers.register_sum, {"total": 24.14}, {"total": 24.12}),  # 24 kWh: 0.5 % and one unit are 0.13
    (registers.register_sum, {"total": 20.0}, {"total": 20.0, "intervals": 90}),
    (registers.register_sum, {"total": 25.0, "intervals": 90}, {"total": 25.0, "advance": float("nan")}),
    (registers.register_decrease, {"has_fallen": True}, {"has_fallen": True, "is_rollover": True}),
    (registers.register_decrease, {"has_fallen": True}, {"has_fallen": True, "is_swap": True}),
    (registers.rollover, {"is_rollover": True}, {"is_rollover": True, "is_swap": True}),
    (registers.meter_swap, {"is_swap": True}, {"is_swap": True, "channel": "export_kwh"}),
    (levels.multiplier_mismatch, {"level_ratio": 1 / 40.0}, {"level_ratio": 1 / 35.0}),
    (levels.multiplier_mismatch, {"level_ratio": 41.0}, {"level_ratio": 41.0, "ct_ratio": 1.0}),
    (levels.multiplier_mismatch, {"level_ratio": 4000.0, "pt_ratio": 100.0}, {"level_ratio": 2.0, "ct_ratio": 2.0}),
    (levels.multiplier_mismatch, {"total": 48.2}, {"total": 48.3}),  # twice 24 kWh, and twice 0.13 of tolerance
    (levels.multiplier_mismatch, {"total": 16.0}, {"total": 16.0, "ct_ratio": 1.0}),
    (levels.multiplier_mismatch, {"total": 12.0}, {"total": 12.0, "advance": float("nan")}),
    (levels.multiplier_mismatch, {"total": 36.0}, {"total": 36.0, "lowest": -0.1}),
    (levels.multiplier_mismatch, {"total": 36.0}, {"total": 36.0, "highest": 9.0}),
    (levels.multiplier_mismatch, {"total": 36.0}, {"total": 36.0, "unit_kwh": 0.5}),  # 48 units: no exact ratio
    (levels.unit_mismatch, {"level_ratio": 1010.0}, {"level_ratio": 900.0}),
    (levels.unit_mismatch, {"level_ratio": 1 / 1900.0, "advance": float("nan")},
     {"level_ratio": 1 / 2100.0, "advance": float("nan")}),
    (levels.unit_mismatch, {"level_ratio": 0.001}, {"level_ratio": 0.001, "ct_ratio": 1000.0}),
    (electrical.voltage_range, {**VOLTAGE, "highest": 235.5}, {**VOLTAGE, "highest": 235.3}),
    (electrical.voltage_range, {**VOLTAGE, "lowest": 197.9}, {**VOLTAGE, "lowest": 198.1}),
    (electrical.voltage_range, {**VOLTAGE, "highest": 10_800.0, "lowest": 9_900.0},
     {**VOLTAGE, "highest": 10_600.0, "lowest": 9_900.0}),
    (electrical.phase_loss, {**VOLTAGE, "lowest": 171.0}, {**VOLTAGE, "lowest": 172.0}),
    (electrical.phase_loss, {**VOLTAGE, "lowest": 0.0, "highest": 0.0}, VOLTAGE),
    (electrical.phase_loss, {**VOLTAGE, "intervals": 95}, {"intervals": 95}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "found", "spared"), CASES, ids=[f"{rule.__name__}-{n}" for n, (rule, _, _) in
                                                                  enumerate(CASES)])  # fmt: skip
def test_rule(rule: Callable[[ir.Table], ir.BooleanValue], found: dict, spared: dict) -> None:
    assert not holds(rule)
    assert holds(rule, **found)
    assert not holds(rule, **spared)


def _run(values: list[float], minutes: int = 15, floor_kw: float = 0.5) -> list[int]:
    rows = pd.DataFrame({"slot": range(len(values)), "value": values})
    rows = rows.assign(point_no="P1", channel="import_kwh", business_date=DAY, interval_minutes=minutes,
                       flat_floor_kw=floor_kw)  # fmt: skip
    return sorted(runs.flatline(ibis.memtable(rows)).execute()["slot"])


def test_flatline_needs_24_intervals_and_six_hours_of_one_value() -> None:
    moving = [0.5 + n / 100 for n in range(40)]
    assert _run([*moving, *[0.7] * 24, *moving]) == list(range(40, 64))
    assert _run([*moving, *[0.7] * 23, *moving]) == []
    assert _run([*[0.7] * 12, 0.8, *[0.7] * 12]) == []
    assert _run([0.7] * 71, minutes=5) == [] and len(_run([0.7] * 72, minutes=5)) == 72
    assert _run([0.1] * 92) == list(range(92)) and _run([0.1] * 91) == []  # 0.4 kW: coarse meters repeat themselves
    assert _run([0.02] * 96) == [] and _run([0.0] * 96) == []  # 0.08 kW: a standing lamp


def test_hours_tell_which_days_may_be_flat() -> None:
    hours = {f"h{n}": 1.0 + n for n in range(HOURS)}
    row = {"point_no": "P1", "channel": "import_kwh", "business_date": DAY, "highest": 2.0}
    flat = {**hours, **{f"h{n}": 2.0 for n in range(10, 15)}}  # five whole hours of a run of six
    rows = pd.DataFrame([{**row, **hours}, {**row, "point_no": "P2", **flat}])
    assert list(runs.perhaps_flat(ibis.memtable(rows)).execute()["point_no"]) == ["P2"]


def test_no_current_while_energy_flows() -> None:
    current = {**PLAIN, "channel": "current_a", "lowest": 0.0, "highest": 0.0}
    rows = [PLAIN, current, {**PLAIN, "point_no": "P2", "highest": 0.1}, {**current, "point_no": "P2"}]
    found = electrical.no_current(ibis.memtable(pd.DataFrame(rows))).execute()
    assert list(found["point_no"]) == ["P1"]


def test_zero_run_counts_the_days_before() -> None:
    zero = {**PLAIN, "lowest": 0.0, "highest": 0.0}
    past = [{**zero, "business_date": DAY - timedelta(days=n)} for n in range(7)]

    def found(days: list[dict], **today: object) -> int:
        tables = [pa.Table.from_pandas(pd.DataFrame(rows)) for rows in ([{**zero, **today}], days)]
        with engine(name="duckdb") as session:
            now, before = [session.table(table) for table in tables]
            return session.arrow(runs.zero_run(session, now, before)).num_rows

    assert found(past) == 1
    assert found(past[:6]) == 0
    assert found(past, is_active=False) == 0
    assert found(past, off_to_minute=1440) == 0 and found(past, off_to_minute=1439) == 1
    assert found([*past[:3], {**past[3], "intervals": 95}, *past[4:]]) == 0


def test_the_catalogue_holds_every_rule_once() -> None:
    assert sorted(info.rule for info in CATALOGUE) == sorted(Rule)
    assert bits(On.INTERVAL) & bits(On.DAY) == 0
    assert {info.rule for info in CATALOGUE if info.replaces and info.on != On.QUARANTINE} == {
        Rule.MISSING, Rule.NEGATIVE, Rule.SPIKE,
    }  # fmt: skip
    assert max(int(rule) for rule in Rule) < 2**31
    assert len({row.class_code for row in THRESHOLDS}) == len(THRESHOLDS) and "other" in threshold_columns()
    assert {int(method) for method in Method} == {14, 15, 17, 19, 90, 91}
