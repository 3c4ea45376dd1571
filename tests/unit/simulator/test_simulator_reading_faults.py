"""Faults of readings, files and meters do exactly what their truth says, and do not depend on the dates asked for."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from clean_deliveries import FIRST, LAST, SEED, days_from, delivery, numbers, people

from gridmart.simulator import faults, registers
from gridmart.simulator.delivery import Delivery, Record
from gridmart.simulator.faults import Drawing, meter_swap, register_rollover
from gridmart.simulator.plan import SLOTS
from gridmart.tariffs import PERIODS

READING = ("clock_drift", "gap_area", "gap_concentrator", "gap_meter", "negative", "spike", "unit_mixup")
FILE = (
    "corrected_file", "duplicate_row", "feed_stop", "file_twice", "late_row", "out_of_order_file", "unknown_meter",
)  # fmt: skip
THEFT = (
    "theft_bypass", "theft_constant_share", "theft_hours", "theft_night_zero", "theft_random_share",
    "theft_reversed_phase",
)  # fmt: skip
METER = (*THEFT, "stuck_register")
REGISTER = ("meter_swap", "register_rollover")
ALL = (*READING, *FILE, *METER, *REGISTER)
OFTEN = {  # so that each happens several times in the small utility
    "gap_area": 0.6, "gap_concentrator": 0.02, "negative": 0.002, "spike": 0.004, "unit_mixup": 0.05,
    "clock_drift": 0.02, "corrected_file": 0.003, "late_row": 0.004, "out_of_order_file": 0.08, "file_twice": 0.08,
    "unknown_meter": 0.08, "feed_stop": 0.7,
}  # fmt: skip
DAYS = (LAST - FIRST).days + 1


@lru_cache(maxsize=64)
def drawn(name: str, first: date = FIRST, last: date = LAST, seed: int = SEED) -> pd.DataFrame:
    rate = OFTEN.get(name, faults.modules()[name].FAULT.rate)
    return faults.draw(seed, people(), ((name, rate),), first, last, (FIRST, LAST))[name]


def here(rows: pd.DataFrame, made: Delivery) -> pd.DataFrame:
    """Instances that touch the delivery."""
    last = made.start + timedelta(days=made.days - 1)
    mine = rows["point_no"].isin(made.points) | rows["entity_no"].eq(made.station)
    return rows[mine & rows["from_date"].le(last) & (rows["to_date"].isna() | rows["to_date"].ge(made.start))]


def spoiled(name: str, station: str, start: date = FIRST, days: int = DAYS) -> tuple[Delivery, pd.DataFrame]:
    """A delivery with a fault, and its instances."""
    made = delivery(people(), station, start, days)
    rows = here(drawn(name), made)
    if len(rows):
        faults.modules()[name].apply(made, rows)
    return made, rows


def test_the_order_is_that_of_the_way_from_the_meter_to_the_file() -> None:
    order = {name: faults.modules()[name].ORDER for name in (*READING, *FILE)}
    assert order["clock_drift"] < order["spike"] < order["negative"] < min(order[n] for n in READING if "gap" in n)
    assert max(order[name] for name in FILE) == order["file_twice"]
    assert order["corrected_file"] < order["late_row"] < order["out_of_order_file"] < order["feed_stop"]


@pytest.mark.parametrize("name", READING)
def test_a_fault_of_readings_changes_what_its_truth_says_and_nothing_else(name: str) -> None:
    seen = 0
    for station in people().stations:
        clean = delivery(people(), station, FIRST, DAYS)
        made, rows = spoiled(name, station)
        expected, units = clean.values.copy(), {}
        for row in rows.itertuples():
            for place in clean.rows_of(row.point_no):
                for day in days_from(row.from_date, (row.to_date - row.from_date).days + 1):
                    k = clean.day_index(day)
                    if not 0 <= k < DAYS:
                        continue
                    seen += 1
                    whole, part = clean.slots(day), clean.slots(day, row.first_slot, row.slots)
                    energy = clean.channels[place]
                    if name.startswith("gap"):
                        expected[place, part] = np.nan
                    elif name == "clock_drift":
                        expected[place, whole] = np.roll(clean.values[place, whole], row.slots)
                        assert abs(row.slots) * 15 == abs(json.loads(row.detail)["minutes"])
                    elif name == "unit_mixup" and energy in ("import_kwh", "export_kwh", "import_kvarh"):
                        units[place, k] = "varh" if energy == "import_kvarh" else "Wh"
                    elif name == "spike" and energy == "import_kwh":
                        expected[place, part] = np.round(np.maximum(clean.values[place, part], 0.05) * row.factor, 3)
                    elif name == "negative" and energy == "import_kwh":
                        expected[place, part] = -np.maximum(clean.values[place, part], 0.01)
        np.testing.assert_array_equal(made.values, expected)
        assert made.units == units
        np.testing.assert_array_equal(made.copies, clean.copies)
        np.testing.assert_array_equal(made.registers, clean.registers)
        assert (made.extra, made.late, made.again, made.is_sent) == ([], [], [], True)
    assert seen >= 8


def test_gaps_are_short_long_or_of_a_day() -> None:
    slots = drawn("gap_meter")["slots"]
    kinds = pd.cut(slots, [0, 6, 11, 60, 95, 96], labels=["short", "none", "long", "never", "day"]).value_counts()
    assert kinds["none"] == kinds["never"] == 0
    assert kinds["short"] > kinds["long"] > kinds["day"] > 0


@pytest.mark.parametrize("name", ["gap_concentrator", "gap_area"])
def test_an_area_is_silent_as_a_whole_with_its_boundary_meter(name: str) -> None:
    points = people().points
    for _, rows in drawn(name).groupby(["from_date", "to_date", "first_slot", "slots"]):
        areas = points.loc[points["point_no"].isin(rows["point_no"]), "transformer_no"]
        whole = points.loc[points["transformer_no"].isin(areas), "point_no"]
        assert set(rows["point_no"]) == set(whole)
        assert rows["point_no"].str.startswith("B").any()


def test_a_gap_of_days_stays_within_its_month() -> None:
    rows = drawn("gap_area")
    assert [d.month for d in rows["from_date"]] == [d.month for d in rows["to_date"]]
    assert {(b - a).days for a, b in zip(rows["from_date"], rows["to_date"], strict=True)} <= {0, 1, 2}


def _sent(made: Delivery) -> dict[tuple[str, str, date], int]:
    return {
        (made.points[row], made.channels[row], made.start + timedelta(days=int(k))): int(made.copies[row, k])
        for row, k in zip(*np.nonzero(made.copies), strict=True)
    }


@pytest.mark.parametrize("name", FILE)
def test_a_fault_of_files_changes_what_its_truth_says_and_nothing_else(name: str) -> None:
    seen = 0
    for station in people().stations:
        clean = delivery(people(), station, FIRST, DAYS)
        made, rows = spoiled(name, station)
        seen += len(rows)
        sent, late, again, extra, values = _sent(clean), [], [], [], clean.values.copy()
        for row in rows.itertuples():
            detail = json.loads(row.detail) if row.detail else {}
            due = date.fromisoformat(detail["due_date"]) if "due_date" in detail else None
            day = row.from_date
            if due:
                assert day < due <= day + timedelta(days=6)
            if name == "duplicate_row":
                sent[row.point_no, "import_kwh", day] = 2
            elif name == "unknown_meter":
                assert row.point_no not in set(people().points["point_no"])
                extra.append((row.point_no, day, row.factor))
            elif name == "corrected_file":
                place, slot = clean.row_of[row.point_no, "import_kwh"], clean.slots(day, row.first_slot, 1)
                values[place, slot] = np.round(np.maximum(values[place, slot], 0.05) * 25, 3)
                late.append((due, row.point_no, "import_kwh", day, 2))
            elif name == "file_twice":
                again.append(f"again_{station}_{day:%Y%m%d}")
            else:
                stopped = days_from(day, (row.to_date - day).days + 1)
                gone = [key for key in sent if key[2] in stopped and row.point_no in (None, key[0])]
                for key in gone:
                    del sent[key]
                    if name != "feed_stop":
                        late.append((due, *key, 1))
        assert _sent(made) == sent
        np.testing.assert_array_equal(made.values, values)
        assert sorted((d, r.point_no, r.channel, r.day, r.version) for d, r in made.late) == sorted(late)
        assert [(r.point_no, r.day, r.values[0]) for r in made.extra] == extra
        assert (made.again, made.is_sent, made.units) == (again, True, {})
        for _, record in made.late:  # what comes late is what was true
            place = clean.row_of[record.point_no, record.channel]
            np.testing.assert_array_equal(record.values, clean.values[place, clean.slots(record.day)])
            expected = clean.registers[place, clean.day_index(record.day)]
            np.testing.assert_array_equal([record.register_start, record.register_end], expected)
    assert seen >= 2


@pytest.mark.parametrize("name", [*READING, *FILE])
def test_a_delivery_cut_in_two_is_the_same_as_a_whole(name: str) -> None:
    """Instances that begin before a span, or end after it, are clipped."""
    for station in people().stations:
        whole, _ = spoiled(name, station)
        spans = [(FIRST, 1), *((FIRST + timedelta(days=k), 7) for k in range(1, DAYS - 3, 7))]
        spans.append((FIRST + timedelta(days=57), DAYS - 57))
        assert sum(days for _, days in spans) == DAYS
        parts = [spoiled(name, station, start, days)[0] for start, days in spans]
        np.testing.assert_array_equal(np.hstack([p.values for p in parts]), whole.values)
        np.testing.assert_array_equal(np.hstack([p.copies for p in parts]), whole.copies)
        units = {(r, k + whole.day_index(p.start)): u for p in parts for (r, k), u in p.units.items()}
        assert units == whole.units
        assert sorted(name for p in parts for name in p.again) == sorted(whole.again)
        assert sorted(_told(record) for p in parts for record in p.late) == sorted(map(_told, whole.late))
        extra = [_told((FIRST, record)) for p in parts for record in p.extra]
        assert sorted(extra) == sorted(_told((FIRST, record)) for record in whole.extra)


def _told(late: tuple[date, Record]) -> tuple:
    due, r = late
    registers = (repr(r.register_start), repr(r.register_end))
    return due, r.point_no, r.channel, r.day, r.version, r.values.tobytes(), *registers, r.unit


@pytest.mark.parametrize("name", ["feed_stop", "out_of_order_file"])
def test_a_file_of_which_all_is_withheld_is_not_sent(name: str) -> None:
    row = drawn(name).iloc[0]
    made, _ = spoiled(name, row["entity_no"], row["from_date"], 1)
    assert not made.is_sent
    faults.modules()["file_twice"].apply(made, pd.DataFrame({"detail": ['{"name": "x"}']}))
    assert not made.again


def test_a_record_that_is_sent_twice_comes_late_twice() -> None:
    made = delivery(people(), people().stations[0], FIRST, 2)
    made.copies[0, 1] = 2
    made.values[1, SLOTS:] = np.nan
    for row in (0, 1):
        made.withhold(row, FIRST + timedelta(days=1), FIRST + timedelta(days=3))
    assert [(r.point_no, d) for d, r in made.late] == [(made.points[0], FIRST + timedelta(days=3))] * 2
    assert made.copies[:2].tolist() == [[1, 0], [1, 0]]


@pytest.mark.parametrize("name", ALL)
def test_instances_of_a_date_do_not_depend_on_the_dates_asked_for(name: str) -> None:
    whole = drawn(name)
    scope = faults.modules()[name].FAULT.scope
    for first, last in ((date(2026, 3, 20), date(2026, 4, 3)), (date(2026, 4, 29), date(2026, 4, 29))):
        part = drawn(name, first, last)
        if scope == "span":
            same = whole
        elif scope == "day":
            same = whole[whole["from_date"].between(first, last)]
        else:
            same = whole[[d.month in range(first.month, last.month + 1) for d in whole["from_date"]]]
        pd.testing.assert_frame_equal(part, same.reset_index(drop=True))


@pytest.mark.parametrize("name", ALL)
def test_truth_is_complete_and_another_seed_has_another(name: str) -> None:
    rows, points = drawn(name), people().points.set_index("point_no")
    assert len(rows) and list(rows.columns) == list(faults.TRUTH)
    assert rows["instance"].is_unique and rows["fault"].eq(name).all() and rows["system"].notna().all()
    assert all(isinstance(day, date) for day in rows["from_date"])
    assert all(isinstance(json.loads(detail), dict) for detail in rows["detail"].dropna())
    mine = rows[rows["entity"].eq("point")]
    assert mine["account_no"].fillna("").tolist() == points["account_no"].fillna("").loc[mine["point_no"]].tolist()
    assert rows.loc[~rows["entity"].eq("point"), "entity_no"].isin(people().stations).all()
    other = drawn(name, seed=SEED + 1)
    assert rows.drop(columns="instance").values.tolist() != other.drop(columns="instance").values.tolist()


def test_without_a_rate_nothing_goes_wrong() -> None:
    drawing = Drawing(SEED, people(), FIRST, FIRST, (FIRST, LAST))
    for name in ALL:
        if faults.modules()[name].FAULT.scope == "day":
            assert len(faults.modules()[name].draw(drawing, 0.0)) == 0


def test_every_kind_occurs_at_default_rates_and_lasting_faults_do_not_meet() -> None:
    made = people(1000, date(2025, 6, 1), date(2026, 7, 5))
    rates = tuple((name, faults.modules()[name].FAULT.rate) for name in ALL)
    found = faults.draw(3, made, rates, made.first, made.last, (made.first, made.last))
    assert not [name for name, rows in found.items() if not len(rows)]
    lasting = pd.concat([found[name] for name in (*METER, *REGISTER, "clock_drift")])
    assert lasting["point_no"].is_unique
    assert lasting["from_date"].between(made.first, made.last).all()


def _metered(name: str, row: pd.Series, wh: np.ndarray, start: date) -> np.ndarray:
    return faults.modules()[name].metered(wh, row, start, wh.size // SLOTS)


@pytest.mark.parametrize("name", METER)
def test_a_meter_counts_the_same_however_the_dates_are_cut(name: str) -> None:
    rows = drawn(name)
    assert len(rows)
    for _, row in rows.iterrows():
        wh = numbers(np.array([5]), FIRST, DAYS)[0].astype(np.int32)
        kept = wh.copy()
        whole = _metered(name, row, wh, FIRST)
        np.testing.assert_array_equal(wh, kept)  # the true use stays as it is
        assert whole.dtype == wh.dtype and whole.shape == wh.shape
        days = wh.reshape(DAYS, SLOTS)
        parts = [_metered(name, row, days[k], FIRST + timedelta(days=k)) for k in range(DAYS)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)
        k = (row["from_date"] - FIRST).days
        end = DAYS if row["to_date"] is None else min((row["to_date"] - FIRST).days + 1, DAYS)
        np.testing.assert_array_equal(whole[: k * SLOTS], wh[: k * SLOTS])
        np.testing.assert_array_equal(whole[end * SLOTS :], wh[end * SLOTS :])
        during = whole[k * SLOTS : end * SLOTS]
        assert (during >= 0).all()
        assert during.sum() != wh[k * SLOTS : end * SLOTS].sum()
        if name in THEFT:
            assert (during <= wh[k * SLOTS : end * SLOTS]).all()


def _shares(name: str, **changed: object) -> np.ndarray:
    """What a meter counts of 10,000 Wh an interval, share [days, 96], when theft begins on the second of 30 days."""
    row = drawn(name).iloc[0].copy()
    row["from_date"] = FIRST + timedelta(days=1)
    for key, value in changed.items():
        row[key] = value
    return _metered(name, row, np.full(30 * SLOTS, 10_000), FIRST).reshape(30, SLOTS)[1:] / 10_000


CASES: dict[str, tuple[dict[str, object], Callable[[np.ndarray], bool]]] = {
    "theft_constant_share": ({"factor": 0.35}, lambda s: bool((s == 0.35).all())),
    "theft_random_share": (
        {},
        lambda s: bool(((s >= 0.1) & (s <= 0.8)).all() and 0.35 < s.mean() < 0.55 and np.unique(s).size > 600),
    ),
    "theft_hours": (
        {"first_slot": 40, "slots": 20, "factor": 0.1},
        lambda s: bool((s[:, 40:60] == 0.1).all() and (np.delete(s, range(40, 60), axis=1) == 1).all()),
    ),
    "theft_night_zero": (
        {"first_slot": 88, "slots": 32},
        lambda s: bool((s[:, 88:] == 0).all() and (s[:, :24] == 0).all() and (s[:, 24:88] == 1).all()),
    ),
    "theft_bypass": ({"factor": 2500.0}, lambda s: bool((s == 0.25).all())),
    "theft_reversed_phase": ({}, lambda s: bool(abs(s.mean() - 1 / 3) < 0.02 and 0.03 < s.std() < 0.1)),
}


@pytest.mark.parametrize("name", CASES)
def test_each_way_of_theft_has_its_own_shape(name: str) -> None:
    changed, holds = CASES[name]
    assert holds(_shares(name, **changed))


def test_a_bypassed_meter_sees_a_small_load_in_full() -> None:
    row = drawn("theft_bypass").iloc[0].copy()
    row["from_date"], row["factor"] = FIRST, 50.0
    assert _metered("theft_bypass", row, np.array([10, 49, 50, 51, 400] * 96), FIRST)[:5].tolist() == [
        10,
        49,
        50,
        50,
        50,
    ]


def test_thieves_are_small_and_half_of_their_meters_notice() -> None:
    accounts = people(20_000, FIRST, LAST).accounts.set_index("account_no")
    drawing = Drawing(SEED, people(20_000, FIRST, LAST), FIRST, LAST, (FIRST, LAST))
    for name in THEFT:
        rows = faults.modules()[name].draw(drawing, 0.01)
        who = accounts.loc[rows["account_no"]]
        assert len(rows) > 15
        assert not who["sends_electrical"].any() and not who["has_generation"].any()
        assert who["opened_date"].le(FIRST).all() and who["closed_date"].isna().all()
        assert rows["to_date"].isna().all() and rows["from_date"].between(FIRST, LAST).all()
        noticed = sum("event" in json.loads(detail) for detail in rows["detail"])
        assert 0.2 < noticed / len(rows) < 0.8
        if name == "theft_reversed_phase":
            assert who["phase"].eq("ABC").all()
        else:
            assert who["usage_category"].nunique() > 1


def test_a_stuck_register_is_zero_or_flat() -> None:
    drawing = Drawing(SEED, people(), FIRST, LAST, (FIRST, LAST))
    rows = faults.modules()["stuck_register"].draw(drawing, 0.1)
    wh = numbers(np.array([5]), FIRST, DAYS)[0]
    kinds = set()
    for _, row in rows.iterrows():
        k, end = (row["from_date"] - FIRST).days, min((row["to_date"] - FIRST).days + 1, DAYS)
        during = np.unique(_metered("stuck_register", row, wh, FIRST)[k * SLOTS : end * SLOTS])
        assert during.tolist() == [row["factor"]]
        kinds.add((json.loads(row["detail"])["kind"], row["factor"] == 0))
    assert kinds == {("zero", True), ("flat", False)}


def _lines(instances: dict[str, pd.DataFrame], days: int = DAYS) -> tuple[registers.Lines, np.ndarray]:
    made = people()
    daily = np.zeros((len(made.points), days), np.int64)
    daily[: len(made.accounts)] = np.round(made.accounts["mean_kw"].to_numpy() * 24_000)[:, None]
    by_period = np.zeros((len(made.accounts), days, len(PERIODS)), np.int64)
    by_period[:, :, PERIODS.index("flat")] = daily[: len(made.accounts)]
    return registers.lines(made, instances, None, daily, by_period, FIRST), daily


def test_a_new_meter_starts_at_zero_in_the_middle_of_a_month() -> None:
    rows = drawn("meter_swap")
    lines, daily = _lines({"meter_swap": rows})
    points, multiplier = people().points, (people().points["ct_ratio"] * people().points["pt_ratio"]).to_numpy()
    row_of = dict(zip(points["point_no"], points.index, strict=True))
    assert meter_swap.dates(None) == {}
    assert len(rows)
    for point, day in meter_swap.dates(rows).items():
        assert 5 <= day.day <= 25
        row, k = row_of[point], (day - FIRST).days
        assert lines.index[row, k, 0] == 0.0
        assert lines.index[row, k - 1, 1] == lines.at_end["removal_index"][row] > 0
    steps = (lines.index[:, :, 1] - lines.index[:, :, 0]) * multiplier[:, None]
    assert (np.abs(steps - daily / 1000) <= 0.011 * multiplier[:, None]).all()


def test_a_register_rolls_over_once_within_the_history() -> None:
    rows = drawn("register_rollover")
    start = register_rollover.start_index(people(), rows)
    assert register_rollover.start_index(people(), None) == {}
    lines, _ = _lines({"register_rollover": rows})
    points = people().points
    assert len(start) == len(rows) > 0
    for point, index in start.items():
        row = int(points.index[points["point_no"].eq(point)][0])
        top = 10.0 ** (points["digits"][row] - 2)
        assert lines.index[row, 0, 0] == index < top
        falls = np.diff(lines.index[row, :, 0]) < 0
        assert falls.sum() == 1 and 0.2 < np.flatnonzero(falls)[0] / DAYS < 0.45
        assert lines.index[row].max() < top


def test_faults_draw_in_a_history_of_one_day() -> None:
    made = people(300, FIRST, FIRST)
    for name in ALL:
        module = faults.modules()[name]
        rows = module.draw(replace(Drawing(SEED, made, FIRST, FIRST, (FIRST, FIRST))), module.FAULT.rate)
        assert list(rows.columns) == list(faults.TRUTH)
        if name in REGISTER[:1]:
            assert not len(rows)
