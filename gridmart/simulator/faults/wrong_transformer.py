"""户变关系错误: the network's records say that a neighbouring transformer feeds a point."""

import json

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, instances, number

FAULT = Fault(
    name="wrong_transformer",
    title_zh="户变关系错误",
    title_en="Wrong point-to-transformer relation",
    stage="system",
    scope="span",
    rate=0.004,
    per="customer point of a public area",
    what="from a date on, the network's relation names another public transformer of the same feeder; the meter's "
    "energy still comes through the true one. `entity_no` is the transformer that is recorded, `detail` names both",
    found_by="energy balance: one area loses what its neighbour gains, in step with the customer's load",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Points of areas that have a neighbour on their feeder, from a date of the history's first three quarters."""
    people, rng = drawing.population, drawing.stream(FAULT.name)
    public = people.transformers[people.transformers["ownership"].eq("public")]
    by_feeder = public.groupby("feeder_no")["transformer_no"].apply(lambda names: names.to_numpy())
    several = {feeder: names for feeder, names in by_feeder.items() if len(names) > 1}
    accounts = people.accounts
    fit = accounts["feeder_no"].isin(list(several)) & accounts["transformer_no"].isin(set(public["transformer_no"]))
    rows = np.flatnonzero(fit.to_numpy())
    chosen = np.sort(rng.choice(rows, number(rng, rate, len(rows), at_least_one=True), replace=False))
    day = rng.integers(0, max(drawing.days * 3 // 4, 1), len(chosen))
    step = rng.integers(1, 1 << 30, len(chosen)).tolist()
    true = accounts["transformer_no"].to_numpy()[chosen].tolist()
    recorded = []
    for name, feeder, k in zip(true, accounts["feeder_no"].to_numpy()[chosen], step, strict=True):
        names = several[feeder]
        here = int(np.flatnonzero(names == name)[0])
        recorded.append(str(names[(here + (1 if k % 2 else -1)) % len(names)]))  # an area lies next to its number's
    return instances(
        FAULT,
        system="network",
        entity="transformer",
        entity_no=recorded,
        point_no=accounts["point_no"].to_numpy()[chosen],
        account_no=accounts["account_no"].to_numpy()[chosen],
        from_date=(np.datetime64(drawing.first) + day).astype(object) if len(day) else [],
        detail=[json.dumps({"true": t, "recorded": r}) for t, r in zip(true, recorded, strict=True)],
    )
