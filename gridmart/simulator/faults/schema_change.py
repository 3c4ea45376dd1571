"""源系统结构变更: a source's table gets a new column on a date after the history."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gridmart.simulator.faults import Drawing, Fault, instances
from gridmart.simulator.keys import generator
from gridmart.simulator.systems.model import Table
from gridmart.simulator.systems.rows import arrow_type, utc

FAULT = Fault(
    name="schema_change",
    title_zh="源系统结构变更",
    title_en="A source's table gets a new column",
    stage="system",
    scope="span",
    rate=1.0,
    per="table that can change (2)",
    what="from a date after the history on (`gridmart simulate next-day` shows it), a table has a further column; only "
    "rows that changed since have a value in it",
    found_by="comparison of the source's schema with the last extraction",
)
# table, column, type, values; days after the history
_CHANGES = (
    ("cis.c_cons", "lode_attr_code", "text", ("01", "02", "03"), 1),  # 负荷性质
    ("crm.profile", "member_level", "text", ("普通", "银卡", "金卡"), 2),
)


def draw(drawing: Drawing, rate: float) -> pd.DataFrame:
    """Each table that can change does with the probability `rate`."""
    rng = drawing.stream(FAULT.name)
    chosen = [change for change, u in zip(_CHANGES, rng.random(len(_CHANGES)).tolist(), strict=True) if u < rate]
    return instances(
        FAULT,
        system=[table.split(".")[0] for table, *_ in chosen],
        entity="table",
        entity_no=[table for table, *_ in chosen],
        from_date=np.array([drawing.last + timedelta(days=after) for *_, after in chosen], dtype=object),
        detail=[
            json.dumps({"column": column, "type": kind, "values": values}, ensure_ascii=False)
            for _, column, kind, values, _ in chosen
        ],
    )


def _due(rows: pd.DataFrame, system: str, today: date) -> list[tuple[str, date, dict]]:
    """Changes of a system by the end of `today`: table, date, detail."""
    found = rows[rows["system"].eq(system) & rows["from_date"].map(lambda day: day <= today)]
    return [
        (str(row.entity_no).split(".")[1], row.from_date, json.loads(str(row.detail))) for row in found.itertuples()
    ]


def columns(rows: pd.DataFrame, system: str, today: date) -> dict[str, dict[str, str]]:
    """Columns that the system's tables have got by the end of `today`: table → column → PostgreSQL type."""
    made: dict[str, dict[str, str]] = {}
    for table, _, detail in _due(rows, system, today):
        made.setdefault(table, {})[detail["column"]] = detail["type"]
    return made


def extend(
    system: str, tables: Mapping[str, Table], rows: Mapping[str, pa.Table], drawn: pd.DataFrame, today: date
) -> tuple[dict[str, Table], dict[str, pa.Table]]:
    """A system's tables and rows with the columns that they have got by the end of `today`, each at its end.

    Rows whose update time (the table's last column) lies on or after the date of the change have a value, which
    follows from their key; the others have none.
    """
    wider, filled = dict(tables), dict(rows)
    for name, since, detail in _due(drawn, system, today):
        column, table, have = detail["column"], wider[name], filled[name]
        updated = list(tables[name].columns)[-1]
        begin = pa.array(utc(np.array([since], "datetime64[s]"))).cast(pa.timestamp("us", "UTC"))[0]
        changed = pc.fill_null(pc.greater_equal(have[updated], begin), False).to_numpy(zero_copy_only=False)
        keys = zip(*(have[key].to_pylist() for key in table.key), strict=True)
        values = [
            detail["values"][int(generator(0, name, column, *key).integers(len(detail["values"])))] if new else None
            for key, new in zip(keys, changed.tolist(), strict=True)
        ]
        wider[name] = replace(table, columns=table.columns | {column: detail["type"]})
        filled[name] = have.append_column(column, pa.array(values, arrow_type(detail["type"])))
    return wider, filled
