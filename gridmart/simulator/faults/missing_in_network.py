"""A metering point of the CIS hangs on no transformer in the network's records."""

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, instances, number

FAULT = Fault(
    name="missing_in_network",
    title_zh="配网系统缺计量点",
    title_en="Point missing in the network system",
    stage="system",
    scope="span",
    rate=0.002,
    per="customer's point of a public transformer",
    what="all the time the network's relation of points to transformers lacks the point; its energy seems lost in its "
    "area",
    found_by="reconciliation of points between CIS and network; loss of the area in step with the customer's load",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Points of public areas whose accounts are older than the history."""
    population, rng = drawing.population, drawing.stream(FAULT.name)
    accounts, transformers = population.accounts, population.transformers
    public = transformers.loc[transformers["ownership"].eq("public"), "transformer_no"]
    fit = accounts["opened_date"].le(drawing.first) & accounts["transformer_no"].isin(set(public))
    rows = np.flatnonzero(fit.to_numpy(bool))
    chosen = np.sort(rng.choice(rows, number(rng, rate, rows.size, at_least_one=True), replace=False))
    numbers = accounts["point_no"].to_numpy(object)[chosen]
    return instances(
        FAULT,
        system="network",
        entity="point",
        entity_no=numbers,
        point_no=numbers,
        account_no=accounts["account_no"].to_numpy(object)[chosen],
        from_date=[drawing.first] * chosen.size,
    )
