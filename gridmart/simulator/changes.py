"""Changes of behaviour as effects: a child is born, a shift is cut, a car arrives. Data in `archetypes.yml`."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from gridmart.simulator import effects
from gridmart.simulator.archetypes import Change, changes
from gridmart.simulator.keys import generator
from gridmart.simulator.population import Population

WINTERS_AHEAD = 3  # changes of a season are drawn for this many years after the history, for days that are added


def draw(population: Population) -> pd.DataFrame:
    """Every change within the history, as `gridmart.simulator.effects`; about rate × years × accounts of each.

    A change that comes every winter has a row a winter. Where there are accounts for it, each change occurs once at
    least in a history of a month or more.
    """
    return effects.together([_of(population, change) for change in changes().values()])


def _of(population: Population, change: Change) -> pd.DataFrame:
    accounts = population.accounts
    eligible = np.flatnonzero(accounts["archetype"].isin(change.archetypes).to_numpy())
    days = (population.last - population.first).days + 1
    rng = generator(population.seed, "changes", change.name)
    expected = change.rate * days / 365.25 * len(eligible)
    count = min(max(int(rng.poisson(expected)), int(days >= 30)), len(eligible))
    if count == 0:
        return effects.none()
    rows = np.sort(rng.choice(eligible, count, replace=False))
    start = np.datetime64(population.first, "D") + rng.integers(0, days, count)
    factor, add_kw = (rng.uniform(low, high, count).round(3) for low, high in (change.factor, change.add_kw))
    end = np.full(count, np.datetime64("NaT"), "datetime64[D]")
    if change.days is not None:
        end = start + rng.integers(change.days[0], change.days[1] + 1, count)
    made = effects.frame(
        effect=change.name, account_no=accounts["account_no"].to_numpy()[rows], start=start.astype("datetime64[s]"),
        end=end.astype("datetime64[s]"), from_slot=change.from_slot, to_slot=change.to_slot, factor=factor,
        add_kw=add_kw,
    )  # fmt: skip
    return _in_season(made, change.months, population) if change.months else made


def _in_season(made: pd.DataFrame, months: tuple[int, ...], population: Population) -> pd.DataFrame:
    """The parts of effects that lie in these months, which follow each other, of every year."""
    parts = []
    for year in range(population.first.year - 1, population.last.year + WINTERS_AHEAD):
        begin = date(year, months[0], 1)
        last = date(year + (months[-1] < months[0]), months[-1], 1)
        end = (last + timedelta(days=32)).replace(day=1)
        here = made.copy()
        here["start"] = here["start"].clip(lower=pd.Timestamp(begin)).astype("datetime64[s]")
        here["end"] = pd.Series(np.datetime64(end, "s"), index=here.index)
        parts.append(here[here["start"] < here["end"]])
    return effects.together(parts)
