"""The reactive energy of a large customer is misread, and with it the adjustment of its bill."""

import json

import numpy as np
import pandas as pd

from gridmart.simulator import collection
from gridmart.simulator.faults import Drawing, Fault, billing_errors

TENTHS = np.array([3, 5, 25, 40])

FAULT = Fault(
    name="power_factor_misread",
    title_zh="力率误读",
    title_en="Power factor misread",
    stage="system",
    scope="month",
    rate=0.01,
    per="bill of a large industrial account",
    what="the bill of a month takes 0.3, 0.5, 2.5 or 4 times (factor) the kvarh that was metered for the power-factor "
    "adjustment",
    found_by="adjustment of the bill against kWh and kvarh of the readings",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Misread bills of the month."""
    rng, rows, count = billing_errors.of_month(FAULT, drawing, rate, ("large_industrial",), is_any_payer=True)
    rows = rows[:count]
    tenths = TENTHS[rng.integers(0, TENTHS.size, rows.size)]
    seen = collection.dates(drawing.first)[0].isoformat()
    return billing_errors.of_bills(
        FAULT, drawing, "bill", rows, entity_no=billing_errors.bill_numbers(drawing, rows), factor=tenths / 10,
        detail=[json.dumps({"kvarh_tenths": k, "seen_from": seen}) for k in tenths.tolist()],
    )  # fmt: skip
