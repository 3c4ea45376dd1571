"""The arrival gate on real bad data: the source stops alone, its last good data stays."""

import re
from collections.abc import Iterator

import pytest

from gridmart.errors import GridmartError
from gridmart.quality import arrival
from gridmart.sources import extraction
from gridmart.warehouse.database import connect
from tests.integration.sources.source_database import execute, rows, source_database, source_status, warehouse_value

TABLES = ("e_bill", "e_bill_det", "a_pay_flow", "c_cons")


def extract(source: str = "cis") -> None:
    extraction.run(source, say=lambda line: None)


def gate(source: str = "cis") -> arrival.Outcome:
    return arrival.run(source, None, None, lambda line: None)


@pytest.fixture(scope="module")
def source(warehouse) -> Iterator[None]:
    with source_database():
        extract()
        gate()
        yield


def good() -> dict[str, set[str]]:
    return {table: rows("raw_cis", table) for table in TABLES}


def test_good_data_is_let_in_and_amounts_equal_the_source(source):
    assert warehouse_value("select sum(t_amt)::text from raw_cis.e_bill") == "300.72"
    assert source_status("cis") == ("ok", None)
    sums = "select count(*) from supervision.quality_result where expectation = 'expect_sum_to_equal_the_source' and {}"
    assert warehouse_value(sums.format("is_success and source = 'cis'")) >= 5
    assert gate().rows == 0


# what a row gets, what it had, and the words that tell it; each of another bill, so that none hides another
DEFECTS = [
    ("e_bill", "calc_id = 'B00000000010'", "cons_no = null", "cons_no = '0000000001'",
     r"e_bill\.cons_no: expect_column_values_to_not_be_null"),
    ("e_bill", "calc_id = 'B00000000020'", "t_amt = -5", "t_amt = 50.12",
     r"e_bill\.t_amt: expect_column_values_to_be_between: 1 of 6"),
    ("e_bill", "calc_id = 'B00000000030'", "cons_no = '9999999999'", "cons_no = '0000000003'",
     r"expect_cons_no_in_c_cons"),
    ("e_bill", "calc_id = 'B00000000011'", "bill_ym = '202613'", "bill_ym = '202602'",
     r"e_bill\.bill_ym: expect_column_values_to_match_regex"),
    ("c_cons", "cons_id = 1", "elec_type_code = '500'", "elec_type_code = '200'",
     r"c_cons\.elec_type_code: expect_column_values_to_be_in_set"),
]  # fmt: skip


def stopping() -> str:
    """What stopped the source at its last gate, a line each."""
    return str(warehouse_value(
        "select string_agg(concat_ws(': ', concat_ws('.', table_name, column_name), expectation, observed), chr(10)) "
        "from supervision.quality_result where not is_success and severity = 'critical' and run_id = ("
        "select run_id from supervision.quality_result where source = 'cis' order by result_id desc limit 1)"
    ))  # fmt: skip


def test_defects_at_the_source_stop_it_and_keep_the_last_good_data(source):
    before = good()
    for table, row, bad, _, _ in DEFECTS:
        execute(f"update {table} set {bad}, upd_time = clock_timestamp() where {row}")
    extract()
    with pytest.raises(GridmartError, match="the arrival gate of 'cis' stopped it") as error:
        gate()
    assert error.value.exit_code == 4
    found = stopping()
    assert [words for *_, words in DEFECTS if not re.search(words, found)] == []
    assert good() == before
    status, reason = source_status("cis")
    assert status == "failed" and "arrival gate" in reason
    # another source goes on
    extract("calendar")
    assert gate("calendar").checks > 0
    assert source_status("calendar") == ("ok", None)

    for table, row, _, right, _ in DEFECTS:
        execute(f"update {table} set {right}, upd_time = clock_timestamp() where {row}")
    extract()
    gate()
    assert source_status("cis") == ("ok", None)
    assert warehouse_value("select sum(t_amt)::text from raw_cis.e_bill") == "300.72"


def test_rows_lost_on_the_way_are_found_by_the_sources_own_count(source):
    before = good()
    with connect("loader") as connection:
        connection.execute("create temporary table kept as select * from landing_cis.a_pay_flow")
        connection.execute("delete from landing_cis.a_pay_flow where charge_id = 'YB00000000010'")
        connection.commit()
        with pytest.raises(GridmartError, match=r"a_pay_flow: expect_no_row_of_the_source_missing \(5 rows landed, 6"):
            gate()
        assert good() == before
        connection.execute("insert into landing_cis.a_pay_flow select * from kept where charge_id = 'YB00000000010'")
        connection.commit()
    gate()


def test_amount_changed_on_the_way_is_found_by_the_sources_own_sum(source):
    with connect("loader") as connection:
        connection.execute("update landing_cis.a_pay_flow set rcv_amt = 51 where charge_id = 'YB00000000010'")
        connection.commit()
        with pytest.raises(GridmartError, match=r"a_pay_flow\.rcv_amt: expect_sum_to_equal_the_source"):
            gate()
        connection.execute("update landing_cis.a_pay_flow set rcv_amt = 50.12 where charge_id = 'YB00000000010'")
    gate()


def test_table_that_never_landed_is_named(source):
    with connect("loader") as connection:
        connection.execute("alter table landing_cis.c_meter rename to meter_away")
    with pytest.raises(GridmartError, match=r"landing_cis\.c_meter does not exist"):
        gate()
    with connect("loader") as connection:
        connection.execute("alter table landing_cis.meter_away rename to c_meter")
    gate()


def test_values_of_personal_data_are_never_stored(source):
    execute("update c_cust set cust_name = null, upd_time = clock_timestamp() where cust_no = 'C1'")
    extract()
    assert gate().warnings == 1
    stored = (
        "select string_agg(concat(observed, details::text), '') from supervision.quality_result "
        "where table_name = 'c_cust'"
    )
    assert "客户" not in warehouse_value(stored)
