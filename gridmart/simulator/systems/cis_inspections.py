"""Inspections on site (用电检查), and what they find: routine ones, and targeted ones after a suspicion.

About a third of the thieves are found, in the last part of the history. Most targeted inspections find nothing.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.simulator.keys import generator
from gridmart.simulator.month_use import following
from gridmart.simulator.population import Population
from gridmart.simulator.systems import cis_columns as c
from gridmart.simulator.systems.cis_register import Register
from gridmart.simulator.systems.model import Facts, Table

TABLES = {
    "i_inspect": Table(
        {"inspect_id": "bigint", "inspect_no": "text", "cons_no": "text", "inspect_type_code": "text",
         "inspect_time": "timestamptz", "result_code": "text", "finding": "text", "upd_time": "timestamptz"},
        ("inspect_id",),
    ),
}  # fmt: skip

ROUTINE, TARGETED = 0, 1
TYPE_CODES = ("01", "02")
NOTHING, METER_FAULT, BREACH, THEFT, HAZARD = range(5)
RESULT_CODES = ("0", "1", "2", "3", "4")  # theft and breach of contract are kept apart
FINDINGS = (
    "未发现异常",
    "计量装置封印缺失，已补加封印",
    "擅自改变用电类别，已下达整改通知",
    "现场查获窃电行为，已取证",
    "用电设备存在安全隐患，已书面告知",
)
ROUTINE_RESULTS = (0.90, 0.02, 0.015, 0.0, 0.065)
TARGETED_RESULTS = (0.86, 0.05, 0.05, 0.0, 0.04)
# share of accounts a month
ROUTINE_RATE = {"residential": 0.001, "commercial": 0.02, "agricultural": 0.01, "large_industrial": 0.06}
TARGETED_RATE = 0.0005
FOUND_SHARE = 0.3  # of the thieves
FOUND_FROM, FOUND_AFTER_DAYS = 0.7, 20  # share of the history, days of theft before which nobody is found


def _of_month(population: Population, register: Register, month: date) -> pd.DataFrame:
    """row, kind, result, at: inspections of a month without those that find theft."""
    rng = generator(population.seed, "inspection", month)
    rate = pd.Series(ROUTINE_RATE).reindex(register.category).to_numpy(float)
    parts = []
    for kind, share, results in ((ROUTINE, rate, ROUTINE_RESULTS), (TARGETED, TARGETED_RATE, TARGETED_RESULTS)):
        picked, day, minute, found = rng.random((4, rate.size))
        on = np.datetime64(month) + np.floor(day * 28).astype(np.int64)
        at = c.at(on, 9) + (np.floor(minute * 480) * 60).astype("timedelta64[s]")
        is_open = (register.opened < on) & ~(register.gone <= on)
        row = np.flatnonzero((picked < share) & is_open)
        result = np.searchsorted(np.cumsum(results), found[row], side="right").clip(max=HAZARD)
        parts.append(pd.DataFrame({"row": row, "kind": kind, "result": result, "at": at[row]}))
    return pd.concat(parts, ignore_index=True)


def found_thieves(facts: Facts, register: Register) -> pd.DataFrame:
    """row, kind, result, at: targeted inspections that find a thief, whatever today is."""
    plan = facts.plan
    since = plan.first + timedelta(days=int((plan.last - plan.first).days * FOUND_FROM))
    rows = []
    for name, thefts in sorted(facts.faults.items()):
        if not name.startswith("theft_"):
            continue
        for account_no, begun in zip(thefts["account_no"], thefts["from_date"], strict=True):
            found, when, minute = generator(plan.seed, "inspection", "thief", account_no).random(3)
            earliest = max(since, begun + timedelta(days=FOUND_AFTER_DAYS))
            if found < FOUND_SHARE and earliest < plan.last:
                on = earliest + timedelta(days=int(when * (plan.last - earliest).days))
                rows.append((account_no, np.datetime64(on, "s") + np.timedelta64(9 * 60 + int(minute * 480), "m")))
    numbers = np.array([no for no, _ in rows], dtype=object)
    at = np.array([when for _, when in rows], dtype="datetime64[s]")
    made = pd.DataFrame({"row": register.rows(numbers), "kind": TARGETED, "result": THEFT, "at": at})
    return made[made["row"] >= 0]


def tables(facts: Facts, register: Register) -> dict[str, pa.Table]:
    """Inspections by today. Where one finds a thief, no other targeted one stands in that month."""
    parts, month = [found_thieves(facts, register)], facts.plan.first.replace(day=1)
    while month <= facts.today:
        parts.append(_of_month(facts.population, register, month))
        month = following(month)
    made = pd.concat(parts, ignore_index=True)
    made["number"] = c.row_ids(made["at"].to_numpy(), made["row"].to_numpy(), made["kind"].to_numpy())
    made = made.drop_duplicates("number")  # the thieves come first
    made = made[c.known(made["at"].to_numpy(), facts.today)].sort_values("number")
    result, number = made["result"].to_numpy(), made["number"].to_numpy()
    columns = {
        "inspect_id": c.whole(number),
        "inspect_no": c.text([f"JC{k}" for k in number.tolist()]),
        "cons_no": c.text(register.account_no[made["row"].to_numpy()]),
        "inspect_type_code": c.codes(made["kind"].to_numpy(), TYPE_CODES),
        "inspect_time": c.times(made["at"].to_numpy()),
        "result_code": c.codes(result, RESULT_CODES),
        "finding": c.codes(result, FINDINGS),
        "upd_time": c.times(made["at"].to_numpy()),
    }
    return {"i_inspect": c.table(TABLES["i_inspect"], columns)}
