"""Columns of the CIS's tables from numpy arrays: exact decimals, dates, times with their zone; numbers of rows."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from gridmart.simulator.systems.model import Table

ZONE_OFFSET = np.timedelta64(8 * 3_600, "s")  # the utility's clock: UTC+8 all year
FIRST_ID = 1_000_000
ROWS_A_MONTH = 10**8  # numbers of a month's rows stay below this
_TYPES = {"bigint": pa.int64(), "int": pa.int32(), "smallint": pa.int16(), "date": pa.date32(), "text": pa.string(),
          "char(6)": pa.string(), "timestamptz": pa.timestamp("us", "UTC")}  # fmt: skip


def text(values: Sequence[object] | np.ndarray) -> pa.Array:
    """Strings; None is null."""
    return pa.array(values, pa.string())


def codes(places: np.ndarray, words: Sequence[str]) -> pa.Array:
    """The word at each place."""
    return pa.array(words, pa.string()).take(pa.array(places))


def whole(values: np.ndarray, kind: pa.DataType | None = None) -> pa.Array:
    """Integers, int64 unless another type is given."""
    return pa.array(values).cast(kind or pa.int64())


def decimals(values: np.ndarray, precision: int, scale: int, is_null: np.ndarray | None = None) -> pa.Array:
    """Decimals from integers in units of 10^-scale."""
    pairs = np.empty((len(values), 2), np.int64)
    pairs[:, 0], pairs[:, 1] = values, np.asarray(values) >> 63
    mask = None
    if is_null is not None and is_null.any():
        mask = pa.py_buffer(np.packbits(~is_null, bitorder="little").tobytes())
    buffers = [mask, pa.py_buffer(pairs.tobytes())]
    return pa.Array.from_buffers(pa.decimal128(precision, scale), len(values), buffers)


def dates(values: np.ndarray) -> pa.Array:
    """Dates from datetime64; NaT is null."""
    return pa.array(np.asarray(values).astype("datetime64[D]"), pa.date32())


def times(values: np.ndarray) -> pa.Array:
    """UTC times from local datetime64; NaT is null."""
    utc = np.asarray(values).astype("datetime64[s]") - ZONE_OFFSET
    return pa.array(utc.astype("datetime64[us]"), pa.timestamp("us", "UTC"))


def at(days: np.ndarray, hour: float) -> np.ndarray:
    """Local time at an hour of each date: datetime64[s]."""
    return np.asarray(days).astype("datetime64[D]").astype("datetime64[s]") + np.timedelta64(int(hour * 3_600), "s")


def known(times_: np.ndarray, today: date) -> np.ndarray:
    """What has happened by the end of today; NaT has not."""
    return np.asarray(times_) < np.datetime64(today, "D") + np.timedelta64(1, "D")


def until(times_: np.ndarray, today: date) -> np.ndarray:
    """The times, NaT where they are later than today."""
    return np.where(known(times_, today), times_, np.datetime64("NaT", "s"))


def month_number(months: np.ndarray) -> np.ndarray:
    """YYYYMM as integers from datetime64."""
    number = np.asarray(months).astype("datetime64[M]").astype(np.int64)
    return (1970 + number // 12) * 100 + number % 12 + 1


def row_ids(times_: np.ndarray, rows: np.ndarray, kind: np.ndarray | int = 0) -> np.ndarray:
    """Numbers of rows that stay when days are added: month, row of the account, kind (below 10) of the event."""
    return month_number(times_) * ROWS_A_MONTH + np.asarray(rows) * 10 + kind


def table(spec: Table, columns: dict[str, pa.Array]) -> pa.Table:
    """The columns of a table in its order, as its types."""
    schema = [(name, columns[name].type if kind.startswith("numeric") else _TYPES[kind]) for name, kind in
              spec.columns.items()]  # fmt: skip
    return pa.table([columns[name].cast(kind) for name, kind in schema], names=[name for name, _ in schema])
