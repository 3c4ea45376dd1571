"""Service orders of the hotline 95598: what made customers call, what they said, how it was handled.

Orders have causes: outages, planned outages, bills that are far above the month before, disconnections; the rest has
its seasons. All about an order is drawn with its month and cause, so that later dates add orders but change none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from gridmart.simulator import network_events, orders_text
from gridmart.simulator.keys import generator
from gridmart.simulator.lifetimes import is_open
from gridmart.simulator.month_use import PERIOD_WH
from gridmart.simulator.systems.model import Facts
from gridmart.simulator.systems.rows import midnight_after

A_YEAR = 0.30  # orders without a cause of their own, per account
CALLS = {"fault": 0.018, "planned": 0.004}  # share of the accounts without supply that call
HIGH_BILL_RATIO, HIGH_BILL_KWH, HIGH_BILL_CALLS = 1.5, 60, 0.05
RECONNECTION_CALLS = 0.35
SURVEYED = 0.45
CHANNELS = ("hotline", "app", "web", "counter")
_CHANNEL_SHARES = (0.70, 0.20, 0.05, 0.05)
_BY_HOUR = np.array([1, 1, 1, 1, 1, 1, 2, 5, 9, 11, 11, 9, 7, 8, 10, 10, 9, 8, 8, 7, 6, 4, 3, 2], float)
_SECOND = np.timedelta64(1, "s")

COLUMNS = (
    "account_row", "code", "outage_no", "created", "kwh", "before", "channel", "content", "result", "is_urgent",
    "is_justified", "dispatched", "finished", "closed", "surveyed", "score", "comment",
)  # fmt: skip


@dataclass(frozen=True)
class _Group:
    """Orders of one month and cause, before anything else about them is drawn."""

    word: str
    month: date
    account_row: np.ndarray
    code: np.ndarray
    created: np.ndarray
    outage_no: np.ndarray | None = None
    kwh: np.ndarray | None = None
    before: np.ndarray | None = None


def months(first: date, last: date) -> list[date]:
    """First days of the months that [first, last] touches."""
    made = [first.replace(day=1)]
    while (following := (made[-1] + timedelta(days=32)).replace(day=1)) <= last:
        made.append(following)
    return made


def _seconds(values: np.ndarray) -> np.ndarray:
    return np.floor(values).astype(np.int64) * _SECOND


def moments(rng: np.random.Generator, month: date, count: int) -> np.ndarray:
    """Random local times of a month, most of them by day."""
    days = ((month + timedelta(days=32)).replace(day=1) - month).days
    hour = rng.choice(24, count, p=_BY_HOUR / _BY_HOUR.sum())
    return np.datetime64(month, "s") + _seconds(
        rng.integers(days, size=count) * 86_400.0 + hour * 3_600 + rng.random(count) * 3_600
    )


def _general(facts: Facts, month: date) -> _Group:
    people = facts.population
    rng = generator(people.seed, "crm", "orders", "general", month)
    kinds = orders_text.categories()
    weight = np.array([kind.share * kind.by_month[month.month - 1] for kind in kinds.values()])
    count = int(rng.poisson(len(people.accounts) * A_YEAR / 12 * weight.sum()))
    account = rng.integers(len(people.accounts), size=count)
    code = np.array(list(kinds), object)[rng.choice(len(kinds), count, p=weight / weight.sum())]
    return _Group("general", month, account, code, moments(rng, month, count))


def _by_outage(facts: Facts, events: pd.DataFrame, month: date) -> _Group:
    rng = generator(facts.population.seed, "crm", "orders", "outage", month)
    event, account = network_events.pairs(facts.population, events)
    is_fault = events["kind"].eq("fault").to_numpy(bool)[event]
    calls = rng.random(len(event)) < np.where(is_fault, CALLS["fault"], CALLS["planned"])
    event, account, is_fault = event[calls], account[calls], is_fault[calls]
    start, end = (events[name].to_numpy("datetime64[s]")[event] for name in ("start", "end"))
    wait = rng.exponential(1_500, len(event))
    created = start + _seconds(np.minimum(240 + wait, 0.9 * ((end - start) / _SECOND)))
    code = np.where(is_fault, "outage", "planned_outage").astype(object)
    numbers = np.array([f"TD{k}" for k in events["event_id"].to_numpy()[event].tolist()], object)
    return _Group("outage", month, account, code, created, numbers)


def _month_kwh(facts: Facts) -> dict[date, np.ndarray]:
    """Metered kWh of each complete month, [accounts]; NaN where there is none."""
    use = facts.month_use
    row = pd.Index(facts.population.accounts["account_no"]).get_indexer(use["account_no"])
    total = use[list(PERIOD_WH)].to_numpy().sum(axis=1) / 1000.0
    month = pd.to_datetime(use["month"]).to_numpy("datetime64[D]")
    made = {}
    for value in np.unique(month):
        here = month == value
        kwh = np.full(len(facts.population.accounts), np.nan)
        kwh[row[here]] = total[here]
        made[value.astype(date)] = kwh
    return made


def _by_bill(facts: Facts, month: date, now: np.ndarray, before: np.ndarray) -> _Group:
    """Customers whose bill of a month is far above that of the month before, after its issue on the 2nd."""
    rng = generator(facts.population.seed, "crm", "orders", "bill", month)
    calls, what, wait, hour = rng.random((4, len(now)))
    with np.errstate(invalid="ignore"):
        high = (now > HIGH_BILL_RATIO * before) & (now - before > HIGH_BILL_KWH)
    row = np.flatnonzero(high & (calls < HIGH_BILL_CALLS))
    issued = np.datetime64((month + timedelta(days=32)).replace(day=2), "s")
    created = issued + _seconds(np.floor(1 + 11 * wait[row] ** 2) * 86_400 + (8 + 12 * hour[row]) * 3_600)
    code = np.select([what[row] < 0.65, what[row] < 0.9], ["bill_question", "meter_doubt"], "complaint").astype(object)
    return _Group("bill", month, row, code, created, None, np.round(now[row]), np.round(before[row]))


def _by_disconnection(facts: Facts, month: date, rows: pd.DataFrame) -> _Group:
    people = facts.population
    rng = generator(people.seed, "crm", "orders", "disconnection", month)
    calls, wait = rng.random((2, len(people.accounts)))
    account = pd.Index(people.accounts["account_no"]).get_indexer(rows["account_no"])
    off, on = (rows[name].to_numpy("datetime64[s]") for name in ("disconnected_at", "reconnected_at"))
    chosen = (calls[account] < RECONNECTION_CALLS) & ~np.isnat(on)  # who calls has just paid
    account, off, on = account[chosen], off[chosen], on[chosen]
    created = np.maximum(on - _seconds(1_800 + wait[account] * 7_200), off + 600 * _SECOND)
    return _Group("disconnection", month, account, np.full(len(account), "reconnection", object), created)


def _groups(facts: Facts) -> Iterator[_Group]:
    people, first = facts.population, facts.plan.first
    all_months = months(first, facts.today)
    end = (all_months[-1] + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    events = network_events.draw(people, first, end)
    of_month = events["start"].to_numpy("datetime64[M]")
    for month in all_months:
        yield _general(facts, month)
        yield _by_outage(facts, events[of_month == np.datetime64(month, "M")].reset_index(drop=True), month)
    use = _month_kwh(facts)
    for month, now in use.items():
        before = use.get((month - timedelta(days=1)).replace(day=1))
        if before is not None:
            yield _by_bill(facts, month, now, before)
    cut = facts.collection[facts.collection["disconnected_at"].notna()]
    for value, rows in cut.groupby("month"):
        yield _by_disconnection(facts, pd.Timestamp(value).date(), rows)


def _filled(facts: Facts, group: _Group) -> pd.DataFrame:
    """Everything else about the orders of a group."""
    rng = generator(facts.population.seed, "crm", "orders", group.word, group.month, "texts")
    kinds, codes, size = orders_text.categories(), group.code.tolist(), len(group.code)
    low, high = rng.integers(60, 200, size), rng.integers(220, 700, size)
    month_of = pd.DatetimeIndex(group.created).month
    kwh = high if group.kwh is None else group.kwh.astype(np.int64)
    before = low if group.before is None else group.before.astype(np.int64)
    numbers = {"month": ((month_of - 2) % 12 + 1).tolist(), "kwh": kwh.tolist(), "before": before.tolist()}
    hours = np.array([kinds[code].hours for code in codes]).reshape(size, 2)
    pace = np.exp(hours[:, 1] * np.clip(rng.standard_normal(size), -2, 2))
    finished = group.created + _seconds(900 + 3_600 * hours[:, 0] * pace)
    dispatched = group.created + _seconds(np.minimum(120 + rng.exponential(900, size), 600))
    closed = finished + _seconds(1_800 + rng.exponential(8 * 3_600, size))
    mean = np.array([kinds[code].score for code in codes])
    score = np.clip(np.rint(mean - 0.6 * np.log(pace) + 0.8 * rng.standard_normal(size)), 1, 5).astype(np.int64)
    asked = rng.random(size) < SURVEYED
    surveyed = np.where(asked, closed + _seconds(300 + rng.exponential(5_400, size)), np.datetime64("NaT", "s"))
    channel = np.array(CHANNELS, object)[rng.choice(len(CHANNELS), size, p=_CHANNEL_SHARES)]
    pick, talks = rng.integers(1 << 30, size=(2, size)).tolist(), rng.random(size) < 0.55
    comments = orders_text.comments()
    is_home = facts.population.accounts["usage_category"].eq("residential").to_numpy(bool)[group.account_row].tolist()
    return pd.DataFrame(
        {
            "account_row": group.account_row,
            "code": group.code,
            "outage_no": group.outage_no if group.outage_no is not None else np.full(size, None, object),
            "created": group.created,
            "kwh": kwh,
            "before": before,
            "channel": channel,
            "content": orders_text.written(rng, codes, channel.tolist(), is_home, numbers),
            "result": [kinds[c].results[k % len(kinds[c].results)] for c, k in zip(codes, pick[0], strict=True)],
            "is_urgent": np.isin(group.code, ("outage", "repair")) & (rng.random(size) < 0.25),
            "is_justified": rng.random(size) < 0.35,
            "dispatched": dispatched,
            "finished": finished,
            "closed": closed,
            "surveyed": surveyed,
            "score": score,
            "comment": [
                comments[s][k % len(comments[s])] if t else None
                for s, k, t in zip(score.tolist(), pick[1], talks.tolist(), strict=True)
            ],
        },
        columns=list(COLUMNS),
    )


def draw(facts: Facts) -> pd.DataFrame:
    """Orders that are accepted from the first date to the end of `facts.today`, ordered by time: see `COLUMNS`.

    Times are local and may lie ahead; `order_no` is date and place within it.
    """
    parts = []
    begin, end = np.datetime64(facts.plan.first, "s"), midnight_after(facts.today)
    for group in _groups(facts):
        made = _filled(facts, group)
        created = made["created"].to_numpy("datetime64[s]")
        there = is_open(facts.population, made["account_row"].to_numpy(), created)
        parts.append(made[there & (created >= begin) & (created < end)])
    made = pd.concat(parts, ignore_index=True)
    made = made.sort_values(["created", "account_row", "code"], kind="stable", ignore_index=True)
    made["order_no"] = numbered(made["created"].to_numpy("datetime64[s]")).astype(str).astype(object)
    return made


def numbered(times: np.ndarray) -> np.ndarray:
    """Numbers of things in the order of their times: the date, and the place within it in six digits; int64."""
    day = times.astype("datetime64[D]")
    first = np.searchsorted(day, day)
    ymd = pd.DatetimeIndex(day).strftime("%Y%m%d").to_numpy(dtype=np.int64) if len(day) else np.zeros(0, np.int64)
    return ymd * 1_000_000 + np.arange(len(day)) - first + 1
