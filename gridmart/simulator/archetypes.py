"""Kinds of customers as data: `archetypes.yml`, read and given shape."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import yaml

from gridmart.simulator.plan import SLOTS

DATA = Path(__file__).with_name("archetypes.yml")
SLOTS_AN_HOUR = SLOTS // 24
Range = tuple[float, float]


@dataclass(frozen=True)
class Charging:
    """An electric car: power, share of days with a charge, hour at which it begins, its hours."""

    kw: Range
    days: float
    from_hour: Range
    hours: Range


@dataclass(frozen=True)
class Archetype:
    """One kind of customer; see the head of `archetypes.yml`.

    `workday` and `day_off` are [96], relative to the workday's mean. `season`: (from, to, factor), days of the year
    as month × 100 + day.
    """

    name: str
    category: str
    share: float
    mean_kw: Range
    capacity: Range
    peak: float
    workday: np.ndarray
    day_off: np.ndarray
    shift: int
    heating: float
    cooling: float
    presence: float
    holiday: float
    spring_festival: float
    ramp: tuple[int, int]
    noise: tuple[float, float, float, float]
    trade_code: str
    season: tuple[tuple[int, int, float], ...] = ()
    active_days: float = 1.0
    generation_kw: Range | None = None
    charging: Charging | None = None


@dataclass(frozen=True)
class Change:
    """A change of behaviour; see `changes` in `archetypes.yml`. Slots of 15 minutes; over midnight if from > to."""

    name: str
    archetypes: tuple[str, ...]
    rate: float
    days: tuple[int, int] | None
    months: tuple[int, ...]
    factor: Range
    add_kw: Range
    from_slot: int
    to_slot: int


def _slots(hours: np.ndarray) -> np.ndarray:
    """Means of 24 hours as 96 quarter hours without steps; the days before and after are alike."""
    middle = np.arange(-1, 25) + 0.5
    at = np.arange(SLOTS) / SLOTS_AN_HOUR + 0.5 / SLOTS_AN_HOUR
    return np.interp(at, middle, np.concatenate([hours[-1:], hours, hours[:1]]))


def _archetype(name: str, row: dict) -> Archetype:
    work, off = (_slots(np.array([float(v) for v in row[key].split()])) for key in ("workday", "day_off"))
    scale = work.mean()
    row = row | {"workday": work / scale, "day_off": off / scale}
    for key in ("mean_kw", "capacity", "ramp", "noise", "generation_kw"):
        row[key] = tuple(row[key]) if key in row else None
    row["season"] = tuple(
        (*(int(text[:2]) * 100 + int(text[3:]) for text in (start, end)), factor)
        for start, end, factor in row.get("season", ())
    )
    if "charging" in row:
        car = row["charging"]
        row["charging"] = Charging(tuple(car["kw"]), car["days"], tuple(car["from_hour"]), tuple(car["hours"]))
    return Archetype(name=name, **row)


def _change(name: str, row: dict) -> Change:
    start, end = (round(hour * SLOTS_AN_HOUR) for hour in row.get("hours", (0, 24)))
    return Change(
        name, tuple(row["archetypes"]), row["rate"], tuple(row["days"]) if "days" in row else None,
        tuple(row.get("months", ())), tuple(row.get("factor", (1.0, 1.0))), tuple(row.get("add_kw", (0.0, 0.0))),
        start, end,
    )  # fmt: skip


@lru_cache(maxsize=1)
def _document() -> dict:
    return yaml.safe_load(DATA.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def archetypes() -> dict[str, Archetype]:
    """Every kind of customer by name, in the order of the file."""
    return {name: _archetype(name, row) for name, row in _document()["archetypes"].items()}


@lru_cache(maxsize=1)
def changes() -> dict[str, Change]:
    """Every change of behaviour by name, in the order of the file."""
    return {name: _change(name, row) for name, row in _document()["changes"].items()}


def category_shares() -> dict[str, float]:
    """Share of accounts by usage category; they add up to 1."""
    return dict(_document()["categories"])
