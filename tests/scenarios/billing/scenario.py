"""Billing scenarios: folders of CSV, loaded as raw tables, billed by the real models in one run of dbt.

given/contract.csv: valid_from, valid_to, tariff_code, capacity_kva, basis (none, capacity, demand), standard, household
given/readings.csv: point, from_date, to_date (both included), kWh by period, kvarh, max_kw, estimated (intervals a day)
when/bill.csv: bill_no, kind, period, quantity, price, amount: what was issued; no file: nothing was
then/lines.csv: segment, kind, period, detail, quantity, price, amount: what should have been; no file: not calculated
then/differences.csv: bill_no, cause, yuan, is_wrong; no file: none

What a span of readings used stands on its first day, at noon; every day of it was read. README.md explains the figures.
"""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg

from gridmart import calendar
from tests.integration.dbt.small_utility import LOADED_AT, create, put

HERE = Path(__file__).parent
FOLDERS = sorted(path for path in HERE.iterdir() if path.name.startswith("given_"))
LONG_AGO = date(2020, 1, 1)
YEAR = date(2026, 1, 1)  # whose days the calendar knows
HOUSEHOLDS = {"large_family": "01", "low_income": "02"}
BASES = {"none": "0", "capacity": "1", "demand": "2"}
STANDARDS = {"": "0", "0.90": "1", "0.85": "2", "0.80": "3"}
KINDS = {"energy": "01", "capacity": "02", "demand": "03", "power_factor": "04", "levies": "05"}
PERIODS = {"total": "0", "sharp": "1", "peak": "2", "flat": "3", "valley": "4", "deep_valley": "5"}
INTERVALS = 96

Row = dict[str, str]


def rows(path: Path) -> list[Row]:
    """Rows of a CSV file; none where there is no file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@dataclass(frozen=True)
class Case:
    """An account with its contracts, readings and issued lines, as its folder tells, or as made for a table."""

    account_no: str
    contracts: list[Row]
    readings: list[Row]
    bill: list[Row]

    @classmethod
    def read(cls, number: int, folder: Path) -> "Case":
        """The case of a folder."""
        return cls(
            f"S{number:04}",
            rows(folder / "given" / "contract.csv"),
            rows(folder / "given" / "readings.csv"),
            rows(folder / "when" / "bill.csv"),
        )


def _optional(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def load(connection: psycopg.Connection, cases: list[Case]) -> None:
    """Raw tables of all cases at once, of a connection as role loader."""
    create(connection)
    numbered = list(enumerate(cases, start=1))
    put(connection, "raw_cis", "c_cust", [(n, f"C{n}", "试", "1", "1", "1") for n, _ in numbered],
        "cust_id,cust_no,cust_name,mobile,cert_no,addr")  # fmt: skip
    put(connection, "raw_cis", "c_cons",
        [(n, case.account_no, n, "1400101", "400", "A00", "AC03802", LONG_AGO, None, "0") for n, case in numbered],
        "cons_id,cons_no,cust_id,org_no,elec_type_code,trade_code,volt_code,build_date,cancel_date,"
        "status_code")  # fmt: skip
    put(connection, "raw_cis", "c_contract",
        [
            (100 * n + k, f"K{n}-{k}", n, row["tariff_code"], Decimal(row["capacity_kva"] or 0), BASES[row["basis"]],
             STANDARDS[row["standard"]], date.fromisoformat(row["valid_from"]), _optional(row["valid_to"]))
            for n, case in numbered for k, row in enumerate(case.contracts)
        ],
        "contract_id,contract_no,cons_id,prc_code,contract_cap,ba_calc_mode,pf_std_code,eff_date,exp_date")  # fmt: skip
    put(connection, "raw_cis", "c_household",
        [
            (100 * n + k, n, HOUSEHOLDS[row["household"]], 5, row["valid_from"], row["valid_to"] or None)
            for n, case in numbered for k, row in enumerate(case.contracts) if row["household"]
        ],
        "hh_id,cons_id,hh_type_code,person_num,eff_date,exp_date")  # fmt: skip
    points = [(n, point) for n, case in numbered for point in sorted({row["point"] for row in case.readings})]
    put(connection, "raw_cis", "c_mp",
        [(k, f"S{n:04}{point}", f"{cases[n - 1].account_no}", "01", "F001", 15, "0") for k, (n, point) in
         enumerate(points)],
        "mp_id,mp_no,cons_no,mp_attr_code,line_code,intv_min,gen_flag")  # fmt: skip
    days = calendar.days(YEAR, YEAR.replace(month=12, day=31)).to_pydict()
    put(connection, "raw_calendar", "day", zip(*days.values(), strict=True), ",".join(days))
    _readings(connection, numbered)
    _bills(connection, cases)


def _readings(connection: psycopg.Connection, numbered: list[tuple[int, Case]]) -> None:
    made = []
    dates = set()
    for n, case in numbered:
        for row in case.readings:
            day, last = date.fromisoformat(row["from_date"]), date.fromisoformat(row["to_date"])
            used = {name: Decimal(row[name] or 0) for name in (*list(PERIODS)[1:], "kvarh", "max_kw")}
            missing = int(row["estimated"] or 0)
            while day <= last:
                energy = [used[period] for period in list(PERIODS)[1:]]
                made.append(
                    (f"S{n:04}{row['point']}", day, sum(energy), 0, used["kvarh"], *energy, used["max_kw"], LOADED_AT,
                     _at_noon(sum(energy)), INTERVALS, INTERVALS - missing, missing, 0, None, 1, LOADED_AT)
                )  # fmt: skip
                dates.add(day)
                used = dict.fromkeys(used, Decimal(0))
                day += timedelta(days=1)
    put(
        connection, "raw_ami", "point_day", made,
        "point_no,business_date,import_kwh,export_kwh,import_kvarh,sharp_kwh,peak_kwh,flat_kwh,valley_kwh,"
        "deep_valley_kwh,peak_kw,peak_at,hourly_kwh,intervals_due,intervals_actual,intervals_estimated,rule_bits,"
        "register_advance_kwh,lake_snapshot_id,loaded_at",
    )  # fmt: skip
    put(connection, "raw_ami", "collection_day", [(day, "", 1, 1, 1, 96, 96, 0, 1, LOADED_AT) for day in sorted(dates)],
        "business_date,transformer_no,points_due,points_read,points_complete,intervals_due,intervals_actual,"
        "intervals_estimated,lake_snapshot_id,loaded_at")  # fmt: skip


def _at_noon(energy: Decimal | int) -> list[float]:
    """Energy of each local hour, all of it in the one from 12 to 13."""
    return [float(energy) if hour == 12 else 0.0 for hour in range(24)]


def month_of(case: Case) -> date:
    """The month that a case is about: that of its last readings."""
    return date.fromisoformat(case.readings[-1]["from_date"]).replace(day=1)


def _bills(connection: psycopg.Connection, cases: list[Case]) -> None:
    bills, lines = [], []
    for case in cases:
        month = month_of(case)
        for copy, number in enumerate(dict.fromkeys(row["bill_no"] for row in case.bill)):
            of_bill = [row for row in case.bill if row["bill_no"] == number]
            issued = month + timedelta(days=33 + copy)
            energy = sum((Decimal(row["quantity"]) for row in of_bill if row["kind"] == "energy"), Decimal(0))
            amount = sum((Decimal(row["amount"]) for row in of_bill), Decimal(0))
            key = f"{case.account_no}-{number}"
            bills.append((key, case.account_no, f"{month:%Y%m}", issued, issued, energy, amount, "0"))
            lines += [
                (key, k, KINDS.get(row["kind"], row["kind"]), PERIODS[row["period"]], row["quantity"], row["price"],
                 row["amount"])
                for k, row in enumerate(of_bill, start=1)
            ]  # fmt: skip
    put(connection, "raw_cis", "e_bill", bills, "calc_id,cons_no,bill_ym,issue_date,due_date,t_pq,t_amt,settle_flag")
    put(connection, "raw_cis", "e_bill_det", lines, "calc_id,item_seq,item_code,prd_code,qty,prc,amt")
