"""An account of the CIS has no profile in the CRM."""

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, instances, number

FAULT = Fault(
    name="missing_in_crm",
    title_zh="客服系统缺户",
    title_en="Account missing in the CRM",
    stage="system",
    scope="span",
    rate=0.003,
    per="account",
    what="all the time the CRM has no profile of the account",
    found_by="reconciliation of accounts between CIS and CRM",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Accounts that are older than the history."""
    accounts, rng = drawing.population.accounts, drawing.stream(FAULT.name)
    rows = np.flatnonzero(accounts["opened_date"].le(drawing.first).to_numpy(bool))
    chosen = np.sort(rng.choice(rows, number(rng, rate, rows.size, at_least_one=True), replace=False))
    numbers = accounts["account_no"].to_numpy(object)[chosen]
    return instances(
        FAULT,
        system="crm",
        entity="account",
        entity_no=numbers,
        account_no=numbers,
        point_no=accounts["point_no"].to_numpy(object)[chosen],
        from_date=[drawing.first] * chosen.size,
    )
