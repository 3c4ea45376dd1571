"""Bills, their lines, and payments: what the CIS believes, with its errors.

A bill follows the CIS's view of the account: its CT ratio, its tariff, the kvarh it read. A payment posted to another
account credits a bill of the same month, station and category: the money stays whole, the payer's bill stays open, the
other one is credited twice. A bill that was issued twice stays open once, unless the bank debits the second too.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.simulator import billing, collection
from gridmart.simulator.month_use import HIGHEST, PERIOD_WH
from gridmart.simulator.systems import cis_columns as c
from gridmart.simulator.systems.cis_register import Register, details, large_families
from gridmart.simulator.systems.model import Facts, Table

TABLES = {
    "e_bill": Table(
        {"calc_id": "text", "cons_no": "text", "bill_ym": "char(6)", "issue_date": "date", "due_date": "date",
         "t_pq": "numeric(18,3)", "t_amt": "numeric(18,2)", "settle_flag": "text", "upd_time": "timestamptz"},
        ("calc_id",),
    ),
    "e_bill_det": Table(
        {"calc_id": "text", "item_seq": "int", "item_code": "text", "prd_code": "text", "qty": "numeric(18,3)",
         "prc": "numeric(12,6)", "amt": "numeric(18,2)", "upd_time": "timestamptz"},
        ("calc_id", "item_seq"),
    ),
    "a_pay_flow": Table(
        {"charge_id": "text", "calc_id": "text", "cons_no": "text", "charge_time": "timestamptz",
         "rcv_amt": "numeric(18,2)", "pay_mode": "text", "upd_time": "timestamptz"},
        ("charge_id",),
    ),
    "a_pay_fail": Table(
        {"fail_id": "bigint", "calc_id": "text", "cons_no": "text", "try_time": "timestamptz",
         "try_amt": "numeric(18,2)", "pay_mode": "text", "fail_code": "text", "upd_time": "timestamptz"},
        ("fail_id",),
    ),
}  # fmt: skip

ITEM_CODES = ("01", "02", "03", "04", "05")  # of billing.ITEMS
PERIOD_CODES = ("0", "1", "2", "3", "4", "5")  # of billing.LINE_PERIODS
PAY_MODES = ("01", "02", "03", "04", "05")  # of collection.CHANNELS
FAIL_CODES = ("01", "02")  # balance too low, the agreement with the bank has ended
ISSUED_HOUR = 8
MOST_MONTHS = 120_000  # of a key: row of the account × this + month
NEVER = np.datetime64("NaT", "s")


def key(rows: np.ndarray, months: np.ndarray) -> np.ndarray:
    """One number an account (row) and month."""
    return rows * MOST_MONTHS + np.asarray(months).astype("datetime64[M]").astype(np.int64)


def _keys(rows: pd.DataFrame, register: Register, account: str = "account_no") -> np.ndarray:
    """Keys of instances of a month each."""
    return key(register.rows(rows[account]), rows["from_date"].to_numpy("datetime64[M]"))


def believed(facts: Facts, register: Register, versions: pd.DataFrame) -> pd.DataFrame:
    """What the CIS bills: one row a bill that is issued by today, with the collection's columns and those that
    `billing.charge` reads; `row` is the account's. Bills that are not issued are left out.

    `versions`: contracts, see `cis_register.versions`.
    """
    made = facts.collection
    made = made[c.known(c.at(made["issued_date"].to_numpy(), ISSUED_HOUR), facts.today)]
    rows = register.rows(made["account_no"])
    keys = key(rows, made["month"].to_numpy())
    use = facts.month_use
    at = pd.Index(key(register.rows(use["account_no"]), use["month"].to_numpy())).get_indexer(keys)
    here = (at >= 0) & ~np.isin(keys, _keys(facts.drawn("bill_not_issued"), register))
    counted = [*PERIOD_WH, "import_varh", HIGHEST]
    frame = pd.concat([made[here].reset_index(drop=True), use[counted].iloc[at[here]].reset_index(drop=True)], axis=1)
    rows, keys = rows[here], keys[here]
    frame["row"] = rows
    frame["tariff_code"] = _tariffs(facts, register, rows, keys)
    frame["household_code"] = _households(facts, register, rows, frame["month"].to_numpy())
    frame["capacity"] = _capacities(rows, frame["month"].to_numpy(), versions)
    _miscount(facts, register, frame, keys)
    return frame


def _tariffs(facts: Facts, register: Register, rows: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Tariff that each bill applies."""
    codes = billing.tariffs(facts.population)[rows]
    misapplied = facts.drawn("tariff_misapplied")
    wrong: dict[int, str] = {}
    places = register.rows(misapplied["account_no"])
    for place, since, until, said in zip(
        places, misapplied["from_date"], misapplied["to_date"], details(misapplied), strict=True
    ):
        months = np.arange(np.datetime64(since, "M"), np.datetime64(until, "M") + 1)
        wrong |= dict.fromkeys(key(place, months).tolist(), said["tariff_code"])
    at = pd.Index(list(wrong), dtype=np.int64).get_indexer(keys)
    hit = np.flatnonzero(at >= 0)
    if hit.size:
        codes[hit] = np.array(list(wrong.values()), dtype=object)[at[hit]]
    return codes


def _households(facts: Facts, register: Register, rows: np.ndarray, months: np.ndarray) -> np.ndarray:
    """Kind of household of each bill: a registration counts from its month on."""
    large, since, _ = large_families(facts.population, register)
    registered = np.full(len(register.opened), np.datetime64("NaT"), "datetime64[D]")
    registered[large] = since
    is_large = registered[rows].astype("datetime64[M]") <= months.astype("datetime64[M]")
    return np.where(is_large, billing.LARGE_FAMILY, billing.ORDINARY).astype(object)


def _capacities(rows: np.ndarray, months: np.ndarray, versions: pd.DataFrame) -> np.ndarray:
    """Contract capacity on the first of each month, or when the account was opened: hundredths of a kVA."""
    capacity = np.zeros(rows.size, np.int64)
    for number, made in versions.groupby("version"):
        place = pd.Index(made["row"].to_numpy()).get_indexer(rows)
        holds = (place >= 0) & ((number == 0) | (made["eff_date"].to_numpy()[place] <= months))
        capacity[holds] = made["capacity"].to_numpy()[place[holds]]
    return capacity


def _miscount(facts: Facts, register: Register, frame: pd.DataFrame, keys: np.ndarray) -> None:
    """Energies and demand as the CIS's CT ratio makes them, reactive energy as it was read."""
    wrong = facts.drawn("wrong_ct_ratio")
    row = frame["row"].to_numpy()
    for place, said in zip(register.rows(wrong["account_no"]), details(wrong), strict=True):
        here = row == place
        for name in (*PERIOD_WH, "import_varh", HIGHEST):
            counted = frame.loc[here, name].to_numpy() * said["believed_ct_ratio"]
            frame.loc[here, name] = billing.half_up(counted, said["true_ct_ratio"])
    misread = facts.drawn("power_factor_misread")
    at = pd.Index(_keys(misread, register)).get_indexer(keys)
    tenths = np.array([said["kvarh_tenths"] for said in details(misread)], dtype=np.int64)
    hit = at >= 0
    frame.loc[hit, "import_varh"] = billing.half_up(frame.loc[hit, "import_varh"].to_numpy() * tenths[at[hit]], 10)


@dataclass(frozen=True)
class Bills:
    """Bills by today, ordered by number; arrays, one element a bill.

    frame, lines: what the bills are made of (`believed`, `billing.charge`); of: the row of `frame`; copy: 1 for the
    second of two. row: of the account. month, issued, due: datetime64[s]. paid_at: by the customer, NaT if not by
    today; channel: places in collection.CHANNELS. credited: the bill (place) that this payment is posted to;
    settled_at: NaT while open. energy: hundredths of a kWh; amount: cents.
    """

    frame: pd.DataFrame
    lines: billing.Lines
    of: np.ndarray
    copy: np.ndarray
    number: np.ndarray
    row: np.ndarray
    month: np.ndarray
    issued: np.ndarray
    due: np.ndarray
    energy: np.ndarray
    amount: np.ndarray
    channel: np.ndarray
    paid_at: np.ndarray
    credited: np.ndarray
    settled_at: np.ndarray

    @property
    def issued_at(self) -> np.ndarray:
        """Local time of the issue."""
        return c.at(self.issued, ISSUED_HOUR)


def bills(facts: Facts, register: Register, versions: pd.DataFrame) -> Bills:
    """All bills issued by today, with what was paid on them."""
    frame = believed(facts, register, versions)
    lines = billing.charge(frame)
    row, month = frame["row"].to_numpy(), frame["month"].to_numpy("datetime64[s]")
    issued = frame["issued_date"].to_numpy("datetime64[s]")
    again = np.isin(key(row, month), _keys(facts.drawn("bill_twice"), register))
    again &= c.known(c.at(issued, ISSUED_HOUR) + collection.AGAIN, facts.today)
    of = np.concatenate([np.arange(len(frame)), np.flatnonzero(again)])
    copy = (np.arange(of.size) >= len(frame)).astype(np.int64)
    rank = np.empty(len(register.account_no), np.int64)
    rank[np.argsort(register.account_no)] = np.arange(rank.size)
    order = np.lexsort((copy, rank[row[of]], month[of]))
    of, copy = of[order], copy[order]

    row, month, issued = row[of], month[of], issued[of] + copy * collection.AGAIN
    due = frame["due_date"].to_numpy("datetime64[s]")[of] + copy * collection.AGAIN
    amount = lines.amounts(len(frame))[of]
    channel = pd.Index(collection.CHANNELS).get_indexer(frame["channel"].to_numpy(object)[of])
    debited = np.where(channel == collection.AUTO_DEBIT, issued + collection.DEBIT, NEVER)
    paid = np.where(copy == 0, frame["paid_at"].to_numpy("datetime64[s]")[of], debited)
    paid = c.until(np.where(amount > 0, paid, NEVER), facts.today)
    credited = _credited(facts, register, row, month, copy)
    settled = _settled(paid, credited, amount)
    settled = np.where(amount == 0, c.at(issued, ISSUED_HOUR), settled)
    numbers = [
        billing.bill_no(*bill)
        for bill in zip(c.month_number(month).tolist(), register.account_no[row].tolist(), copy.tolist(), strict=True)
    ]
    return Bills(
        frame, lines, of, copy, np.array(numbers, dtype=object), row, month, issued, due,
        lines.energies(len(frame))[of], amount, channel, paid, credited, settled,
    )  # fmt: skip


def _credited(facts: Facts, register: Register, row: np.ndarray, month: np.ndarray, copy: np.ndarray) -> np.ndarray:
    """The bill that each bill's payment is posted to: mostly itself."""
    credited = np.arange(row.size)
    wrong = facts.drawn("payment_wrong_account")
    firsts = np.flatnonzero(copy == 0)
    index = pd.Index(key(row[firsts], month[firsts]))
    payer = index.get_indexer(_keys(wrong, register))
    other = wrong.assign(other=[said["credited_account_no"] for said in details(wrong)])
    target = index.get_indexer(_keys(other, register, "other"))
    there = (payer >= 0) & (target >= 0)
    credited[firsts[payer[there]]] = firsts[target[there]]
    return credited


def _settled(paid: np.ndarray, credited: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """When what was posted to a bill reached its amount; NaT if it has not."""
    payments = np.flatnonzero(~np.isnat(paid))
    payments = payments[np.lexsort((paid[payments], credited[payments]))]
    bill, posted = credited[payments], np.cumsum(amount[payments])
    starts = np.flatnonzero(np.diff(bill, prepend=-1))
    before = np.repeat(posted[starts] - amount[payments[starts]], np.diff(starts, append=bill.size))
    enough = np.flatnonzero(posted - before >= amount[bill])
    settled = np.full(paid.size, NEVER)
    found, first = np.unique(bill[enough], return_index=True)
    settled[found] = paid[payments[enough[first]]]
    return settled


def tables(facts: Facts, register: Register, made: Bills) -> dict[str, pa.Table]:
    """Rows of the bills, their lines, and the payments."""
    number = c.text(made.number)
    is_settled = ~np.isnat(made.settled_at)
    months = c.text([str(month) for month in c.month_number(made.month).tolist()])
    bill = {
        "calc_id": number,
        "cons_no": c.text(register.account_no[made.row]),
        "bill_ym": months,
        "issue_date": c.dates(made.issued),
        "due_date": c.dates(made.due),
        "t_pq": c.decimals(made.energy * 10, 18, 3),
        "t_amt": c.decimals(made.amount, 18, 2),
        "settle_flag": c.codes(is_settled * 1, ("0", "1")),
        "upd_time": c.times(np.where(is_settled, made.settled_at, made.issued_at)),
    }
    return {
        "e_bill": c.table(TABLES["e_bill"], bill),
        "e_bill_det": _lines(made, number),
        "a_pay_flow": _payments(facts, register, made, number),
        "a_pay_fail": _failed(facts, register, made, number),
    }


def _lines(made: Bills, number: pa.Array) -> pa.Table:
    lines = made.lines
    counts = np.bincount(lines.bill, minlength=len(made.frame))
    each = counts[made.of]
    bill = np.repeat(np.arange(each.size), each)
    begins = (np.cumsum(counts) - counts)[made.of]
    at = np.arange(bill.size) + np.repeat(begins - (np.cumsum(each) - each), each)
    columns = {
        "calc_id": number.take(pa.array(bill)),
        "item_seq": c.whole(lines.sequence[at]),
        "item_code": c.codes(lines.item[at], ITEM_CODES),
        "prd_code": c.codes(lines.period[at], PERIOD_CODES),
        "qty": c.decimals(lines.quantity[at] * 10, 18, 3),
        "prc": c.decimals(lines.price[at], 12, 6),
        "amt": c.decimals(lines.amount[at], 18, 2),
        "upd_time": c.times(made.issued_at[bill]),
    }
    return c.table(TABLES["e_bill_det"], columns)


def _payments(facts: Facts, register: Register, made: Bills, number: pa.Array) -> pa.Table:
    receipt = billing.receipts(facts.population)[made.row]
    paid = np.flatnonzero(~np.isnat(made.paid_at))
    paid = paid[np.lexsort((made.copy[paid], receipt[paid], made.month[paid]))]
    credited = made.credited[paid]
    names = zip(
        c.month_number(made.month[paid]).tolist(), receipt[paid].tolist(), made.copy[paid].tolist(), strict=True
    )
    columns = {
        "charge_id": c.text([billing.receipt_no(*name) for name in names]),
        "calc_id": number.take(pa.array(credited)),
        "cons_no": c.text(register.account_no[made.row[credited]]),
        "charge_time": c.times(made.paid_at[paid]),
        "rcv_amt": c.decimals(made.amount[paid], 18, 2),
        "pay_mode": c.codes(made.channel[paid], PAY_MODES),
        "upd_time": c.times(made.paid_at[paid]),
    }
    return c.table(TABLES["a_pay_flow"], columns)


def _failed(facts: Facts, register: Register, made: Bills, number: pa.Array) -> pa.Table:
    """Debits that the bank refused: of who has agreed to automatic payment and had to pay another way."""
    agreed = collection.habits(facts.population).has_auto_debit[made.row]
    tried = made.issued + collection.DEBIT
    fails = agreed & (made.copy == 0) & (made.channel != collection.AUTO_DEBIT) & (made.amount > 0)
    row = np.flatnonzero(fails & c.known(tried, facts.today))
    ids = c.row_ids(tried[row], made.row[row])
    order = np.argsort(ids)
    row, ids = row[order], ids[order]
    columns = {
        "fail_id": c.whole(ids),
        "calc_id": number.take(pa.array(row)),
        "cons_no": c.text(register.account_no[made.row[row]]),
        "try_time": c.times(tried[row]),
        "try_amt": c.decimals(made.amount[row], 18, 2),
        "pay_mode": c.codes(made.channel[row] * 0 + collection.AUTO_DEBIT, PAY_MODES),
        "fail_code": c.codes((made.row[row] % 5 == 0) * 1, FAIL_CODES),
        "upd_time": c.times(tried[row]),
    }
    return c.table(TABLES["a_pay_fail"], columns)
