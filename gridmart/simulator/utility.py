"""Who is in the demo utility: organisations, network, customers, contracts, points and meters."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from gridmart.errors import GridmartError

STATIONS = (
    ("1400101", "城东供电所", "Chengdong station", "14001"),
    ("1400102", "河西供电所", "Hexi station", "14001"),
    ("1400201", "云岭供电所", "Yunling station", "14002"),
)
DISTRICTS = (("14001", "汾阳区公司", "Fenyang district"), ("14002", "云岭县公司", "Yunling district"))
COMPANY = ("1400", "晋源供电公司", "Jinyuan power supply company")
FEEDERS = (("F001", 0), ("F002", 0), ("F003", 1), ("F004", 1), ("F005", 2))  # feeder, index of its station
NEM12_STATION = "1400201"

# share of accounts, contract capacity kVA (low, high), mean load kW (median, log-sigma)
CATEGORIES: dict[str, tuple[float, tuple[float, float], tuple[float, float]]] = {
    "residential": (0.78, (4, 12), (0.32, 0.45)),
    "commercial": (0.13, (15, 80), (4.0, 0.6)),
    "large_industrial": (0.05, (315, 1600), (130.0, 0.5)),
    "agricultural": (0.04, (10, 50), (2.2, 0.5)),
}
ARCHETYPES: dict[str, tuple[tuple[str, float], ...]] = {
    "residential": (
        ("young", 0.27),
        ("family", 0.33),
        ("elderly", 0.2),
        ("electric_heating", 0.1),
        ("pv", 0.05),
        ("ev", 0.05),
    ),
    "commercial": (("shop", 0.5), ("office", 0.35), ("school", 0.15)),
    "large_industrial": (("industry_24h", 0.5), ("industry_two_shift", 0.5)),
    "agricultural": (("irrigation", 1.0),),
}
TARIFFS = {"residential": "RES_TIER", "commercial": "COM_TOU", "agricultural": "AGR"}
INDUSTRY = {"residential": "9900", "commercial": "5200", "large_industrial": "3100", "agricultural": "0100"}
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国春梅"
STREETS = ("迎泽街", "汾河路", "府东街", "学府路", "长风街", "和平路", "并州路", "柳巷")
RATED_KVA = (30, 50, 80, 100, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000)


@dataclass(frozen=True)
class Utility:
    """The demo utility; frames are indexed 0..n-1 in a fixed order.

    `accounts` holds, besides the customer's data, the drivers of its load: archetype, mean_kw, seed columns.
    `points` lists customers' points first, in the order of `accounts`, then transformer and feeder boundaries.
    """

    transformers: pd.DataFrame
    accounts: pd.DataFrame
    points: pd.DataFrame
    first: date
    last: date
    seed: int

    @property
    def days(self) -> int:
        """Number of business dates."""
        return (self.last - self.first).days + 1

    def dates(self) -> list[date]:
        """All business dates."""
        return [self.first + timedelta(days=k) for k in range(self.days)]


def _categories(count: int) -> list[str]:
    counts = {name: max(2, round(count * share)) for name, (share, _, _) in CATEGORIES.items()}
    counts["residential"] += count - sum(counts.values())
    if counts["residential"] < 10:
        raise GridmartError(f"{count} accounts are too few for all usage categories", "ask for at least 20", 2)
    return [name for name, n in counts.items() for _ in range(n)]


def _accounts(count: int, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for i, category in enumerate(_categories(count)):
        _, (low, high), (median, sigma) = CATEGORIES[category]
        names, shares = zip(*ARCHETYPES[category], strict=True)
        archetype = names[int(rng.choice(len(names), p=np.array(shares) / sum(shares)))]
        mean_kw = float(median * np.exp(rng.normal(0, sigma)))
        if archetype in ("electric_heating", "ev"):
            mean_kw *= 1.4
        capacity = float(np.clip(mean_kw * rng.uniform(3.5, 6.0), low, high)) if category != "residential" else 8.0
        if category == "large_industrial":
            capacity = float(next((kva for kva in RATED_KVA if kva >= mean_kw * 2.6), RATED_KVA[-1]))
        name = SURNAMES[rng.integers(len(SURNAMES))] + "".join(GIVEN[k] for k in rng.integers(len(GIVEN), size=2))
        company = f"{name[0]}氏{archetype.replace('_', ' ')}有限公司"
        street, house = STREETS[rng.integers(len(STREETS))], rng.integers(1, 300)
        flat = f"{rng.integers(1, 30)}-{rng.integers(101, 2404)}"
        # month 13 does not exist: the number can be nobody's
        identity = f"140100{rng.integers(1950, 2004)}13{rng.integers(10, 29)}{rng.integers(1000, 9999)}"
        rows.append(
            {
                "account_no": f"{1400000001 + i}",
                "customer_no": f"C{100001 + i}",
                "point_no": f"P{i + 1:09d}",
                "usage_category": category,
                "archetype": archetype,
                "mean_kw": mean_kw,
                "capacity_kva": round(capacity, 1),
                "has_generation": archetype == "pv",
                "customer_name": name if category == "residential" else company,
                "phone": f"100{rng.integers(10**7, 10**8)}",
                "id_number": identity,
                "address": f"{street}{house}号{flat}",
                "growth": float(rng.normal(0.03, 0.04)),
                "heating": float(rng.uniform(0.6, 1.4)),
                "cooling": float(rng.uniform(0.6, 1.4)),
                "power_factor": float(np.clip(rng.normal(0.91, 0.035), 0.78, 0.99)),
                "payment_habit": str(rng.choice(["prompt", "due", "late", "unpaid"], p=[0.55, 0.33, 0.09, 0.03])),
                "opened_date": date(2015, 1, 1) + timedelta(days=int(rng.integers(0, 3000))),
            }
        )
    return pd.DataFrame(rows)


def build(accounts: int, first: date, last: date, seed: int) -> Utility:
    """Draw a utility: the same arguments give the same utility.

    Raises GridmartError (exit code 2) for fewer than 20 accounts or `first` after `last`.
    """
    if first > last:
        raise GridmartError(f"the demo would start on {first}, after its end {last}", "swap the two dates", 2)
    if accounts < 20:
        raise GridmartError(f"{accounts} accounts are too few for a utility", "ask for at least 20", 2)
    rng = np.random.default_rng([seed, 1])
    frame = _accounts(accounts, rng)
    areas = int(np.clip(accounts // 33, len(FEEDERS), 10_000))
    feeder_of_area = [FEEDERS[k % len(FEEDERS)][0] for k in range(areas)]
    station_of = {feeder: STATIONS[station][0] for feeder, station in FEEDERS}
    names = [f"T{k + 1:04d}" for k in range(areas)]
    transformers = pd.DataFrame(
        {"transformer_no": names, "feeder_no": feeder_of_area, "ownership": "public", "rated_kva": 0.0}
    )
    dedicated = frame["usage_category"].eq("large_industrial")
    area = rng.permutation(accounts) % areas
    frame["transformer_no"] = [names[k] for k in area]
    own = [f"T{areas + k + 1:04d}" for k in range(int(dedicated.sum()))]
    frame.loc[dedicated, "transformer_no"] = own
    own_feeders = [FEEDERS[k % len(FEEDERS)][0] for k in range(len(own))]
    transformers = pd.concat(
        [
            transformers,
            pd.DataFrame(
                {
                    "transformer_no": own,
                    "feeder_no": own_feeders,
                    "ownership": "dedicated",
                    "rated_kva": frame.loc[dedicated, "capacity_kva"].to_numpy(),
                }
            ),
        ],
        ignore_index=True,
    )
    mean_by_area = frame.loc[~dedicated].groupby("transformer_no")["mean_kw"].sum()
    for i, name in enumerate(names):
        needed = float(mean_by_area.get(name, 5.0)) * 2.6
        transformers.loc[i, "rated_kva"] = float(next((kva for kva in RATED_KVA if kva >= needed), RATED_KVA[-1]))
    transformers["org_no"] = transformers["feeder_no"].map(station_of)
    frame = frame.merge(transformers[["transformer_no", "feeder_no", "org_no"]], on="transformer_no", how="left")

    ct = np.where(frame["usage_category"].eq("large_industrial"), 20, np.where(frame["mean_kw"].gt(8), 10, 1))
    pt = np.where(frame["usage_category"].eq("large_industrial"), 10, 1)
    customers = pd.DataFrame(
        {
            "point_no": frame["point_no"],
            "account_no": frame["account_no"],
            "point_kind": "customer",
            "transformer_no": frame["transformer_no"],
            "feeder_no": frame["feeder_no"],
            "org_no": frame["org_no"],
            "has_generation": frame["has_generation"],
            "ct_ratio": ct,
            "pt_ratio": pt,
        }
    )
    public = transformers[transformers["ownership"] == "public"]
    boundaries = pd.DataFrame(
        {
            "point_no": [f"B{name[1:]:>09}" for name in public["transformer_no"]],
            "account_no": None,
            "point_kind": "transformer_boundary",
            "transformer_no": public["transformer_no"].to_numpy(),
            "feeder_no": public["feeder_no"].to_numpy(),
            "org_no": public["org_no"].to_numpy(),
            "has_generation": False,
            "ct_ratio": 80,
            "pt_ratio": 1,
        }
    )
    feeders = pd.DataFrame(
        {
            "point_no": [f"K{name[1:]:>09}" for name, _ in FEEDERS],
            "account_no": None,
            "point_kind": "feeder_boundary",
            "transformer_no": None,
            "feeder_no": [name for name, _ in FEEDERS],
            "org_no": [station_of[name] for name, _ in FEEDERS],
            "has_generation": False,
            "ct_ratio": 60,
            "pt_ratio": 100,
        }
    )
    points = pd.concat([customers, boundaries, feeders], ignore_index=True)
    points["start_index"] = np.round(rng.uniform(100, 9000, len(points)), 2)
    return Utility(transformers, frame, points, first, last, seed)
