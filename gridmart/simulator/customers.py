"""Customers and their accounts: contract, size, what drives their load, and who they are."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from gridmart.simulator import names
from gridmart.simulator.archetypes import archetypes
from gridmart.simulator.keys import generator
from gridmart.simulator.network import RATED_KVA, Layout, next_size

CAPACITY_KVA = np.array([4, 6, 8, 10, 12, 16, 20, 25, 30, 40, 50, 60, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630])
HABITS = {"prompt": 0.55, "due": 0.33, "late": 0.09, "unpaid": 0.03}
SEVERAL = 0.02  # share of customers with more than one account
OPEN_WITHIN, CLOSE_WITHIN = 0.02, 0.012  # share of accounts a year of history
OLDEST_OPENED = date(2008, 1, 1)
THREE_PHASE_ABOVE_KVA = 16


def build(made: Layout, first: date, last: date, seed: int) -> pd.DataFrame:
    """One row per account, in the order of the layout; feeder_no and transformer_no follow from the equipment.

    account_no, customer_no, point_no, usage_category, archetype, mean_kw (of a mild workday at `first`),
    capacity_kva, has_generation, generation_kw, customer_name, phone, id_number, address, growth (1/year), heating
    and cooling (its response / that of its archetype), power_factor, payment_habit, opened_date, closed_date (last
    day with supply, or None), industry_code, org_no, sends_electrical, phase (A, B, C; ABC: three).
    """
    n = len(made.category)
    kinds = list(archetypes().values())
    code = pd.Series(made.archetype).map({a.name: k for k, a in enumerate(kinds)}).to_numpy()

    def of_kind(values: list) -> np.ndarray:
        return np.array(values)[code]

    def rng(purpose: str) -> np.random.Generator:
        return generator(seed, "population", purpose)

    median, deviation = (of_kind([a.mean_kw[i] for a in kinds]) for i in (0, 1))
    mean_kw = np.round(median * np.exp(rng("size").normal(0, deviation)), 4)
    least, times = (of_kind([a.capacity[i] for a in kinds]) for i in (0, 1))
    needed = np.maximum(least, mean_kw * times)
    industrial = made.category == "large_industrial"
    capacity = np.where(industrial, next_size(RATED_KVA, needed), next_size(CAPACITY_KVA, needed)).astype(float)
    low, high = (of_kind([(a.generation_kw or (0.0, 0.0))[i] for a in kinds]) for i in (0, 1))
    generation = np.round(low + (high - low) * rng("generation").random(n), 1)
    station = made.station_of_feeder[made.feeder]
    response = rng("response").uniform(0.6, 1.4, (2, n)).round(3)
    home = made.category == "residential"
    phase = np.array(["A", "B", "C"], object)[rng("phase").integers(0, 3, n)]
    phase[~home | (capacity > THREE_PHASE_ABOVE_KVA)] = "ABC"
    opened, closed = _dates(n, first, last, rng("dates"))
    habit = rng("habit").choice(len(HABITS), n, p=list(HABITS.values()))
    frame = pd.DataFrame(
        {
            "account_no": [f"14{k:08d}" for k in (rng("account").permutation(n) + 1).tolist()],
            "point_no": [f"P{k + 1:09d}" for k in range(n)],
            "usage_category": made.category,
            "archetype": made.archetype,
            "mean_kw": mean_kw,
            "capacity_kva": capacity,
            "has_generation": generation > 0,
            "generation_kw": generation,
            "growth": rng("growth").normal(0.03, 0.04, n).round(4),
            "heating": response[0],
            "cooling": response[1],
            "power_factor": np.clip(rng("power factor").normal(0.91, 0.035, n), 0.78, 0.99).round(3),
            "payment_habit": np.array(list(HABITS), object)[habit],
            "opened_date": opened,
            "closed_date": closed,
            "industry_code": np.array([a.trade_code for a in kinds], object)[code],
            "org_no": made.stations["org_no"].to_numpy()[station],
            "sends_electrical": industrial,
            "phase": phase,
        }
    )
    return pd.concat([_customers(made, frame, station, seed), frame], axis=1)


def _dates(n: int, first: date, last: date, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Opened, and closed (None for most): a few within the history, at least a week apart."""
    days = (last - first).days
    oldest = min(OLDEST_OPENED, first - timedelta(days=400))
    calendar = np.array([oldest + timedelta(days=k) for k in range((last - oldest).days + 1)], object)
    today = (first - oldest).days
    opened = rng.integers(0, today - 30, n)
    closed = np.full(n, -1)
    draw = rng.random(n)
    opens = OPEN_WITHIN * days / 365.25
    closes = opens + CLOSE_WITHIN * days / 365.25
    if days > 14:
        within = draw < opens
        opened[within] = today + rng.integers(1, days - 7, int(within.sum()))
        leaves = (draw >= opens) & (draw < closes)
        closed[leaves] = today + rng.integers(7, days, int(leaves.sum()))
    until = np.full(n, None, object)
    until[closed >= 0] = calendar[closed[closed >= 0]]
    return calendar[opened], until


def _customers(made: Layout, frame: pd.DataFrame, station: np.ndarray, seed: int) -> pd.DataFrame:
    """customer_no, customer_name, phone, id_number, address; some customers have several accounts of one archetype."""
    n = len(frame)
    home = made.category == "residential"
    stations = made.stations
    place = stations["name_zh"].str.removesuffix("供电所").to_numpy()[station]
    district_of = dict(zip(made.organisations["org_no"], made.organisations["name_zh"], strict=True))
    district = np.array([district_of[p].removesuffix("公司") for p in stations["parent_org_no"]], object)[station]

    name = np.empty(n, object)
    name[home] = names.people(generator(seed, "population", "people"), int(home.sum()))
    name[~home] = names.companies(
        generator(seed, "population", "companies"), made.archetype[~home].tolist(), place[~home].tolist()
    )
    rng = generator(seed, "population", "several")
    owner = np.arange(n)
    industrial = made.category == "large_industrial"
    further = np.flatnonzero((rng.random(n) < SEVERAL) & ~industrial)
    # the owner is the nearest account before it that is alike and no further account itself
    of_kind = pd.Series(np.where(np.isin(np.arange(n), further), -1, np.arange(n)))
    owner[further] = of_kind.where(of_kind >= 0).groupby(made.archetype).ffill().fillna(-1).to_numpy()[further]
    owner = np.where(owner < 0, np.arange(n), owner).astype(np.int64)
    number = (rng.permutation(n) + 100_001).tolist()
    made_of = pd.DataFrame(
        {
            "customer_no": [f"C{k}" for k in number],
            "customer_name": name,
            "phone": names.phones(generator(seed, "population", "phones"), n),
            "id_number": names.identities(generator(seed, "population", "identities"), home),
        }
    ).iloc[owner]
    made_of = made_of.reset_index(drop=True)
    made_of["address"] = names.addresses(generator(seed, "population", "addresses"), home, district.tolist())
    return made_of
