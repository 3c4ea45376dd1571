"""The trading system: purchase and spot prices, contracts, daily settlement, demand response.

Participants have codes of their own; `cons_ref` is how the market writes an account number.
"""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from gridmart.simulator.systems import market_contracts, market_energy, market_prices, market_response
from gridmart.simulator.systems.market_contracts import Contract
from gridmart.simulator.systems.model import Facts, Table
from gridmart.simulator.systems.rows import known, latest, midnight_after, table, utc

NAME = "market"
TABLES = {
    "mkt_purchase_price": Table(
        {"price_ym": "char(6)", "item_code": "text", "item_name": "text", "price": "numeric(12,6)",
         "publish_date": "date", "rec_time": "timestamptz"},
        ("price_ym", "item_code"),
    ),
    "mkt_spot_price": Table(
        {"market_code": "text", "period_start": "timestamptz", "price_mwh": "numeric(12,2)", "rec_time": "timestamptz"},
        ("market_code", "period_start"),
    ),
    "mkt_contract": Table(
        {"contract_no": "text", "cp_code": "text", "cp_name": "text", "cp_kind": "text", "contract_kind": "text",
         "sign_date": "date", "start_date": "date", "end_date": "date", "price_mwh": "numeric(12,2)",
         "total_mwh": "numeric(16,3)", "status_code": "text", "rec_time": "timestamptz"},
        ("contract_no",),
    ),
    "mkt_contract_month": Table(
        {"contract_no": "text", "deliv_ym": "char(6)", "volume_mwh": "numeric(16,3)", "price_mwh": "numeric(12,2)",
         "rec_time": "timestamptz"},
        ("contract_no", "deliv_ym"),
    ),
    "mkt_settle_day": Table(
        {"settle_date": "date", "contract_mwh": "numeric(16,3)", "actual_mwh": "numeric(16,3)",
         "dev_mwh": "numeric(16,3)", "contract_amt": "numeric(18,2)", "spot_amt": "numeric(18,2)",
         "dev_fee": "numeric(18,2)", "total_amt": "numeric(18,2)", "status_code": "text", "rec_time": "timestamptz"},
        ("settle_date",),
    ),
    **market_response.TABLES,
}  # fmt: skip
DAY_AHEAD, REAL_TIME = "DA", "RT"
SIGNED, IN_FORCE, ENDED = "1", "2", "3"  # status_code of a contract
PRELIMINARY, CONFIRMED = "1", "2"  # of a day's settlement
TOLERANCE, FEE_YUAN_MWH = 0.10, 15.0  # a deviation beyond 10 % of the contracts costs a fee
_HOUR, _DAY = np.timedelta64(1, "h"), np.timedelta64(1, "D")


def rows(facts: Facts) -> dict[str, pa.Table]:
    """Rows of every table by the end of `facts.today`."""
    people, first, today = facts.population, facts.plan.first, facts.today
    contracts = market_contracts.draw(people, facts.climate, first, today)
    spot = market_prices.spot(people.seed, facts.climate, first, (today - first).days + 2)
    return {
        "mkt_purchase_price": _purchase_prices(facts),
        "mkt_spot_price": _spot_prices(facts, *spot),
        **_contracts(facts, contracts),
        "mkt_settle_day": _settlement(facts, contracts, spot[1]),
        **market_response.rows(facts),
    }


def _purchase_prices(facts: Facts) -> pa.Table:
    """Published in the last days of the month before."""
    found = []
    month = facts.plan.first.replace(day=1)
    while month <= facts.today + timedelta(days=6):
        published = month - timedelta(days=4)
        if published <= facts.today:
            prices = market_prices.purchase(facts.population.seed, month)
            found += [
                (f"{month:%Y%m}", code, market_prices.ITEMS[code], price, published) for code, price in prices.items()
            ]
        month = (month + timedelta(days=32)).replace(day=1)
    names = ("price_ym", "item_code", "item_name", "price", "publish_date")
    columns: dict[str, object] = dict(zip(names, map(list, zip(*found, strict=True)), strict=True))
    published_at = np.array(columns["publish_date"], "datetime64[s]") + 10 * _HOUR
    return table(TABLES["mkt_purchase_price"], columns | {"rec_time": utc(published_at)})


def _spot_prices(facts: Facts, day_ahead: np.ndarray, real_time: np.ndarray) -> pa.Table:
    """Day-ahead prices of a date come at 17:30 of the day before, real-time ones half an hour after their hour.

    `day_ahead` and `real_time`: [dates from the first to tomorrow, 24].
    """
    begin = np.datetime64(facts.plan.first, "s") + np.arange(day_ahead.size) * _HOUR
    ahead = begin.astype("datetime64[D]").astype("datetime64[s]") - 390 * np.timedelta64(1, "m")
    told = np.concatenate([ahead, begin + 90 * np.timedelta64(1, "m")])
    shown = told < midnight_after(facts.today)
    return table(
        TABLES["mkt_spot_price"],
        {
            "market_code": np.repeat(np.array([DAY_AHEAD, REAL_TIME], object), begin.size)[shown],
            "period_start": utc(np.tile(begin, 2))[shown],
            "price_mwh": np.concatenate([day_ahead.reshape(-1), real_time.reshape(-1)])[shown],
            "rec_time": utc(told)[shown],
        },
    )


def _contracts(facts: Facts, contracts: list[Contract]) -> dict[str, pa.Table]:
    signed = [c for c in contracts if c.signed_at < midnight_after(facts.today)]
    parties = market_contracts.COUNTERPARTIES
    sign = np.array([c.signed_at for c in signed], "datetime64[s]")
    start = known(np.array([c.start for c in signed], "datetime64[s]"), facts.today)
    end = known(np.array([c.end for c in signed], "datetime64[s]") + _DAY, facts.today)
    status = np.where(~np.isnat(end), ENDED, np.where(~np.isnat(start), IN_FORCE, SIGNED)).astype(object)
    by_month = [(c, month, volume) for c in signed for month, volume in c.volumes_mwh.items()]
    return {
        "mkt_contract": table(
            TABLES["mkt_contract"],
            {
                "contract_no": [c.contract_no for c in signed],
                "cp_code": [parties[c.counterparty][0] for c in signed],
                "cp_name": [parties[c.counterparty][1] for c in signed],
                "cp_kind": [parties[c.counterparty][2] for c in signed],
                "contract_kind": [c.kind for c in signed],
                "sign_date": sign.astype("datetime64[D]"),
                "start_date": [c.start for c in signed],
                "end_date": [c.end for c in signed],
                "price_mwh": np.array([c.price_mwh for c in signed]),
                "total_mwh": np.array([sum(c.volumes_mwh.values()) for c in signed]),
                "status_code": status,
                "rec_time": utc(latest(sign, start, end)),
            },
        ),
        "mkt_contract_month": table(
            TABLES["mkt_contract_month"],
            {
                "contract_no": [c.contract_no for c, _, _ in by_month],
                "deliv_ym": [f"{month:%Y%m}" for _, month, _ in by_month],
                "volume_mwh": np.array([volume for *_, volume in by_month]),
                "price_mwh": np.array([c.price_mwh for c, _, _ in by_month]),
                "rec_time": utc(np.array([c.signed_at for c, _, _ in by_month], "datetime64[s]")),
            },
        ),
    }


def _settlement(facts: Facts, contracts: list[Contract], real_time: np.ndarray) -> pa.Table:
    """Contracts at their prices, the deviation of each hour at the real-time price; known the next morning.

    Confirmed, unchanged, on the 8th of the next month.
    """
    first, days = facts.plan.first, (facts.today - facts.plan.first).days  # today's is not settled yet
    dates = [first + timedelta(days=k) for k in range(days)]
    actual = market_energy.hourly_mwh(facts.population, facts.climate, first, days).round(3)
    contract, amount = np.zeros(days), np.zeros(days)
    by_month: dict[date, tuple[float, float]] = {}
    for c in contracts:
        for month, volume in c.volumes_mwh.items():
            energy, cost = by_month.get(month, (0.0, 0.0))
            by_month[month] = energy + volume, cost + volume * c.price_mwh
    for k, day in enumerate(dates):
        month = day.replace(day=1)
        count = market_contracts.last_day(month).day
        contract[k], amount[k] = (value / count for value in by_month[month])
    contract, amount = contract.round(3), amount.round(2)
    total = actual.sum(axis=1).round(3)
    deviation = (total - contract).round(3)
    spot = ((actual - contract[:, None] / 24) * real_time[:days]).sum(axis=1).round(2)
    fee = (np.clip(np.abs(deviation) - TOLERANCE * contract, 0, None) * FEE_YUAN_MWH).round(2)
    settled = np.datetime64(first, "D") + np.arange(days)
    at = (settled + 1).astype("datetime64[s]") + 10 * _HOUR
    following = (settled.astype("datetime64[M]") + 1).astype("datetime64[D]") + 7
    confirmed = known(following.astype("datetime64[s]") + 9 * _HOUR, facts.today)
    return table(
        TABLES["mkt_settle_day"],
        {
            "settle_date": settled, "contract_mwh": contract, "actual_mwh": total, "dev_mwh": deviation,
            "contract_amt": amount, "spot_amt": spot, "dev_fee": fee, "total_amt": amount + spot + fee,
            "status_code": np.where(np.isnat(confirmed), PRELIMINARY, CONFIRMED).astype(object),
            "rec_time": utc(latest(at, confirmed)),
        },
    )  # fmt: skip
