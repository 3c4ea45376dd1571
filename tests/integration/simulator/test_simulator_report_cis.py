"""The report's classes come from the CIS database of the installation."""

from pathlib import Path

import pytest

from gridmart.errors import GridmartError
from gridmart.settings import Settings
from gridmart.simulator.report import loader
from gridmart.warehouse.database import connect

TABLES = """
create table c_mp (mp_no text, cons_no text, mp_attr_code text);
create table c_cons (cons_no text, org_no text, elec_type_code text, build_date date, cancel_date date);
insert into c_mp values ('P2', '1400000002', '01'), ('P1', '1400000001', '01'), ('B1', null, '02'), ('K1', null, '03');
insert into c_cons values ('1400000001', '1400101', '200', '2020-01-01', null),
    ('1400000002', '1400101', '100', '2021-01-01', '2026-01-01');
grant select on c_mp, c_cons to cis_reader;
"""


def test_accounts_and_boundaries_of_the_installation_come_from_its_cis(warehouse: Settings) -> None:
    with connect("cis_owner", "demo_cis") as connection:
        connection.execute(TABLES)
    try:
        accounts, boundaries, total = loader.register(warehouse.var_dir)
    finally:
        with connect("cis_owner", "demo_cis") as connection:
            connection.execute("drop table c_mp, c_cons")
    assert accounts[["point_no", "category"]].to_numpy().tolist() == [["P1", "residential"], ["P2", "large_industrial"]]
    assert boundaries["point_no"].tolist() == ["K1"]
    assert total == 2


def test_another_folder_does_not_read_the_installations_cis(warehouse: Settings, tmp_path: Path) -> None:
    with pytest.raises(GridmartError, match="no marketing system"):
        loader.register(tmp_path)
