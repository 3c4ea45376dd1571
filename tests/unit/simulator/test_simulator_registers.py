"""Indexes of registers: they add up, start again at a swap, roll over at their top, and go on from a kept state."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from gridmart.simulator import faults, population, registers
from gridmart.simulator.faults import meter_swap, register_rollover
from gridmart.tariffs import PERIODS

FIRST, DAYS = date(2026, 3, 1), 10
PEOPLE = population.build(40, FIRST, FIRST + timedelta(days=DAYS - 1), 3)
POINTS = PEOPLE.points
FACTOR = 1000.0 * (POINTS["ct_ratio"] * POINTS["pt_ratio"]).to_numpy(float)
FLAT = PERIODS.index("flat")
RNG = np.random.default_rng(1)
WH = RNG.integers(1_000, 90_000, (len(POINTS), DAYS))
PERIOD_WH = np.zeros((len(PEOPLE.accounts), DAYS, len(PERIODS)), np.int64)
PERIOD_WH[:, :, FLAT] = WH[: len(PEOPLE.accounts)]


def _lines(planted: dict[str, pd.DataFrame], days: slice = slice(None), before: pd.DataFrame | None = None):
    first = FIRST + timedelta(days=days.start or 0)
    return registers.lines(PEOPLE, planted, before, WH[:, days], PERIOD_WH[:, days], first)


def _swap(row: int, day: date) -> dict[str, pd.DataFrame]:
    point = POINTS["point_no"].iat[row]
    rows = faults.instances(meter_swap.FAULT, point_no=[point], from_date=[day], to_date=[day])
    return {"meter_swap": rows}


def test_an_index_advances_by_the_energy_over_the_multiplier() -> None:
    made = _lines({})
    assert made.index[:, 0, 0] == pytest.approx(POINTS["start_index"].to_numpy(), abs=0.0051)
    assert made.index[:, 1:, 0] == pytest.approx(made.index[:, :-1, 1])
    advance = made.index[:, -1, 1] - made.index[:, 0, 0]
    assert advance == pytest.approx(WH.sum(axis=1) / FACTOR, abs=0.0101)


def test_registers_by_period_add_up_to_the_whole() -> None:
    made = _lines({})
    whole = made.index[: len(PEOPLE.accounts), :, 1]
    assert made.periods.sum(axis=2) == pytest.approx(whole, abs=0.03)


def test_a_new_meter_starts_at_nothing_and_the_old_one_leaves_its_last_index() -> None:
    row, k = 5, 4
    plain, made = _lines({}), _lines(_swap(row, FIRST + timedelta(days=k)))
    assert made.index[row, :k] == pytest.approx(plain.index[row, :k])
    assert made.index[row, k, 0] == 0.0
    assert made.index[row, k:, 1] == pytest.approx(np.cumsum(WH[row, k:]) / FACTOR[row], abs=0.0051)
    assert made.at_end["removal_index"].iat[row] == plain.index[row, k, 0]
    assert made.periods[row, k:].sum(axis=1) == pytest.approx(made.index[row, k:, 1], abs=0.03)
    others = np.arange(len(POINTS)) != row
    assert (made.index[others] == plain.index[others]).all()


def test_a_full_register_comes_back_to_nothing() -> None:
    row = 2
    top = 10.0 ** (int(POINTS["digits"].iat[row]) - 2)
    start = round(top - WH[row, :3].sum() / FACTOR[row] - 0.01, 2)
    rows = faults.instances(
        register_rollover.FAULT, point_no=[POINTS["point_no"].iat[row]], from_date=[FIRST], to_date=[FIRST],
        detail=[f'{{"start_index": {start}}}'],
    )  # fmt: skip
    made = _lines({"register_rollover": rows}).index[row, :, 1]
    assert made[2] == pytest.approx(top - 0.01, abs=0.011)
    assert made[3] == pytest.approx(WH[row, 3] / FACTOR[row] - 0.01, abs=0.011) and (made < top).all()


@pytest.mark.parametrize("cut", [3, 4, 5])
def test_days_made_one_after_the_other_are_those_made_at_once(cut: int) -> None:
    planted = _swap(7, FIRST + timedelta(days=4))
    whole = _lines(planted)
    early = _lines(planted, slice(0, cut))
    late = _lines(planted, slice(cut, DAYS), early.at_end)
    assert (np.concatenate([early.index, late.index], axis=1) == whole.index).all()
    assert (np.concatenate([early.periods, late.periods], axis=1) == whole.periods).all()
    pd.testing.assert_frame_equal(late.at_end, whole.at_end)
