"""Extraction of a real source database by increments."""

from collections.abc import Iterator

import pytest

from gridmart.errors import GridmartError
from gridmart.settings import settings
from gridmart.sources import extraction
from tests.integration.sources.source_database import (
    execute,
    forget_landed,
    rows,
    source_database,
    source_status,
    warehouse_value,
)
from tests.killed import kill_at_lock


@pytest.fixture
def source(warehouse) -> Iterator[None]:
    with source_database():
        yield


def extract(**options) -> tuple[int, str]:
    said: list[str] = []
    count = extraction.run("cis", say=said.append, **options)
    return count, "\n".join(said)


def test_first_extraction_lands_every_row_with_exact_types(source):
    count, _ = extract()
    assert count == warehouse_value("select 3+3+3+3+3+6+12+6")
    assert warehouse_value("select sum(t_amt)::text from landing_cis.e_bill") == "300.72"
    assert warehouse_value("select pg_typeof(max(t_pq))::text from landing_cis.e_bill") == "numeric"
    assert warehouse_value("select max(t_pq) = 100.123 from landing_cis.e_bill") is True
    assert warehouse_value(
        "select min(charge_time) = timestamptz '2026-03-10 00:30:00.123456+00' from landing_cis.a_pay_flow"
    )
    assert warehouse_value("select count(distinct _extracted_at) from landing_cis.e_bill") == 1
    assert source_status("cis") == ("ok", None)


def test_second_extraction_changes_nothing_and_an_increment_only_its_rows(source):
    extract()
    before = {table: rows("landing_cis", table) for table in ("c_cons", "e_bill", "a_pay_flow")}
    extract()
    assert {table: rows("landing_cis", table) for table in before} == before

    execute("update e_bill set t_amt = 60, upd_time = '2026-06-01' where calc_id = 'B00000000010'")
    new = "'NEW', cons_no, bill_ym, issue_date, due_date, 1, 2, '0', '2026-06-02'"
    execute(f"insert into e_bill select {new} from e_bill limit 1")
    latest = "(select max(_extracted_at) from landing_cis.e_bill)"
    stamp = f"select count(*) from landing_cis.e_bill where _extracted_at = {latest}"
    extract()
    assert warehouse_value("select count(*) from landing_cis.e_bill") == 7
    assert warehouse_value("select t_amt::text from landing_cis.e_bill where calc_id = 'B00000000010'") == "60.00"
    # the six rows at the cursor's last value come again within the lag, of the rest only what changed
    extract()
    assert warehouse_value(stamp) == 1


def test_an_empty_table_lands_empty_with_its_exact_types_and_fills_later(source):
    execute("delete from a_pay_flow; delete from e_bill_det; delete from e_bill")
    extract()
    assert warehouse_value("select count(*) from landing_cis.e_bill") == 0
    types = "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'landing_cis.e_bill'::regclass"
    assert warehouse_value(f"{types} and attname = 't_amt'") == "numeric(18,2)"
    assert warehouse_value(f"{types} and attname = 'due_date'") == "date"
    execute(
        "insert into e_bill select 'FIRST', cons_no, '202606', '2026-07-01', '2026-07-20', 1.5, 0.75, '0', "
        "'2026-07-01' from c_cons limit 1"
    )
    extract()
    first = "calc_id = 'FIRST' and t_pq = 1.5 and t_amt = 0.75 and _extracted_at is not null"
    assert warehouse_value(f"select array_agg({first}) from landing_cis.e_bill") == [True]


def test_added_and_removed_columns_are_reported_and_loading_goes_on(source):
    extract()
    execute("alter table e_bill add column dis_amt numeric(18,2)")
    execute("alter table c_cust drop column addr")
    execute("update e_bill set dis_amt = 1.5, upd_time = '2026-06-01'")
    _, said = extract()
    assert "table e_bill: new column dis_amt (NUMERIC(18, 2))" in said
    assert "table c_cust: column addr (TEXT) is gone" in said
    assert warehouse_value("select sum(dis_amt)::text from landing_cis.e_bill") == "9.00"
    assert warehouse_value("select string_agg(change, ',' order by change) from supervision.schema_change") == (
        "column_added,column_removed"
    )
    _, said = extract()
    assert "schema change" not in said


def test_changed_type_stops_the_source_until_its_table_is_reloaded(source):
    extract()
    before = rows("landing_cis", "e_bill")
    execute("alter table e_bill alter column settle_flag type integer using 7")
    for _ in range(2):
        with pytest.raises(
            GridmartError, match=r"table e_bill: column settle_flag was TEXT and is now INTEGER"
        ) as error:
            extract()
    assert "--reload e_bill" in error.value.next_step
    assert rows("landing_cis", "e_bill") == before
    assert source_status("cis")[0] == "failed"
    assert warehouse_value("select count(*) from supervision.schema_change") == 1
    extract(reload="e_bill")
    assert warehouse_value("select min(settle_flag) from landing_cis.e_bill") == 7
    assert warehouse_value("select count(*) from landing_cis.e_bill") == 6
    extract()
    assert source_status("cis")[0] == "ok"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("alter table a_pay_flow drop column upd_time", "table 'a_pay_flow' .* no cursor column 'upd_time'"),
        ("alter table e_bill_det drop column item_seq", "table 'e_bill_det' .* no primary key column 'item_seq'"),
        ("drop table c_meter", "no table 'c_meter'"),
    ],
)
def test_missing_part_of_the_source_is_named(source, damage, words):
    extract()
    before = rows("landing_cis", "e_bill")
    execute(damage)
    with pytest.raises(GridmartError, match=words) as error:
        extract()
    assert error.value.next_step
    assert rows("landing_cis", "e_bill") == before
    assert source_status("cis")[0] == "failed"


def test_source_down_is_told_without_its_password(source, monkeypatch):
    extract()
    before = rows("landing_cis", "e_bill")
    monkeypatch.setenv("GRIDMART_CIS_URL", "postgresql+psycopg2://reader:hidden@127.0.0.1:1/cis")
    settings.cache_clear()
    with pytest.raises(GridmartError, match=r"cannot be read at .*127.0.0.1:1/cis.*refused") as error:
        extract()
    assert "hidden" not in str(error.value)
    assert "GRIDMART_CIS_URL" in error.value.next_step
    assert error.value.exit_code == 3
    assert rows("landing_cis", "e_bill") == before
    status, reason = source_status("cis")
    assert status == "failed" and "hidden" not in reason


def test_killed_in_the_middle_of_the_load_and_run_again(source):
    extract()
    forget = ("_extracted_at", "_dlt_load_id", "upd_time")
    execute("update e_bill set t_amt = 70, upd_time = '2026-06-01'")
    execute("update c_cons set status_code = '9', upd_time = '2026-06-01'")
    kill_at_lock("landing_cis.e_bill", "extract", "cis")  # it merges by then
    extract()
    killed_and_rerun = {t: rows("landing_cis", t, forget) for t in ("e_bill", "c_cons", "e_bill_det", "a_pay_flow")}
    forget_landed()
    extract()
    assert {t: rows("landing_cis", t, forget) for t in killed_and_rerun} == killed_and_rerun
    assert warehouse_value("select count(*) from landing_cis.e_bill where t_amt = 70") == 6
