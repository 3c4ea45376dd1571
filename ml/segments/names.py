"""Names of segments: rules over a cluster's centre, in words that a manager uses.

A code belongs to a rule, never to a cluster's number, so a segment keeps its name from one training to the
next. Rules and clusters are matched one to one by the best total score, so names never repeat.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

Centre = dict[str, float]


@dataclass(frozen=True)
class Name:
    """One segment: code, names, and how well a centre fits it (higher is better, about 0 to 1)."""

    code: str
    zh: str
    en: str
    fits: Callable[[Centre], float]


def _above(value: float, low: float, high: float) -> float:
    """0 below `low`, 1 above `high`, a straight line between."""
    return float(np.clip((value - low) / (high - low), 0, 1))


def _home(c: Centre) -> float:
    return c["residential"]


def _industry(c: Centre) -> float:
    return c["large_industrial"]


def _shop(c: Centre) -> float:
    return c["commercial"]


# Bounds were set in November 2026 from the shapes that the categories take: a flat day has 33 % of its energy at
# night (8 h), 17 % in the evening (4 h) and 33 % by day (8 h).
NAMES = (
    Name("solar_households", "光伏自用", "Solar households", lambda c: 2.0 * _above(c["export_share"], 0.05, 0.25)),
    Name("seasonal_irrigation", "灌溉季节性", "Seasonal irrigation",
         lambda c: c["agricultural"] + 0.4 * _above(c["seasonality"], 1.5, 3.0)),
    Name("round_the_clock_industry", "连续生产", "Round-the-clock industry",
         lambda c: _industry(c) * (0.5 + 0.6 * _above(c["flatness"], 0.75, 0.92))
         + 0.2 * _above(c["weekend_ratio"], 0.8, 1.0) * _industry(c)),
    Name("two_shift_industry", "双班工业", "Two-shift industry",
         lambda c: _industry(c) * (0.6 + 0.3 * _above(c["evening_share"], 0.12, 0.19))),
    Name("one_shift_industry", "单班工业", "One-shift industry",
         lambda c: _industry(c) * (0.5 + 0.6 * _above(c["day_share"], 0.42, 0.6))),
    Name("office_hours", "白天办公", "Office-hours users",
         lambda c: _shop(c) * (0.5 + 0.6 * _above(1 - c["weekend_ratio"], 0.25, 0.6))),
    Name("daytime_commerce", "白天商业", "Daytime commerce",
         lambda c: _shop(c) * (0.6 + 0.4 * _above(c["day_share"], 0.38, 0.5))),
    Name("evening_commerce", "晚间商业", "Evening commerce",
         lambda c: _shop(c) * (0.5 + 0.6 * _above(c["evening_share"], 0.2, 0.3))),
    Name("night_users", "夜间用电", "Night users (EV, storage heating)",
         lambda c: (0.3 + 0.7 * _home(c)) * 1.3 * _above(c["night_share"], 0.33, 0.5)),
    Name("evening_peak_households", "晚高峰居民", "Evening-peak households",
         lambda c: _home(c) * (0.6 + 0.5 * _above(c["evening_share"], 0.2, 0.35))),
    Name("daytime_households", "白天居家", "Daytime households",
         lambda c: _home(c) * (0.5 + 0.5 * _above(c["day_share"], 0.3, 0.42))),
    Name("steady_households", "平稳居民", "Steady households",
         lambda c: _home(c) * (0.4 + 0.5 * _above(c["flatness"], 0.5, 0.75))),
    Name("weekend_households", "周末居民", "Weekend households",
         lambda c: _home(c) * (0.4 + 0.6 * _above(c["weekend_ratio"], 1.1, 1.4))),
)  # fmt: skip
UNCLASSIFIED = Name("unclassified", "未分类", "Unclassified", lambda c: 0.0)


def name_clusters(centres: list[Centre]) -> list[Name]:
    """One name for each centre, all different; at most len(NAMES) centres."""
    scores = np.array([[name.fits(centre) for name in NAMES] for centre in centres])
    _, chosen = linear_sum_assignment(-scores)
    return [NAMES[k] for k in chosen]
