"""The catalogue of faults: one module each, with a rate; every planted instance is a row of the truth.

A module `gridmart/simulator/faults/<name>.py` has `FAULT` (a `Fault`) and `draw(drawing, rate)`, which returns its
instances as a frame of `TRUTH` columns (made by `instances`). What it does with them depends on its stage:

| stage | what the fault changes | function of the module |
|---|---|---|
| load | true use before the meter | `effects(drawing, rows)`: a frame as in `gridmart.simulator.effects` |
| meter | what the meter counts of the true use (theft) | `metered(wh, rows, start, days)`: Wh of one point, changed |
| reading | what the head-end sends | `apply(delivery, rows)`: changes a `Delivery` in place |
| file | which files arrive, when | `apply(delivery, rows)`, the same |
| system | rows of the source databases | read by the system that it concerns, from `drawn[name]` |

Scopes: `day` and `month` are drawn for each date or month by itself, so that added days do not move earlier ones;
`span` is drawn once for the history.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import yaml

from gridmart.errors import GridmartError
from gridmart.simulator.keys import generator

if TYPE_CHECKING:
    from gridmart.simulator.population import Population

Stage = Literal["load", "meter", "reading", "file", "system"]
Scope = Literal["day", "month", "span"]

# one row an instance; dates are local, to_date inclusive and None while it lasts; slots of 15 minutes
TRUTH = {
    "fault": "object", "instance": "object", "system": "object", "entity": "object", "entity_no": "object",
    "point_no": "object", "account_no": "object", "from_date": "object", "to_date": "object",
    "first_slot": "int64", "slots": "int64", "factor": "float64", "detail": "object",
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """What a fault is; `rate` is its default, a share of `per` (or a number of them where it says so)."""

    name: str
    title_zh: str
    title_en: str
    stage: Stage
    scope: Scope
    rate: float
    per: str
    what: str
    found_by: str


@dataclass(frozen=True)
class Drawing:
    """What a fault is drawn from: the utility and the dates [first, last] that this draw is for.

    Scope `day` is called with one date, `month` with a calendar month's first and last day, `span` with the history.
    `anchor` is always the history: (first, last) of the plan.
    """

    seed: int
    population: "Population"
    first: date
    last: date
    anchor: tuple[date, date]

    @property
    def days(self) -> int:
        """Number of dates."""
        return (self.last - self.first).days + 1

    def stream(self, fault: str, *words: object) -> np.random.Generator:
        """The random stream of a fault for these dates."""
        return generator(self.seed, "fault", fault, self.first, *words)


def number(rng: np.random.Generator, rate: float, eligible: int, at_least_one: bool = False) -> int:
    """How many of `eligible` are hit: Poisson around rate × eligible, at most all of them."""
    if rate <= 0 or eligible <= 0:
        return 0
    found = int(rng.poisson(rate * eligible))
    return min(max(found, 1) if at_least_one else found, eligible)


def instances(fault: Fault, **columns: object) -> pd.DataFrame:
    """Truth rows of a fault; columns not given are empty, 0 slots, factor 1."""
    usual: dict[str, object] = {"first_slot": 0, "slots": 0, "factor": 1.0}
    made = pd.DataFrame(columns)
    made["fault"] = fault.name
    for name in TRUTH:
        if name not in made:
            made[name] = usual.get(name)
    return made.reindex(columns=list(TRUTH)).astype(TRUTH)


@lru_cache(maxsize=1)
def modules() -> dict[str, ModuleType]:
    """Fault modules by name, in the order of their names."""
    found = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        if hasattr(module, "FAULT"):
            found[module.FAULT.name] = module
    return found


def catalogue() -> list[Fault]:
    """Every fault that can be planted, by name."""
    return [module.FAULT for module in modules().values()]


def default_rates() -> tuple[tuple[str, float], ...]:
    """Every fault at its default rate."""
    return tuple(sorted((fault.name, fault.rate) for fault in catalogue()))


def checked_rates(given: object, where: str) -> tuple[tuple[str, float], ...]:
    """Rates from a mapping of names to numbers (a fault file); an error names the line's fault and what is allowed.

    Raises GridmartError (exit code 2) for an unknown fault, or a rate that is no number from 0 to 1.
    """
    known = {fault.name for fault in catalogue()}
    if not isinstance(given, dict):
        raise GridmartError(f"{where} is no list of faults", "write one line a fault, for example `spike: 0.0004`", 2)
    for name, rate in given.items():
        if name not in known:
            raise GridmartError(
                f"{where} names an unknown fault {name!r}", f"known faults: {', '.join(sorted(known))}", 2
            )
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise GridmartError(f"{where}: the rate of {name} is {rate!r}", "give a number from 0 to 1", 2)
    return tuple(sorted((str(name), float(rate)) for name, rate in given.items() if rate > 0))


def read_rates(chosen: str) -> tuple[tuple[str, float], ...]:
    """Rates of `default`, `none`, or a YAML file of `fault: rate`.

    Raises GridmartError (exit code 2) for a file that cannot be read, and as `checked_rates`.
    """
    if chosen == "default":
        return default_rates()
    if chosen == "none":
        return ()
    try:
        given = yaml.safe_load(Path(chosen).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise GridmartError(
            f"the fault file {chosen} cannot be read: {reason}",
            "give `default`, `none` or a YAML file; `gridmart simulate faults` prints one",
            2,
        ) from error
    return checked_rates(given, chosen)


def _spans(fault: Fault, first: date, last: date, anchor: tuple[date, date]) -> Iterator[tuple[date, date]]:
    if fault.scope == "span":
        yield anchor
        return
    if fault.scope == "day":
        for k in range((last - first).days + 1):
            day = first + timedelta(days=k)
            yield day, day
        return
    month = first.replace(day=1)
    while month <= last:
        following = (month + timedelta(days=32)).replace(day=1)
        yield month, following - timedelta(days=1)
        month = following


def draw(
    seed: int,
    population: "Population",
    rates: tuple[tuple[str, float], ...],
    first: date,
    last: date,
    anchor: tuple[date, date],
    advance: Callable[[str], None] = lambda _: None,
) -> dict[str, pd.DataFrame]:
    """Instances of every planted fault for the dates [first, last], by name; numbered in the order they are drawn."""
    made = {}
    for name, rate in rates:
        module = modules()[name]
        parts = []
        for start, end in _spans(module.FAULT, first, last, anchor):
            rows = module.draw(Drawing(seed, population, start, end, anchor), rate)
            if len(rows):
                label = f"{start:%Y%m%d}" if module.FAULT.scope != "span" else "all"
                rows["instance"] = [f"{name}-{label}-{k + 1:05d}" for k in range(len(rows))]
                parts.append(rows)
        made[name] = pd.concat(parts, ignore_index=True) if parts else instances(module.FAULT)
        advance(name)
    return made


PAGE = """# Faults of the simulated utility 模拟故障目录

`gridmart simulate` plants these faults, each module of `gridmart/simulator/faults/` one of them. Every planted instance
is a row of `truth/fault/*.parquet`, which the pipeline never reads; `ml/evaluation/truth.py` does, to judge detectors.
`--faults none` plants none, `--faults FILE` those of a YAML file (`gridmart simulate faults` prints one to begin with).
This page is made from the catalogue by `make format`.

Faults change what a meter truly measures (`load`), what it counts of it (`meter`), what the head-end sends (`reading`),
which files arrive when (`file`), or what a source system says (`system`).

| fault 故障 | where | rate | of | what | found by |
|---|---|---|---|---|---|
"""


def page() -> str:
    """Text of docs/faults.md."""
    lines = [
        f"| `{f.name}` {f.title_zh} | {f.stage} | {f.rate:g} | {f.per} | {f.what} | {f.found_by} |" for f in catalogue()
    ]
    return PAGE + "\n".join(lines) + "\n"
