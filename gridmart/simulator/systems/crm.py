"""The customer relationship system: profiles, contacts, the hotline's orders, campaigns, consents.

It names customers by ids of its own and writes account numbers in its own way (`crm_profiles.account_refs`).
"""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.simulator import campaigns, orders_text
from gridmart.simulator.keys import generator
from gridmart.simulator.lifetimes import is_open
from gridmart.simulator.systems import crm_campaigns, crm_orders, crm_profiles
from gridmart.simulator.systems.model import Facts, Table
from gridmart.simulator.systems.rows import known, latest, midnight_after, table, utc

NAME = "crm"
TABLES = {
    **crm_profiles.TABLES,
    "interaction": Table(
        {"interaction_id": "bigint", "profile_id": "text", "channel": "text", "topic": "text", "order_no": "text",
         "started_at": "timestamptz", "duration_s": "int", "modified_at": "timestamptz"},
        ("interaction_id",),
    ),
    "service_order": Table(
        {"order_no": "text", "profile_id": "text", "acct_ref": "text", "caller_mobile": "text", "org_code": "text",
         "channel": "text", "category_code": "text", "category_name": "text", "content": "text", "is_urgent": "boolean",
         "outage_no": "text", "accepted_at": "timestamptz", "dispatched_at": "timestamptz",
         "finished_at": "timestamptz", "closed_at": "timestamptz", "status": "text", "result_text": "text",
         "is_justified": "boolean", "modified_at": "timestamptz"},
        ("order_no",),
    ),
    "feedback": Table(
        {"feedback_id": "bigint", "profile_id": "text", "order_no": "text", "score": "smallint", "comment_text": "text",
         "given_at": "timestamptz", "modified_at": "timestamptz"},
        ("feedback_id",),
    ),
    **crm_campaigns.TABLES,
}  # fmt: skip
STATUS = ("accepted", "dispatched", "finished", "closed")  # of an order
CONTACTS_A_YEAR = 2.0  # without an order, per account
_MEAN_SECONDS = {"app": 150, "web": 260, "counter": 620, "hotline": 210}


def rows(facts: Facts) -> dict[str, pa.Table]:
    """Rows of every table by the end of `facts.today`."""
    orders = crm_orders.draw(facts)
    profile = crm_profiles.profile_ids(facts.population).copy()
    profile[~crm_profiles.in_crm(facts)] = None
    return {
        **crm_profiles.rows(facts),
        "interaction": _interactions(facts, orders, profile),
        "service_order": _orders(facts, orders, profile),
        "feedback": _feedback(facts, orders, profile),
        **crm_campaigns.rows(facts, campaigns.draw(facts.population, facts.today), profile),
    }


def _orders(facts: Facts, orders: pd.DataFrame, profile: np.ndarray) -> pa.Table:
    accounts = facts.population.accounts
    row = orders["account_row"].to_numpy(np.int64)
    created = orders["created"].to_numpy("datetime64[s]")
    stages = [known(orders[name].to_numpy(), facts.today) for name in ("dispatched", "finished", "closed")]
    passed = sum((~np.isnat(stage)).astype(int) for stage in stages)
    finished = ~np.isnat(stages[1])
    is_complaint = orders["code"].eq("complaint").to_numpy(bool)
    names = {code: kind.name for code, kind in orders_text.categories().items()}
    return table(
        TABLES["service_order"],
        {
            "order_no": orders["order_no"],
            "profile_id": profile[row],
            "acct_ref": crm_profiles.account_refs(accounts["account_no"].to_numpy()[row]),
            "caller_mobile": accounts["phone"].to_numpy()[row],
            "org_code": accounts["org_no"].to_numpy()[row],
            "channel": orders["channel"],
            "category_code": orders["code"],
            "category_name": orders["code"].map(names),
            "content": orders["content"],
            "is_urgent": orders["is_urgent"].to_numpy(bool),
            "outage_no": orders["outage_no"],
            "accepted_at": utc(created),
            "dispatched_at": utc(stages[0]),
            "finished_at": utc(stages[1]),
            "closed_at": utc(stages[2]),
            "status": np.array(STATUS, object)[passed],
            "result_text": np.where(finished, orders["result"], None),
            "is_justified": np.where(finished & is_complaint, orders["is_justified"], None),
            "modified_at": utc(latest(created, *stages)),
        },
    )


def _feedback(facts: Facts, orders: pd.DataFrame, profile: np.ndarray) -> pa.Table:
    """Answers to the survey that follows an order, by the end of the date."""
    given = orders[orders["surveyed"] < midnight_after(facts.today)]
    given = given.sort_values(["surveyed", "order_no"], kind="stable")
    at = given["surveyed"].to_numpy("datetime64[s]")
    return table(
        TABLES["feedback"],
        {
            "feedback_id": crm_orders.numbered(at),
            "profile_id": profile[given["account_row"].to_numpy(np.int64)],
            "order_no": given["order_no"],
            "score": given["score"],
            "comment_text": given["comment"],
            "given_at": utc(at),
            "modified_at": utc(at),
        },
    )


def _interactions(facts: Facts, orders: pd.DataFrame, profile: np.ndarray) -> pa.Table:
    """Contacts by every channel, entered when they end; those that made an order name it."""
    contacts = [_contacts(facts, month) for month in crm_orders.months(facts.plan.first, facts.today)]
    seconds = (
        60 + orders["content"].astype("str").str.len().to_numpy(np.int64) * 4
    )  # the longer the text, the longer the call
    by_order = pd.DataFrame(
        {"account_row": orders["account_row"], "channel": orders["channel"], "order_no": orders["order_no"],
         "topic": orders["code"].map({code: kind.name for code, kind in orders_text.categories().items()}),
         "started": orders["created"], "seconds": seconds}
    )  # fmt: skip
    made = pd.concat([*contacts, by_order], ignore_index=True)
    started = made["started"].to_numpy("datetime64[s]")
    made["ended"] = started + made["seconds"].to_numpy(np.int64) * np.timedelta64(1, "s")
    there = is_open(facts.population, made["account_row"].to_numpy(np.int64), started)
    there &= (started >= np.datetime64(facts.plan.first, "s")) & (
        made["ended"] < midnight_after(facts.today)
    ).to_numpy()
    made = made[there].sort_values(["ended", "account_row", "channel"], kind="stable", ignore_index=True)
    ended = made["ended"].to_numpy("datetime64[s]")
    return table(
        TABLES["interaction"],
        {
            "interaction_id": crm_orders.numbered(ended),
            "profile_id": profile[made["account_row"].to_numpy(np.int64)],
            "channel": made["channel"],
            "topic": made["topic"],
            "order_no": made["order_no"],
            "started_at": utc(made["started"].to_numpy()),
            "duration_s": made["seconds"],
            "modified_at": utc(ended),
        },
    )


def _contacts(facts: Facts, month: date) -> pd.DataFrame:
    """Contacts of a month that made no order."""
    people = facts.population
    rng = generator(people.seed, "crm", "contacts", month)
    count = int(rng.poisson(len(people.accounts) * CONTACTS_A_YEAR / 12))
    row = rng.integers(len(people.accounts), size=count)
    archetype = people.accounts["archetype"].to_numpy()[row]
    channel = crm_profiles.preferred_channels(pd.Series(archetype), rng.random(count))
    topics, pick = orders_text.topics(), rng.integers(1 << 30, size=count).tolist()
    mean = np.array([_MEAN_SECONDS[name] for name in channel.tolist()], float)
    return pd.DataFrame(
        {"account_row": row, "channel": channel, "order_no": None,
         "topic": [topics[name][k % len(topics[name])] for name, k in zip(channel.tolist(), pick, strict=True)],
         "started": crm_orders.moments(rng, month, count),
         "seconds": np.ceil(10 + rng.exponential(mean)).astype(np.int64)}
    )  # fmt: skip
