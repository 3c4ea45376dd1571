"""A month of an account is billed a second time, under a number of its own."""

import json

import numpy as np
import pandas as pd

from gridmart.simulator import collection
from gridmart.simulator.faults import Drawing, Fault, billing_errors

FAULT = Fault(
    name="bill_twice",
    title_zh="重复发账单",
    title_en="Bill issued twice",
    stage="system",
    scope="month",
    rate=0.0003,
    per="bill",
    what="three days after the bill the same lines are billed again (entity_no, due three days later too); it stays "
    "open and is reminded of, unless the bank debited the first: then the second is debited too (is_debited)",
    found_by="two bills of one account and month",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Bills of the month that are issued twice."""
    _, rows, count = billing_errors.of_month(FAULT, drawing, rate)
    rows = rows[:count]
    population = drawing.population
    _, channel = collection.intended(population, drawing.first, billing_errors.habits(population))
    issued = np.datetime64(collection.dates(drawing.first)[0], "s") + collection.AGAIN
    firsts = billing_errors.bill_numbers(drawing, rows)
    details = [
        json.dumps(
            {"first_bill_no": first, "is_debited": bool(debited), "seen_from": str(issued.astype("datetime64[D]"))}
        )
        for first, debited in zip(firsts, channel[rows] == collection.AUTO_DEBIT, strict=True)
    ]
    numbers = billing_errors.bill_numbers(drawing, rows, copy=1)
    return billing_errors.of_bills(FAULT, drawing, "bill", rows, entity_no=numbers, detail=details)
