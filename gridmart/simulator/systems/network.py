"""The network's systems: equipment (PMS), telemetry (DMS), faults, repairs and outages (OMS).

Numeric ids, full names and code prefixes are its own; codes of organisations, lines and transformers are shared.
"""

from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.simulator.lifetimes import dates, opened_and_closed
from gridmart.simulator.systems import network_events_rows, network_names, network_substations, network_telemetry
from gridmart.simulator.systems.model import Facts, Table
from gridmart.simulator.systems.rows import begun, table, utc

NAME = "network"
TABLES = {
    "pms_dept": Table(
        {"dept_id": "bigint", "dept_code": "text", "dept_name": "text", "dept_name_en": "text",
         "dept_level": "smallint", "parent_id": "bigint", "mtime": "timestamptz"},
        ("dept_id",),
    ),
    "pms_substation": Table(
        {"sub_id": "bigint", "sub_code": "text", "sub_name": "text", "dept_id": "bigint", "volt_kv": "int",
         "mtime": "timestamptz"},
        ("sub_id",),
    ),
    "pms_line": Table(
        {"line_id": "bigint", "line_code": "text", "line_name": "text", "sub_id": "bigint", "dept_id": "bigint",
         "mtime": "timestamptz"},
        ("line_id",),
    ),
    "pms_transformer": Table(
        {"psr_id": "text", "tran_code": "text", "tran_name": "text", "line_id": "bigint", "dept_id": "bigint",
         "cap_kva": "numeric(12,2)", "asset_nature": "text", "run_date": "date", "mtime": "timestamptz"},
        ("psr_id",),
    ),
    "pms_tran_point": Table(
        {"rel_id": "bigint", "psr_id": "text", "mp_code": "text", "start_date": "date", "end_date": "date",
         "mtime": "timestamptz"},
        ("rel_id",),
    ),
    **network_telemetry.TABLES,
    **network_substations.TABLES,
    **network_events_rows.TABLES,
}  # fmt: skip
_LEVEL = {"company": 1, "district": 2, "station": 3}
_NATURE = {"public": "01", "dedicated": "02"}
_RELATION_IDS = 30_100_000  # ids of relations: ten a point
_AT_WORK = np.timedelta64(10, "h")  # changes of records are entered in the morning


def rows(facts: Facts) -> dict[str, pa.Table]:
    """Rows of every table by the end of `facts.today`."""
    people = facts.population
    founded = utc(np.array(np.datetime64(facts.plan.first - timedelta(days=1), "s") + _AT_WORK))
    dept = dict(zip(people.organisations["org_no"], network_names.dept_ids(people.organisations), strict=True))
    lines = dict(zip(people.feeders["feeder_no"], network_names.line_ids(people.feeders), strict=True))
    subs = dict(zip(people.substations["substation_no"], network_names.substation_ids(people.substations), strict=True))
    line_names = {no: network_names.line_name(name) for no, name in people.feeders[["feeder_no", "name_zh"]].to_numpy()}

    def unchanged(name: str, frame: pd.DataFrame, columns: dict[str, object]) -> pa.Table:
        return table(TABLES[name], columns | {"mtime": np.repeat(founded, len(frame))})

    organisations, substations = people.organisations, people.substations
    feeders, transformers = people.feeders, people.transformers
    return {
        "pms_dept": unchanged(
            "pms_dept", organisations,
            {"dept_id": list(dept.values()), "dept_code": organisations["org_no"],
             "dept_name": organisations["name_zh"], "dept_name_en": organisations["name_en"],
             "dept_level": organisations["org_type"].map(_LEVEL),
             "parent_id": [dept.get(parent) for parent in organisations["parent_org_no"]]},
        ),
        "pms_substation": unchanged(
            "pms_substation", substations,
            {"sub_id": list(subs.values()), "sub_code": substations["substation_no"],
             "sub_name": [network_names.substation_name(name) for name in substations["name_zh"]],
             "dept_id": substations["org_no"].map(dept), "volt_kv": substations["voltage_kv"]},
        ),
        "pms_line": unchanged(
            "pms_line", feeders,
            {"line_id": list(lines.values()), "line_code": feeders["feeder_no"], "line_name": list(line_names.values()),
             "sub_id": feeders["substation_no"].map(subs), "dept_id": feeders["org_no"].map(dept)},
        ),
        "pms_transformer": unchanged(
            "pms_transformer", transformers,
            {"psr_id": network_names.psr_ids(transformers), "tran_code": transformers["transformer_no"],
             "tran_name": [
                 network_names.transformer_name(name, line_names[feeder])
                 for name, feeder in transformers[["name_zh", "feeder_no"]].to_numpy()
             ],
             "line_id": transformers["feeder_no"].map(lines), "dept_id": transformers["org_no"].map(dept),
             "cap_kva": transformers["rated_kva"], "asset_nature": transformers["ownership"].map(_NATURE),
             "run_date": dates(transformers["commissioned_date"])},
        ),
        "pms_tran_point": _relations(facts),
        **network_telemetry.rows(facts),
        **network_substations.rows(facts),
        **network_events_rows.rows(facts),
    }  # fmt: skip


def _relations(facts: Facts) -> pa.Table:
    """Which transformer feeds which point, as recorded: some relations are wrong from a date on, some are missing.

    A relation is valid until the account's last day, or the day before a wrong one begins (`ended`: when that is
    entered).
    """
    people, today = facts.population, np.datetime64(facts.today, "D")
    points = people.points[people.points["transformer_no"].notna()]
    points = points[~points["point_no"].isin(facts.drawn("missing_in_network")["point_no"].dropna())]
    account = pd.Index(people.accounts["account_no"]).get_indexer(points["account_no"])
    is_customer = account >= 0
    opened, closed = opened_and_closed(people)
    commissioned = dates(people.transformers["commissioned_date"])
    tran = pd.Index(people.transformers["transformer_no"]).get_indexer(points["transformer_no"])
    start = np.where(is_customer, opened[account], commissioned[tran])
    end = np.where(is_customer, closed[account], np.datetime64("NaT", "D"))
    psr = network_names.psr_ids(people.transformers)
    made = pd.DataFrame(
        {"rel_id": _RELATION_IDS + 10 * points.index.to_numpy(), "psr_id": psr[tran],
         "mp_code": network_names.mp_codes(points["point_no"].to_numpy()), "start": start, "end": end, "ended": end}
    )  # fmt: skip
    made = _with_wrong(facts, made, dict(zip(people.transformers["transformer_no"], psr, strict=True)))
    made = made[made["start"] <= today]
    start, end, ended = (made[name].to_numpy("datetime64[D]") for name in ("start", "end", "ended"))
    is_over = ended <= today
    first = np.datetime64(facts.plan.first - timedelta(days=1), "D")
    changed = np.where(is_over, np.fmax(ended, first), np.maximum(start, first))
    return table(
        TABLES["pms_tran_point"],
        {"rel_id": made["rel_id"], "psr_id": made["psr_id"], "mp_code": made["mp_code"], "start_date": start,
         "end_date": np.where(is_over, end, np.datetime64("NaT", "D")),
         "mtime": utc(changed.astype("datetime64[s]") + _AT_WORK)},
    )  # fmt: skip


def _with_wrong(facts: Facts, made: pd.DataFrame, psr_of: dict[str, str]) -> pd.DataFrame:
    """Relations with the wrong ones: the true one ends the day before, which is entered on the date itself."""
    wrong = begun(facts.drawn("wrong_transformer"), facts.today)
    if not len(wrong):
        return made
    row = pd.Index(made["mp_code"]).get_indexer(network_names.mp_codes(wrong["point_no"].to_numpy()))
    wrong, row = wrong[row >= 0], row[row >= 0]
    since = np.maximum(dates(wrong["from_date"]), made["start"].to_numpy("datetime64[D]")[row])
    until = made["end"].to_numpy("datetime64[D]")[row]
    is_within = np.isnat(until) | (since <= until)
    wrong, row, since, until = wrong[is_within], row[is_within], since[is_within], until[is_within]
    further = pd.DataFrame(
        {"rel_id": made["rel_id"].to_numpy()[row] + 1, "psr_id": wrong["entity_no"].map(psr_of).to_numpy(),
         "mp_code": made["mp_code"].to_numpy()[row], "start": since, "end": until, "ended": until}
    )  # fmt: skip
    made.loc[made.index[row], "end"] = since - np.timedelta64(1, "D")
    made.loc[made.index[row], "ended"] = since
    both = pd.concat([made, further], ignore_index=True)
    return both[both["end"].isna() | (both["start"] <= both["end"])]
