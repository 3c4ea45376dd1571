"""What the CIS does about open bills: reminders, notices, disconnections, reconnections."""

import numpy as np
import pyarrow as pa

from gridmart.simulator import collection
from gridmart.simulator.systems import cis_columns as c
from gridmart.simulator.systems.cis_bills import Bills
from gridmart.simulator.systems.cis_register import Register
from gridmart.simulator.systems.model import Facts, Table

TABLES = {
    "a_urge": Table(
        {"urge_id": "bigint", "calc_id": "text", "cons_no": "text", "urge_step": "int", "urge_mode": "text",
         "urge_time": "timestamptz", "owe_amt": "numeric(18,2)", "upd_time": "timestamptz"},
        ("urge_id",),
    ),
    "r_stop_restore": Table(
        {"stop_id": "bigint", "calc_id": "text", "cons_no": "text", "stop_time": "timestamptz",
         "restore_time": "timestamptz", "owe_amt": "numeric(18,2)", "status_code": "text", "upd_time": "timestamptz"},
        ("stop_id",),
    ),
}  # fmt: skip

URGE_MODES = ("01", "02", "03")  # SMS, letter, notice of disconnection
STEPS = len(URGE_MODES)


def tables(facts: Facts, register: Register, made: Bills) -> dict[str, pa.Table]:
    """Reminders and disconnections by today. A bill that is open by an error is reminded of like any other."""
    number = c.text(made.number)
    return {
        "a_urge": _reminders(facts, register, made, number),
        "r_stop_restore": _disconnections(facts, register, made, number),
    }


def _reminders(facts: Facts, register: Register, made: Bills, number: pa.Array) -> pa.Table:
    sms, letter = collection.reminders(made.due, made.settled_at)
    notice = made.frame["notice_at"].to_numpy("datetime64[s]")[made.of]
    at = np.stack([sms, letter, np.where(made.copy == 0, notice, np.datetime64("NaT", "s"))], axis=1)
    bill, step = np.nonzero(c.known(at, facts.today) & (made.amount > 0)[:, None])
    at = at[bill, step]
    urge = c.row_ids(made.month[bill], made.row[bill], made.copy[bill] * STEPS + step)
    order = np.argsort(urge)
    bill, step, at = bill[order], step[order], at[order]
    columns = {
        "urge_id": c.whole(urge[order]),
        "calc_id": number.take(pa.array(bill)),
        "cons_no": c.text(register.account_no[made.row[bill]]),
        "urge_step": c.whole(step + 1),
        "urge_mode": c.codes(step, URGE_MODES),
        "urge_time": c.times(at),
        "owe_amt": c.decimals(made.amount[bill], 18, 2),
        "upd_time": c.times(at),
    }
    return c.table(TABLES["a_urge"], columns)


def _disconnections(facts: Facts, register: Register, made: Bills, number: pa.Array) -> pa.Table:
    off = made.frame["disconnected_at"].to_numpy("datetime64[s]")[made.of]
    bill = np.flatnonzero(c.known(off, facts.today) & (made.amount > 0) & (made.copy == 0))
    stop = c.row_ids(made.month[bill], made.row[bill])
    order = np.argsort(stop)
    bill = bill[order]
    on = c.until(made.frame["reconnected_at"].to_numpy("datetime64[s]")[made.of[bill]], facts.today)
    is_on = ~np.isnat(on)
    columns = {
        "stop_id": c.whole(stop[order]),
        "calc_id": number.take(pa.array(bill)),
        "cons_no": c.text(register.account_no[made.row[bill]]),
        "stop_time": c.times(off[bill]),
        "restore_time": c.times(on),
        "owe_amt": c.decimals(made.amount[bill], 18, 2),
        "status_code": c.codes(is_on * 1, ("0", "1")),
        "upd_time": c.times(np.where(is_on, on, off[bill])),
    }
    return c.table(TABLES["r_stop_restore"], columns)
