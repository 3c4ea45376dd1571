"""营销系统缺户: the CRM has a customer whose account the CIS does not know."""

import json
from datetime import timedelta

import numpy as np
import pandas as pd

from gridmart.simulator import names
from gridmart.simulator.faults import Drawing, Fault, instances, number

FAULT = Fault(
    name="missing_in_cis",
    title_zh="营销系统缺户",
    title_en="Account missing in the CIS",
    stage="system",
    scope="span",
    rate=0.002,
    per="account",
    what="a CRM profile with an account number that the CIS, the network and the head-end do not have; `detail` holds "
    "its name and phone",
    found_by="reconciliation of accounts between CRM and CIS",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Account numbers that nobody has, with a name and a phone that are nobody's."""
    people, rng = drawing.population, drawing.stream(FAULT.name)
    count = number(rng, rate, len(people.accounts), at_least_one=True)
    taken = set(people.accounts["account_no"])
    free: list[str] = []
    while len(free) < count:
        for k in rng.integers(1, 2 * len(taken) + 1000, count).tolist():  # a number like any other
            if f"14{k:08d}" not in taken and len(free) < count:
                taken.add(f"14{k:08d}")
                free.append(f"14{k:08d}")
    since = [drawing.first + timedelta(days=k) for k in rng.integers(-900, 1, count).tolist()]
    who = zip(names.people(rng, count), names.phones(rng, count), strict=True)
    return instances(
        FAULT,
        system="cis",
        entity="account",
        entity_no=free,
        account_no=free,
        from_date=np.array(since, dtype=object),
        detail=[json.dumps({"name": name, "phone": phone}, ensure_ascii=False) for name, phone in who],
    )
