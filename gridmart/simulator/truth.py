"""The truth, kept apart: what really happened, as Parquet, for `ml.evaluation` and tests alone.

| below `truth/` | one row |
|---|---|
| fault/*.parquet | an instance of a fault: `gridmart.simulator.faults.TRUTH` |
| energy_day/*.parquet | point and date: point_no, business_date, used_kwh (true), metered_kwh (as its meter counted) |
| effect.parquet | what moved an account's load: `gridmart.simulator.effects` |
| account.parquet | an account: account_no, archetype, mean_kw, growth, heating, cooling, payment_habit |
| campaign.parquet | a campaign and its true uplift |

Files of added days are named by their date; `gridmart/simulator` alone writes them.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from gridmart.simulator import faults
from gridmart.simulator.population import Population

ACCOUNT = ["account_no", "archetype", "mean_kw", "growth", "heating", "cooling", "payment_habit"]


def _save(frame: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path, index=False)


def write_faults(folder: Path, instances: dict[str, pd.DataFrame], label: str) -> None:
    """All instances in one file, ordered by fault and instance."""
    parts = [rows for _, rows in sorted(instances.items()) if len(rows)]
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(faults.TRUTH))
    _save(found.astype(faults.TRUTH), folder / "fault" / f"{label}.parquet")


def write_energy(
    folder: Path, population: Population, first: date, used_wh: np.ndarray, metered_wh: np.ndarray
) -> None:
    """Daily energies [points, days] from `first`, one file a month, or a day where it is alone."""
    count = used_wh.shape[1]
    days = np.datetime64(first, "D") + np.arange(count)
    names = population.points["point_no"].to_numpy()
    labels = (
        np.array([f"{first:%Y%m%d}"])
        if count == 1
        else np.char.replace(days.astype("datetime64[M]").astype(str), "-", "")
    )
    for label in np.unique(labels):
        here = labels == label
        size = int(here.sum())
        frame = pd.DataFrame(
            {
                "point_no": np.repeat(names, size),
                "business_date": np.tile(days[here].astype(object), len(names)),
                "used_kwh": used_wh[:, here].reshape(-1) / 1000.0,
                "metered_kwh": metered_wh[:, here].reshape(-1) / 1000.0,
            }
        )
        _save(frame, folder / "energy_day" / f"{label}.parquet")


def write_causes(folder: Path, population: Population, moved: pd.DataFrame, campaigns: pd.DataFrame) -> None:
    """What moved the load, who the accounts are, what the campaigns truly do."""
    _save(moved, folder / "effect.parquet")
    _save(population.accounts[ACCOUNT], folder / "account.parquet")
    _save(campaigns, folder / "campaign.parquet")
