"""Facts of a small utility for tests of the systems beside the CIS, and how their rows differ from date to date."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.simulator import collection, faults, month_use, population, weather
from gridmart.simulator.keys import generator
from gridmart.simulator.plan import Plan
from gridmart.simulator.population import Population
from gridmart.simulator.systems.model import Facts, System, Table
from gridmart.simulator.systems.rows import arrow_type, midnight_after, utc

FIRST, LAST = date(2026, 5, 20), date(2026, 8, 5)
PEOPLE = population.build(300, FIRST, LAST, 11)


def device_hours(people: Population, end: date) -> pd.DataFrame:
    """Hours of all public areas and feeders of the last 31 days: a third of the rated power, more in the evening."""
    days = min(31, (end - people.first).days + 1)
    public = people.transformers[people.transformers["ownership"].eq("public")]
    at = np.datetime64(end - timedelta(days=days - 1), "s") + np.arange(days * 24) * np.timedelta64(1, "h")
    daily = 0.33 * (1 + 0.6 * np.sin((np.arange(days * 24) % 24 - 13) / 12 * np.pi))
    names = np.concatenate([public["transformer_no"].to_numpy(), people.feeders["feeder_no"].to_numpy()])
    size = np.concatenate([public["rated_kva"].to_numpy(), people.feeders["nominal_kw"].to_numpy() * 3])
    wh = size[:, None] * 1000 * daily
    return pd.DataFrame(
        {"device_no": np.repeat(names, at.size), "at": np.tile(at, len(names)), "wh": wh.reshape(-1).astype(np.int64)}
    )


def uses(people: Population, end: date) -> pd.DataFrame:
    """An invented use of every account in every complete month, a function of the month alone."""
    parts = []
    for month in month_use.complete_months(people.first, end):
        factor = np.exp(generator(people.seed, "use", month).normal(0, 0.5, len(people.accounts)))
        wh = (people.accounts["mean_kw"].to_numpy() * 720_000 * factor).astype(np.int64)
        columns = dict.fromkeys(month_use.COLUMNS, 0) | {
            "account_no": people.accounts["account_no"], "month": np.datetime64(month, "s"), "flat_wh": wh,
        }  # fmt: skip
        parts.append(pd.DataFrame(columns).astype(month_use.COLUMNS))
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in month_use.COLUMNS.items()})
    return pd.concat(parts, ignore_index=True)


def facts(end: date, planted: tuple[str, ...] = (), people: Population = PEOPLE) -> Facts:
    """Facts by the end of a date, with the named faults at their default rates."""
    rates = tuple((name, faults.modules()[name].FAULT.rate) for name in sorted(planted))
    anchor = (people.first, people.last)
    plan = Plan(len(people.accounts), *anchor, people.seed, rates, through=end)
    return Facts(
        plan,
        people,
        weather.climate(people, people.first - timedelta(days=7), end),
        faults.draw(people.seed, people, rates, people.first, end, anchor),
        collection.timeline(people, people.first, end),
        uses(people, end),
        {},
        device_hours(people, end),
    )


def is_well_formed(model: Table, rows: pa.Table, end: date) -> bool:
    """Whether rows have exactly the table's columns and types, a unique key in order, and no later update time."""
    wanted = [(name, arrow_type(kind)) for name, kind in model.columns.items()]
    assert [(field.name, field.type) for field in rows.schema] == wanted
    keys = list(zip(*(rows[name].to_pylist() for name in model.key), strict=True))
    assert keys == sorted(set(keys))
    updated = rows[list(model.columns)[-1]]
    assert updated.null_count == 0
    times = updated.to_numpy().astype("datetime64[us]")
    return not len(times) or bool((times < utc(np.array(midnight_after(end)))).all())


def by_key(model: Table, rows: pa.Table) -> dict[tuple, dict]:
    """Rows by their key."""
    return {tuple(row[name] for name in model.key): row for row in rows.to_pylist()}


def next_day(system: System, end: date, planted: tuple[str, ...]) -> dict[str, tuple[list[dict], list[tuple]]]:
    """What the day after `end` brings: by table, rows that are new or changed, and keys that are gone.

    Fails if such a row's update time does not lie on that day.
    """
    before, after = (system.rows(facts(day, planted)) for day in (end, end + timedelta(days=1)))
    made = {}
    begin = pd.Timestamp(utc(np.array(midnight_after(end)))[()], tz="UTC")
    for name, model in system.TABLES.items():
        old, new = by_key(model, before[name]), by_key(model, after[name])
        changed = [row for key, row in new.items() if old.get(key) != row]
        for row in changed:
            assert row[list(model.columns)[-1]] >= begin, (name, row)
        made[name] = changed, [key for key in old if key not in new]
    return made
