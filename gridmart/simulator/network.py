"""Organisations and grid of the utility: which station, feeder and transformer there are, and where accounts hang."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from gridmart.simulator import names
from gridmart.simulator.archetypes import archetypes, category_shares
from gridmart.simulator.keys import generator

RATED_KVA = np.array([30, 50, 80, 100, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150])
CT_RATIOS = np.array([10, 15, 20, 30, 40, 60, 80, 120, 160, 200, 300, 400, 600, 800])  # 50/5 A to 4000/5 A
ACCOUNTS_A_STATION, ACCOUNTS_A_FEEDER, ACCOUNTS_AN_AREA, STATIONS_A_DISTRICT = 12_000, 1_500, 33, 8
FEWEST_FEEDERS = FEWEST_AREAS = 5
RESERVE = 1.5  # rating of a public transformer / diversified peak of its customers
DIGITS = 8  # of a register, two of them decimals
OLDEST = date(1996, 1, 1)
LIFE_YEARS = 32.0


@dataclass(frozen=True)
class Layout:
    """Places for accounts. Feeders, areas and their stations are numbers; `category`, `archetype`, `area` and `feeder`
    have a row an account, ordered by feeder and area; `area` is -1 for accounts with a transformer of their own."""

    organisations: pd.DataFrame
    station_of_feeder: np.ndarray
    feeder_of_area: np.ndarray
    category: np.ndarray
    archetype: np.ndarray
    area: np.ndarray
    feeder: np.ndarray

    @property
    def stations(self) -> pd.DataFrame:
        """Stations alone, in order."""
        return self.organisations[self.organisations["org_type"].eq("station")]


def _organisations(count: int) -> pd.DataFrame:
    """The company, its districts, their stations."""
    districts = max(2, ceil(count / STATIONS_A_DISTRICT))
    company, zh, en = names.COMPANY
    rows: list[tuple] = [(company, zh, en, "company", None)]
    rows += [
        (f"{company}{k + 1:0{1 if districts < 10 else 2}d}", *name, "district", company)
        for k, name in enumerate(names.districts(districts))
    ]
    codes = [row[0] for row in rows[1:]]
    within: dict[str, int] = {}
    for k, (zh, en) in enumerate(names.stations(count)):
        parent = codes[k * districts // count]
        within[parent] = within.get(parent, 0) + 1
        rows.append((f"{parent}{within[parent]:02d}", f"{zh}供电所", f"{en} station", "station", parent))
    return pd.DataFrame(rows, columns=["org_no", "name_zh", "name_en", "org_type", "parent_org_no"])


def _apportion(count: int, shares: dict[str, float], least: int) -> dict[str, int]:
    """Whole numbers in proportion to shares (largest remainders), each at least `least` where there is room."""
    total = sum(shares.values())
    exact = {name: count * share / total for name, share in shares.items()}
    made = {name: max(int(value), min(least, count)) for name, value in exact.items()}
    for name in sorted(exact, key=lambda n: int(exact[n]) - exact[n]):
        if sum(made.values()) < count:
            made[name] += 1
    largest = max(made, key=lambda n: made[n])
    made[largest] += count - sum(made.values())
    return made


def _kinds(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Category and archetype of each account, in any order of them."""
    category: list[str] = []
    archetype: list[str] = []
    for name, size in _apportion(count, category_shares(), 2).items():
        shares = {a.name: a.share for a in archetypes().values() if a.category == name}
        for kind, some in _apportion(size, shares, 1 if size >= len(shares) else 0).items():
            category += [name] * some
            archetype += [kind] * some
    order = generator(seed, "population", "kinds").permutation(count)
    return np.array(category, object)[order], np.array(archetype, object)[order]


def layout(accounts: int, seed: int) -> Layout:
    """Draw which areas and feeders there are and which account hangs where.

    Areas differ in size; farms are in the last stations, the rural ones; large industry has its own transformer.
    """
    stations = max(3, ceil(accounts / ACCOUNTS_A_STATION))
    feeders = max(FEWEST_FEEDERS, stations, ceil(accounts / ACCOUNTS_A_FEEDER))
    areas = max(FEWEST_AREAS, feeders, accounts // ACCOUNTS_AN_AREA)
    station_of_feeder = np.arange(feeders) * stations // feeders
    feeder_of_area = np.arange(areas) * feeders // areas
    category, archetype = _kinds(accounts, seed)

    rng = generator(seed, "population", "areas")
    weight = np.exp(rng.normal(0, 0.35, areas))
    rural = station_of_feeder[feeder_of_area] >= stations - ceil(stations / 3)
    farms, own = category == "agricultural", category == "large_industrial"
    others = np.flatnonzero(~farms & ~own)
    area = np.full(accounts, -1)
    area[others[:areas]] = np.arange(min(areas, len(others)))  # each area has someone
    rest = others[areas:]
    area[rest] = rng.choice(areas, len(rest), p=weight / weight.sum())
    # panels in proportion to the size of areas: an area that feeds in is rare, its boundary meter cannot count it
    panels = rest[archetype[rest] == "pv"]
    steps = (np.arange(len(panels)) + 0.5) / max(len(panels), 1)
    area[panels] = np.searchsorted(np.cumsum(weight) / weight.sum(), steps)
    area[farms] = rng.choice(np.flatnonzero(rural), int(farms.sum()))
    feeder = np.where(own, rng.integers(0, feeders, accounts), feeder_of_area[area])
    order = np.lexsort((np.where(own, areas, area), feeder))
    return Layout(
        _organisations(stations), station_of_feeder, feeder_of_area,
        category[order], archetype[order], area[order], feeder[order],
    )  # fmt: skip


def next_size(sizes: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """The smallest size that suffices, the largest of all where none does."""
    return sizes[np.minimum(np.searchsorted(sizes, needed), len(sizes) - 1)]


def _numbered(letter: str, count: int, width: int) -> np.ndarray:
    width = max(width, len(str(count)))
    return np.array([f"{letter}{k + 1:0{width}d}" for k in range(count)], object)


def equipment(
    made: Layout, accounts: pd.DataFrame, first: date, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Substations, feeders and transformers; sets feeder_no and transformer_no of `accounts`.

    A station has a substation. Public transformers are rated for the diversified peak of their customers,
    dedicated ones have the contract capacity.
    """
    stations = made.stations.reset_index(drop=True)
    org, place = stations["org_no"].to_numpy(), stations["name_zh"].str.removesuffix("供电所").to_numpy()
    voltage = np.where(np.arange(len(org)) % 3 == 2, 35, 110)
    substations = pd.DataFrame(
        {
            "substation_no": _numbered("S", len(org), 2),
            "name_zh": [f"{name}{kv}千伏变电站" for name, kv in zip(place, voltage, strict=True)],
            "org_no": org,
            "voltage_kv": voltage,
        }
    )
    at = made.station_of_feeder
    numbers = np.arange(len(at)) - np.searchsorted(at, at) + 1
    feeders = pd.DataFrame(
        {
            "feeder_no": _numbered("F", len(at), 3),
            "name_zh": [f"10千伏{name}{k}线" for name, k in zip(place[at], numbers, strict=True)],
            "substation_no": substations["substation_no"].to_numpy()[at],
            "org_no": org[at],
            "nominal_kw": np.bincount(made.feeder, accounts["mean_kw"], len(at)).round(3),
        }
    )

    is_own = made.area < 0
    areas, own = len(made.feeder_of_area), int(is_own.sum())
    which = made.area.copy()
    which[is_own] = areas + np.arange(own)
    peak = accounts["archetype"].map({a.name: a.peak for a in archetypes().values()}).to_numpy()
    needed = np.bincount(made.area[~is_own], (accounts["mean_kw"].to_numpy() * peak)[~is_own], areas) * RESERVE
    feeder = np.r_[made.feeder_of_area, made.feeder[is_own]]
    rng = generator(seed, "population", "transformers")
    days = (first - OLDEST).days
    age_days = np.minimum(rng.integers(200, max(days, 400), areas + own), (30 * 365 * rng.random(areas + own)) + 200)
    ageing = np.clip(age_days / 365.25 / LIFE_YEARS + rng.normal(0, 0.08, areas + own), 0, 1).round(3)
    street = rng.integers(0, len(names.STREETS), areas)
    transformer_no = _numbered("T", areas + own, 4)
    titles = [f"{names.STREETS[s]}{no[1:]}公变" for s, no in zip(street, transformer_no, strict=False)]
    titles += [f"{name}专变" for name in accounts["customer_name"].to_numpy()[is_own]]
    transformers = pd.DataFrame(
        {
            "transformer_no": transformer_no,
            "name_zh": titles,
            "feeder_no": feeders["feeder_no"].to_numpy()[feeder],
            "org_no": org[at[feeder]],
            "rated_kva": np.r_[next_size(RATED_KVA, needed), accounts["capacity_kva"].to_numpy()[is_own]].astype(float),
            "ownership": np.repeat(np.array(["public", "dedicated"], object), [areas, own]),
            "commissioned_date": [first - timedelta(days=int(d)) for d in age_days],
            "ageing": ageing,
        }
    )
    accounts["feeder_no"] = feeders["feeder_no"].to_numpy()[made.feeder]
    accounts["transformer_no"] = transformer_no[which]
    return substations, feeders, transformers


def _customer_ratios(accounts: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """CT and PT ratio: direct up to 50 kVA; large industry is metered at 10 kV; currents of 5 A."""
    capacity = accounts["capacity_kva"].to_numpy()
    high = accounts["usage_category"].eq("large_industrial").to_numpy()
    low = next_size(CT_RATIOS, capacity / (np.sqrt(3) * 0.38) / 5)
    on_high = next_size(CT_RATIOS, 1.2 * capacity / (np.sqrt(3) * 10) / 5)
    return np.where(high, on_high, np.where(capacity > 50, low, 1)), np.where(high, 100, 1)


def points(accounts: pd.DataFrame, feeders: pd.DataFrame, transformers: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Metering points: customers in the order of `accounts`, public transformers, feeders."""
    ct, pt = _customer_ratios(accounts)
    public = transformers[transformers["ownership"].eq("public")]
    sizes = [len(accounts), len(public), len(feeders)]

    def joined(a: Any, b: Any, c: Any, kind: type = object) -> np.ndarray:
        parts = (
            np.full(n, v, kind) if np.isscalar(v) or v is None else v for n, v in zip(sizes, (a, b, c), strict=True)
        )
        return np.concatenate([np.asarray(part, kind) for part in parts])

    area_ct = next_size(CT_RATIOS, 1.1 * public["rated_kva"].to_numpy() / (np.sqrt(3) * 0.38) / 5)
    made = pd.DataFrame(
        {
            "point_no": joined(
                accounts["point_no"],
                [f"B{name[1:]:>09}" for name in public["transformer_no"]],
                [f"K{name[1:]:>09}" for name in feeders["feeder_no"]],
            ),
            "account_no": joined(accounts["account_no"], None, None),
            "point_kind": joined("customer", "transformer_boundary", "feeder_boundary"),
            "transformer_no": joined(accounts["transformer_no"], public["transformer_no"], None),
            "feeder_no": joined(accounts["feeder_no"], public["feeder_no"], feeders["feeder_no"]),
            "org_no": joined(accounts["org_no"], public["org_no"], feeders["org_no"]),
            "has_generation": joined(accounts["has_generation"], False, False, bool),
            "ct_ratio": joined(ct, area_ct, 120, np.int64),
            "pt_ratio": joined(pt, 1, 100, np.int64),
        }
    )
    made["start_index"] = generator(seed, "population", "registers").uniform(100, 9000, len(made)).round(2)
    made["digits"] = DIGITS
    made["interval_minutes"] = 15
    return made
