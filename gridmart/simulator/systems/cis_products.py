"""Products of the utility's service and who has subscribed to them, drawn month by month."""

from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from gridmart.simulator.keys import generator
from gridmart.simulator.month_use import following
from gridmart.simulator.population import Population
from gridmart.simulator.systems import cis_columns as c
from gridmart.simulator.systems.cis_register import Register
from gridmart.simulator.systems.model import Facts, Table

TABLES = {
    "p_product": Table(
        {"prod_id": "bigint", "prod_code": "text", "prod_name": "text", "prod_name_en": "text",
         "prod_type_code": "text", "prc": "numeric(12,2)", "prc_unit": "text", "online_date": "date",
         "upd_time": "timestamptz"},
        ("prod_id",),
    ),
    "p_subscr": Table(
        {"subscr_id": "bigint", "prod_id": "bigint", "cons_no": "text", "begin_date": "date", "end_date": "date",
         "status_code": "text", "upd_time": "timestamptz"},
        ("subscr_id",),
    ),
}  # fmt: skip


class Product(NamedTuple):
    """`price` in cents a `unit`; `wanted_by`: share of accounts a month, by archetype or usage category."""

    code: str
    name: str
    name_en: str
    type_code: str
    price: int
    unit: str
    wanted_by: dict[str, float]


PRODUCTS = (
    Product("DNTD", "电能替代改造", "Electrification", "01", 0, "项",
            {"electric_heating": 0.002, "irrigation": 0.002, "industry_two_shift": 0.004}),
    Product("GFYW", "光伏代运维", "PV operation and maintenance", "02", 2_000, "月", {"pv": 0.02}),
    Product("JNZD", "节能诊断", "Energy audit", "03", 200_000, "次",
            {"commercial": 0.002, "large_industrial": 0.012}),
    Product("ZNCD", "智能充电桩", "Smart charging", "02", 1_500, "月", {"ev": 0.02}),
    Product("SBDW", "配电设备代维", "Maintenance of customers' switchgear", "02", 60_000, "月",
            {"large_industrial": 0.015, "hospital": 0.01}),
    Product("YNJC", "用能监测", "Monitoring of use", "03", 3_000, "月",
            {"office": 0.004, "school": 0.004, "shop": 0.002, "large_industrial": 0.01}),
)  # fmt: skip
RENEWED_SHARE = 0.75  # of subscriptions, after twelve months; the others end then


def _subscriptions(population: Population, register: Register, month: date, has: np.ndarray) -> tuple[np.ndarray, ...]:
    """Row, product, first day, end (NaT if renewed) of a month's new subscriptions; `has` [accounts, products] is
    brought up to date: nobody takes the same product twice."""
    archetype = population.accounts["archetype"].to_numpy(object)
    rng = generator(population.seed, "subscription", month)
    found = []
    for place, product in enumerate(PRODUCTS):
        wish, day, renewed = rng.random((3, archetype.size))
        rate = np.zeros(archetype.size)
        for who, share in product.wanted_by.items():
            rate[(archetype == who) | (register.category == who)] = share
        since = np.datetime64(month) + np.floor(day * 28).astype(np.int64)
        row = np.flatnonzero((wish < rate) & ~has[:, place] & (register.opened < since) & np.isnat(register.gone))
        has[row, place] = True
        end = np.where(renewed[row] < RENEWED_SHARE, np.datetime64("NaT"), since[row] + 365)
        found.append((row, np.full(row.size, place), since[row], end))
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))


def tables(facts: Facts, register: Register) -> dict[str, pa.Table]:
    """Products, all offered before the history, and subscriptions by today."""
    first = facts.plan.first
    offered = np.full(len(PRODUCTS), np.datetime64(f"{first.year - 2}-03-01"))
    names = {"prod_code": "code", "prod_name": "name", "prod_name_en": "name_en", "prod_type_code": "type_code",
             "prc_unit": "unit"}  # fmt: skip
    columns = {name: c.text([getattr(p, of) for p in PRODUCTS]) for name, of in names.items()}
    columns |= {
        "prod_id": c.whole(np.arange(1, len(PRODUCTS) + 1)),
        "prc": c.decimals(np.array([p.price for p in PRODUCTS]), 12, 2),
        "online_date": c.dates(offered),
        "upd_time": c.times(c.at(offered, 10)),
    }
    found = {"p_product": c.table(TABLES["p_product"], columns)}

    has = np.zeros((len(register.opened), len(PRODUCTS)), bool)
    months, month = [], first.replace(day=1)
    while month <= facts.today:
        months.append(_subscriptions(facts.population, register, month, has))
        month = following(month)
    row, product, since, end = (np.concatenate(part) for part in zip(*months, strict=True))
    number = c.row_ids(since, row, product)
    here = np.flatnonzero(c.known(since, facts.today))
    order = here[np.argsort(number[here])]
    row, product, since, number = row[order], product[order], since[order], number[order]
    end = c.until(end[order].astype("datetime64[s]"), facts.today)
    columns = {
        "subscr_id": c.whole(number),
        "prod_id": c.whole(product + 1),
        "cons_no": c.text(register.account_no[row]),
        "begin_date": c.dates(since),
        "end_date": c.dates(end),
        "status_code": c.codes(~np.isnat(end) * 1, ("1", "0")),
        "upd_time": c.times(np.where(np.isnat(end), c.at(since, 14), c.at(end, 0.5))),
    }
    return found | {"p_subscr": c.table(TABLES["p_subscr"], columns)}
