"""gridmart CSV: one line per point, channel and local day, with the day's interval values side by side.

Header: point,channel,unit,date,interval_minutes,version,register_start,register_end,i1,…,iN. No quoting.
"""

import io
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from gridmart.sources.meter_files import numbers
from gridmart.sources.meter_files.checks import MAX_VERSION, NO_DATE, Checks, Columns, by_value, mask
from gridmart.sources.meter_files.model import Parsed, RefusalError, Reject, short, value_lists

NAME = "gridmart_csv"
IS_TEXT = True
HEAD = ("point", "channel", "unit", "date", "interval_minutes", "version", "register_start", "register_end")


def matches(head: bytes) -> bool:
    """Content starts with the first names of the header."""
    return head.lower().startswith(b"point,channel,unit,date,")


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read a file. Values are checked column by column; only refused lines are looked at one by one."""
    if b"\r" in data:  # Arrow ends a line there too, also without a line feed after it
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    first = data.split(b"\n", 1)[0].strip().decode()
    names = [name.strip() for name in first.split(",")]
    width = len(names) - len(HEAD)
    expected = [*HEAD, *(f"i{n}" for n in range(1, width + 1))]
    if width < 1 or names != expected:
        wrong = next((b for a, b in zip(expected, names, strict=False) if a != b), "too few columns")
        raise RefusalError("missing_header", f"the header is not the one of gridmart CSV: see {wrong[:60]!r}")
    return _Reader(data, names, zone).result()


class _Reader:
    def __init__(self, data: bytes, names: list[str], zone: ZoneInfo) -> None:
        self.data, self.names, self.zone = data, names, zone
        self.lines: list[bytes] | None = None
        self.misfits: list[int] = []
        self.table = self._read()
        rows = self.table.num_rows
        numbers = np.arange(2, rows + len(self.misfits) + 2, dtype=np.int64)
        self.numbers = np.delete(numbers, np.array(self.misfits, dtype=np.int64) - 2) if self.misfits else numbers
        self._drop_blank_lines()

    def _drop_blank_lines(self) -> None:
        """Arrow reads a blank line as a row without any value."""
        empty = mask(pc.equal(self.table["point"].combine_chunks(), ""))
        for row in np.flatnonzero(empty).tolist():
            empty[row] = not self._line(int(self.numbers[row])).strip()
        if empty.any():
            self.table, self.numbers = self.table.filter(pa.array(~empty)), self.numbers[~empty]

    def _read(self) -> pa.Table:
        body = self.data.split(b"\n", 1)[1] if b"\n" in self.data else b""
        self.body = body
        if not body.strip():
            return pa.table({name: pa.array([], pa.string()) for name in self.names})
        text, real = dict.fromkeys(HEAD, pa.string()), dict.fromkeys(self.names[len(HEAD) :], pa.float64())
        try:
            return self._read_as({**text, **real})
        except pa.ArrowInvalid:
            return self._read_as(dict.fromkeys(self.names, pa.string()))

    def _read_as(self, types: dict[str, pa.DataType]) -> pa.Table:
        self.misfits = []

        def misfit(row: csv.InvalidRow) -> str:
            self.misfits.append(row.number + 1)  # the header is line 1
            return "skip"

        return csv.read_csv(
            io.BytesIO(self.body),
            csv.ReadOptions(use_threads=False, column_names=self.names, block_size=4 << 20),
            csv.ParseOptions(
                quote_char=False, double_quote=False, ignore_empty_lines=False, invalid_row_handler=misfit
            ),
            csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=False, check_utf8=False),
        )

    def _line(self, number: int) -> bytes:
        if self.lines is None:
            self.lines = self.data.split(b"\n")
        return self.lines[number - 1]

    def result(self) -> Parsed:
        texts = {name: self.table[name].combine_chunks() for name in HEAD}
        columns = Columns(
            texts["point"],
            texts["channel"],
            texts["unit"],
            by_value(texts["date"], _date).astype("datetime64[D]"),
            by_value(texts["version"], lambda text: _whole(text, MAX_VERSION)).astype(np.int64),
            by_value(texts["interval_minutes"], lambda text: _whole(text, 60)).astype(np.int64),
            self.numbers,
        )
        self.checks = checks = Checks(columns, self.zone, self._said, lambda row: self._line(int(self.numbers[row])))
        self._misfits()
        start, end = self._numbers("register_start"), self._numbers("register_end")
        matrix = self._matrix()
        due, width = checks.due(), matrix.shape[1]
        filled = ~np.isnan(matrix)
        used = np.where(filled.any(axis=1), width - np.argmax(filled[:, ::-1], axis=1), 0)
        checks.check_values(due, width, used, "file has columns for")
        good = checks.good
        values = value_lists(matrix, due) if good.all() else value_lists(matrix[good], due[good])
        return checks.parsed(NAME, values, start, end, len(self.data.rstrip(b"\r\n").split(b"\n")))

    def _said(self, name: str, row: int) -> str:
        return str(self.table[name][row].as_py())[:40]

    def _misfits(self) -> None:
        last = self.data.count(b"\n") + (0 if self.data.endswith(b"\n") else 1)
        for number in self.misfits:
            line = self._line(number)
            if not line.strip():
                continue
            found = line.count(b",") + 1
            cut = number == last and not self.data.endswith(b"\n") and found < len(self.names)
            reason = f"{found} columns, the header has {len(self.names)}"
            self.checks.rejects.append(
                Reject(number, "truncated", f"the last line is cut off: {reason}", content=short(line))
                if cut
                else Reject(number, "bad_structure", reason, content=short(line))
            )

    def _numbers(self, name: str) -> np.ndarray:
        """Float values of a column, NaN where empty; refuses what is no number."""
        column = self.table[name].combine_chunks()
        if pa.types.is_floating(column.type):
            values = column.to_numpy(zero_copy_only=False)
            bad = ~numbers.are_numbers(values) & column.is_valid().to_numpy(zero_copy_only=False)
        else:
            empty = pc.equal(column, "")
            is_number = pc.match_substring_regex(column, numbers.NUMBER)
            texts = pc.if_else(is_number, column, pa.scalar(None, pa.string()))
            values = pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
            bad = mask(pc.invert(empty)) & ~numbers.are_numbers(values)
        if bad.any():
            self.checks.refuse(
                bad, "bad_number", lambda row: f"{name} is {self._said(name, row)}, {numbers.NOT_A_NUMBER}"
            )
        return values

    def _matrix(self) -> np.ndarray:
        names = self.names[len(HEAD) :]
        matrix = np.empty((self.table.num_rows, len(names)))
        for place, name in enumerate(names):
            matrix[:, place] = self._numbers(name)
        return matrix


def _date(text: str) -> np.datetime64:
    try:
        return np.datetime64(date.fromisoformat(text), "D") if len(text) == 10 and text.isascii() else NO_DATE
    except ValueError:
        return NO_DATE


def _whole(text: str, highest: int) -> int:
    """A whole number up to `highest`; -1 if it is none."""
    is_whole = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if is_whole and int(text) <= highest else -1
