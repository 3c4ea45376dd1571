"""The simulator's truth, to judge detectors by: the one reader of it outside the simulator (tests apart).

`folder` is the `truth` folder of a simulated utility; None: that of this installation.
"""

from pathlib import Path

import pandas as pd

from gridmart.settings import settings


def _read(folder: Path | None, name: str) -> pd.DataFrame:
    place = (folder or settings().var_dir / "truth") / name
    parts = sorted(place.glob("*.parquet")) if place.is_dir() else [place.with_suffix(".parquet")]
    return pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)


def faults(folder: Path | None = None) -> pd.DataFrame:
    """Every planted instance: fault, instance, entity, point_no, account_no, from_date, to_date, slots, factor, …"""
    return _read(folder, "fault")


def energy_day(folder: Path | None = None) -> pd.DataFrame:
    """point_no, business_date, used_kwh (true), metered_kwh (as its meter counted)."""
    return _read(folder, "energy_day")


def precision_recall(found: pd.DataFrame, planted: pd.DataFrame, on: list[str]) -> dict[str, float]:
    """How well a detector did: rows of `found` against those of `planted`, equal where the columns `on` are equal.

    Returns found, planted, right (numbers of distinct keys), precision and recall (NaN where nothing is there).
    """
    seen = set(found[on].itertuples(index=False, name=None))
    true = set(planted[on].itertuples(index=False, name=None))
    right = len(seen & true)
    return {
        "found": len(seen),
        "planted": len(true),
        "right": right,
        "precision": right / len(seen) if seen else float("nan"),
        "recall": right / len(true) if true else float("nan"),
    }
