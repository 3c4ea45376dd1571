"""Files of both formats are read back to exactly what was delivered; faults are in them."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gridmart.simulator import demo, faults, files, utility
from gridmart.sources.meter_files.registry import parse_file

ZONE = ZoneInfo("Asia/Shanghai")
START = date(2026, 6, 1)
POINTS, CHANNELS = ["P000000001", "P000000002", "P000000002"], ["import_kwh", "import_kwh", "export_kwh"]


def _values() -> np.ndarray:
    values = np.round(np.random.default_rng(1).uniform(0, 9, (3, 192)), 3)
    values[0, 10:16] = np.nan
    values[1, 96:] = np.nan
    return values


@pytest.mark.parametrize("kind", ["gridmart_csv", "nem12"])
def test_what_is_written_is_what_is_read(tmp_path: Path, kind: str) -> None:
    values, repeated = _values(), np.zeros((3, 2), bool)
    repeated[2, 1] = True
    path = tmp_path / "file.csv"
    if kind == "nem12":
        files.nem12(path, POINTS, CHANNELS, START, values, repeated)
    else:
        ends = np.full((3, 2, 2), np.nan)
        ends[0] = [[1.25, 2.5], [2.5, 4.75]]
        files.gridmart_csv(path, POINTS, CHANNELS, START, values, ends, repeated)
    parsed = parse_file(path, ZONE)
    assert parsed.format == kind and not parsed.rejects
    rows = parsed.days.to_pylist()
    assert len(rows) == 6  # one day has no value, one is there twice
    for row in rows:
        i = next(k for k in range(3) if (POINTS[k], CHANNELS[k]) == (row["point_no"], row["channel"]))
        d = (row["business_date"] - START).days
        got = np.array(row["values"], float)
        if row["flags"]:
            got[[flag.startswith("N") for flag in row["flags"]]] = np.nan
        np.testing.assert_array_equal(got, values[i, d * 96 : d * 96 + 96])
    if kind == "gridmart_csv":
        reads = [(r["index_start"], r["index_end"]) for r in parsed.registers.to_pylist() if r["point_no"] == POINTS[0]]
        assert reads == [(1.25, 2.5), (2.5, 4.75)]


def test_planned_faults_are_in_what_is_delivered() -> None:
    made = utility.build(60, START, START + timedelta(days=39), 7)
    planned = faults.plan(made)
    points = made.points["point_no"].tolist()
    true = np.full((len(points), 40 * 96), 500, np.int32)
    delivered = faults.apply(true, points, START, 40, planned)
    assert set(planned["fault"]) == {*faults.RATES, "concentrator"}
    touched = np.zeros(delivered.shape, bool)
    for fault in planned.itertuples():
        row, begin = points.index(fault.point_no), (fault.business_date - START).days * 96 + fault.first_slot
        span = delivered[row, begin : begin + fault.slots]
        touched[row, begin : begin + fault.slots] = True
        if fault.fault in faults.GAPS:
            assert np.isnan(span).all()
        elif fault.fault == "spike":
            assert (np.isnan(span) | (span == 12.5) | (span < 0)).all()
        elif fault.fault == "negative":
            assert (np.isnan(span) | (span < 0)).all()
    assert (delivered[~touched] == 0.5).all()
    np.testing.assert_array_equal(faults.apply(true[:, :960], points, START, 10, planned), delivered[:, :960])


def test_registers_add_up_and_restart_at_a_swap() -> None:
    made = utility.build(60, START, START + timedelta(days=39), 7)
    daily = np.random.default_rng(2).integers(1000, 90_000, (len(made.points), 40))
    registers, removal = demo._registers(made, daily)
    multiplier = (made.points["ct_ratio"] * made.points["pt_ratio"]).to_numpy()[:, None]
    advance = (registers[:, :, 1] - registers[:, :, 0]) * multiplier
    assert (np.abs(daily / 1000 - advance) <= 0.0101 * multiplier + 1e-6).all()
    swaps = faults.swaps(made)
    assert set(swaps) == set(removal)
    for i, point in enumerate(made.points["point_no"]):
        joined = registers[i, 1:, 0] == registers[i, :-1, 1]
        if point in swaps:
            k = (swaps[point] - START).days
            assert registers[i, k, 0] == 0 and registers[i, k - 1, 1] == removal[point]
            assert not joined[k - 1] and np.delete(joined, k - 1).all()
        else:
            assert joined.all()
