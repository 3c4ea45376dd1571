"""Who and what the CIS knows: customers, accounts, contracts, metering points, meters, each from its first day on."""

import json
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.simulator import billing, demand_response
from gridmart.simulator.keys import generator
from gridmart.simulator.population import Population
from gridmart.simulator.systems import cis_columns as c
from gridmart.simulator.systems.model import Facts, Table

TABLES = {
    "c_cust": Table(
        {"cust_id": "bigint", "cust_no": "text", "cust_name": "text", "mobile": "text", "cert_no": "text",
         "addr": "text", "upd_time": "timestamptz"},
        ("cust_id",),
    ),
    "c_cons": Table(
        {"cons_id": "bigint", "cons_no": "text", "cust_id": "bigint", "org_no": "text", "elec_type_code": "text",
         "trade_code": "text", "volt_code": "text", "build_date": "date", "cancel_date": "date", "status_code": "text",
         "mkt_flag": "text", "upd_time": "timestamptz"},
        ("cons_id",),
    ),
    "c_contract": Table(
        {"contract_id": "bigint", "contract_no": "text", "cons_id": "bigint", "prc_code": "text",
         "contract_cap": "numeric(12,2)", "ba_calc_mode": "text", "pf_std_code": "text", "eff_date": "date",
         "exp_date": "date", "fee_ctl_flag": "text", "upd_time": "timestamptz"},
        ("contract_id",),
    ),
    "c_household": Table(
        {"hh_id": "bigint", "cons_id": "bigint", "hh_type_code": "text", "person_num": "int", "eff_date": "date",
         "exp_date": "date", "upd_time": "timestamptz"},
        ("hh_id",),
    ),
    "c_mp": Table(
        {"mp_id": "bigint", "mp_no": "text", "cons_no": "text", "mp_attr_code": "text", "line_code": "text",
         "intv_min": "int", "gen_flag": "text", "upd_time": "timestamptz"},
        ("mp_id",),
    ),
    "c_meter": Table(
        {"meter_id": "bigint", "asset_no": "text", "mp_id": "bigint", "t_ct": "int", "t_pt": "int", "digits": "int",
         "inst_date": "date", "rmv_date": "date", "inst_read": "numeric(14,2)", "rmv_read": "numeric(14,2)",
         "upd_time": "timestamptz"},
        ("meter_id",),
    ),
}  # fmt: skip

ELEC_TYPES = {"large_industrial": "100", "residential": "200", "agricultural": "300", "commercial": "400"}
POINT_KINDS = {"customer": "01", "transformer_boundary": "02", "feeder_boundary": "03"}
PREPAID_SHARE = 0.4  # of homes and shops that pay promptly: their balance is drawn on, and pays each bill at once
LARGE_FAMILY_SHARE = 0.06  # of households, registered with five people or more: they have tiers of their own
REGISTERED_LATER = 0.3  # of these, on the first of a month of the history; the others when they were connected
LEAST_PEOPLE, MOST_PEOPLE = 5, 7
HIGH_VOLTAGE, LOW_VOLTAGE = "AC00101", "AC03802"
ESTABLISHED = np.datetime64("2008-01-01", "D")  # boundary meters; a utility that begins earlier: a year before it
ASSET_LETTERS = "MNQRSTUVWX"  # first meter of a point, second, …


@dataclass(frozen=True)
class Register:
    """What most tables need of the population: arrays in the order of the accounts; dates are datetime64[D].

    gone: the first day without supply, NaT while open; is_known: opened by today; owner: row of the customer's first
    account.
    """

    opened: np.ndarray
    gone: np.ndarray
    is_known: np.ndarray
    owner: np.ndarray
    category: np.ndarray
    account_no: np.ndarray
    row_of: pd.Index

    @classmethod
    def of(cls, population: Population, today: date) -> "Register":
        """The register of a population as of a date."""
        accounts = population.accounts
        opened = accounts["opened_date"].to_numpy("datetime64[D]")
        closed = accounts["closed_date"].to_numpy("datetime64[D]")
        owner, _ = pd.factorize(accounts["customer_no"])
        first_rows = np.flatnonzero(~accounts["customer_no"].duplicated().to_numpy())
        numbers = accounts["account_no"].to_numpy(object)
        return cls(
            opened, closed + np.timedelta64(1, "D"), opened <= np.datetime64(today), first_rows[owner],
            accounts["usage_category"].to_numpy(object), numbers, pd.Index(numbers),
        )  # fmt: skip

    def rows(self, account_no: np.ndarray | pd.Series) -> np.ndarray:
        """Rows of accounts by number; -1 for one that nobody has."""
        return self.row_of.get_indexer(np.asarray(account_no, dtype=object))


def details(rows: pd.DataFrame) -> list[dict]:
    """What instances of a fault say of themselves."""
    return [json.loads(text) for text in rows["detail"]]


def customers(facts: Facts, register: Register) -> pa.Table:
    """Customers, known from the day their first account was opened."""
    accounts = facts.population.accounts
    since = pd.Series(register.opened).groupby(register.owner).min()
    owner, since = since.index.to_numpy(), since.to_numpy()
    here = since <= np.datetime64(facts.today)
    rows = accounts.iloc[owner[here]]
    columns = {
        "cust_id": c.whole(c.FIRST_ID + owner[here]),
        "upd_time": c.times(c.at(since[here], 9.5)),
    }
    named = {"cust_no": "customer_no", "cust_name": "customer_name", "mobile": "phone", "cert_no": "id_number",
             "addr": "address"}  # fmt: skip
    columns |= {name: c.text(rows[of].to_numpy(object)) for name, of in named.items()}
    return c.table(TABLES["c_cust"], columns)


def accounts(facts: Facts, register: Register) -> pa.Table:
    """Accounts; one whose last day with supply has passed is cancelled the next morning."""
    rows = np.flatnonzero(register.is_known)
    frame = facts.population.accounts.iloc[rows]
    gone = np.where(c.known(register.gone, facts.today), register.gone, np.datetime64("NaT"))[rows]
    is_gone = ~np.isnat(gone)
    traders = demand_response.members(facts.population)["account_row"].to_numpy()
    columns = {
        "cons_id": c.whole(c.FIRST_ID + rows),
        "cons_no": c.text(register.account_no[rows]),
        "cust_id": c.whole(c.FIRST_ID + register.owner[rows]),
        "org_no": c.text(frame["org_no"].to_numpy(object)),
        "elec_type_code": c.text(frame["usage_category"].map(ELEC_TYPES).to_numpy(object)),
        "trade_code": c.text(frame["industry_code"].to_numpy(object)),
        "volt_code": c.codes((register.category[rows] == "large_industrial") * 1, (LOW_VOLTAGE, HIGH_VOLTAGE)),
        "build_date": c.dates(register.opened[rows]),
        "cancel_date": c.dates(gone),
        "status_code": c.codes(is_gone * 1, ("0", "9")),
        "mkt_flag": c.codes(np.isin(rows, traders) * 1, ("0", "1")),
        "upd_time": c.times(np.where(is_gone, c.at(gone, 9.5), c.at(register.opened[rows], 10))),
    }
    return c.table(TABLES["c_cons"], columns)


def versions(facts: Facts, register: Register, changes: pd.DataFrame) -> pd.DataFrame:
    """Contract versions by today: row (of the account), version (0, 1, …), eff_date, exp_date, capacity (hundredths
    of a kVA). `changes`: row, eff_date, capacity, at most one a day and account. exp_date is the first day without."""
    rows = np.flatnonzero(register.is_known)
    capacity = np.rint(facts.population.accounts["capacity_kva"].to_numpy(float) * 100).astype(np.int64)
    first = pd.DataFrame({"row": rows, "eff_date": register.opened[rows], "capacity": capacity[rows]})
    later = changes[c.known(changes["eff_date"].to_numpy(), facts.today)]
    made = pd.concat([first, later[first.columns]], ignore_index=True) if len(later) else first
    made = made.sort_values(["row", "eff_date"], ignore_index=True)
    same = made["row"].diff().eq(0).to_numpy()
    number = np.arange(len(made)) - np.maximum.accumulate(np.where(same, 0, np.arange(len(made))))
    end = np.full(len(made), np.datetime64("NaT"), "datetime64[D]")
    end[:-1][same[1:]] = made["eff_date"].to_numpy("datetime64[D]")[1:][same[1:]]
    gone = register.gone[made["row"].to_numpy()]
    end = np.where(np.isnat(end) & c.known(gone, facts.today), gone, end)
    return made.assign(version=number, exp_date=end)


def contracts(facts: Facts, register: Register, made: pd.DataFrame) -> pa.Table:
    """Contracts: a change of capacity ends one and begins the next, with a number of its own."""
    rows, version = made["row"].to_numpy(), made["version"].to_numpy()
    tariff = billing.tariffs(facts.population)[rows]
    mode = np.select([tariff == code for code in billing.INDUSTRIAL], [1, 2], 0)
    numbers = [
        f"H{no}" if not k else f"H{no}-{k + 1}" for no, k in zip(register.account_no[rows], version, strict=True)
    ]
    began = c.at(made["eff_date"].to_numpy(), 10)
    ended = c.at(made["exp_date"].to_numpy(), 9.5)
    columns = {
        "contract_id": c.whole((c.FIRST_ID + rows) * 100 + version),
        "contract_no": c.text(numbers),
        "cons_id": c.whole(c.FIRST_ID + rows),
        "prc_code": c.text(tariff),
        "contract_cap": c.decimals(made["capacity"].to_numpy(), 12, 2),
        "ba_calc_mode": c.codes(mode, ("0", "1", "2")),
        "pf_std_code": c.codes((mode > 0) * 1, ("0", "1")),
        "eff_date": c.dates(made["eff_date"].to_numpy()),
        "exp_date": c.dates(made["exp_date"].to_numpy()),
        "fee_ctl_flag": c.codes(prepaid(facts.population)[rows] * 1, ("0", "1")),
        "upd_time": c.times(np.where(np.isnat(ended), began, ended)),
    }
    return c.table(TABLES["c_contract"], columns)


def prepaid(population: Population) -> np.ndarray:
    """Accounts under prepaid control, bool."""
    accounts = population.accounts
    may = accounts["usage_category"].isin(["residential", "commercial"]) & accounts["payment_habit"].eq("prompt")
    return may.to_numpy() & (generator(population.seed, "prepaid").random(len(accounts)) < PREPAID_SHARE)


def large_families(population: Population, register: Register) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the accounts that are or will be registered as large families, since when (datetime64[D]), people."""
    size = len(register.opened)
    is_one, later, month, people = generator(population.seed, "household").random((4, size))
    row = np.flatnonzero((is_one < LARGE_FAMILY_SHARE) & (register.category == "residential"))
    months = np.datetime64(population.first, "M") + 1 + np.floor(month * 12).astype(np.int64)
    registered = np.maximum(months.astype("datetime64[D]"), register.opened.astype("datetime64[M]") + 1)
    since = np.where(later < REGISTERED_LATER, registered.astype("datetime64[D]"), register.opened)
    count = LEAST_PEOPLE + np.floor(people * (MOST_PEOPLE - LEAST_PEOPLE + 1)).astype(np.int64)
    return row, since[row], count[row]


def households(facts: Facts, register: Register) -> pa.Table:
    """Households with tiers of their own by today; exp_date is the first day without supply."""
    row, since, people = large_families(facts.population, register)
    here = c.known(since, facts.today) & ~(register.gone[row] <= since)
    row, since, people = row[here], since[here], people[here]
    gone = np.where(c.known(register.gone[row], facts.today), register.gone[row], np.datetime64("NaT"))
    columns = {
        "hh_id": c.whole(c.FIRST_ID + row),
        "cons_id": c.whole(c.FIRST_ID + row),
        "hh_type_code": c.codes(np.zeros(row.size, np.int64), ("01",)),
        "person_num": c.whole(people),
        "eff_date": c.dates(since),
        "exp_date": c.dates(gone),
        "upd_time": c.times(np.where(np.isnat(gone), c.at(since, 10), c.at(gone, 9.5))),
    }
    return c.table(TABLES["c_household"], columns)


@dataclass(frozen=True)
class Points:
    """Rows of `Population.points` that are there, with the date from which they are (datetime64[D])."""

    rows: np.ndarray
    since: np.ndarray

    @classmethod
    def of(cls, facts: Facts, register: Register) -> "Points":
        """Customers' points from the day of the account on; boundaries have always been there."""
        points = facts.population.points
        always = min(ESTABLISHED, np.datetime64(facts.plan.first, "D") - np.timedelta64(365, "D"))
        since = np.full(len(points), always)
        size = len(register.opened)  # customers' points come first, in the order of the accounts
        since[:size] = register.opened
        rows = np.flatnonzero(since <= np.datetime64(facts.today))
        return cls(rows, since[rows])


def points(facts: Facts, made: Points) -> pa.Table:
    """Metering points."""
    frame = facts.population.points.iloc[made.rows]
    columns = {
        "mp_id": c.whole(c.FIRST_ID + made.rows),
        "mp_no": c.text(frame["point_no"].to_numpy(object)),
        "cons_no": c.text(frame["account_no"].where(frame["account_no"].notna(), None).to_numpy(object)),
        "mp_attr_code": c.text(frame["point_kind"].map(POINT_KINDS).to_numpy(object)),
        "line_code": c.text(frame["feeder_no"].to_numpy(object)),
        "intv_min": c.whole(frame["interval_minutes"].to_numpy(np.int64)),
        "gen_flag": c.codes(frame["has_generation"].to_numpy(bool) * 1, ("0", "1")),
        "upd_time": c.times(c.at(made.since, 10)),
    }
    return c.table(TABLES["c_mp"], columns)


def meters(facts: Facts, made: Points) -> pa.Table:
    """Meters with the ratios that the CIS believes; a swap ends one and begins the next at 0.

    The index of a meter that is older than the history is not known: it counts as installed at 0.
    """
    points = facts.population.points
    index = pd.Index(points["point_no"].to_numpy(object))
    ct = points["ct_ratio"].to_numpy(np.int64).copy()
    wrong = facts.drawn("wrong_ct_ratio")
    ct[index.get_indexer(wrong["point_no"])] = [found["believed_ct_ratio"] for found in details(wrong)]

    swaps = facts.drawn("meter_swap")
    swapped = pd.DataFrame({"row": index.get_indexer(swaps["point_no"]), "inst": swaps["from_date"]})
    swapped["inst"] = swapped["inst"].to_numpy("datetime64[D]")
    is_done = c.known(swapped["inst"].to_numpy(), facts.today) & swapped["row"].isin(made.rows)
    swapped = swapped[is_done].drop_duplicates()
    at_first = np.rint(points["start_index"].to_numpy(float) * 100).astype(np.int64)[made.rows]
    is_new = made.since > np.datetime64(facts.plan.first)
    frame = pd.DataFrame({"row": made.rows, "inst": made.since, "read": np.where(is_new, at_first, 0)})
    frame = pd.concat([frame, swapped.assign(read=0)], ignore_index=True).sort_values(["row", "inst"])
    row, inst = frame["row"].to_numpy(), frame["inst"].to_numpy("datetime64[D]")
    same = np.diff(row, prepend=-1) == 0
    number = np.arange(row.size) - np.maximum.accumulate(np.where(same, 0, np.arange(row.size)))
    removed = np.full(row.size, np.datetime64("NaT"), "datetime64[D]")
    removed[:-1][same[1:]] = inst[1:][same[1:]]
    names = points["point_no"].to_numpy(object)[row]
    last = np.zeros(row.size)
    for k in np.flatnonzero(~np.isnat(removed)):
        last[k] = facts.removal_index.get(names[k], np.nan)
    is_open = np.isnat(removed) | np.isnan(last)
    final = np.rint(np.where(is_open, 0.0, last) * 100).astype(np.int64)
    changed = np.where(np.isnat(removed), c.at(inst, 10), c.at(removed, 11))
    columns = {
        "meter_id": c.whole((c.FIRST_ID + row) * len(ASSET_LETTERS) + number),
        "asset_no": c.text([f"{ASSET_LETTERS[k]}{name}" for k, name in zip(number, names, strict=True)]),
        "mp_id": c.whole(c.FIRST_ID + row),
        "t_ct": c.whole(ct[row]),
        "t_pt": c.whole(points["pt_ratio"].to_numpy(np.int64)[row]),
        "digits": c.whole(points["digits"].to_numpy(np.int64)[row]),
        "inst_date": c.dates(inst),
        "rmv_date": c.dates(removed),
        "inst_read": c.decimals(frame["read"].to_numpy(np.int64), 14, 2),
        "rmv_read": c.decimals(final, 14, 2, is_open),
        "upd_time": c.times(changed),
    }
    return c.table(TABLES["c_meter"], columns)
