"""A month of an account is not billed, and not paid."""

import json

import pandas as pd

from gridmart.simulator import collection
from gridmart.simulator.faults import Drawing, Fault, billing_errors

FAULT = Fault(
    name="bill_not_issued",
    title_zh="漏发账单",
    title_en="Bill not issued",
    stage="system",
    scope="month",
    rate=0.0005,
    per="bill",
    what="the bill of a month is missing, and so is its payment; entity_no is the number it would have had",
    found_by="accounts with energy and an active contract, but no bill of the month",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Bills of the month that are not issued."""
    _, rows, count = billing_errors.of_month(FAULT, drawing, rate)
    rows = rows[:count]
    due = json.dumps({"seen_from": collection.dates(drawing.first)[0].isoformat()})
    numbers = billing_errors.bill_numbers(drawing, rows)
    return billing_errors.of_bills(FAULT, drawing, "bill", rows, entity_no=numbers, detail=due)
