"""Demand response as the trading system shows it: who is registered, events, what each participant did.

Participants have codes of the market's own. What was delivered is known the next morning, settled after five days.
"""

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.simulator import demand_response
from gridmart.simulator.plan import SLOTS
from gridmart.simulator.systems.model import Facts, Table
from gridmart.simulator.systems.rows import known, latest, table, utc

TABLES = {
    "mkt_member": Table(
        {"part_code": "text", "part_name": "text", "part_kind": "text", "cons_ref": "text", "cap_kva": "numeric(12,2)",
         "reg_date": "date", "rec_time": "timestamptz"},
        ("part_code",),
    ),
    "dr_event": Table(
        {"event_no": "text", "event_kind": "text", "start_time": "timestamptz", "end_time": "timestamptz",
         "invite_time": "timestamptz", "target_kw": "numeric(12,1)", "price_kwh": "numeric(12,6)", "invite_cnt": "int",
         "accept_cnt": "int", "status_code": "text", "rec_time": "timestamptz"},
        ("event_no",),
    ),
    "dr_part": Table(
        {"event_no": "text", "part_code": "text", "invite_time": "timestamptz", "reply_code": "text",
         "reply_time": "timestamptz", "bid_kw": "numeric(12,1)", "base_kw": "numeric(12,1)", "real_kw": "numeric(12,1)",
         "settle_amt": "numeric(18,2)", "rec_time": "timestamptz"},
        ("event_no", "part_code"),
    ),
}  # fmt: skip
INVITED, EXECUTED, SETTLED = "1", "2", "3"  # status_code of an event
NO_REPLY, ACCEPTED, DECLINED = "0", "1", "2"  # reply_code
LEAST_OF_BID = 0.5  # below it, nothing is paid
_CODE_STEP, _CODES = 7_368_787, 10_000_019  # primes: no code comes twice
_HOUR, _DAY, _SLOT = np.timedelta64(1, "h"), np.timedelta64(1, "D"), np.timedelta64(1440 // SLOTS, "m")


def part_codes(account_row: np.ndarray) -> np.ndarray:
    """Codes of participants, by row of the account."""
    return np.array([f"SX-U{(k + 1) * _CODE_STEP % _CODES:08d}" for k in account_row.tolist()], object)


def cons_refs(account_no: np.ndarray) -> np.ndarray:
    """How the market writes account numbers: 1400000185 → JY-0000-0185."""
    return np.array([f"JY-{no[2:6]}-{no[6:]}" for no in account_no], object)


def rows(facts: Facts) -> dict[str, pa.Table]:
    """Rows of the three tables by the end of `facts.today`."""
    people = facts.population
    events = demand_response.draw(people, facts.climate, facts.plan.first, facts.today)
    did = demand_response.participation(people, events)
    return {
        "mkt_member": _members(facts),
        "dr_event": _events(facts, events, did),
        "dr_part": _parts(facts, events, did),
    }


def _members(facts: Facts) -> pa.Table:
    registered = demand_response.members(facts.population)
    accounts = facts.population.accounts.iloc[registered["account_row"]]
    reg_date = registered["registered_date"].to_numpy("datetime64[D]")
    industrial = accounts["usage_category"].eq("large_industrial").to_numpy()
    return table(
        TABLES["mkt_member"],
        {
            "part_code": part_codes(registered["account_row"].to_numpy()),
            "part_name": accounts["customer_name"].str.replace("有限公司", "有限责任公司", regex=False).to_numpy(),
            "part_kind": np.where(industrial, "large_user", "user").astype(object),
            "cons_ref": cons_refs(accounts["account_no"].to_numpy()),
            "cap_kva": accounts["capacity_kva"].to_numpy(float),
            "reg_date": reg_date,
            "rec_time": utc(reg_date.astype("datetime64[s]") + 10 * _HOUR),
        },
    )


def _times(facts: Facts, events: pd.DataFrame) -> dict[str, np.ndarray]:
    """Local times of each event's stages; NaT for what is not known yet."""
    day = np.array(events["event_date"].tolist(), "datetime64[s]")
    begin, end = (day + events[name].to_numpy(np.int64) * _SLOT for name in ("from_slot", "to_slot"))
    stages = {
        "begin": begin,
        "end": end,
        "invited": events["invited_at"].to_numpy("datetime64[s]"),
        "executed": known(end + _SLOT, facts.today),
        "measured": known(day + _DAY + 9 * _HOUR, facts.today),
        "settled": known(day + 5 * _DAY + 9 * _HOUR, facts.today),
    }
    return {name: values.astype("datetime64[s]") for name, values in stages.items()}


def _events(facts: Facts, events: pd.DataFrame, did: pd.DataFrame) -> pa.Table:
    at, size = _times(facts, events), len(events)
    event = did["event"].to_numpy(np.int64)
    able = np.bincount(event, did["baseline_kw"].to_numpy() * 0.15, size)
    stage = (~np.isnat(at["executed"])).astype(int) + ~np.isnat(at["settled"])
    return table(
        TABLES["dr_event"],
        {
            "event_no": events["event_no"],
            "event_kind": events["reason"],
            "start_time": utc(at["begin"]),
            "end_time": utc(at["end"]),
            "invite_time": utc(at["invited"]),
            "target_kw": able,
            "price_kwh": events["price_yuan_kwh"].to_numpy(float),
            "invite_cnt": np.bincount(event, minlength=size),
            "accept_cnt": np.bincount(event, did["is_accepted"].to_numpy(float), size),
            "status_code": np.array([INVITED, EXECUTED, SETTLED], object)[stage],
            "rec_time": utc(latest(at["invited"], at["executed"], at["settled"])),
        },
    )


def _parts(facts: Facts, events: pd.DataFrame, did: pd.DataFrame) -> pa.Table:
    event = did["event"].to_numpy(np.int64)
    at = {name: values[event] for name, values in _times(facts, events).items()}
    replied = did["replied_at"].to_numpy("datetime64[s]")
    accepted = did["is_accepted"].to_numpy(bool)
    reply = np.where(accepted, ACCEPTED, np.where(np.isnat(replied), NO_REPLY, DECLINED))
    bid, real = did["bid_kw"].to_numpy(float), did["delivered_kw"].to_numpy(float)
    hours = (at["end"] - at["begin"]) / _HOUR
    paid = np.where(real >= LEAST_OF_BID * bid, np.minimum(real, 1.2 * bid), 0.0)
    amount = (paid * hours * events["price_yuan_kwh"].to_numpy(float)[event]).round(2)
    is_measured = accepted & ~np.isnat(at["measured"])
    is_settled = accepted & ~np.isnat(at["settled"])
    never = np.datetime64("NaT", "s")
    return table(
        TABLES["dr_part"],
        {
            "event_no": events["event_no"].to_numpy()[event],
            "part_code": part_codes(did["account_row"].to_numpy()),
            "invite_time": utc(at["invited"]),
            "reply_code": reply.astype(object),
            "reply_time": utc(replied),
            "bid_kw": np.where(accepted, bid, np.nan),
            "base_kw": np.where(is_measured, did["baseline_kw"].to_numpy(float), np.nan),
            "real_kw": np.where(is_measured, real, np.nan),
            "settle_amt": np.where(is_settled, amount, np.nan),
            "rec_time": utc(
                latest(
                    at["invited"], replied, np.where(is_measured, at["measured"], never),
                    np.where(is_settled, at["settled"], never),
                )
            ),
        },
    )  # fmt: skip
