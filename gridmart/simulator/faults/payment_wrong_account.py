"""A payment is posted to the bill of another account."""

import json

import numpy as np
import pandas as pd

from gridmart.simulator import billing, collection
from gridmart.simulator.faults import Drawing, Fault, billing_errors

FAULT = Fault(
    name="payment_wrong_account",
    title_zh="缴费错记户号",
    title_en="Payment posted to the wrong account",
    stage="system",
    scope="month",
    rate=0.0003,
    per="payment",
    what="a payment (entity_no) of account_no names the account and the bill of another (detail) of the same month, "
    "station and category, which has paid by then: that bill is credited twice, the payer's own stays open and is "
    "reminded of; the money stays whole",
    found_by="a bill with more received than billed beside an open bill of exactly that amount",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Payments of the month's bills that go astray."""
    _, rows, count = billing_errors.of_month(FAULT, drawing, rate)
    population = drawing.population
    paid, channel = collection.intended(population, drawing.first, billing_errors.habits(population))
    due = np.datetime64(collection.dates(drawing.first)[1], "s") + collection.DAY
    rows = rows[paid[rows] < due]  # False for NaT
    accounts = population.accounts
    group = accounts["org_no"].to_numpy(object) + accounts["usage_category"].to_numpy(object)
    by_group = {name: rows[group[rows] == name] for name in set(group[rows])} if count else {}
    payers: list[int] = []
    others: list[int] = []
    for row in rows.tolist():
        if len(payers) == count:
            break
        alike = by_group[group[row]]
        earlier = alike[paid[alike] < paid[row]]
        if channel[row] != collection.AUTO_DEBIT and row not in others and len(earlier):
            other = next((k for k in earlier.tolist() if k not in payers and k not in others), None)
            if other is not None:
                payers.append(row)
                others.append(other)
    return _truth(drawing, np.array(payers, np.int64), np.array(others, np.int64), paid)


def _truth(drawing: Drawing, payers: np.ndarray, others: np.ndarray, paid: np.ndarray) -> pd.DataFrame:
    month = billing_errors.month_number(drawing)
    receipts = billing.receipts(drawing.population)[payers].tolist()
    accounts = drawing.population.accounts["account_no"].to_numpy(object)
    own, credited = billing_errors.bill_numbers(drawing, payers), billing_errors.bill_numbers(drawing, others)
    details = [
        json.dumps({"bill_no": mine, "credited_bill_no": theirs, "credited_account_no": accounts[other],
                    "seen_from": str(at.astype("datetime64[D]"))})
        for mine, theirs, other, at in zip(own, credited, others, paid[payers], strict=True)
    ]  # fmt: skip
    numbers = [billing.receipt_no(month, receipt) for receipt in receipts]
    return billing_errors.of_bills(FAULT, drawing, "payment", payers, entity_no=numbers, detail=details)
