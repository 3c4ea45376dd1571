"""变压器过载: the load of an area outgrows its transformer."""

import numpy as np
import pandas as pd

from gridmart.simulator import effects as effect_frames
from gridmart.simulator import network_events
from gridmart.simulator.faults import Drawing, Fault, instances, number

FAULT = Fault(
    name="transformer_overloaded",
    title_zh="变压器过载",
    title_en="Overloaded transformer",
    stage="load",
    scope="span",
    rate=0.015,
    per="public transformer",
    what="from a date on, the load of all accounts of the area times `factor`: its usual peak is 1.05 to 1.3 times the "
    "rated power",
    found_by="load factor of the transformer (peak kVA / rated kVA); oil temperature",
)
_MOST = 2.1  # accounts must stay within what their contracts allow


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Public transformers that are heavily loaded already, from a date of the history's first half."""
    people, rng = drawing.population, drawing.stream(FAULT.name)
    ratio = network_events.load_ratio(people)
    public = np.flatnonzero(people.transformers["ownership"].eq("public").to_numpy())
    heavy = public[np.argsort(-ratio[public], kind="stable")][: max(len(public) // 4, 1)]
    chosen = np.sort(rng.choice(heavy, number(rng, min(rate * len(public) / len(heavy), 1.0), len(heavy), True), False))
    wanted = rng.uniform(1.05, 1.3, len(chosen)) / ratio[chosen]
    day = rng.integers(0, max(drawing.days // 2, 1), len(chosen))
    return instances(
        FAULT,
        system="network",
        entity="transformer",
        entity_no=people.transformers["transformer_no"].to_numpy()[chosen],
        from_date=(np.datetime64(drawing.first) + day).astype(object) if len(day) else [],
        factor=np.round(np.clip(wanted, 1.05, _MOST), 3),
    )


def effects(drawing: Drawing, rows: pd.DataFrame) -> pd.DataFrame:
    """More load at all accounts of the areas, from the date on."""
    accounts = drawing.population.accounts
    row = pd.Index(rows["entity_no"]).get_indexer(accounts["transformer_no"])
    here = np.flatnonzero(row >= 0)
    return effect_frames.frame(
        effect=FAULT.name,
        account_no=accounts["account_no"].to_numpy()[here],
        start=np.array(rows["from_date"].tolist(), "datetime64[s]")[row[here]],
        factor=rows["factor"].to_numpy(float)[row[here]],
    )
