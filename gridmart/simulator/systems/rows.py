"""Columns of arrays into the rows of a system's table: types, UTC, what is known by the end of a date."""

import re
from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.simulator.systems.model import Table

HOURS_EAST = np.timedelta64(8, "h")  # local time of the utility is UTC+8 all year (no summer time since 1991)
_PLAIN = {
    "text": pa.string(), "bigint": pa.int64(), "integer": pa.int32(), "int": pa.int32(), "smallint": pa.int16(),
    "boolean": pa.bool_(), "date": pa.date32(), "timestamptz": pa.timestamp("us", "UTC"),
}  # fmt: skip


def arrow_type(kind: str) -> pa.DataType:
    """Arrow type of a PostgreSQL type as written in `Table.columns`."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind.startswith(("char(", "varchar(")):
        return pa.string()
    found = re.fullmatch(r"numeric\((\d+),\s*(\d+)\)", kind)
    if found is None:
        raise ValueError(f"no Arrow type for {kind!r}")
    return pa.decimal128(int(found[1]), int(found[2]))


def utc(local: np.ndarray) -> np.ndarray:
    """Local times (datetime64) as UTC, datetime64[us]; NaT stays."""
    return local.astype("datetime64[us]") - HOURS_EAST


def midnight_after(day: date) -> np.datetime64:
    """The local end of a date: what happens from then on is not known on it."""
    return np.datetime64(day, "s") + np.timedelta64(1, "D")


def known(at: np.ndarray, today: date) -> np.ndarray:
    """Local times up to the end of `today`, seconds; NaT for later ones."""
    at = at.astype("datetime64[s]")
    return np.where(at < midnight_after(today), at, np.datetime64("NaT", "s"))


def begun(instances: pd.DataFrame, today: date) -> pd.DataFrame:
    """Instances of a fault that have begun by the end of `today`."""
    return instances[np.array([day <= today for day in instances["from_date"]], bool)]


def latest(*times: np.ndarray) -> np.ndarray:
    """The latest of several columns of local times, row by row; NaT counts as never."""
    return np.fmax.reduce([t.astype("datetime64[s]") for t in times])


def _column(values: object, kind: str) -> pa.Array:
    wanted = arrow_type(kind)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        return values.cast(wanted)
    array = np.asarray(values)
    if not len(array):
        return pa.array([], wanted)
    if kind == "timestamptz":
        return pa.array(array.astype("datetime64[us]")).cast(wanted)
    if kind == "date" and array.dtype.kind == "M":
        return pa.array(array.astype("datetime64[D]"))
    if pa.types.is_decimal(wanted) and array.dtype.kind in "fiu":
        return pa.array(np.round(array.astype(float), wanted.scale), from_pandas=True).cast(wanted)
    if array.dtype.kind == "f":  # whole numbers with NaN for none
        return pa.array(array, from_pandas=True).cast(wanted)
    if array.dtype.kind == "U":
        array = array.astype(object)
    return pa.array(array, wanted, from_pandas=True)


def table(model: Table, columns: Mapping[str, object]) -> pa.Table:
    """Rows of a table in its types, ordered by its key.

    `columns`: arrays of equal length by name; times of timestamptz columns are UTC (see `utc`). NaN, NaT and None are
    null. Raises KeyError when a column of the table is not given.
    """
    made = pa.table(
        [_column(columns[name], kind) for name, kind in model.columns.items()],
        schema=pa.schema([(name, arrow_type(kind)) for name, kind in model.columns.items()]),
    )
    return made.sort_by([(name, "ascending") for name in model.key])
