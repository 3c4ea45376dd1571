"""Demand response: on hot and cold evenings, or when power is short, registered customers are paid to use less.

An event is decided on its morning by that date's evening temperature. Who accepts really cuts its load.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from gridmart.calendar import days as calendar_days
from gridmart.simulator import effects as effect_frames
from gridmart.simulator.archetypes import archetypes
from gridmart.simulator.keys import generator
from gridmart.simulator.lifetimes import opened_and_closed
from gridmart.simulator.plan import SLOTS
from gridmart.simulator.population import Population
from gridmart.simulator.weather import Climate

HOT_C, COLD_C = 31.0, -5.0  # mean of the evening hours over the districts
CHANCE = {"heat": 0.65, "cold": 0.4, "shortage": 0.02}  # of an event on such a date
EVENING = slice(18, 21)  # local hours
# share of the load that a participant can cut, by archetype: [lowest, highest]
CUT = {
    "industry_24h": (0.06, 0.18), "industry_two_shift": (0.15, 0.40), "shop": (0.08, 0.2), "office": (0.1, 0.25),
    "hospital": (0.03, 0.08),
}  # fmt: skip
REGISTERED = {"large_industrial": 0.6, "commercial": 0.25}
LEAST_COMMERCIAL_KW = 8.0
ACCEPTS, KEEPS_WORD = 0.7, 0.88
_SLOT = np.timedelta64(15, "m")


def members(population: Population) -> pd.DataFrame:
    """Customers that are registered for demand response: account_row, account_no, share (that it can cut), mean_kw,
    accepts (how often), registered_date; in the order of accounts."""
    accounts = population.accounts
    rng = generator(population.seed, "demand_response", "members")
    joins, share, ready, since = rng.random((4, len(accounts)))
    chance = accounts["usage_category"].map(REGISTERED).fillna(0.0).to_numpy(float)
    kw = accounts["mean_kw"].to_numpy(float)
    able = accounts["archetype"].isin(list(CUT)).to_numpy()
    big = accounts["usage_category"].eq("large_industrial").to_numpy() | (kw >= LEAST_COMMERCIAL_KW)
    opened, closed = opened_and_closed(population)
    stays = np.isnat(closed) & (opened < np.datetime64(population.first))
    row = np.flatnonzero((joins < chance) & able & big & stays)
    low, high = np.array([CUT[name] for name in accounts["archetype"].to_numpy()[row]]).reshape(-1, 2).T
    before = np.datetime64(population.first, "D") - 30 - np.floor(since[row] * 700).astype(np.int64)
    return pd.DataFrame(
        {"account_row": row, "account_no": accounts["account_no"].to_numpy()[row],
         "share": low + (high - low) * share[row], "mean_kw": kw[row],
         "accepts": np.clip(ACCEPTS + 0.5 * (ready[row] - 0.5), 0, 1), "registered_date": before}
    )  # fmt: skip


def draw(population: Population, climate: Climate, first: date, last: date) -> pd.DataFrame:
    """Events on the dates [first, last]: one row an event, at most one a date.

    event_no, event_date, reason (heat, cold, shortage), is_workday, from_slot, to_slot (quarter hours of the date),
    invited_at (local), price_yuan_kwh, temperature_c (evening mean).
    """
    count = (last - first).days + 1
    by_district = [climate.of(code, first, count)[:, EVENING].mean(axis=1) for code in climate.station_codes]
    evening = np.mean(by_district, axis=0)
    workdays = calendar_days(first, last).column("is_workday").to_pylist()
    rows = []
    for k, (temperature, is_workday) in enumerate(zip(evening.tolist(), workdays, strict=True)):
        day = first + timedelta(days=k)
        reason = "heat" if temperature >= HOT_C else "cold" if temperature <= COLD_C else "shortage"
        rng = generator(population.seed, "demand_response", day)
        chance, begin, lasts, minute, price = rng.random(5).tolist()
        if chance >= CHANCE[reason] or not (is_workday or reason != "shortage"):
            continue
        from_slot = 70 + int(begin * 7)  # 17:30 to 19:00
        rows.append(
            (f"DR{day:%Y%m%d}01", day, reason, is_workday, from_slot, from_slot + 6 + int(lasts * 5),
             np.datetime64(day, "s") + np.timedelta64(9 * 3600 + int(minute * 5400), "s"), round(2.0 + 2.0 * price, 2),
             round(temperature, 1))
        )  # fmt: skip
    names = ["event_no", "event_date", "reason", "is_workday", "from_slot", "to_slot", "invited_at", "price_yuan_kwh",
             "temperature_c"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def participation(population: Population, events: pd.DataFrame) -> pd.DataFrame:
    """What every member did in every event: one row each, ordered by event and account.

    event (row of `events`), account_row, account_no, replied_at (local, NaT: no answer), is_accepted, bid_kw,
    baseline_kw (what it would use), factor (load × factor; 1: it did nothing), delivered_kw.
    """
    registered = members(population)
    size = len(registered)
    profiles = {name: np.stack([kind.day_off, kind.workday]) for name, kind in archetypes().items()}
    kinds = population.accounts["archetype"].to_numpy()[registered["account_row"]]
    shape = np.array([profiles[kind] for kind in kinds]).reshape(size, 2, SLOTS)
    kw, share = registered["mean_kw"].to_numpy(), registered["share"].to_numpy()
    parts = []
    for k, event in enumerate(events.itertuples()):
        rng = generator(population.seed, "demand_response", event.event_no)
        answers, accepts, keeps, minute = rng.random((4, size))
        bid_error, more, level = rng.standard_normal((3, size))
        accepted = (answers < 0.9) & (accepts < registered["accepts"].to_numpy())
        slots = slice(event.from_slot, event.to_slot)
        baseline = kw * shape[:, int(event.is_workday), slots].mean(axis=1) * np.exp(0.05 * level)
        cut = np.where(keeps < KEEPS_WORD, share * np.clip(1 + 0.15 * more, 0.5, 1.5), 0.1 * share)
        at = event.invited_at + np.floor(300 + minute * 4 * 3600).astype("timedelta64[s]")
        parts.append(
            pd.DataFrame(
                {"event": k, "account_row": registered["account_row"], "account_no": registered["account_no"],
                 "replied_at": np.where(answers < 0.9, at, np.datetime64("NaT", "s")), "is_accepted": accepted,
                 "bid_kw": np.where(accepted, baseline * share * np.exp(0.1 * bid_error), 0.0).round(1),
                 "baseline_kw": baseline.round(1), "factor": np.where(accepted, 1 - cut, 1.0).round(4),
                 "delivered_kw": np.where(accepted, baseline * cut, 0.0).round(1)}
            )
        )  # fmt: skip
    if not parts:
        kinds_of = {"event": "int64", "account_row": "int64", "account_no": "object", "replied_at": "datetime64[s]",
                    "is_accepted": "bool", "bid_kw": "float64", "baseline_kw": "float64", "factor": "float64",
                    "delivered_kw": "float64"}  # fmt: skip
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds_of.items()})
    return pd.concat(parts, ignore_index=True)


def effects(population: Population, climate: Climate, first: date, last: date) -> pd.DataFrame:
    """Less load of those who accepted, during the events on [first, last]: as in `gridmart.simulator.effects`."""
    events = draw(population, climate, first, last)
    did = participation(population, events)
    did = did[did["is_accepted"]]
    event = did["event"].to_numpy(np.int64)
    begin = np.array(events["event_date"].tolist(), "datetime64[s]")
    return effect_frames.frame(
        effect="demand_response",
        account_no=did["account_no"].to_numpy(),
        start=(begin + events["from_slot"].to_numpy(np.int64) * _SLOT)[event].astype("datetime64[s]"),
        end=(begin + events["to_slot"].to_numpy(np.int64) * _SLOT)[event].astype("datetime64[s]"),
        factor=did["factor"].to_numpy(),
    )
