"""One VEE, two engines: every row that DuckDB and local Spark give for the same deliveries is the same."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.scenarios.vee.scenario import Case

DAY = date(2026, 3, 27)
SHAPE = [0.2] * 6 + [0.4] * 6 + [0.6] * 6 + [1.0] * 4 + [0.3] * 2


def everything() -> Case:
    """Points that between them need every rule, every method, and both ways through pass 1."""
    case = Case()
    for point in ("GAP", "LONG", "REG", "NEG", "SPIKE", "HIGH", "SUM", "DUP", "PLAIN"):
        case.point(point).days(point, DAY - timedelta(days=14), DAY - timedelta(days=1), SHAPE)
    case.point("QUARTER", interval_minutes=15).day("QUARTER", DAY, [0.1 + n / 100 for n in range(96)])
    case.point("NEW", capacity_kva=20.0).day("NEW", DAY, [None] * 23 + [0.6])
    case.point("SILENT", usage_category="agricultural")
    case.point("SUN", has_generation=True).day("SUN", DAY, SHAPE).day("SUN", DAY, SHAPE, channel="export_kwh")
    gap = {5: None, 6: None}
    case.day("GAP", DAY, [gap.get(n, v) if n in gap else v for n, v in enumerate(SHAPE)])
    case.day("LONG", DAY, [None if 10 <= n < 17 else v for n, v in enumerate(SHAPE)])
    case.day("REG", DAY, [None if 10 <= n < 17 else v for n, v in enumerate(SHAPE)], (100.0, 113.337))
    case.day("NEG", DAY, [-0.5 if n == 3 else v for n, v in enumerate(SHAPE)])
    case.day("SPIKE", DAY, [70.0 if n == 3 else v for n, v in enumerate(SHAPE)])
    case.day("HIGH", DAY, [v * 6 for v in SHAPE])
    case.day("SUM", DAY, SHAPE, (100.0, 130.0))
    case.day("DUP", DAY, SHAPE).day("DUP", DAY, [0.3, *SHAPE[1:]]).day("PLAIN", DAY, SHAPE)
    case.day("STRANGER", DAY, SHAPE)
    return case


@pytest.mark.spark
def test_duckdb_and_spark_give_the_same_rows(tmp_path: Path) -> None:
    case = everything()
    here = case.run(tmp_path / "duckdb", DAY, name="duckdb")
    there = case.run(tmp_path / "spark", DAY, name="local[2]")
    assert len(here.readings) > 300
    assert {14, 17, 19, 90, 91} <= set(here.readings["method_code"].dropna().astype(int))
    for name in ("readings", "days", "summaries", "unknown"):
        one, other = getattr(here, name), getattr(there, name)
        pd.testing.assert_frame_equal(one, other[one.columns], check_dtype=False, check_exact=True, obj=name)
