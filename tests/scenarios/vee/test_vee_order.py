"""The order, repetition and splitting of deliveries must not matter to the clean readings."""

import random
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.vee.scenario import ARRIVED, Case

DAY = date(2026, 3, 3)
SHAPE = [0.2] * 6 + [0.4] * 6 + [0.6] * 6 + [1.0] * 4 + [0.3] * 2


def delivered() -> Case:
    """Two days of two points with a gap, a negative value, and a corrected version of some intervals."""
    case = Case().point("A").point("B")
    case.days("A", DAY - timedelta(days=1), DAY, SHAPE)
    case.day("B", DAY - timedelta(days=1), SHAPE).day(
        "B", DAY, [None if n in (4, 9, 10) else v for n, v in enumerate(SHAPE)]
    )
    case.day("A", DAY, [-0.1 if n == 3 else None for n in range(24)], version=2)
    return case


@settings(max_examples=3, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False), st.integers(0, 40))
def test_any_order_repetition_and_split_give_the_same_readings(shuffle: random.Random, repeated: int) -> None:
    wanted = delivered()
    case = delivered()
    shuffle.shuffle(case.rows)
    case.rows += [dict(row) for row in case.rows[:repeated]]
    for number, row in enumerate(case.rows):
        row.update(file_id=f"file{shuffle.randint(1, 3)}", row_number=number,
                   arrived_at=ARRIVED + timedelta(minutes=shuffle.randint(0, 9)))  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        first = wanted.run(Path(folder) / "one", DAY - timedelta(days=1), DAY).readings
        other = case.run(Path(folder) / "two", DAY - timedelta(days=1), DAY).readings
    pd.testing.assert_frame_equal(first, other)
    assert (first["quality_code"] == "E").sum() == 4
