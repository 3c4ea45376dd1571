"""Marketing campaigns with a randomised holdout and a known effect.

Each product has its time of the year. A list is drawn from customers who are eligible and may be contacted; a part of
it, by lot, is not contacted (the holdout). The probability to accept depends on the arm and on the kind of customer, so
the true uplift is known. Who accepts the time-of-use tariff really moves load from evening to night.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from gridmart.simulator import consents
from gridmart.simulator import effects as effect_frames
from gridmart.simulator.archetypes import archetypes
from gridmart.simulator.keys import generator
from gridmart.simulator.lifetimes import opened_and_closed
from gridmart.simulator.population import Population

HOLDOUT = 0.2
LISTED_DAYS = 5  # the list is drawn so long before the start
TIME_OF_USE = "tou_shift"
EVENING, NIGHT = (72, 88), (92, 28)  # slots: 18:00 to 22:00, 23:00 to 07:00
NIGHT_HOURS = 8
AHEAD_DAYS = 400  # effects are drawn so far beyond the history


@dataclass(frozen=True)
class Product:
    """What is offered every year from about `month`-`day` for `days`.

    `kinds`: archetype → response relative to `uplift`; others are not eligible. `base_rate`: who accepts unasked.
    `share`: of the eligible customers that are listed.
    """

    code: str
    name_zh: str
    name_en: str
    channel: str
    month: int
    day: int
    days: int
    share: float
    base_rate: float
    uplift: float
    kinds: dict[str, float] = field(hash=False)
    budget_yuan: int = 20_000


PRODUCTS = (
    Product("auto_debit", "缴费签约送积分", "Sign up for automatic payment", "sms", 11, 9, 40, 0.4, 0.03, 0.06,
            {"young": 1.3, "family": 1.1, "elderly": 0.4, "electric_heating": 1.0, "pv": 1.0, "ev": 1.2, "shop": 0.8}),
    Product(TIME_OF_USE, "峰谷电价推广", "Time-of-use tariff for households", "app", 3, 2, 45, 0.5, 0.02, 0.12,
            {"young": 1.1, "family": 1.0, "elderly": 0.3, "electric_heating": 1.4, "ev": 2.0, "pv": 0.6}, 60_000),
    Product("green_power", "绿电套餐", "Green power package", "phone", 5, 11, 50, 0.5, 0.015, 0.06,
            {"shop": 0.6, "office": 1.4, "school": 1.2, "hospital": 1.0, "industry_two_shift": 0.8}, 30_000),
    Product("ev_charging", "电动汽车夜间充电套餐", "Night charging for electric cars", "app", 6, 15, 40, 0.6, 0.02,
            0.07, {"ev": 2.2, "young": 0.7, "pv": 1.0}, 25_000),
    Product("cool_saver", "夏季空调节电奖励", "Summer cooling saver", "sms", 7, 1, 45, 0.35, 0.01, 0.05,
            {"young": 1.2, "family": 1.2, "elderly": 0.6, "pv": 1.0, "ev": 1.0}, 40_000),
    Product("heating_subsidy", "电采暖补贴", "Subsidy for electric heating", "sms", 8, 17, 60, 0.4, 0.008, 0.035,
            {"family": 1.0, "elderly": 1.5, "young": 0.5}, 200_000),
    Product(TIME_OF_USE, "峰谷电价推广（秋季）", "Time-of-use tariff for households, autumn", "app", 9, 7, 45, 0.4,
            0.02, 0.10, {"young": 1.1, "family": 1.0, "elderly": 0.3, "electric_heating": 1.6, "ev": 2.0, "pv": 0.6},
            60_000),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Campaign:
    """One campaign. `targets`, one row a listed account: account_row, account_no, is_treated, base_rate and
    treated_rate (true probabilities to accept without and with contact), contacted_at, opened_at, clicked_at,
    accepted_at (local, NaT: never)."""

    number: str
    sequence: int
    product: Product
    list_date: date
    start: date
    end: date
    targets: pd.DataFrame


@lru_cache(maxsize=4)
def draw(population: Population, through: date) -> tuple[Campaign, ...]:
    """Campaigns whose list is drawn from the history's first date to `through`, in the order of their lists."""
    planned = []
    for year in range(population.first.year, through.year + 1):
        for place, product in enumerate(PRODUCTS):
            jitter = int(generator(population.seed, "campaign", place, year).integers(6))
            start = date(year, product.month, product.day) + timedelta(days=jitter)
            start += timedelta(days=-start.weekday() % 7)  # a Monday
            listed = start - timedelta(days=LISTED_DAYS)
            if population.first <= listed <= through:
                planned.append((listed, place, product, start))
    has = {product.code: np.zeros(len(population.accounts), bool) for product in PRODUCTS}
    made = []
    for listed, place, product, start in sorted(planned, key=lambda p: p[:2]):
        targets = _targets(population, product, place, listed, start, ~has[product.code])
        accepted = targets.loc[targets["accepted_at"].notna(), "account_row"]
        has[product.code][accepted] = True
        number, end = f"CP{start:%Y%m}-{product.code}", start + timedelta(days=product.days - 1)
        made.append(Campaign(number, start.year * 100 + place, product, listed, start, end, targets))
    return tuple(made)


def _targets(
    population: Population, product: Product, place: int, listed: date, start: date, may: np.ndarray
) -> pd.DataFrame:
    accounts, day = population.accounts, np.datetime64(listed)
    n = len(accounts)
    rng = generator(population.seed, "campaign", place, listed.year, "targets")
    chosen, lot, accepts, hour, contact, soon, looks, clicks = rng.random((8, n))
    relative = accounts["archetype"].map(product.kinds).to_numpy(float)
    opened, closed = opened_and_closed(population)
    there = (opened <= day) & ~(closed <= day)
    fit = ~np.isnan(relative) & there & may & consents.draw(population).holds(product.channel, day)
    row = np.flatnonzero(fit & (chosen < product.share))
    chosen, lot, accepts, hour, contact, soon, looks, clicks, relative = (
        values[row] for values in (chosen, lot, accepts, hour, contact, soon, looks, clicks, relative)
    )
    treated = lot >= HOLDOUT
    base = np.full(len(row), product.base_rate)
    rate = np.minimum(base + product.uplift * relative, 0.9)
    takes = accepts < np.where(treated, rate, base)

    begin, never = np.datetime64(start, "s"), np.datetime64("NaT", "s")
    second = np.timedelta64(1, "s")
    at = begin + (np.floor(contact * 4) * 86_400 + 32_400 + np.floor(hour * 32_400)).astype(np.int64) * second
    left = (np.datetime64(start, "s") + np.timedelta64(product.days * 86_400 - 3_600, "s") - at) / second
    after = np.where(treated, soon**3, soon) * left  # who is asked answers soon
    accepted = np.where(takes, at + np.floor(after).astype(np.int64) * second, never)
    reads = treated & (takes | (looks < 0.42))
    seen = at + np.floor(np.where(takes, 0.6 * after, looks * 2 * 86_400)).astype(np.int64) * second
    goes = reads & (takes | (clicks < 0.35))
    went = at + np.floor(np.where(takes, 0.8 * after, (looks * 2 + 0.02) * 86_400)).astype(np.int64) * second
    return pd.DataFrame(
        {"account_row": row, "account_no": accounts["account_no"].to_numpy()[row], "is_treated": treated,
         "base_rate": base, "treated_rate": rate.round(6), "contacted_at": np.where(treated, at, never),
         "opened_at": np.where(reads, seen, never), "clicked_at": np.where(goes, went, never),
         "accepted_at": accepted}
    )  # fmt: skip


def truth(population: Population, through: date | None = None) -> pd.DataFrame:
    """What each campaign truly does: a row a campaign and segment (an archetype, or `all`).

    campaign_no, product_code, start_date, end_date, segment, targets, treated, holdout (numbers of accounts),
    base_rate, treated_rate, uplift (means of the listed accounts' true probabilities). `through`: default is the
    history's end.
    """
    rows = []
    for campaign in draw(population, through or population.last):
        found = campaign.targets
        kind = population.accounts["archetype"].to_numpy()[found["account_row"]]
        for segment in ("all", *campaign.product.kinds):
            part = found if segment == "all" else found[kind == segment]
            if len(part):
                base, rate = float(part["base_rate"].mean()), float(part["treated_rate"].mean())
                treated = int(part["is_treated"].sum())
                rows.append(
                    (campaign.number, campaign.product.code, campaign.start, campaign.end, segment, len(part), treated,
                     len(part) - treated, round(base, 6), round(rate, 6), round(rate - base, 6))
                )  # fmt: skip
    names = ["campaign_no", "product_code", "start_date", "end_date", "segment", "targets", "treated", "holdout",
             "base_rate", "treated_rate", "uplift"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def effects(population: Population, through: date | None = None) -> pd.DataFrame:
    """Load that those who accepted the time-of-use tariff move from evening to night, from then on.

    A part of the evening's load, and the same energy added to the night: two effects an account. `through`: the last
    date that matters; default is a year beyond the history.
    """
    through = through or population.last + timedelta(days=AHEAD_DAYS)
    parts = []
    evening = {name: float(kind.workday[slice(*EVENING)].mean()) for name, kind in archetypes().items()}
    for campaign in draw(population, through):
        if campaign.product.code != TIME_OF_USE:
            continue
        moved = campaign.targets[campaign.targets["accepted_at"].notna()]
        row = moved["account_row"].to_numpy()
        rng = generator(population.seed, "campaign", campaign.number, "shift")
        share = rng.uniform(0.2, 0.45, len(population.accounts))[row].round(3)
        kw = population.accounts["mean_kw"].to_numpy(float)[row]
        hours = (EVENING[1] - EVENING[0]) / 4
        level = np.array([evening[kind] for kind in population.accounts["archetype"].to_numpy()[row]])
        common = {"account_no": moved["account_no"].to_numpy(), "start": moved["accepted_at"].to_numpy("datetime64[s]")}
        parts.append(
            effect_frames.frame(
                effect="time_shift_evening", **common, from_slot=EVENING[0], to_slot=EVENING[1], factor=1 - share
            )
        )
        parts.append(
            effect_frames.frame(
                effect="time_shift_night", **common, from_slot=NIGHT[0], to_slot=NIGHT[1],
                add_kw=(share * kw * level * hours / NIGHT_HOURS).round(4),
            )
        )  # fmt: skip
    return effect_frames.together(parts)
