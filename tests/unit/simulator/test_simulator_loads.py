"""The demo's energies obey physics and its seed."""

from datetime import date, timedelta

import numpy as np
import pytest

from gridmart.errors import GridmartError
from gridmart.simulator import faults, loads, utility

FIRST = date(2026, 6, 1)


@pytest.fixture(scope="module")
def made() -> utility.Utility:
    return utility.build(60, FIRST, FIRST + timedelta(days=39), 7)


def _block(made: utility.Utility, thieves: dict | None = None, day: int = 35) -> loads.Block:
    return loads.block(made, loads.weather(made), FIRST + timedelta(days=day), 7, thieves or {})


def test_feeders_supply_use_less_generation_plus_losses(made: utility.Utility) -> None:
    energy, n = _block(made), len(made.accounts)
    feeders = made.points["point_kind"].eq("feeder_boundary").to_numpy()
    net = energy.import_wh[:n].sum(dtype=np.int64) - energy.export_wh.sum(dtype=np.int64)
    loss = energy.import_wh[feeders].sum(dtype=np.int64) / net - 1
    assert 0 < loss < 0.06


def test_every_area_takes_more_than_its_points(made: utility.Utility) -> None:
    energy, points = _block(made), made.points
    customers = points["point_kind"].eq("customer")
    for i in np.flatnonzero(points["point_kind"].eq("transformer_boundary").to_numpy()):
        here = customers & points["transformer_no"].eq(points["transformer_no"].iat[i])
        if here.any() and not points.loc[here, "has_generation"].any():
            assert (energy.import_wh[i] > energy.import_wh[here.to_numpy()].sum(axis=0)).all()


def test_a_thief_is_seen_by_the_boundary_but_not_by_the_meter(made: utility.Utility) -> None:
    stolen = faults.thieves(made)
    (account, (_, share)), n = next(iter(stolen.items())), len(made.accounts)
    row = int(np.flatnonzero(made.accounts["account_no"].eq(account).to_numpy())[0])
    honest, theft = _block(made), _block(made, stolen)
    seen = theft.import_wh[row].sum() / honest.import_wh[row].sum()
    assert seen == pytest.approx(1 - share, abs=0.002)
    np.testing.assert_array_equal(theft.import_wh[n:], honest.import_wh[n:])
    others = np.delete(np.arange(n), row)
    np.testing.assert_array_equal(theft.import_wh[others], honest.import_wh[others])
    np.testing.assert_array_equal(_block(made, stolen, 0).import_wh, _block(made, None, 0).import_wh)


def test_the_seed_decides(made: utility.Utility) -> None:
    np.testing.assert_array_equal(_block(made).import_wh, _block(made).import_wh)
    other = utility.build(60, FIRST, made.last, 8)
    assert (_block(other).import_wh != _block(made).import_wh).any()


@pytest.mark.parametrize(("accounts", "back"), [(0, 0), (-1, 0), (19, 0), (60, 1)])
def test_impossible_utilities_are_refused(accounts: int, back: int) -> None:
    with pytest.raises(GridmartError) as refused:
        utility.build(accounts, FIRST, FIRST - timedelta(days=back), 1)
    assert refused.value.exit_code == 2
