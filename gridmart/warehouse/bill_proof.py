"""A shadow bill worked out again: from the lake's snapshots that its days name, by the SQL that dbt has in force."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_postgresql import dbapi

from gridmart.errors import GridmartError
from gridmart.lake import as_known, checksums
from gridmart.warehouse import dbt
from gridmart.warehouse.database import connect, url
from gridmart.warehouse.publish import MARTS

DAYS = "fct_point_day"
# in the order in which each needs the one before, with what orders the rows of one bill
MODELS = {
    "int_bill_determinant": ["segment_no"],
    "fct_shadow_bill_line": ["line_no"],
    "fct_shadow_bill": ["bill_month"],
}
COMPARED = ("fct_shadow_bill_line", "fct_shadow_bill")
NOT_COMPARED = ("built_at",)


def _compiled() -> dict[str, tuple[str, str]]:
    """Name of its table and SQL of each of MODELS and of the days, as dbt compiles them now."""
    with tempfile.TemporaryDirectory() as folder:
        # a full refresh: what is built by month shall not look for the months that have changed
        words = ["compile", "--quiet", "--full-refresh", "--select", *MODELS, "--target-path", folder]
        done = subprocess.run(
            dbt.command(words), env=os.environ | dbt.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise GridmartError("dbt could not compile the models of bills", done.stdout.strip()[-500:])
        nodes = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    found = {name: nodes[f"model.gridmart.{name}"] for name in (DAYS, *MODELS)}
    return {name: (node["relation_name"], node.get("compiled_code") or "") for name, node in found.items()}


def _bill(bill_no: str) -> tuple[str, date]:
    with connect("builder") as connection:
        row = connection.execute(
            f"select account_no, bill_month from {MARTS}.fct_shadow_bill where bill_no = %s", (bill_no,)
        ).fetchone()
    if row is None:
        raise GridmartError(f"no published bill has the number {bill_no}", "see marts.fct_shadow_bill", 2)
    return row


def _readings_again(account: str, month: date) -> tuple[pa.Table, list[int]]:
    """The roll-ups of an account's points in a month from the snapshots that its days name, and those snapshots."""
    with connect("builder") as connection:
        rows = connection.execute(
            f"select lake_snapshot_id, array_agg(distinct business_date order by business_date), "
            f"array_agg(distinct point_no) from {MARTS}.{DAYS} where account_no = %s "
            "and date_trunc('month', business_date) = %s group by lake_snapshot_id order by 2",
            (account, month),
        ).fetchall()
    parts = []
    for snapshot, dates, points in rows:
        again = as_known.rollups(dates, snapshot)["point_day"]
        parts.append(again.filter(pc.is_in(again["point_no"], pa.array(points))))
    if not parts:
        raise GridmartError(f"account {account} has no readings in {month:%Y-%m}", "its bill cannot be worked out", 2)
    return pa.concat_tables(parts), [snapshot for snapshot, _, _ in rows]


@contextmanager
def _scratch() -> Iterator[Any]:
    """A cursor as builder in one transaction that leaves nothing behind."""
    with dbapi.connect(url("builder"), autocommit=False) as connection, connection.cursor() as cursor:
        yield cursor
        connection.rollback()


def _quoted(text: str) -> str:
    """A text as a literal: what makes a table takes no parameters."""
    return "'" + text.replace("'", "''") + "'"


def _fetched(cursor: Any, table: str, account: str, month: date, keys: list[str]) -> tuple[int, str]:
    """Number and hash of the rows of a bill."""
    cursor.execute(f"select * from {table} where account_no = {_quoted(account)} and bill_month = '{month}'")
    rows: pa.Table = cursor.fetch_arrow_table()
    rows = rows.drop_columns([name for name in NOT_COMPARED if name in rows.column_names])
    return rows.num_rows, checksums.sha256(rows, keys)


def proof(bill_no: str) -> dict[str, Any]:
    """The published shadow bill of an issued bill beside the same worked out again from the lake.

    Returns {"bill_no", "account_no", "bill_month", "snapshot_ids", "equal", "tables": {name: {"rows", "sha256",
    "sha256_again"}}}. Contract, tariff and issued bill are those that the warehouse holds; readings are those of the
    snapshots. Raises GridmartError: unknown bill, or a date that cannot be worked out again (`as_known.rollups`).
    """
    account, month = _bill(bill_no)
    readings, snapshots = _readings_again(account, month)
    compiled = _compiled()
    compared = {}
    with _scratch() as cursor:
        cursor.adbc_ingest("again", readings, mode="create", temporary=True)
        table, _ = compiled[DAYS]
        cursor.execute(f"create temporary table {DAYS} as select * from {table} where account_no = {_quoted(account)}")
        cursor.execute(f"select * from pg_temp.{DAYS} limit 0")
        kept = set(cursor.fetch_arrow_table().column_names) - {"point_no", "business_date"}
        columns = [name for name in readings.column_names if name in kept]
        cursor.execute(
            f"delete from pg_temp.{DAYS} days where date_trunc('month', business_date) = '{month}' and not exists "
            "(select from pg_temp.again where point_no = days.point_no and business_date = days.business_date)"
        )
        cursor.execute(
            f"update pg_temp.{DAYS} days set {', '.join(f'{name} = again.{name}' for name in columns)} "
            "from pg_temp.again where again.point_no = days.point_no and again.business_date = days.business_date"
        )
        replaced = [(table, f"pg_temp.{DAYS}")]
        for name, keys in MODELS.items():
            table, rows = compiled[name]
            for known, again in replaced:
                rows = rows.replace(known, again)
            cursor.execute(f"create temporary table {name} as {rows}")
            cursor.execute(f"analyze pg_temp.{name}")
            replaced.append((table, f"pg_temp.{name}"))
            if name in COMPARED:
                number, stored = _fetched(cursor, f"{MARTS}.{name}", account, month, keys)
                compared[name] = {
                    "rows": number,
                    "sha256": stored,
                    "sha256_again": _fetched(cursor, f"pg_temp.{name}", account, month, keys)[1],
                }
    return {
        "bill_no": bill_no,
        "account_no": account,
        "bill_month": str(month),
        "snapshot_ids": snapshots,
        "equal": all(found["sha256"] == found["sha256_again"] for found in compared.values()),
        "tables": compared,
    }
