"""What goes wrong in the network, and what is planned: faults, outages and repairs of feeders and transformers.

Drawn for each calendar month by itself. A planned outage is announced days before. Storms hit a district for hours and
take several of its feeders at once. Ageing and heavily loaded transformers fail more often.

Rates are set so that customers are without supply for 5 to 15 hours a year on average, the order of magnitude that
全国电力可靠性年度报告 (国家能源局) gives for rural China (not verified).
"""

from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from gridmart.simulator import effects as effect_frames
from gridmart.simulator.archetypes import archetypes
from gridmart.simulator.keys import generator
from gridmart.simulator.lifetimes import is_open
from gridmart.simulator.population import Population

CAUSES = {
    "11": ("雷击", "lightning"),
    "12": ("大风刮倒树木压线", "tree blown onto the line"),
    "13": ("外力破坏（施工挖断电缆）", "cable cut by excavation"),
    "14": ("绝缘老化击穿", "aged insulation broken down"),
    "15": ("鸟害及小动物短路", "birds or small animals"),
    "16": ("用户设备故障越级跳闸", "fault in a customer's equipment"),
    "17": ("线路覆冰断线", "line broken by ice"),
    "21": ("过载熔丝熔断", "fuse blown by overload"),
    "22": ("变压器老化、绕组或渗油故障", "aged transformer"),
    "23": ("低压断路器跳闸", "low-voltage breaker tripped"),
    "24": ("避雷器击穿", "surge arrester broken down"),
    "25": ("接线桩头发热烧损", "overheated terminal"),
    "31": ("计划检修", "planned maintenance"),
    "32": ("配电网改造施工", "network reinforcement"),
    "33": ("业扩接火", "connection of a new customer"),
    "34": ("市政工程迁改线路", "line moved for public works"),
}
# interruptions a year of each feeder and transformer
PLANNED_FEEDER, PLANNED_TRANSFORMER = 0.75, 0.30
FAULT_FEEDER, FAULT_TRANSFORMER = 1.0, 0.30
_PLANNED_BY_MONTH = np.array(
    [0.4, 0.3, 1.4, 1.6, 1.5, 1.0, 0.5, 0.5, 1.3, 1.6, 1.3, 0.6]
)  # not in heat, not at festivals
_STORMS_BY_MONTH = np.array([0.08, 0.08, 0.12, 0.2, 0.3, 0.5, 0.7, 0.6, 0.2, 0.1, 0.1, 0.08])  # a district
_STORM_FEEDER, _STORM_TRANSFORMER = 0.18, 0.02  # share that a storm takes
ANNOUNCED_DAYS = 8  # a planned outage is known at most so long before
QUARTER = np.timedelta64(15, "m")

COLUMNS = (
    "event_id", "kind", "device", "device_row", "transformer_no", "feeder_no", "cause_code", "is_storm", "known_at",
    "start", "end", "planned_start", "planned_end", "dispatched_at", "arrived_at",
)  # fmt: skip


def _minutes(values: np.ndarray) -> np.ndarray:
    return np.round(values * 60).astype("timedelta64[s]")


def load_ratio(population: Population) -> np.ndarray:
    """Expected peak of each transformer's area over its rated power, [transformers]."""
    row = pd.Index(population.transformers["transformer_no"]).get_indexer(population.accounts["transformer_no"])
    peak = population.accounts["archetype"].map({name: kind.peak for name, kind in archetypes().items()})
    peak_kw = population.accounts["mean_kw"].to_numpy(float) * peak.to_numpy(float)
    return np.bincount(row, peak_kw, len(population.transformers)) / population.transformers["rated_kva"].to_numpy(
        float
    )


def hazards(population: Population) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Failures a year of each transformer: from chance, from its age, from its load."""
    ageing = population.transformers["ageing"].to_numpy(float)
    heavy = np.clip(load_ratio(population) - 0.5, 0.0, 0.5)
    return np.full(len(ageing), FAULT_TRANSFORMER), 1.5 * ageing**3, 1.5 * heavy


class _Month:
    """Events of one month, collected cause by cause."""

    def __init__(self, population: Population, month: date) -> None:
        self.population, self.month = population, month
        self.days = ((month + timedelta(days=32)).replace(day=1) - month).days
        self.parts: list[pd.DataFrame] = []

    def stream(self, *words: object) -> np.random.Generator:
        return generator(self.population.seed, "network", *words, self.month)

    def hit(self, rng: np.random.Generator, yearly: np.ndarray | float, size: int) -> np.ndarray:
        """Rows that are hit, each as often as it is."""
        return np.repeat(np.arange(size), rng.poisson(np.broadcast_to(yearly, size) * self.days / 365.25))

    def moments(self, rng: np.random.Generator, count: int, by_hour: np.ndarray) -> np.ndarray:
        """Random seconds of the month, more of them in likely hours."""
        hour = rng.choice(24, count, p=by_hour / by_hour.sum())
        second = rng.integers(self.days, size=count) * 86_400 + hour * 3_600 + rng.integers(3_600, size=count)
        return np.datetime64(self.month, "s") + second.astype("timedelta64[s]")

    def add(
        self, device: str, rows: np.ndarray, cause: np.ndarray, start: np.ndarray, hours: np.ndarray,
        rng: np.random.Generator, is_storm: bool = False,
    ) -> None:  # fmt: skip
        """Faults: they are reported within minutes, a crew is sent, arrives, repairs."""
        size = len(rows)
        known = start + _minutes(rng.uniform(2, 18, size))
        sent = known + _minutes(rng.uniform(2, 12, size))
        arrived = sent + _minutes(rng.gamma(3.0, 11.0, size) + 8)
        end = np.maximum(start + _minutes(hours * 60), arrived + _minutes(rng.uniform(10, 40, size)))
        never = np.full(size, np.datetime64("NaT", "s"))
        self.parts.append(
            pd.DataFrame(
                {"kind": "fault", "device": device, "device_row": rows, "cause_code": cause, "is_storm": is_storm,
                 "known_at": known, "start": start, "end": end, "planned_start": never, "planned_end": never,
                 "dispatched_at": sent, "arrived_at": arrived}
            )
        )  # fmt: skip

    def planned(self, device: str, size: int, yearly: float, hours: tuple[float, float]) -> None:
        """Planned outages by day, announced three days to a week before."""
        rng = self.stream("planned", device)
        rows = self.hit(rng, yearly * _PLANNED_BY_MONTH[self.month.month - 1], size)
        count = len(rows)
        day = np.datetime64(self.month, "s") + rng.integers(self.days, size=count).astype("timedelta64[D]")
        begin = day + _minutes(rng.integers(26, 40, count) * 15.0)  # 6:30 to 9:45
        until = begin + _minutes(np.round(rng.uniform(*hours, count) * 4) * 15.0)
        known = (
            day
            - rng.integers(3, ANNOUNCED_DAYS, count).astype("timedelta64[D]")
            + _minutes(rng.uniform(540, 1020, count))
        )
        start = begin + _minutes(np.clip(rng.normal(4, 6, count), -5, 30))
        end = np.maximum(until + _minutes(rng.normal(-10, 30, count)), start + _minutes(np.full(count, 45.0)))
        never = np.full(count, np.datetime64("NaT", "s"))
        self.parts.append(
            pd.DataFrame(
                {"kind": "planned", "device": device, "device_row": rows, "is_storm": False,
                 "cause_code": rng.choice(["31", "32", "33", "34"], count, p=[0.45, 0.3, 0.15, 0.1]),
                 "known_at": known, "start": start, "end": end, "planned_start": begin, "planned_end": until,
                 "dispatched_at": never, "arrived_at": never}
            )
        )  # fmt: skip

    def feeder_faults(self) -> None:
        rng = self.stream("fault", "feeder")
        rows = self.hit(rng, FAULT_FEEDER, len(self.population.feeders))
        winter = self.month.month in (12, 1, 2)
        shares = np.array([0.0 if winter else 0.12, 0.14, 0.22, 0.22, 0.1, 0.2, 0.12 if winter else 0.0])
        cause = rng.choice(["11", "12", "13", "14", "15", "16", "17"], len(rows), p=shares / shares.sum())
        by_hour = np.array([2.0] * 6 + [4.0] * 3 + [6.0] * 9 + [5.0] * 4 + [3.0] * 2)
        start = self.moments(rng, len(rows), by_hour)
        self.add("feeder", rows, cause, start, rng.lognormal(np.log(1.7), 0.6, len(rows)), rng)

    def transformer_faults(self) -> None:
        chance, age, load = hazards(self.population)
        season = 1.9 if self.month.month in (1, 7, 8, 12) else 0.6  # load is highest in heat and cold
        evening = np.array([1.0] * 7 + [2.0] * 10 + [6.0] * 5 + [2.0] * 2)
        for name, yearly, codes, by_hour in (
            ("chance", chance, ["23", "24", "25"], np.full(24, 1.0)),
            ("age", age, ["22"], np.full(24, 1.0)),
            ("load", load * season, ["21", "25"], evening),
        ):
            rng = self.stream("fault", "transformer", name)
            rows = self.hit(rng, yearly, len(chance))
            start = self.moments(rng, len(rows), by_hour)
            hours = rng.lognormal(np.log(3.5 if name == "age" else 1.8), 0.6, len(rows))
            self.add("transformer", rows, rng.choice(codes, len(rows)), start, hours, rng)

    def storms(self) -> None:
        """A storm takes part of a district's feeders and transformers within hours; repairs take longer."""
        people = self.population
        winter = self.month.month in (11, 12, 1, 2, 3)
        for district in people.organisations.loc[people.organisations["org_type"] == "district", "org_no"]:
            rng = self.stream("storm", district)
            for number in range(int(rng.poisson(_STORMS_BY_MONTH[self.month.month - 1]))):
                begin = self.moments(rng, 1, np.array([1.0] * 12 + [4.0] * 8 + [2.0] * 4))[0]
                lasts = rng.uniform(2, 8)
                for device, frame, share in (
                    ("feeder", people.feeders, _STORM_FEEDER),
                    ("transformer", people.transformers, _STORM_TRANSFORMER),
                ):
                    inner = self.stream("storm", district, number, device)
                    here = np.flatnonzero(frame["org_no"].str.startswith(district).to_numpy())
                    rows = here[inner.random(len(here)) < share]
                    if device == "transformer" and not len(rows):  # a storm that harms nothing is none
                        rows = inner.choice(here, 1)
                    start = begin + _minutes(np.minimum(inner.exponential(lasts / 3, len(rows)), lasts) * 60)
                    codes = ["24"] if device == "transformer" else ["12", "17"] if winter else ["11", "12"]
                    hours = inner.lognormal(np.log(3.2), 0.5, len(rows))
                    self.add(device, rows, inner.choice(codes, len(rows)), start, hours, inner, is_storm=True)

    def frame(self) -> pd.DataFrame:
        """All events of the month in the order of their start, numbered."""
        people = self.population
        self.planned("feeder", len(people.feeders), PLANNED_FEEDER, (3.0, 8.0))
        self.planned("transformer", len(people.transformers), PLANNED_TRANSFORMER, (2.0, 6.0))
        self.feeder_faults()
        self.transformer_faults()
        self.storms()
        made = pd.concat([part for part in self.parts if len(part)] or self.parts[:1], ignore_index=True)
        made = made.sort_values(["start", "device", "device_row"], kind="stable", ignore_index=True)
        made["event_id"] = int(f"{self.month:%Y%m}") * 1_000_000 + 1 + np.arange(len(made))
        is_feeder = made["device"].eq("feeder").to_numpy(bool)
        row = made["device_row"].to_numpy(np.int64)
        own = people.transformers["transformer_no"].to_numpy()
        of_own = people.transformers["feeder_no"].to_numpy()
        feeder = people.feeders["feeder_no"].to_numpy()
        made["transformer_no"] = np.where(is_feeder, None, own[np.where(is_feeder, 0, row)])
        made["feeder_no"] = np.where(
            is_feeder, feeder[np.where(is_feeder, row, 0)], of_own[np.where(is_feeder, 0, row)]
        )
        return made.reindex(columns=list(COLUMNS))


@lru_cache(maxsize=64)
def _of_month(population: Population, month: date) -> pd.DataFrame:
    return _Month(population, month).frame()


def draw(population: Population, first: date, last: date) -> pd.DataFrame:
    """Events that start on the dates [first, last]: one row an interruption, ordered by start; times are local.

    | column | meaning |
    |---|---|
    | event_id | number, int64: year and month, and its place in the month |
    | kind, device | planned or fault; feeder or transformer |
    | device_row, transformer_no, feeder_no | which; a feeder's event has no transformer |
    | cause_code, is_storm | see `CAUSES` |
    | known_at | when a fault was reported, a planned outage announced |
    | start, end | without supply, to the second |
    | planned_start, planned_end | as announced; NaT for faults |
    | dispatched_at, arrived_at | stages of the repair; NaT for planned outages; the repair ends with `end` |
    """
    parts, month = [], first.replace(day=1)
    while month <= last:
        parts.append(_of_month(population, month))
        month = (month + timedelta(days=32)).replace(day=1)
    made = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    begin, end = np.datetime64(first, "s"), np.datetime64(last, "s") + np.timedelta64(1, "D")
    return made[(made["start"] >= begin) & (made["start"] < end)].reset_index(drop=True)


def pairs(population: Population, events: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Which accounts an event leaves without supply: rows of `events`, rows of `population.accounts`."""
    accounts, found = population.accounts, []
    for device, devices in (("feeder", population.feeders), ("transformer", population.transformers)):
        here = np.flatnonzero(events["device"].eq(device).to_numpy())
        if not len(here):
            continue
        home = pd.Index(devices[f"{device}_no"]).get_indexer(accounts[f"{device}_no"])
        order = np.argsort(home, kind="stable")
        begins = np.searchsorted(home[order], np.arange(len(devices) + 1))
        wanted = events["device_row"].to_numpy(np.int64)[here]
        sizes = begins[wanted + 1] - begins[wanted]
        place = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(begins[wanted], sizes)
        found.append((np.repeat(here, sizes), order[place]))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    event, account = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((account, event))
    return event[order], account[order]


def customers_out(population: Population, events: pd.DataFrame) -> np.ndarray:
    """Accounts that were open when each event began and lost supply by it, [events]."""
    event, account = pairs(population, events)
    there = is_open(population, account, events["start"].to_numpy("datetime64[s]")[event])
    return np.bincount(event, there, len(events)).astype(np.int64)


def effects(population: Population, first: date, last: date) -> pd.DataFrame:
    """No load while an event lasts, by whole quarter hours, for events that start on [first, last]."""
    events = draw(population, first, last)
    event, account = pairs(population, events)
    zero = np.datetime64(0, "s")
    start, end = (events[name].to_numpy("datetime64[s]") for name in ("start", "end"))
    begin = zero + np.round((start - zero) / QUARTER) * QUARTER
    until = np.maximum(zero + np.round((end - zero) / QUARTER) * QUARTER, begin + QUARTER)
    names = np.where(events["kind"].eq("planned"), "planned_outage", "outage").astype(object)
    return effect_frames.frame(
        effect=names[event],
        account_no=population.accounts["account_no"].to_numpy()[account],
        start=begin[event].astype("datetime64[s]"),
        end=until[event].astype("datetime64[s]"),
        factor=0.0,
    )
