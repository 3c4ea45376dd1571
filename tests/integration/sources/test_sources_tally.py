"""What raw tables hold by month, as triggers keep it: whoever writes, in whatever order, only what changed is told."""

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from gridmart.settings import Settings
from gridmart.sources.catalog import Source, source
from gridmart.warehouse import landing
from gridmart.warehouse.database import connect

NAMES = ("a_pay_flow", "e_bill", "e_bill_det")
BILLS = """
    insert into raw_cis.e_bill (calc_id, bill_ym, t_amt, settle_flag) values
        ('B1', '202608', 10, '0'), ('B2', '202608', 20, '0'), ('B3', '202609', 30, '0');
"""
LINES = """
    insert into raw_cis.e_bill_det (calc_id, item_seq, amt) values
        ('B1', 1, 6), ('B1', 2, 4), ('B2', 1, 20), ('B3', 1, 30), ('B9', 1, 5);
"""


@pytest.fixture
def loader(warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Raw bills, lines and payments, empty; gone afterwards."""
    with connect("loader", autocommit=True) as connection:
        more = "upd_time timestamptz default now(), _extracted_at timestamptz default now()"
        for table in NAMES:
            connection.execute(f"drop table if exists raw_cis.{table}".encode())
        connection.execute(
            f"create table raw_cis.e_bill (calc_id text, bill_ym text, t_amt numeric(18, 2), settle_flag text, {more});"
            f"create table raw_cis.e_bill_det (calc_id text, item_seq integer, amt numeric(18, 2), {more});"
            f"create table raw_cis.a_pay_flow (charge_id text, calc_id text, rcv_amt numeric(18, 2), {more})".encode()
        )
        yield connection
        for table in NAMES:
            connection.execute(f"drop table raw_cis.{table}".encode())


def prepare(connection: psycopg.Connection) -> None:
    cis: Source = source("cis")
    for table in cis.tables:
        if table.name in NAMES:
            landing.prepare(connection, cis, table)


def tally(connection: psycopg.Connection) -> dict[tuple[str, str], Decimal]:
    rows = connection.execute("select relation_name, part, hash from supervision.raw_tally where hash != 0")
    return {(name.removeprefix("raw_cis."), part): number for name, part, number in rows}


def changed(connection: psycopg.Connection, statement: str) -> set[tuple[str, str]]:
    """Tables and months whose number a statement changes."""
    before = tally(connection)
    connection.execute(statement.encode())
    after = tally(connection)
    return {key for key in before | after if before.get(key) != after.get(key)}


def test_a_tally_is_the_same_whenever_it_began_and_tells_tables_and_months(loader: psycopg.Connection):
    loader.execute((BILLS + LINES).encode())
    prepare(loader)
    found = tally(loader)
    assert set(found) == {
        ("e_bill", "202608"), ("e_bill", "202609"),
        ("e_bill_det", "202608"), ("e_bill_det", "202609"), ("e_bill_det", ""),
    }  # fmt: skip
    prepare(loader)
    assert tally(loader) == found
    loader.execute("truncate raw_cis.e_bill, raw_cis.e_bill_det")
    assert tally(loader) == {}
    for part in (BILLS + LINES).split(";"):
        loader.execute(part.encode())
    assert tally(loader) == found


CHANGES = {
    "a line": (
        "update raw_cis.e_bill_det set amt = 7 where calc_id = 'B1' and item_seq = 1", {("e_bill_det", "202608")},
    ),
    "amounts that swap": (
        "update raw_cis.e_bill_det set amt = 10 - amt where calc_id = 'B1'", {("e_bill_det", "202608")},
    ),
    "a line that leaves": ("delete from raw_cis.e_bill_det where calc_id = 'B3'", {("e_bill_det", "202609")}),
    "a bill": ("update raw_cis.e_bill set t_amt = 31 where calc_id = 'B3'", {("e_bill", "202609")}),
    "a bill of another month": (
        "update raw_cis.e_bill set bill_ym = '202609' where calc_id = 'B2'",
        {("e_bill", "202608"), ("e_bill", "202609")},
    ),
    "a payment": (
        "insert into raw_cis.a_pay_flow (charge_id, calc_id, rcv_amt) values ('Y1', 'B3', 30)",
        {("a_pay_flow", "202609")},
    ),
    "a payment of no known bill": (
        "insert into raw_cis.a_pay_flow (charge_id, calc_id, rcv_amt) values ('Y1', 'B8', 30)", {("a_pay_flow", "")},
    ),
    "a bill that is settled": ("update raw_cis.e_bill set settle_flag = '1'", set()),
    "rows read again": ("update raw_cis.e_bill set upd_time = now() + '1 day', _extracted_at = now() + '1 day'", set()),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_is_told_of_its_table_and_month_alone(loader: psycopg.Connection, case: str):
    statement, expected = CHANGES[case]
    prepare(loader)
    loader.execute((BILLS + LINES).encode())
    assert changed(loader, statement) == expected


def test_rows_taken_out_and_put_back_are_no_change(loader: psycopg.Connection):
    prepare(loader)
    loader.execute((BILLS + LINES).encode())
    found = tally(loader)
    with loader.transaction():  # as promotion replaces what was extracted again
        loader.execute("create temporary table again on commit drop as select * from raw_cis.e_bill_det")
        loader.execute("delete from raw_cis.e_bill_det where calc_id in ('B1', 'B3')")
        assert tally(loader) != found
        loader.execute("insert into raw_cis.e_bill_det select * from again where calc_id in ('B1', 'B3')")
    assert tally(loader) == found


def test_lines_that_came_before_their_bill_are_told_when_they_change(loader: psycopg.Connection):
    prepare(loader)
    loader.execute(LINES.encode())
    assert changed(loader, BILLS) == {("e_bill", "202608"), ("e_bill", "202609")}
    assert changed(loader, CHANGES["a line"][0]) == {("e_bill_det", "202608")}


def test_raw_tables_of_an_earlier_version_are_prepared_where_they_stand(loader: psycopg.Connection):
    loader.execute((BILLS + LINES).encode())
    landing.prepare_present()
    found = tally(loader)
    assert ("e_bill_det", "202609") in found
    landing.prepare_present()
    assert tally(loader) == found
    assert changed(loader, CHANGES["a line"][0]) == CHANGES["a line"][1]


def test_the_key_of_a_raw_table_holds(loader: psycopg.Connection):
    prepare(loader)
    loader.execute(BILLS.encode())
    with pytest.raises(psycopg.errors.UniqueViolation):
        loader.execute("insert into raw_cis.e_bill (calc_id, bill_ym) values ('B1', '202610')")
