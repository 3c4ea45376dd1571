"""Some months of an account are billed by a tariff that is not its contract's."""

import json

import numpy as np
import pandas as pd

from gridmart.simulator import billing, collection
from gridmart.simulator.faults import Drawing, Fault, instances, number
from gridmart.simulator.month_use import complete_months, last_day

LONGEST_MONTHS = 6
# what a commercial or farm account is billed by mistake; large customers get the other one of their two tariffs
WRONG = {"commercial": ("RES_TIER", "AGR"), "agricultural": ("COM_TOU", "RES_TIER")}

FAULT = Fault(
    name="tariff_misapplied",
    title_zh="执行电价错误",
    title_en="Tariff misapplied",
    stage="system",
    scope="span",
    rate=0.004,
    per="account that is no household",
    what="the bills of one to six months (from_date to to_date) apply another tariff than the contract's; detail: "
    "tariff_code, right_tariff_code, bill_nos; entity_no is the first bill",
    found_by="prices of the bill's lines against the contract's tariff",
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Accounts and months of the history; the first of the months is billed in it."""
    population, rng = drawing.population, drawing.stream(FAULT.name)
    accounts = population.accounts
    whole = complete_months(*drawing.anchor)
    billed = [month for month in whole if collection.dates(month)[0] <= drawing.anchor[1]]
    category = accounts["usage_category"].to_numpy(object)
    fit = (category != "residential") & billing.may_bear(population, FAULT.name)
    fit &= accounts["opened_date"].le(drawing.anchor[0]).to_numpy(bool) & accounts["closed_date"].isna().to_numpy()
    rows = np.flatnonzero(fit)
    count = number(rng, rate, int((category != "residential").sum()), at_least_one=True)
    chosen = np.sort(rng.permutation(rows)[:count])
    if not billed or not chosen.size:
        return instances(FAULT)
    first = rng.integers(0, len(billed), chosen.size)
    length = rng.integers(1, LONGEST_MONTHS + 1, chosen.size)
    side = rng.integers(0, 2, chosen.size)
    right = billing.tariffs(population)[chosen].tolist()
    numbers = accounts["account_no"].to_numpy(object)[chosen].tolist()
    made = []
    for account, row, code, begin, months, k in zip(numbers, chosen, right, first, length, side, strict=True):
        span = whole[begin : begin + months]
        wrong = WRONG[category[row]][k] if category[row] in WRONG else next(t for t in billing.INDUSTRIAL if t != code)
        bills = [billing.bill_no(month.year * 100 + month.month, account) for month in span]
        said = {"tariff_code": wrong, "right_tariff_code": code, "bill_nos": bills,
                "seen_from": collection.dates(span[0])[0].isoformat()}  # fmt: skip
        made.append((account, bills[0], span[0], last_day(span[-1]), json.dumps(said)))
    return instances(
        FAULT,
        system="cis",
        entity="bill",
        point_no=accounts["point_no"].to_numpy(object)[chosen],
        **dict(
            zip(("account_no", "entity_no", "from_date", "to_date", "detail"), zip(*made, strict=True), strict=True)
        ),
    )
