"""gridmart Parquet: the columns of gridmart CSV, and `values`, a list of the day's interval values."""

from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gridmart.sources.meter_files import (
    collection_tasks,
    container,
    frozen_registers,
    meter_events,
    numbers,
    parquet_table,
)
from gridmart.sources.meter_files.checks import NO_DATE, Checks, Columns
from gridmart.sources.meter_files.gridmart_csv import HEAD
from gridmart.sources.meter_files.model import Parsed
from gridmart.sources.meter_files.parquet_claims import MAGIC, Limits
from gridmart.sources.meter_files.parquet_table import plain, texts

NAME = "gridmart_parquet"
IS_TEXT = False
TEXTS, WHOLES, REALS = HEAD[:3], ("interval_minutes", "version"), ("register_start", "register_end")
COLUMNS = (*HEAD, "values")
KINDS = {
    **dict.fromkeys(TEXTS, parquet_table.TEXT),
    "date": parquet_table.DATE,
    **dict.fromkeys(WHOLES, parquet_table.WHOLE),
    **dict.fromkeys(REALS, parquet_table.REAL),
    "values": parquet_table.REALS,
}
MAX_ROWS = 1_000_000
MAX_VALUES = 64_000_000
AT_ONCE = 4_000_000  # values
EARLIEST, LATEST = np.datetime64("0001-01-01", "D"), np.datetime64("9999-12-31", "D")
SHOWN = 12  # values of a refused record that quarantine keeps


def matches(head: bytes) -> bool:
    """Parquet, unless it is of events, of frozen registers or of collection tasks."""
    others = meter_events, frozen_registers, collection_tasks
    return head.startswith(MAGIC) and not any(other.matches(head) for other in others)


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read a file; a RefusalError when it is damaged, too large, or of other columns."""
    limits = Limits(MAX_ROWS, MAX_VALUES, container.MAX_BYTES)
    return _Reader(parquet_table.read(data, KINDS, limits, "gridmart Parquet"), zone).result()


class _Reader:
    """Records of a table of COLUMNS."""

    def __init__(self, table: pa.Table, zone: ZoneInfo) -> None:
        self.table, self.zone = table, zone
        self.columns = {name: self._whole(table[name]) for name in COLUMNS}
        self.texts = {name: texts(self.columns[name]) for name in TEXTS}

    @staticmethod
    def _whole(column: pa.ChunkedArray) -> pa.Array:
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()

    def result(self) -> Parsed:
        rows = self.table.num_rows
        columns = Columns(
            self.texts["point"],
            self.texts["channel"],
            self.texts["unit"],
            self._dates(),
            self._wholes("version"),
            self._wholes("interval_minutes"),
            np.arange(1, rows + 1, dtype=np.int64),
        )
        checks = Checks(columns, self.zone, self._said, self._content)
        start, end = (self._reals(name, checks) for name in REALS)
        lists = self.columns["values"]
        lengths = pc.list_value_length(lists).fill_null(0).to_numpy().astype(np.int64)
        flat = lists.flatten()
        firsts = np.cumsum(lengths) - lengths
        self._refuse_odd_values(checks, flat, firsts, lengths)
        due = checks.due()
        checks.check_values(due, lengths, _used(flat, firsts, lengths, due), "record")
        return checks.parsed(NAME, _lists(flat, lengths, due, checks.good), start, end, rows)

    def _dates(self) -> np.ndarray:
        days = self.columns["date"].to_numpy(zero_copy_only=False).astype("datetime64[D]")
        return np.where((days >= EARLIEST) & (days <= LATEST), days, NO_DATE)

    def _wholes(self, name: str) -> np.ndarray:
        return self.columns[name].cast(pa.int64()).fill_null(-1).to_numpy()

    def _reals(self, name: str, checks: Checks) -> np.ndarray:
        column = self.columns[name]
        values = column.to_numpy(zero_copy_only=False)
        bad = ~numbers.are_numbers(values) & column.is_valid().to_numpy(zero_copy_only=False)
        checks.refuse(bad, "bad_number", lambda row: f"{name} is {self._said(name, row)}, {numbers.NOT_A_NUMBER}")
        return values

    def _refuse_odd_values(self, checks: Checks, flat: pa.Array, firsts: np.ndarray, lengths: np.ndarray) -> None:
        """Refuse records with a value that is there and no number."""
        values = flat.to_numpy(zero_copy_only=False)
        odd = ~numbers.are_numbers(values)
        if int(odd.sum()) == flat.null_count:
            return
        places = np.flatnonzero(odd & flat.is_valid().to_numpy(zero_copy_only=False))
        row = np.searchsorted(firsts + lengths, places, side="right")
        first = dict(zip(row[::-1].tolist(), places[::-1].tolist(), strict=True))
        bad = np.zeros(len(lengths), dtype=bool)
        bad[row] = True
        checks.refuse(
            bad, "bad_number",
            lambda r: f"value {first[r] - firsts[r] + 1} is {values[first[r]]}, {numbers.NOT_A_NUMBER}",
        )  # fmt: skip

    def _said(self, name: str, row: int) -> str:
        if name in TEXTS:
            return plain(self.texts[name][row].as_py())[:40]
        column = self.columns[name]
        if name == "date":  # a date may lie outside of what Python knows
            days = column.cast(pa.int32())[row].as_py()
            return "" if days is None else str(np.datetime64(days, "D"))
        value = column[row].as_py()
        return "" if value is None else str(value)

    def _content(self, row: int) -> str:
        values = self.columns["values"][row]
        shown = values.values[:SHOWN].to_pylist() if values.is_valid else []
        cells = [self._said(name, row) for name in HEAD] + ["" if v is None else f"{v:g}" for v in shown]
        return ",".join([*cells, "…"] if values.is_valid and len(values) > SHOWN else cells)


def _used(flat: pa.Array, firsts: np.ndarray, lengths: np.ndarray, due: np.ndarray) -> np.ndarray:
    """Position of the last value of each record, from 1, where it is beyond those due; else those due."""
    used = due.copy()
    longer = np.flatnonzero((lengths > due) & (due > 0))
    if not longer.size:
        return used
    there = flat.is_valid().to_numpy(zero_copy_only=False)
    step = np.cumsum(lengths[longer]) // AT_ONCE
    for rows in np.split(longer, np.flatnonzero(np.diff(step)) + 1):
        spare = lengths[rows] - due[rows]
        beyond = np.repeat(due[rows], spare) + _within(spare)
        found = there[np.repeat(firsts[rows], spare) + beyond]
        np.maximum.at(used, np.repeat(rows, spare)[found], beyond[found] + 1)
    return used


def _within(lengths: np.ndarray) -> np.ndarray:
    """Positions within each of the lists, one after the other: 0 to its length - 1."""
    small = lengths.astype(np.int32)
    return np.arange(small.sum(), dtype=np.int32) - np.repeat(np.cumsum(small, dtype=np.int32) - small, small)


def _lists(flat: pa.Array, lengths: np.ndarray, due: np.ndarray, good: np.ndarray) -> pa.Array:
    """Lists of the good records, as long as their days."""
    kept = np.where(good, due, 0)
    if not (kept == lengths).all():
        flat = flat.filter(pa.array(_within(lengths) < np.repeat(kept.astype(np.int32), lengths)))
    offsets = np.concatenate([[0], np.cumsum(kept[good])])
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), flat)
