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
    assert count == warehouse_value("select 3+1+1+1+3+3+3+3+3+3+6+12+6")
    assert warehouse_value("select sum(amount_yuan)::text from landing_cis.bill") == "300.72"
    assert warehouse_value("select pg_typeof(max(energy_kwh))::text from landing_cis.bill") == "numeric"
    assert warehouse_value("select max(energy_kwh) = 100.123 from landing_cis.bill") is True
    assert warehouse_value("select min(paid_at) = timestamptz '2026-03-10 00:30:00.123456+00' from landing_cis.payment")
    assert warehouse_value("select count(distinct _extracted_at) from landing_cis.bill") == 1
    assert source_status("cis") == ("ok", None)


def test_second_extraction_changes_nothing_and_an_increment_only_its_rows(source):
    extract()
    before = {table: rows("landing_cis", table) for table in ("account", "bill", "payment")}
    extract()
    assert {table: rows("landing_cis", table) for table in before} == before

    execute("update bill set amount_yuan = 60, updated_at = '2026-06-01' where bill_no = 'B00000000010'")
    execute(
        "insert into bill select 'NEW', account_no, bill_month, issued_date, due_date, 1, 2, 'issued', '2026-06-02' "
        "from bill limit 1"
    )
    stamp = (
        "select count(*) from landing_cis.bill where _extracted_at = (select max(_extracted_at) from landing_cis.bill)"
    )
    extract()
    assert warehouse_value("select count(*) from landing_cis.bill") == 7
    assert warehouse_value("select amount_yuan::text from landing_cis.bill where bill_no = 'B00000000010'") == "60.00"
    # the six rows at the cursor's last value come again within the lag, of the rest only what changed
    extract()
    assert warehouse_value(stamp) == 1


def test_an_empty_table_lands_empty_with_its_exact_types_and_fills_later(source):
    execute("delete from payment; delete from bill_line; delete from bill")
    extract()
    assert warehouse_value("select count(*) from landing_cis.bill") == 0
    types = "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'landing_cis.bill'::regclass"
    assert warehouse_value(f"{types} and attname = 'amount_yuan'") == "numeric(18,2)"
    assert warehouse_value(f"{types} and attname = 'bill_month'") == "date"
    execute(
        "insert into bill select 'FIRST', account_no, '2026-06-01', '2026-07-01', '2026-07-20', 1.5, 0.75, 'issued', "
        "'2026-07-01' from account limit 1"
    )
    extract()
    first = "bill_no = 'FIRST' and energy_kwh = 1.5 and amount_yuan = 0.75 and _extracted_at is not null"
    assert warehouse_value(f"select array_agg({first}) from landing_cis.bill") == [True]


def test_added_and_removed_columns_are_reported_and_loading_goes_on(source):
    extract()
    execute("alter table bill add column discount_yuan numeric(18,2)")
    execute("alter table customer drop column address")
    execute("update bill set discount_yuan = 1.5, updated_at = '2026-06-01'")
    _, said = extract()
    assert "table bill: new column discount_yuan (NUMERIC(18, 2))" in said
    assert "table customer: column address (TEXT) is gone" in said
    assert warehouse_value("select sum(discount_yuan)::text from landing_cis.bill") == "9.00"
    assert warehouse_value("select string_agg(change, ',' order by change) from supervision.schema_change") == (
        "column_added,column_removed"
    )
    _, said = extract()
    assert "schema change" not in said


def test_changed_type_stops_the_source_until_its_table_is_reloaded(source):
    extract()
    before = rows("landing_cis", "bill")
    execute("alter table bill alter column status_code type integer using 7")
    for _ in range(2):
        with pytest.raises(GridmartError, match=r"table bill: column status_code was TEXT and is now INTEGER") as error:
            extract()
    assert "--reload bill" in error.value.next_step
    assert rows("landing_cis", "bill") == before
    assert source_status("cis")[0] == "failed"
    assert warehouse_value("select count(*) from supervision.schema_change") == 1
    extract(reload="bill")
    assert warehouse_value("select min(status_code) from landing_cis.bill") == 7
    assert warehouse_value("select count(*) from landing_cis.bill") == 6
    extract()
    assert source_status("cis")[0] == "ok"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("alter table payment drop column updated_at", "table 'payment' .* no cursor column 'updated_at'"),
        ("alter table bill_line drop column line_no", "table 'bill_line' .* no primary key column 'line_no'"),
        ("drop table meter", "no table 'meter'"),
    ],
)
def test_missing_part_of_the_source_is_named(source, damage, words):
    extract()
    before = rows("landing_cis", "bill")
    execute(damage)
    with pytest.raises(GridmartError, match=words) as error:
        extract()
    assert error.value.next_step
    assert rows("landing_cis", "bill") == before
    assert source_status("cis")[0] == "failed"


def test_source_down_is_told_without_its_password(source, monkeypatch):
    extract()
    before = rows("landing_cis", "bill")
    monkeypatch.setenv("GRIDMART_CIS_URL", "postgresql+psycopg2://reader:hidden@127.0.0.1:1/cis")
    settings.cache_clear()
    with pytest.raises(GridmartError, match=r"cannot be read at .*127.0.0.1:1/cis.*refused") as error:
        extract()
    assert "hidden" not in str(error.value)
    assert "GRIDMART_CIS_URL" in error.value.next_step
    assert error.value.exit_code == 3
    assert rows("landing_cis", "bill") == before
    status, reason = source_status("cis")
    assert status == "failed" and "hidden" not in reason


def test_killed_in_the_middle_of_the_load_and_run_again(source):
    extract()
    forget = ("_extracted_at", "_dlt_load_id", "updated_at")
    execute("update bill set amount_yuan = 70, updated_at = '2026-06-01'")
    execute("update account set status_code = 'closed', updated_at = '2026-06-01'")
    kill_at_lock("landing_cis.bill", "extract", "cis")  # it merges by then
    extract()
    killed_and_rerun = {t: rows("landing_cis", t, forget) for t in ("bill", "account", "bill_line", "payment")}
    forget_landed()
    extract()
    assert {t: rows("landing_cis", t, forget) for t in killed_and_rerun} == killed_and_rerun
    assert warehouse_value("select count(*) from landing_cis.bill where amount_yuan = 70") == 6
