"""台区遥测中断: a transformer's terminal sends no telemetry for hours."""

from datetime import timedelta

import numpy as np
import pandas as pd

from gridmart.simulator.faults import Drawing, Fault, instances, number
from gridmart.simulator.plan import SLOTS

FAULT = Fault(
    name="telemetry_stop",
    title_zh="台区遥测中断",
    title_en="Telemetry of a transformer stops",
    stage="system",
    scope="month",
    rate=0.06,
    per="public transformer and month",
    what="no row of `dms_telemetry` for 3 hours to 2 days, from `first_slot` of `from_date` for `slots` quarter hours; "
    "the meters go on",
    found_by="missing hours of a transformer's telemetry",
)
_HOUR = SLOTS // 24


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Public transformers and whole hours of one month."""
    people, rng = drawing.population, drawing.stream(FAULT.name)
    public = people.transformers.loc[people.transformers["ownership"].eq("public"), "transformer_no"].to_numpy()
    chosen = np.sort(rng.choice(len(public), number(rng, rate, len(public), at_least_one=True), replace=False))
    count = len(chosen)
    hours = np.round(np.exp(rng.uniform(np.log(3), np.log(48), count))).astype(int)
    day, begin = rng.integers(0, drawing.days, count), rng.integers(0, 24, count)
    since = [drawing.first + timedelta(days=k) for k in day.tolist()]
    lasts = ((begin + hours - 1) // 24).tolist()
    made = instances(
        FAULT,
        system="network",
        entity="transformer",
        entity_no=public[chosen],
        from_date=np.array(since, dtype=object),
        to_date=np.array([s + timedelta(days=k) for s, k in zip(since, lasts, strict=True)], dtype=object),
        first_slot=begin * _HOUR,
        slots=hours * _HOUR,
    )
    is_within = np.array([day >= drawing.anchor[0] for day in made["from_date"]], bool)
    return made[is_within].reset_index(drop=True)


def hours(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The hours that are left out: transformer_no and local hour (datetime64[s]), one element each."""
    count = rows["slots"].to_numpy(int) // _HOUR
    begin = np.array(rows["from_date"].tolist(), "datetime64[s]") + (rows["first_slot"].to_numpy(int) // _HOUR).astype(
        "timedelta64[h]"
    )
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(rows["entity_no"].to_numpy(), count), np.repeat(begin, count) + within.astype("timedelta64[h]")
