"""The systems as databases: the same rows as the dumps, moved on by an added day, read by their readers alone."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest

from gridmart.settings import Settings, settings
from gridmart.simulator import faults, run
from gridmart.simulator.home import Home
from gridmart.simulator.plan import Plan
from gridmart.simulator.systems import database
from gridmart.simulator.systems.registry import SYSTEMS
from gridmart.warehouse.database import connect

PLAN = Plan(40, date(2026, 5, 28), date(2026, 7, 4), 7, faults.default_rates())


@pytest.fixture
def installation(warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The session's PostgreSQL with drop folders and truth of this test alone."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "secrets.json").write_bytes(warehouse.secrets_file.read_bytes())
    monkeypatch.setenv("GRIDMART_VAR_DIR", str(tmp_path / "var"))
    settings.cache_clear()
    yield settings()
    for system in SYSTEMS:  # others use these databases too
        with connect(f"{system.NAME}_owner", database.name_of(system)) as connection:
            for table in system.TABLES:
                connection.execute(f"drop table if exists {table}")  # type: ignore[arg-type]
    settings.cache_clear()


def _rows(system: str, table: str, columns: list[str], key: tuple[str, ...]) -> list[tuple]:
    order = ", ".join(f'"{name}" collate "C"' if name not in _numbers(system, table) else f'"{name}"' for name in key)
    with connect(f"{system}_reader", f"demo_{system}") as connection:
        connection.execute("set time zone 'UTC'")
        return connection.execute(
            f"select {', '.join(columns)} from {table} order by {order}"  # type: ignore[arg-type]
        ).fetchall()


def _numbers(system: str, table: str) -> set[str]:
    """Columns that are no text: they have no collation."""
    tables = next(s for s in SYSTEMS if system == s.NAME).TABLES
    return {name for name, kind in tables[table].columns.items() if not kind.startswith(("text", "char"))}


def _same_as_dumps(folder: Path) -> None:
    for system in SYSTEMS:
        for path in sorted((folder / "systems" / system.NAME).glob("*.parquet")):
            dumped = pq.read_table(path)
            stored = _rows(system.NAME, path.stem, dumped.column_names, system.TABLES[path.stem].key)
            told = dict.fromkeys(zip(*(dumped[name].to_pylist() for name in dumped.column_names), strict=True))
            have, want = ({tuple(map(str, row)) for row in rows} for rows in (stored, told))
            assert want <= have, path
            # a dump holds the last month of telemetry, the database keeps what it has
            assert len(stored) == dumped.num_rows or path.stem.startswith("dms_"), path


def test_databases_hold_what_dumps_hold_also_after_added_days(installation: Settings, tmp_path: Path) -> None:
    assert run.make(PLAN, Home.of(None), 1).is_new
    run.make(PLAN, Home.of(tmp_path / "folder"), 1)
    _same_as_dumps(tmp_path / "folder")
    assert not run.make(PLAN, Home.of(None), 1).is_new
    for _ in range(2):
        run.next_day(Home.of(None), 1)
        run.next_day(Home.of(tmp_path / "folder"), 1)
    _same_as_dumps(tmp_path / "folder")
    with connect("cis_reader", "demo_cis") as connection:
        names = {
            name
            for (name,) in connection.execute(
                "select column_name from information_schema.columns where table_name = 'c_cons'"
            ).fetchall()
        }
    added = names - set(next(s for s in SYSTEMS if s.NAME == "cis").TABLES["c_cons"].columns)
    assert added, "the planted change of schema shows on the day after the history"


def test_a_database_that_was_lost_is_filled_again(installation: Settings) -> None:
    run.make(PLAN, Home.of(None), 1)
    with connect("crm_owner", "demo_crm") as connection:
        connection.execute("drop table profile")
    assert database.stamp(next(s for s in SYSTEMS if s.NAME == "crm")) is None
    assert run.make(PLAN, Home.of(None), 1).is_new
    with connect("crm_reader", "demo_crm") as connection:
        count = connection.execute("select count(*) from profile").fetchone()
    assert count and count[0] > 30


def test_readers_read_and_do_not_write(installation: Settings) -> None:
    run.make(PLAN, Home.of(None), 1)
    for system in SYSTEMS:
        table = next(iter(system.TABLES))
        with connect(f"{system.NAME}_reader", database.name_of(system)) as connection:
            assert connection.execute(f"select count(*) from {table}").fetchone()  # type: ignore[arg-type]
        with (
            connect(f"{system.NAME}_reader", database.name_of(system)) as connection,
            pytest.raises(psycopg.errors.Error),
        ):
            connection.execute("set default_transaction_read_only = off")
            connection.execute("set transaction read write")
            connection.execute(f"delete from {table}")  # type: ignore[arg-type]


def test_a_payment_of_an_added_day_settles_its_bill_in_the_database(installation: Settings) -> None:
    """The day after a bill's due date some bill is paid that was open: the CIS updates it in place."""
    plan = Plan(40, date(2026, 5, 28), date(2026, 7, 20), 7)
    run.make(plan, Home.of(None), 1)

    def open_bills() -> set[str]:
        with connect("cis_reader", "demo_cis") as connection:
            found = connection.execute("select calc_id from e_bill where settle_flag = '0'").fetchall()
        return {number for (number,) in found}

    before = open_bills()
    for _ in range(3):
        run.next_day(Home.of(None), 1)
    settled = before - open_bills()
    assert settled
    with connect("cis_reader", "demo_cis") as connection:
        paid = connection.execute(
            "select min(charge_time) from a_pay_flow where calc_id = any(%s)", [sorted(settled)]
        ).fetchone()
    assert paid and paid[0].date() > plan.last - timedelta(days=1)
