"""gridmart Parquet: the columns of gridmart CSV, and `values`, a list of the day's interval values.

What a file claims about itself is checked before anything is unpacked: files from outside are hostile.
"""

from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gridmart.sources.meter_files import container, numbers
from gridmart.sources.meter_files.checks import NO_DATE, Checks, Columns
from gridmart.sources.meter_files.gridmart_csv import HEAD
from gridmart.sources.meter_files.model import MAX_POINT_LENGTH, Parsed, RefusalError
from gridmart.sources.meter_files.parquet_claims import MAGIC, Limits, check

NAME = "gridmart_parquet"
IS_TEXT = False
TEXTS, WHOLES, REALS = HEAD[:3], ("interval_minutes", "version"), ("register_start", "register_end")
COLUMNS = (*HEAD, "values")
KINDS = {
    **dict.fromkeys(TEXTS, "string"),
    "date": "date",
    **dict.fromkeys(WHOLES, "integer of at most 64 bits"),
    **dict.fromkeys(REALS, "double"),
    "values": "list<double>",
}
MAX_ROWS = 1_000_000
MAX_VALUES = 64_000_000
AT_ONCE = 4_000_000  # values
EARLIEST, LATEST = np.datetime64("0001-01-01", "D"), np.datetime64("9999-12-31", "D")
SHOWN = 12  # values of a refused record that quarantine keeps


def matches(head: bytes) -> bool:
    """Content starts as Parquet does."""
    return head.startswith(MAGIC)


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read a file; a RefusalError when it is damaged, too large, or of other columns."""
    return _Reader(_read(data), zone).result()


def _read(data: bytes) -> pa.Table:
    if not data.startswith(MAGIC):
        raise RefusalError("missing_header", "the file is not Parquet")
    check(data, Limits(MAX_ROWS, MAX_VALUES, container.MAX_BYTES))
    try:
        _check_schema(pq.read_schema(pa.BufferReader(data)))
        # texts stay dictionaries: a long text that a million rows share is kept once
        file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=list(TEXTS))
        table = file.read(use_threads=False)
        table.validate(full=True)
        return table.select(list(COLUMNS)).unify_dictionaries().combine_chunks()
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        reason = str(error).split("\n", 1)[0][:200]
        if isinstance(error, UnicodeError) or "utf8" in reason.lower():
            raise RefusalError("bad_encoding", "the file holds text that is not UTF-8") from error
        raise RefusalError("damaged", f"the Parquet file cannot be read: {_plain(reason)}") from error


def _fits(kind: pa.DataType, name: str) -> bool:
    t = pa.types
    if name in TEXTS:
        return t.is_string(kind) or t.is_large_string(kind) or (t.is_dictionary(kind) and _fits(kind.value_type, name))
    if name == "date":
        return t.is_date32(kind)
    if name in WHOLES:
        return t.is_integer(kind) and kind != pa.uint64()
    if name in REALS:
        return t.is_float64(kind)
    return (t.is_list(kind) or t.is_large_list(kind)) and t.is_float64(kind.value_type)


def _check_schema(schema: pa.Schema) -> None:
    if sorted(schema.names) != sorted(COLUMNS):
        missing = [name for name in COLUMNS if name not in schema.names]
        wrong = f"{missing[0]} is missing" if missing else f"see {_plain(_odd(schema.names))!r}"
        raise RefusalError("missing_header", f"the columns are not those of gridmart Parquet: {wrong}")
    for name in COLUMNS:
        kind = schema.field(name).type
        if not _fits(kind, name):
            raise RefusalError("missing_header", f"column {name} is {_plain(str(kind))}, not {KINDS[name]}")


def _odd(names: list[str]) -> str:
    return next(name for name in names if name not in COLUMNS or names.count(name) > 1)


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:120])


class _Reader:
    """Records of a table of COLUMNS."""

    def __init__(self, table: pa.Table, zone: ZoneInfo) -> None:
        self.table, self.zone = table, zone
        self.columns = {name: self._whole(table[name]) for name in COLUMNS}
        self.texts = {name: _texts(self.columns[name]) for name in TEXTS}

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
            return _plain(self.texts[name][row].as_py())[:40]
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


def _texts(column: pa.Array) -> pa.Array:
    """Texts of a column, null as empty, cut where they are longer than any that is allowed."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    words = pc.utf8_slice_codeunits(column.dictionary.cast(pa.string()), 0, MAX_POINT_LENGTH + 1)
    short = pa.DictionaryArray.from_arrays(column.indices, words)
    return short.dictionary_decode().fill_null("")


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
