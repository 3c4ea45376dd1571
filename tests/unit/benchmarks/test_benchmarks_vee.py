"""The benchmark of VEE: its register and its peer's SQL stay in step with what VEE reads and writes."""

from benchmarks.vee import FIRST, PEER, _register
from gridmart.lake.load import ROLLUP_TABLES
from gridmart.lake.register import POINT_DAY_TYPES
from gridmart.lake.vee.rules import THRESHOLDS


def test_the_made_register_knows_every_column_of_a_point_day() -> None:
    rows = _register(100).point_days(FIRST, FIRST)
    assert rows.num_rows == 100 and rows.column_names == list(POINT_DAY_TYPES)
    assert set(rows["is_due"].to_pylist()) == {True}


def test_the_peer_makes_every_roll_up_from_thresholds_that_are_data() -> None:
    sql = PEER.read_text(encoding="utf-8")
    assert all(f"peer.rollup_{name}" in sql for name in ROLLUP_TABLES)
    for name in ("spike_ratio", "spike_floor_kw", "spike_capacity_share", "capacity_share"):
        assert hasattr(THRESHOLDS[0], name) and f"p.{name}" in sql
