"""Shadow billing: what it finds of planted billing faults, whom it accuses falsely, and how fast it is.

Found: a simulated utility with default faults goes through validation, the warehouse's own models and back; bills
called wrong are held against the simulator's truth. Speed: the models' time on made readings of many accounts, beside
the same bills in plain Python with decimals, which must come out equal.
"""

import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import markdown, utility
from benchmarks.billing_plain import Segment, bill
from benchmarks.installation import installation
from benchmarks.utility import Utility
from gridmart import calendar
from gridmart.lake import load
from gridmart.lake.engine import engine
from gridmart.lake.rollups import roll_up
from gridmart.lake.vee import clean
from gridmart.settings import settings
from gridmart.simulator import faults
from gridmart.simulator.plan import Plan
from gridmart.tariffs import PERIODS, version
from gridmart.warehouse import dbt
from gridmart.warehouse.database import connect
from ml.evaluation import truth

FIRST = date(2026, 2, 1)
HISTORY_END = date(
    2026, 3, 1
)  # bills of the month before are not judged: its readings have no history to be checked by
BILLS = ["account_no", "bill_month"]
# what shadow billing should say of a planted fault
CAUSES = {
    "bill_not_issued": ("missing",),
    "bill_twice": ("duplicate",),
    "tariff_misapplied": ("tariff_version",),
    "power_factor_misread": ("power_factor",),
    "wrong_ct_ratio": ("multiplier",),
}
CHUNK_DAYS = 20
# the models that add readings up to what a bill is made of, and those that make bills of it
ADD_UP = ("int_bill_segment", "int_bill_determinant")
CALCULATE = ("fct_shadow_bill_line", "fct_shadow_bill")


def _dbt(*words: str) -> dict[str, float]:
    """Run dbt; returns the seconds of each node by its name."""
    dbt.home().mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        dbt.command(["--quiet", *words]),
        env=os.environ | dbt.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout[-3000:] + done.stderr[-1000:])
    results = json.loads((dbt.home() / "target" / "run_results.json").read_text())["results"]
    return {row["unique_id"].split(".")[2]: row["execution_time"] for row in results}


def _land(systems: Path) -> None:
    """The dumps of the source systems as their raw tables, and the calendar."""
    with load.transaction() as cursor:
        for source in utility.SYSTEMS:
            for path in sorted((systems / source).glob("*.parquet")):
                cursor.adbc_ingest(path.stem, pq.read_table(path), mode="create", db_schema_name=f"raw_{source}")
        days = calendar.days(date(2025, 1, 1), date(2027, 12, 31))
        cursor.adbc_ingest("day", days, mode="create", db_schema_name="raw_calendar")


def _validate(made: Utility, folder: Path) -> int:
    """Validate all dates and load their roll-ups into raw_ami; returns the number of point-days."""
    stamp = {"lake_snapshot_id": 1, "loaded_at": datetime.now(UTC)}
    rows = 0
    day, step = made.first, timedelta(days=CHUNK_DAYS)
    while day <= made.last:
        last = min(day + step - timedelta(days=1), made.last)
        with engine(folder / "scratch", "duckdb") as session:
            result = clean.run(session, made.inputs(day, last))
            found = roll_up(session, result.profiles, result.points, result.point_days, day, last, settings().timezone)
            arrow = {name: session.arrow(getattr(found, name)) for name in ("point_day", "collection_day")}
        with load.transaction() as cursor:
            for name, table in arrow.items():
                for column, value in stamp.items():
                    table = table.append_column(column, pa.array([value] * table.num_rows))
                cursor.adbc_ingest(name, table, mode="append", db_schema_name=load.SCHEMA)
        rows += arrow["point_day"].num_rows
        day = last + timedelta(days=1)
    return rows


def _query(statement: str) -> pd.DataFrame:
    with connect("builder") as connection:
        cursor = connection.execute(statement.encode())
        names = [column.name for column in cursor.description or ()]
        return pd.DataFrame(cursor.fetchall(), columns=names)


def _planted(folder: Path, shadow: pd.DataFrame) -> pd.DataFrame:
    """Bills that a planted fault struck and that are calculated: fault, account_no, bill_month."""
    rows = truth.faults(folder)
    rows = rows[rows["fault"].isin(list(CAUSES))]
    last = shadow["bill_month"].max()
    found = []
    for row in rows.itertuples(index=False):
        month = max(row.from_date, FIRST).replace(day=1)
        until = last if pd.isna(row.to_date) else min(row.to_date, last)
        while month <= until:
            found.append((row.fault, row.account_no, month))
            month = (month + timedelta(days=32)).replace(day=1)
    planted = pd.DataFrame(found, columns=["fault", *BILLS])
    return planted.merge(shadow.loc[shadow["status_code"].eq("calculated"), BILLS], on=BILLS)


def judge(folder: Path) -> dict[str, Any]:
    """Hold the differences in the warehouse against the truth."""
    judged = f"where bill_month >= '{HISTORY_END}'"
    shadow = _query(
        "select account_no, bill_month, status_code, difference_yuan, bills "
        f"from marts_candidate.fct_shadow_bill {judged}"
    )
    differences = _query(
        "select account_no, bill_month, cause_code, difference_yuan, is_wrong "
        f"from marts_candidate.fct_bill_difference {judged}"
    )
    planted = _planted(folder, shadow)
    wrong = differences[differences["is_wrong"]]
    rows = []
    for name, causes in CAUSES.items():
        here = planted[planted["fault"].eq(name)]
        named = wrong[wrong["cause_code"].isin(causes)]
        accused = truth.precision_recall(wrong, here, BILLS)["right"]
        right = truth.precision_recall(named, here, BILLS)["right"]
        rows.append(
            {"fault": name, "bills": len(here), "found": accused, "share_found": _share(accused, len(here)),
             "cause_named": right, "share_named": _share(right, len(here))}
        )  # fmt: skip
    calculated = shadow[shadow["status_code"].eq("calculated")]
    healthy = _without(calculated, planted)
    accused = _without(wrong, planted)
    causes = accused.groupby("cause_code").agg(bills=("account_no", "size"), yuan=("difference_yuan", "sum"))
    all_planted = planted.drop_duplicates(BILLS)
    found = truth.precision_recall(wrong, all_planted, BILLS)
    return {
        "faults": rows,
        "accused": [
            {"cause": str(name), "healthy_bills_accused": int(row.bills), "yuan": str(row.yuan)}
            for name, row in causes.iterrows()
        ],
        "bills": int(shadow["bills"].sum()),
        "not_calculated": int((~shadow["status_code"].eq("calculated")).sum()),
        "faulty": len(all_planted),
        "faulty_found": int(found["right"]),
        "share_found": _share(int(found["right"]), len(all_planted)),
        "healthy": len(healthy),
        "healthy_accused": len(accused[BILLS].drop_duplicates()),
        "share_accused": _share(len(accused[BILLS].drop_duplicates()), len(healthy)),
        "healthy_equal_to_the_cent": int((healthy["difference_yuan"] == 0).sum()),
    }


def _without(rows: pd.DataFrame, planted: pd.DataFrame) -> pd.DataFrame:
    struck = pd.MultiIndex.from_frame(planted[BILLS])
    return rows[~pd.MultiIndex.from_frame(rows[BILLS]).isin(struck)]


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def recall(accounts: int, months: int, seed: int, folder: Path) -> dict[str, Any]:
    """Make a utility with default faults, take its bills through the warehouse, and judge `months` months of them."""
    last = (HISTORY_END + timedelta(days=31 * months)).replace(day=1) - timedelta(days=1)
    plan = Plan(accounts, FIRST, last + timedelta(days=7), seed, faults.default_rates())
    made = utility.make(plan, folder)
    _land(folder / "utility" / "systems")
    point_days = _validate(made, folder)
    _dbt("seed")
    _dbt("run", "--select", "+fct_bill_difference")
    return {"point_days": point_days, **judge(made.truth)}


# one month of as many accounts: of 50, 40 households, 6 shops, 2 farms, a factory by capacity, one by demand
MONTH, MONTH_DAYS = date(2026, 7, 1), 31
TARIFF_OF = """(case when n % 50 < 40 then 'RES_TIER' when n % 50 < 46 then 'COM_TOU' when n % 50 < 48 then 'AGR'
    when n % 50 = 48 then 'IND_TOU_CAP' else 'IND_TOU_DEM' end)"""
MAKE = f"""
truncate raw_cis.c_cons, raw_cis.c_contract, raw_cis.c_mp, raw_cis.c_meter, raw_cis.c_cust, raw_cis.e_bill,
    raw_cis.e_bill_det, raw_cis.a_pay_flow, raw_network.pms_tran_point, raw_ami.point_day, raw_ami.collection_day;
insert into raw_cis.c_cons (cons_id, cons_no, cust_id, elec_type_code, build_date, status_code)
select n, lpad(n::text, 10, '0'), n, '400', '2020-01-01', '0' from generate_series(1, {{accounts}}) as n;
insert into raw_cis.c_cust (cust_id, cust_no, cust_name)
select n, 'C' || n, '某某' from generate_series(1, {{accounts}}) as n;
insert into raw_cis.c_contract (contract_id, contract_no, cons_id, prc_code, contract_cap, ba_calc_mode, pf_std_code,
    eff_date)
select n, n::text, n, {TARIFF_OF}, 500, case n % 50 when 48 then '1' when 49 then '2' else '0' end,
    case when n % 50 > 47 then '1' else '0' end, '2020-01-01'
from generate_series(1, {{accounts}}) as n;
insert into raw_cis.c_mp (mp_id, mp_no, cons_no, mp_attr_code, line_code, intv_min, gen_flag)
select n, 'P' || n, lpad(n::text, 10, '0'), '01', 'F1', 15, '0' from generate_series(1, {{accounts}}) as n;
insert into raw_cis.e_bill (calc_id, cons_no, bill_ym, issue_date, due_date, t_pq, t_amt, settle_flag)
values ('B1', '0000000001', '202607', '2026-08-02', '2026-08-22', 0, 0, '0');
insert into raw_ami.point_day (point_no, business_date, import_kwh, export_kwh, import_kvarh, sharp_kwh, peak_kwh,
    flat_kwh, valley_kwh, deep_valley_kwh, peak_kw, intervals_due, intervals_actual, intervals_estimated, rule_bits,
    lake_snapshot_id, loaded_at)
select 'P' || n, date '{MONTH}' + d, size * 10, 0, size * 4, 0, case when is_tou then size * 3 else 0 end,
    case when is_tou then size * 4 else size * 10 end, case when is_tou then size * 3 else 0 end, 0, size, 96, 96, 0, 0,
    1, now()
from generate_series(1, {{accounts}}) as n
cross join generate_series(0, {MONTH_DAYS - 1}) as d
cross join lateral (
    select round((0.3 + (n * 7919 + d * 104729) % 1000 / 700.0) * case when n % 50 > 47 then 400 else 1 end, 3) as size,
        {TARIFF_OF} not in ('RES_TIER', 'AGR') as is_tou
) as s;
insert into raw_ami.collection_day (business_date, transformer_no, points_due, points_read, points_complete,
    intervals_due, intervals_actual, intervals_estimated, lake_snapshot_id, loaded_at)
select date '{MONTH}' + d, '', 1, 1, 1, 1, 1, 0, 1, now() from generate_series(0, {MONTH_DAYS - 1}) as d;
analyze raw_ami.point_day;
"""
CHECKED = 5_000  # bills that plain Python makes too


def speed(accounts: int) -> dict[str, Any]:
    """Seconds of the models that bill a month of so many accounts, and of plain Python for some of the same bills.

    The raw tables of this installation are emptied for it. Raises RuntimeError where a bill differs.
    """
    with connect("loader") as connection:
        connection.execute(MAKE.replace("{accounts}", str(accounts)).encode())
    took = _dbt("run", "--full-refresh", "--select", "+fct_shadow_bill")
    every = accounts // min(CHECKED, accounts)
    days = _query(
        f"""
        select a.account_no, a.tariff_code, a.contract_capacity_kva, a.capacity_charge_basis, a.power_factor_standard,
            d.sharp_kwh, d.peak_kwh, d.flat_kwh, d.valley_kwh, d.deep_valley_kwh, d.import_kvarh, d.peak_kw::numeric
        from marts_candidate.fct_point_day d join marts_candidate.dim_account a
            on a.account_no = d.account_no and d.business_date >= a.valid_from
            and (a.valid_to is null or d.business_date < a.valid_to)
        where a.account_no::integer % {every} = 0 order by a.account_no, d.business_date
        """
    )
    amounts = dict(
        _query("select account_no, shadow_yuan from marts_candidate.fct_shadow_bill").itertuples(index=False)
    )
    rows = list(days.itertuples(index=False, name=None))
    started = time.perf_counter()
    parts = {rows[k][0]: _added_up(rows[k : k + MONTH_DAYS]) for k in range(0, len(rows), MONTH_DAYS)}
    adding = time.perf_counter() - started
    started = time.perf_counter()
    made = {account: sum((line[6] for line in bill([part])), Decimal(0)) for account, part in parts.items()}
    calculating = time.perf_counter() - started
    wrong = [account for account, amount in made.items() if amounts[account] != amount]
    if wrong:
        raise RuntimeError(f"{len(wrong)} bills differ from those of plain Python, {wrong[0]} first")
    add_up, calculate = (sum(took[name] for name in names) for names in (ADD_UP, CALCULATE))
    return {
        "bills": accounts,
        "plain_python_bills": len(made),
        "steps": [
            _step("from what was used", accounts, calculate, len(made), calculating),
            _step("from daily readings", accounts, add_up + calculate, len(made), adding + calculating),
        ],
        "models_seconds": {name: round(took[name], 2) for name in (*ADD_UP, *CALCULATE)},
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
    }


def _step(name: str, bills: int, seconds: float, plain_bills: int, plain_seconds: float) -> dict[str, Any]:
    return {
        "bills": name, "seconds": round(seconds, 2), "a_second": round(bills / seconds),
        "plain_python_a_second": round(plain_bills / plain_seconds),
    }  # fmt: skip


def _added_up(days: list[tuple[Any, ...]]) -> Segment:
    """What a bill is made of, of its days, in plain Python."""
    _, code, capacity, basis, standard, *_ = days[0]
    held = version(code, MONTH)
    if held is None:
        raise RuntimeError(f"no version of {code} holds on {MONTH}")
    energy = {period: sum((day[5 + k] for day in days), Decimal(0)) for k, period in enumerate(PERIODS)}
    kvarh, demand = sum((day[10] for day in days), Decimal(0)), max(day[11] for day in days)
    return Segment(code, held["valid_from"], MONTH_DAYS, MONTH_DAYS, energy, kvarh, demand, capacity, basis, standard)


def run(accounts: int, months: int, seed: int, bills: int) -> dict[str, Any]:
    """Find planted faults, then measure the speed, in an installation that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="bench_billing_"))
    started = time.perf_counter()
    try:
        with installation(folder):
            found = recall(accounts, months, seed, folder) | {"speed": speed(bills)}
        return {
            **found, "accounts": accounts, "months": months, "seed": seed,
            "total_seconds": round(time.perf_counter() - started, 1),
        }  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def text(found: dict[str, Any]) -> str:
    """The result as Markdown."""
    share = 100 * (found["share_found"] or 0), 100 * (found["share_accused"] or 0)
    whole = (
        f"{found['faulty_found']} of {found['faulty']} faulty bills are called wrong ({share[0]:.1f} %), and "
        f"{found['healthy_accused']} of {found['healthy']} healthy ones ({share[1]:.2f} %); "
        f"{found['healthy_equal_to_the_cent']} healthy ones are equal to the cent, {found['not_calculated']} months "
        "could not be calculated."
    )
    at = found["speed"]
    measured = f"{at['bills']:,} made bills of one month, written and indexed in PostgreSQL; plain Python only"
    measured += f" calculates, rows in memory ({at['machine']}):"
    parts = [markdown.table(found["faults"]), whole]
    parts += [markdown.table(found["accused"])] if found["accused"] else []
    return "\n\n".join([*parts, measured, markdown.table(at["steps"])])
