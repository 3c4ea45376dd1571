"""Profiles and consents of the CRM: ids, spellings of names, phones and account numbers are its own.

The CRM knows some customers that the CIS does not, and the other way round.
"""

import json
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.simulator import consents
from gridmart.simulator.keys import generator
from gridmart.simulator.lifetimes import dates, opened_and_closed
from gridmart.simulator.population import Population
from gridmart.simulator.systems.model import Facts, Table
from gridmart.simulator.systems.rows import begun, known, latest, table, utc

TABLES = {
    "profile": Table(
        {"profile_id": "text", "acct_ref": "text", "full_name": "text", "mobile": "text", "addr_text": "text",
         "pref_channel": "text", "registered_on": "date", "is_active": "boolean", "modified_at": "timestamptz"},
        ("profile_id",),
    ),
    "consent": Table(
        {"consent_id": "bigint", "profile_id": "text", "channel": "text", "is_granted": "boolean", "granted_on": "date",
         "withdrawn_on": "date", "modified_at": "timestamptz"},
        ("consent_id",),
    ),
}  # fmt: skip
CHANNELS = ("app", "web", "counter", "hotline")
OLDEST = np.datetime64("2018-05-01")  # the CRM's first day
CHANGES_YEARS = 11.0  # mean time until a profile is changed
_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")
_CONSENT_IDS = 40_000_000
_HOUR = np.timedelta64(1, "h")


def account_refs(account_no: np.ndarray) -> np.ndarray:
    """How the CRM writes account numbers: 1400000185 → 1400-0001-85."""
    return np.array([f"{no[:4]}-{no[4:8]}-{no[8:]}" for no in account_no], object)


@lru_cache(maxsize=2)
def profile_ids(population: Population) -> np.ndarray:
    """Ids of the profiles, in the order of accounts: 32 hexadecimal digits in groups."""
    return _ids(generator(population.seed, "crm", "profile").bytes(16 * len(population.accounts)))


def _ids(raw: bytes) -> np.ndarray:
    text = raw.hex()
    parts = [text[k : k + 32] for k in range(0, len(text), 32)]
    return np.array([f"{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:]}" for t in parts], object)


def spelled(names: np.ndarray, style: np.ndarray) -> np.ndarray:
    """Names as clerks write them; `style`: uniform numbers on (0, 1)."""
    made = names.copy()
    for k in np.flatnonzero(style < 0.3).tolist():
        name, u = names[k], style[k]
        if len(name) <= 3:
            made[k] = f"{name[0]} {name[1:]}" if u < 0.08 else f"{name[0]}　{name[1:]}" if u < 0.12 else name
            if 0.12 <= u < 0.15:
                made[k] = f"{name}（户主）"
        elif name.endswith("有限公司"):
            made[k] = name.removesuffix("有限公司") + ("有限责任公司" if u < 0.15 else "公司")
        elif u < 0.1:
            made[k] = f"{name}（个体）"
    return made


def dialled(phones: np.ndarray, style: np.ndarray) -> np.ndarray:
    """Phones as clerks write them: plain, with hyphens, with the country's code, in full-width digits."""
    return np.array(
        [
            p.translate(_DIGITS) if u < 0.15
            else f"{p[:3]}-{p[3:7]}-{p[7:]}" if u < 0.4
            else f"+86 {p}" if u < 0.5
            else p
            for p, u in zip(phones, style.tolist(), strict=True)
        ],
        object,
    )  # fmt: skip


def in_crm(facts: Facts) -> np.ndarray:
    """Accounts that have a profile by the end of `facts.today`, [accounts]."""
    opened, _ = opened_and_closed(facts.population)
    missing = facts.drawn("missing_in_crm")["account_no"].dropna()
    there = opened <= np.datetime64(facts.today, "D")
    if len(missing):
        there &= ~facts.population.accounts["account_no"].isin(set(missing)).to_numpy()
    return there


def rows(facts: Facts) -> dict[str, pa.Table]:
    """Profiles and consents by the end of `facts.today`."""
    return {"profile": _profiles(facts), "consent": _consents(facts)}


def _profiles(facts: Facts) -> pa.Table:
    people, today = facts.population, facts.today
    n = len(people.accounts)
    rng = generator(people.seed, "crm", "spelling")
    name_style, phone_style, new_style, channel, new_channel = rng.random((5, n))
    changes = _changes(people, rng.exponential(CHANGES_YEARS * 365.25, n))
    row = np.flatnonzero(in_crm(facts))
    accounts = people.accounts.iloc[row]
    opened, closed = (values[row] for values in opened_and_closed(people))
    registered = np.maximum(opened, OLDEST)
    changed = known(changes[row], today)
    left = known(closed.astype("datetime64[s]") + 18 * _HOUR, today)
    is_new = ~np.isnat(changed)
    columns: dict[str, np.ndarray] = {
        "profile_id": profile_ids(people)[row],
        "acct_ref": account_refs(accounts["account_no"].to_numpy()),
        "full_name": spelled(accounts["customer_name"].to_numpy(object), name_style[row]),
        "mobile": dialled(accounts["phone"].to_numpy(object), np.where(is_new, new_style[row], phone_style[row])),
        "addr_text": accounts["address"].to_numpy(object),
        "pref_channel": preferred_channels(accounts["archetype"], np.where(is_new, new_channel[row], channel[row])),
        "registered_on": registered,
        "is_active": np.isnat(left),
        "modified_at": utc(latest(registered.astype("datetime64[s]") + 15 * _HOUR, changed, left)),
    }
    unknown = _unknown_to_cis(facts)
    return table(TABLES["profile"], {name: np.concatenate([columns[name], unknown[name]]) for name in columns})


def _changes(population: Population, wait_days: np.ndarray) -> np.ndarray:
    """When each profile is changed for the only time, local; it may lie ahead."""
    begin = np.maximum(opened_and_closed(population)[0], np.datetime64(population.first)).astype("datetime64[s]")
    return begin + np.ceil(wait_days * 86_400).astype("timedelta64[s]")


def preferred_channels(archetype: pd.Series, u: np.ndarray) -> np.ndarray:
    """The channel that each customer likes best, by archetype; `u`: uniform numbers on (0, 1)."""
    app = archetype.map(
        {"young": 0.92, "ev": 0.92, "family": 0.75, "pv": 0.8, "electric_heating": 0.6, "elderly": 0.25}
    )
    app = app.fillna(0.4).to_numpy(float)
    counter = app + (1 - app) * np.where(archetype.eq("elderly").to_numpy(), 0.6, 0.3)
    web = counter + (1 - counter) * 0.4
    names = np.array(CHANNELS, object)
    return names[np.select([u < app, u < counter, u < web], [0, 2, 1], 3)]


def _unknown_to_cis(facts: Facts) -> dict[str, np.ndarray]:
    drawn = begun(facts.drawn("missing_in_cis"), facts.today)
    account_no = drawn["account_no"].to_numpy(object)
    details = [json.loads(detail) for detail in drawn["detail"]]
    since = np.maximum(dates(drawn["from_date"].to_numpy(object)), OLDEST)
    raw = [generator(facts.population.seed, "crm", "profile", no).bytes(16) for no in account_no]
    return {
        "profile_id": _ids(b"".join(raw)),
        "acct_ref": account_refs(account_no),
        "full_name": np.array([detail["name"] for detail in details], object),
        "mobile": np.array([detail["phone"] for detail in details], object),
        "addr_text": np.full(len(drawn), None, object),
        "pref_channel": np.full(len(drawn), "counter", object),
        "registered_on": since,
        "is_active": np.ones(len(drawn), bool),
        "modified_at": utc(since.astype("datetime64[s]") + 15 * _HOUR),
    }


def _consents(facts: Facts) -> pa.Table:
    """One row per profile and channel that has ever been granted."""
    today = np.datetime64(facts.today, "D")
    drawn, there = consents.draw(facts.population), in_crm(facts)
    row, channel = np.nonzero(there[:, None] & (drawn.granted_on <= today))
    granted = drawn.granted_on[row, channel]
    withdrawn = _until(drawn.withdrawn_on[row, channel], facts.today)
    return table(
        TABLES["consent"],
        {
            "consent_id": _CONSENT_IDS + row * len(consents.CHANNELS) + channel,
            "profile_id": pa.array(profile_ids(facts.population)).take(pa.array(row)),
            "channel": pa.array(consents.CHANNELS).take(pa.array(channel)),
            "is_granted": np.isnat(withdrawn),
            "granted_on": granted,
            "withdrawn_on": withdrawn,
            "modified_at": utc(np.fmax(granted, withdrawn).astype("datetime64[s]") + 16 * _HOUR),
        },
    )


def _until(days: np.ndarray, today: date) -> np.ndarray:
    return np.where(days <= np.datetime64(today, "D"), days, np.datetime64("NaT", "D"))
