"""Entities of the input contract, read from the raw tables in which each source keeps its own names.

For what needs them before dbt has built anything: validation of readings. Staging models (dbt/models/staging) map the
same tables for the warehouse, a test holds the two together. Codes are data, in dbt/seeds/codes/source_code.csv; one
that is not there stays as it is, and the source's arrival gate names it.
"""

import csv
from dataclasses import dataclass, field
from functools import lru_cache

import pandas as pd
import psycopg

from gridmart.settings import PROJECT_DIR

CODES = PROJECT_DIR / "dbt" / "seeds" / "codes" / "source_code.csv"


@dataclass(frozen=True)
class Entity:
    """A query whose columns have the contract's names; `codes`: coded column → (source, its name there)."""

    query: str
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)


# ordered by the source's keys: of two rows that begin on one day the later key is the later row
ENTITIES = {
    "point": Entity(
        """
        select mp_no as point_no, cons_no as account_no, mp_attr_code as point_kind, line_code as feeder_no,
            intv_min as interval_minutes, gen_flag = '1' as has_generation
        from raw_cis.c_mp order by mp_id
        """,
        {"point_kind": ("cis", "mp_attr_code")},
    ),
    # the network's end_date is the last day, the contract's valid_to the first day without
    "place": Entity(
        """
        select regexp_replace(r.mp_code, '^MP-', '') as point_no, t.tran_code as transformer_no,
            r.start_date as valid_from, r.end_date + 1 as valid_to
        from raw_network.pms_tran_point r left join raw_network.pms_transformer t using (psr_id) order by r.rel_id
        """
    ),
    # the CIS counts the register's two decimals among its digits, the contract does not
    "meter": Entity(
        """
        select p.mp_no as point_no, m.asset_no as meter_no, m.t_ct as ct_ratio, m.t_pt as pt_ratio,
            m.digits - 2 as digits, m.inst_date as installed_date, m.rmv_date as removed_date,
            m.inst_read as install_index, m.rmv_read as removal_index
        from raw_cis.c_meter m left join raw_cis.c_mp p using (mp_id) order by m.meter_id
        """
    ),
    "account": Entity(
        """
        select cons_no as account_no, elec_type_code as usage_category, build_date as opened_date,
            cancel_date as closed_date
        from raw_cis.c_cons order by cons_id
        """,
        {"usage_category": ("cis", "elec_type_code")},
    ),
    "contract": Entity(
        """
        select a.cons_no as account_no, c.prc_code as tariff_code, c.contract_cap as contract_capacity_kva,
            c.eff_date as valid_from, c.exp_date as valid_to
        from raw_cis.c_contract c left join raw_cis.c_cons a using (cons_id) order by c.contract_id
        """
    ),
    "disconnection": Entity(
        """
        select cons_no as account_no, stop_time as disconnected_at, restore_time as reconnected_at
        from raw_cis.r_stop_restore order by stop_id
        """
    ),
    "transformer": Entity(
        """
        select t.tran_code as transformer_no, l.line_code as transformer_feeder_no, t.cap_kva as rated_kva
        from raw_network.pms_transformer t left join raw_network.pms_line l using (line_id) order by t.psr_id
        """
    ),
}


@lru_cache(maxsize=1)
def _code_rows() -> tuple[dict[str, str], ...]:
    with CODES.open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


def codes(source: str, column: str) -> dict[str, str]:
    """Codes of a source's column and what the contract calls them."""
    return {
        row["source_code"]: row["contract_code"]
        for row in _code_rows()
        if (row["source_name"], row["source_column"]) == (source, column)
    }


def read(connection: psycopg.Connection, entity: str) -> pd.DataFrame:
    """All rows of an entity, read as role loader: columns and codes as in the contract, in the source's order."""
    cursor = connection.execute(ENTITIES[entity].query)
    found = pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or []])
    return decoded(entity, found)


def decoded(entity: str, found: pd.DataFrame) -> pd.DataFrame:
    """Rows of an entity's query with the contract's codes in place of the source's."""
    for column, (source, name) in ENTITIES[entity].codes.items():
        found[column] = found[column].map(codes(source, name)).fillna(found[column])
    return found
