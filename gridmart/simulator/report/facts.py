"""The facts of the report: our value, the published range, its source, a verdict."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import yaml

from gridmart.simulator.report import measures as m
from gridmart.simulator.report.loader import CLASSES, Delivered

PUBLISHED = Path(__file__).with_name("published.yml")
MOST_SINGLE = 200  # households whose own autocorrelation is worked out


@dataclass(frozen=True)
class Fact:
    """One row of published.yml with our value; None: the data do not say."""

    code: str
    title_zh: str
    title_en: str
    unit: str
    value: float | None
    low: float
    high: float
    source: str
    is_read: bool

    @property
    def verdict(self) -> str:
        """inside, outside, or unknown."""
        if self.value is None:
            return "unknown"
        return "inside" if self.low <= self.value <= self.high else "outside"


@lru_cache(maxsize=1)
def published() -> dict[str, dict]:
    """Rows of published.yml by code."""
    return yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))


def values(utility: Delivered) -> dict[str, float]:
    """Our value of every fact; NaN where the data do not say."""
    found: dict[str, float] = {}
    workday, holiday, air = utility.is_workday, utility.is_holiday, utility.temperature
    loads = {"system": utility.system}
    whole = {}
    for name in CLASSES:
        of_class = utility.of(name)
        loads[name] = m.mean_load(of_class) if len(of_class) else np.full_like(utility.system, np.nan)
        whole[name] = m.complete(of_class)
        single = [m.load_factor(load) for load in whole[name]]
        found[f"load_factor_{name}"] = float(np.nanmedian(single)) if single else float("nan")
    found["load_factor_system"] = m.load_factor(utility.system)
    for name, load in loads.items():
        if np.isnan(load).all():
            continue
        found[f"peak_hour_{name}"] = m.peak_hour(load, workday) if workday.any() else float("nan")
        found[f"day_night_{name}"] = m.day_night(load)
        found[f"work_weekend_{name}"] = m.work_weekend(load, workday, holiday)
        found[f"autocorrelation_24_{name}"], found[f"autocorrelation_168_{name}"] = m.autocorrelation(load, [24, 168])
        heating, cooling, mean = m.sensitivity(load, air, workday)
        for kind, slope in (("heating", heating), ("cooling", cooling)):
            found[f"{kind}_kwh_{name}"], found[f"{kind}_pct_{name}"] = slope, 100 * slope / mean
    due = utility.due.sum()
    found["missing_share"] = float(100 * utility.missing.sum() / due) if due else float("nan")
    found |= _households(utility.of("residential"), whole["residential"])
    return found


def _households(loads: np.ndarray, whole: np.ndarray) -> dict[str, float]:
    found: dict[str, float] = {}
    if len(whole) >= 100:
        sizes, factor, peak = m.coincidence(whole)
        at = sizes.index(100)
        found |= {"coincidence_100": float(factor[at]), "diversified_peak_100": float(peak[at])}
    use = daily_use(whole)
    if len(use) >= 30:
        _, deviation, skewness, distance = m.log_normal(use)
        found |= {
            "gini_residential": m.gini(use),
            "top_share_residential": 100 * m.top_share(use),
            "log_deviation_residential": deviation,
            "log_skewness_residential": skewness,
            "log_distance_residential": distance,
        }
    if len(loads):
        single = np.array([m.autocorrelation(load, [24, 168]) for load in loads[:MOST_SINGLE]])
        known = single[~np.isnan(single).any(axis=1)]
        # of one household, not of their mean
        median = np.median(known, axis=0) if len(known) else np.full(2, np.nan)
        found |= dict(zip(("autocorrelation_24_residential", "autocorrelation_168_residential"), median, strict=True))
    return found


def daily_use(whole: np.ndarray) -> np.ndarray:
    """Mean kWh a day of each customer that uses anything; `whole` [n, D, 24] without gaps."""
    use = whole.sum(axis=2).mean(axis=1) if len(whole) else np.empty(0)
    return use[use > 0]


def facts(utility: Delivered) -> list[Fact]:
    """All facts of published.yml, in its order."""
    ours = values(utility)
    made = []
    for code, row in published().items():
        value = ours.get(code, float("nan"))
        (zh, en), (low, high) = row["title"], row["range"]
        known = float(value) if np.isfinite(value) else None
        made.append(Fact(code, zh, en, row["unit"], known, low, high, row["source"], row["is_read"]))
    return made
