"""gridmart CSV: one line per point, channel and local day, with the day's interval values side by side.

Header: point,channel,unit,date,interval_minutes,version,register_start,register_end,i1,…,iN. No quoting.
"""

import io
from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from gridmart.sources.meter_files import model
from gridmart.sources.meter_files.model import LENGTHS, Parsed, RefusalError, Reject, short
from gridmart.sources.meter_files.times import day_minutes

NAME = "gridmart_csv"
HEAD = ("point", "channel", "unit", "date", "interval_minutes", "version", "register_start", "register_end")
NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
MAX_POINT_LENGTH = 64
MAX_VERSION = 10**18


def matches(head: bytes) -> bool:
    """Content starts with the first names of the header."""
    return head.lower().startswith(b"point,channel,unit,date,")


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read a file. Values are checked column by column; only refused lines are looked at one by one."""
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
        self.rejects: list[Reject] = []
        self.lines: list[bytes] | None = None
        self.misfits: list[int] = []
        self.table = self._read()
        rows = self.table.num_rows
        numbers = np.arange(2, rows + len(self.misfits) + 2, dtype=np.int64)
        self.numbers = np.delete(numbers, np.array(self.misfits, dtype=np.int64) - 2) if self.misfits else numbers
        self._drop_blank_lines()
        self.good = np.ones(self.table.num_rows, dtype=bool)

    def _drop_blank_lines(self) -> None:
        """Arrow reads a blank line as a row without any value."""
        empty = _mask(pc.equal(self.table["point"].combine_chunks(), ""))
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

    def _refuse(self, bad: np.ndarray, rule: str, reason: Callable[[int], str]) -> None:
        for row in np.flatnonzero(bad & self.good).tolist():
            number = int(self.numbers[row])
            day = self.dates[row] if hasattr(self, "dates") else None
            self.rejects.append(
                Reject(
                    number, rule, reason(row), self._cell("point", row), self._cell("channel", row), day,
                    short(self._line(number)),
                )
            )  # fmt: skip
        self.good &= ~bad

    def _cell(self, name: str, row: int) -> str:
        return self.table[name][row].as_py()[:MAX_POINT_LENGTH]

    def _text(self, name: str, row: int) -> str:
        return repr(str(self.table[name][row].as_py())[:40])

    def _by_value(self, name: str, of: Callable[[str], object]) -> np.ndarray:
        """`of` applied to each different value of a column, spread over its rows."""
        column = pc.dictionary_encode(self.table[name].combine_chunks())
        found = np.empty(len(column.dictionary), dtype=object)
        for place, value in enumerate(column.dictionary.to_pylist()):
            found[place] = of(value)
        return found[column.indices.to_numpy()] if len(column) else np.empty(0, dtype=object)

    def result(self) -> Parsed:
        self._misfits()
        cell = self._cell
        self.dates = self._by_value("date", _date)
        points = self.table["point"].combine_chunks()
        bad_point = pc.or_(pc.equal(points, ""), pc.greater(pc.utf8_length(points), MAX_POINT_LENGTH))
        self._refuse(_mask(bad_point), "bad_structure", lambda row: "the point is empty or longer than 64 characters")
        self._refuse(_absent(self.dates), "bad_date", lambda row: f"{cell('date', row)!r} is not a date YYYY-MM-DD")
        self._refuse(
            ~self._by_value("channel", model.CHANNELS.__contains__).astype(bool), "unknown_channel",
            lambda row: f"there is no channel {cell('channel', row)!r}",
        )  # fmt: skip
        units = self._by_value("unit", lambda unit: model.QUANTITY.get(unit.lower(), ""))
        kinds = self._by_value("channel", lambda channel: model.CHANNELS.get(channel, "none"))
        self._refuse(
            units != kinds, "unit_mismatch",
            lambda row: f"unit {cell('unit', row)!r} does not measure {cell('channel', row)}",
        )  # fmt: skip
        versions = self._by_value("version", lambda text: _whole(text, MAX_VERSION))
        self._refuse(
            _absent(versions), "bad_number",
            lambda row: f"version {cell('version', row)!r} is not a whole number",
        )  # fmt: skip
        lengths = self._by_value("interval_minutes", lambda text: _whole(text, 60) if text.isdigit() else None)
        self._refuse(
            ~np.isin(lengths.astype(str), [str(n) for n in LENGTHS]), "interval_mismatch",
            lambda row: f"interval of {cell('interval_minutes', row)!r} minutes is not one of {LENGTHS}",
        )  # fmt: skip
        registers = {name: self._numbers(name) for name in ("register_start", "register_end")}
        matrix = self._matrix()
        counts = self._counts(lengths, matrix)
        return self._parsed(versions, lengths, registers, matrix, counts)

    def _misfits(self) -> None:
        last = self.data.count(b"\n") + (0 if self.data.endswith(b"\n") else 1)
        for number in self.misfits:
            line = self._line(number)
            if not line.strip():
                continue
            found = line.count(b",") + 1
            cut = number == last and not self.data.endswith(b"\n") and found < len(self.names)
            reason = f"{found} columns, the header has {len(self.names)}"
            self.rejects.append(
                Reject(number, "truncated", f"the last line is cut off: {reason}", content=short(line))
                if cut
                else Reject(number, "bad_structure", reason, content=short(line))
            )

    def _numbers(self, name: str) -> np.ndarray:
        """Float values of a column, NaN where empty; refuses what is no finite number."""
        column = self.table[name].combine_chunks()
        if pa.types.is_floating(column.type):
            values = column.to_numpy(zero_copy_only=False)
            bad = ~np.isfinite(values) & column.is_valid().to_numpy(zero_copy_only=False)
        else:
            empty = pc.equal(column, "")
            is_number = pc.match_substring_regex(column, NUMBER)
            texts = pc.if_else(is_number, column, pa.scalar(None, pa.string()))
            values = pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
            bad = _mask(pc.invert(pc.or_(empty, is_number))) | np.isinf(values)
        if bad.any():
            self._refuse(
                bad, "bad_number", lambda row: f"{name} is {self.table[name][row].as_py()!s:.40}, not a number"
            )
        return values

    def _matrix(self) -> np.ndarray:
        names = self.names[len(HEAD) :]
        matrix = np.empty((self.table.num_rows, len(names)))
        for place, name in enumerate(names):
            matrix[:, place] = self._numbers(name)
        return matrix

    def _counts(self, lengths: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        """Values due of each row; refuses rows whose values do not fit their day."""
        width = matrix.shape[1]
        due = np.zeros(len(lengths), dtype=np.int64)
        for length in set(lengths[self.good].tolist()):
            for day in set(self.dates[self.good & (lengths == length)].tolist()):
                due[(lengths == length) & (self.dates == day)] = day_minutes(day, self.zone) // length
        filled = ~np.isnan(matrix)
        used = np.where(filled.any(axis=1), width - np.argmax(filled[:, ::-1], axis=1), 0) if width else due
        self._refuse(
            due > width, "interval_mismatch",
            lambda row: f"the day has {due[row]} intervals, the file has columns for {width}",
        )  # fmt: skip
        self._refuse(
            used > due, "interval_mismatch",
            lambda row: f"value in column i{used[row]}, but the day has {due[row]} intervals",
        )  # fmt: skip
        return due

    def _parsed(
        self, versions: np.ndarray, lengths: np.ndarray, registers: dict[str, np.ndarray], matrix: np.ndarray,
        counts: np.ndarray,
    ) -> Parsed:  # fmt: skip
        lines = len(self.data.rstrip(b"\r\n").split(b"\n"))
        good = self.good
        everything = bool(good.all())
        table = self.table if everything else self.table.filter(pa.array(good))
        rows = table.num_rows
        units = table["unit"].combine_chunks()
        kept = {
            "point_no": table["point"],
            "stream": table["channel"],
            "channel": table["channel"],
            "unit": units,
            "scale": pa.array(
                self._by_value("unit", lambda unit: model.UNITS.get(unit.lower(), 0))[good].astype(np.int32)
            ),
            "business_date": pa.array(self.dates[good].astype("datetime64[D]")),
            "interval_minutes": pa.array(lengths[good].astype(np.int32)),
            "version": pa.array(versions[good].astype(np.int64)),
            "row_number": pa.array(self.numbers[good]),
            "flag": pa.array(["A"], pa.string()).take(pa.array(np.zeros(rows, np.int32))),
            "flags": pa.nulls(rows, model.DAYS.field("flags").type),
            "values": model.value_lists(matrix if everything else matrix[good], counts[good]),
        }
        days = pa.table(kept, schema=model.DAYS)
        start, end = (registers[name][good] for name in ("register_start", "register_end"))
        delivered = pa.array(~(np.isnan(start) & np.isnan(end)))
        reads = days.select(["point_no", "channel", "business_date", "version", "row_number"])
        reads = reads.append_column("index_start", pa.array(start, from_pandas=True))
        reads = reads.append_column("index_end", pa.array(end, from_pandas=True))
        reads = reads.select(model.REGISTERS.names).filter(delivered)
        self.rejects.sort(key=lambda reject: reject.row_number)
        return Parsed(NAME, days, reads, self.rejects, lines)


def _mask(values: pa.Array) -> np.ndarray:
    return values.to_numpy(zero_copy_only=False).astype(bool)


def _absent(values: np.ndarray) -> np.ndarray:
    return np.array([value is None for value in values.tolist()], dtype=bool)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 and text.isascii() else None
    except ValueError:
        return None


def _whole(text: str, highest: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= highest else None
