"""NEM12, the interval file of Australia's market operator AEMO (Meter Data File Format Specification NEM12 & NEM13).

100 header · 200 register · 300 day of values · 400 quality of a part of the day · 500 B2B detail · 900 end.
What 200, 300, 400 and 500 say beside values and flags is kept in `Parsed.details`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from gridmart.sources.meter_files import model, numbers
from gridmart.sources.meter_files.model import LENGTHS, MAX_POINT_LENGTH, Parsed, RefusalError, Reject, Rejects, short
from gridmart.sources.meter_files.times import day_minutes

NAME = "nem12"
IS_TEXT = True
CHANNELS = {"E1": "import_kwh", "B1": "export_kwh", "Q1": "import_kvarh", "K1": "export_kvarh"}
KNOWN_LENGTHS = frozenset(str(length) for length in LENGTHS)  # the specification has 5, 15 and 30; files have 10 too
FLAG = re.compile(r"^[AEFNSV][0-9]{0,2}$")
FLAGS = frozenset(b"A E F N S V".split())  # the commonest, known without looking twice
IS_NUMBER = re.compile(numbers.NUMBER.encode())
STAMP = re.compile(rb"^[0-9]{14}$")
DATE_LENGTH = 8  # YYYYMMDD
SUFFIX = re.compile(r"[A-Z][0-9A-Z]{1,2}")
FOLD_LIMIT = 40  # lines that one folded 300 record may take
WORDS_200 = ("nmi_configuration", "register_id", "", "mdm_data_stream", "meter_no", "", "", "next_read_date")
WORDS_500 = ("transaction_code", "service_order", "read_at", "index_read")
WORDS_REASON = ("reason_code", "reason")

Detail = tuple[str, str, date | None, int, str, str]  # a row of model.DETAILS


def matches(head: bytes) -> bool:
    """Content starts with a 100 or, its header lost, a 200 record."""
    start = head.lstrip(b" \t\r\n")
    return start.startswith((b"100,NEM12", b"100,nem12")) or (start.startswith(b"200,") and b"\n300," in start)


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read a file; a RefusalError when its 100 record is missing."""
    return model.only(parse_many([data], zone))


def parse_many(texts: Sequence[bytes], zone: ZoneInfo) -> list[Parsed | RefusalError]:
    """Read files as `parse` does each; their tables are slices of one, since making one costs more than a file."""
    readers = [model.attempt(_read, text, zone) for text in texts]
    read = [reader for reader in readers if isinstance(reader, _Reader)]
    days = _days([record for reader in read for record in reader.days if record.fault is None])
    good = [sum(record.fault is None for record in reader.days) for reader in read]
    parts = zip(model.slices(days, good), detail_tables([reader.details for reader in read]), strict=True)
    found: list[Parsed | RefusalError] = []
    for reader in readers:
        found.append(model.attempt(reader.parsed, *next(parts)) if isinstance(reader, _Reader) else reader)
    return found


def _read(text: bytes, zone: ZoneInfo) -> "_Reader":
    if not text.lstrip(b" \t\r\n")[:9].upper().startswith(b"100,NEM12"):
        raise RefusalError("missing_header", "the 100 record with NEM12 is missing")
    reader = _Reader(zone)
    reader.read(text)
    return reader


@dataclass
class _Stream:
    """A 200 record: what its 300 records hold; `fault` refuses all of them."""

    point: str
    suffix: str
    unit: str
    length: int
    fewest: int  # commas that a 300 record of a common day has at least; 0 where the length is not known
    fault: tuple[str, str] | None = None


@dataclass(slots=True)
class _Day:
    """A 300 record with its 400 records."""

    stream: _Stream
    number: int
    text: bytes
    day: date
    values: bytes
    count: int
    flag: str
    version: int
    parts: list[tuple[int, int, str]] | None = None
    fault: tuple[str, str] | None = None
    flags: list[str] | None = None  # one a value, where one flag does not hold for all


class _Reader:
    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.rejects = Rejects()
        self.days: list[_Day] = []
        self.stream: _Stream | None = None
        self.current: _Day | None = None
        self.version = 0
        self.versions: dict[bytes, int] = {b"": 0}
        self.details: list[Detail] = []
        self.lines = 0

    def read(self, data: bytes) -> None:
        """Gather the records of a file; their values stay texts."""
        lines = data.split(b"\n")
        if not lines[-1].strip():
            lines.pop()
        ended, skip_to = False, 0
        for number, raw in enumerate(lines, start=1):
            if number <= skip_to:
                continue
            line = raw.rstrip(b"\r ")
            kind = line[:4]
            if kind == b"300,":
                commas = line.count(b",")
                if self.stream and commas < self.stream.fewest:
                    line, skip_to = self._unfolded(lines, number, line)
                    commas = line.count(b",")
                self._record_300(number, line, commas)
                if skip_to > number and self.current:
                    reason = f"the record is folded over lines {number} to {skip_to}: a record is one line"
                    self.current.fault = "bad_structure", reason
            elif kind == b"200,":
                cells = [cell.strip() for cell in line.decode().split(",")]
                self.current, self.stream = None, _stream(cells, line)
                self._keep(number, None, zip(WORDS_200, cells[2:], strict=False))
            elif kind == b"400,":
                self._record_400(number, line)
            elif kind == b"500,":
                self._record_500(number, line)
            elif line[:3] == b"900" and line[3:4] in (b"", b","):
                ended, self.current, self.stream = True, None, None
            elif kind == b"100,":
                ended = False
                self._record_100(line)
            elif line.strip(b" ,\t"):
                self._reject(number, line, "bad_structure", "not one of the records 100 to 900")
        if not ended:
            self._truncated(lines)
        self.lines = len(lines)
        for record in self.days:
            if record.fault is None and record.flag == "V":
                _spread_flags(record)

    def _reject(self, number: int, text: bytes, rule: str, reason: str, day: _Day | None = None) -> None:
        stream = day.stream if day else self.stream
        self.rejects.append(
            Reject(
                number, rule, reason, stream.point if stream else None,
                CHANNELS.get(stream.suffix, stream.suffix) if stream else None, day.day if day else None, short(text),
            )
        )  # fmt: skip

    def _record_100(self, line: bytes) -> None:
        parts = line.decode().split(",")
        made = parts[2].strip() if len(parts) > 2 else ""
        self.version = int(made.ljust(14, "0")) if made.isascii() and made.isdigit() and len(made) in (8, 12, 14) else 0

    def _unfolded(self, lines: list[bytes], number: int, line: bytes) -> tuple[bytes, int]:
        """A 300 record that a mail gateway folded over several lines, as one line; and its last line's number.

        It is refused as one record, with all of its content: where a line was cut, a value may be cut too.
        """
        assert self.stream
        due, last = self.stream.fewest, number
        while line.count(b",") < due and last < len(lines) and last - number < FOLD_LIMIT:
            more = lines[last].rstrip(b"\r ")
            if more[:4] in (b"100,", b"200,", b"300,", b"400,", b"500,", b"900,") or more == b"900":
                break
            line, last = line + more, last + 1
        return line, last

    def _record_300(self, number: int, line: bytes, commas: int) -> None:
        self.current = None
        stream = self.stream
        if stream is None:
            return self._reject(number, line, "bad_structure", "a 300 record without a 200 record before it")
        end = line.find(b",", 4)
        text = (line[4:end] if end > 0 else line[4:]).strip()
        day = _date(text) if len(text) == DATE_LENGTH else None
        due = day_minutes(day, self.zone) // stream.length if day and stream.length else 0
        if stream.fault:
            return self._reject(number, line, *stream.fault)
        if day is None:
            return self._reject(number, line, "bad_date", f"{short(text)[:20]!r} is not a date YYYYMMDD")
        if commas < due + 2:
            return self._short_300(number, line, day, due)
        parts = line.rsplit(b",", commas - due - 1)
        flag = parts[1]
        if flag not in FLAGS:
            flag = flag.strip().upper()
            if not FLAG.match(flag.decode("utf-8", "replace")):
                return self._short_300(number, line, day, due)
        updated = parts[4] if len(parts) > 4 else b""
        version = self.versions.get(updated)
        if version is None:
            stamp = updated.strip()
            version = self.versions[updated] = int(stamp) if STAMP.match(stamp) else 0
        self.current = _Day(
            stream, number, line, day, parts[0][end + 1 :], due, flag.decode(), version or self.version
        )  # fmt: skip
        self.days.append(self.current)
        if len(parts) > 2 and (parts[2] or (len(parts) > 3 and parts[3])):
            self._keep(number, day, zip(WORDS_REASON, (part.decode() for part in parts[2:4]), strict=False))
        return None

    def _short_300(self, number: int, line: bytes, day: date, due: int) -> None:
        """A 300 record without a quality flag after as many values as the day has intervals."""
        assert self.stream
        parts = [part.strip().decode() for part in line.split(b",")[2:]]
        flag = parts[due].upper() if len(parts) > due else ""
        place = next((n for n, part in enumerate(parts) if FLAG.match(part.upper())), None)
        record = _Day(self.stream, number, line, day, b"", 0, flag, self.version)
        record.fault = (
            (
                "interval_mismatch",
                f"{len(parts) if place is None else place} values, "
                f"the day has {due} intervals of {self.stream.length} minutes",
            )
            if place is not None or not flag or IS_NUMBER.match(flag.encode())
            else ("bad_structure", f"quality flag {flag[:10]!r} is not one of A, E, F, N, S, V")
        )
        self.current = record
        self.days.append(record)

    def _keep(self, number: int, day: date | None, words: Iterable[tuple[str, str]]) -> None:
        """What a record says beside its values."""
        assert self.stream
        point, suffix = self.stream.point, self.stream.suffix
        for name, text in words:
            if name and (text := text.strip()):
                self.details.append((point, suffix, day, number, name, text[:240]))

    def _record_500(self, number: int, line: bytes) -> None:
        if self.current is None:
            return self._reject(number, line, "bad_structure", "a 500 record without a 300 record before it")
        return self._keep(number, self.current.day, zip(WORDS_500, line.decode().split(",")[1:], strict=False))

    def _record_400(self, number: int, line: bytes) -> None:
        parts = [part.strip() for part in line.decode().split(",")]
        record = self.current
        if record is None:
            return self._reject(number, line, "bad_structure", "a 400 record without a 300 record before it")
        try:
            first, last, flag = int(parts[1]), int(parts[2]), parts[3].upper()
        except (ValueError, IndexError):
            record.fault = record.fault or ("bad_structure", f"line {number}: the 400 record has no interval range")
            return None
        if not FLAG.match(flag):
            record.fault = record.fault or ("bad_structure", f"line {number}: quality flag {flag[:10]!r} is not known")
        elif not 1 <= first <= last <= record.count:
            record.fault = record.fault or (
                "interval_mismatch",
                f"line {number}: the 400 record speaks of intervals {first} to {last} of {record.count}",
            )
        if record.parts is None:
            record.parts = []
        record.parts.append((first, last, flag))
        if any(parts[4:6]):
            words = zip(WORDS_REASON, (f"{first}-{last}: {part}" if part else "" for part in parts[4:6]), strict=False)
            self._keep(number, record.day, words)
        return None

    def _truncated(self, lines: list[bytes]) -> None:
        """No 900 record: the last 300 record, with what follows it, may be cut anywhere, so it does not count."""
        reason = "the file ends without its 900 record"
        if self.current is not None:
            self.current.fault = "truncated", f"{reason}; this last record may be cut off"
        else:
            self.rejects.append(Reject(len(lines), "truncated", reason, content=short(lines[-1])))

    def parsed(self, days: pa.Table, details: pa.Table) -> Parsed:
        """The file with the tables of its records without a fault; those with one are refused."""
        for record in self.days:
            if record.fault:
                self._reject(record.number, record.text, *record.fault, day=record)
        self.rejects.sort(key=lambda reject: reject.row_number)
        if not self.days and not self.rejects:
            raise RefusalError("empty_file", "the file holds no 300 record")
        return Parsed(NAME, days, rejects=self.rejects, lines=self.lines, details=details)


def _stream(cells: list[str], line: bytes) -> _Stream:
    """A 200 record, whose cells have no blanks at their ends."""
    cells = cells + [""] * (10 - len(cells))
    point, suffix, unit, length = cells[1], cells[4].upper(), cells[7], cells[8]
    stream = _Stream(point, suffix, unit, int(length) if length in KNOWN_LENGTHS else 0, 0)
    stream.fewest = 1440 // stream.length + 2 if stream.length else 0
    if not point or len(point) > MAX_POINT_LENGTH or not SUFFIX.fullmatch(suffix):
        stream.fault = "bad_structure", f"the 200 record names no NMI or suffix: {short(line)[:80]}"
    elif (suffix in CHANNELS or unit.lower().endswith("h")) and unit.lower() not in model.UNITS:
        stream.fault = "unit_mismatch", f"unit {unit[:20]!r} of the 200 record is not known"
    elif suffix in CHANNELS and model.CHANNELS[CHANNELS[suffix]] != model.QUANTITY[unit.lower()]:
        stream.fault = "unit_mismatch", f"unit {unit!r} does not measure register {suffix}"
    elif not stream.length:
        reason = f"interval length {length[:20]!r} of the 200 record is not one of {LENGTHS}"
        stream.fault = "interval_mismatch", reason
    return stream


def _spread_flags(record: _Day) -> None:
    """Give each value the flag of its 400 record; a fault where they leave a hole."""
    flags = [""] * record.count
    for first, last, flag in record.parts or ():
        flags[first - 1 : last] = [flag] * (last - first + 1)
    record.flags = flags
    if hole := flags.count(""):
        record.fault = "bad_structure", f"flag V, but no 400 record for {hole} of {len(flags)} intervals"


def detail_tables(files: Sequence[list[Detail]]) -> Iterator[pa.Table]:
    """Rows of model.DETAILS of each file, as slices of one table."""
    rows = [row for file in files for row in file]
    table = model.NO_DETAILS
    if rows:
        columns = zip(zip(*rows, strict=True), model.DETAILS, strict=True)
        table = pa.table([pa.array(column, field.type) for column, field in columns], schema=model.DETAILS)
    return model.slices(table, map(len, files))


def _values(records: list[_Day]) -> np.ndarray:
    """Values of records one after the other, all at once; only where that fails, record by record: one that holds
    what is no number gets a fault, and is left out."""
    values = numbers.cells(b",".join([record.values for record in records]))
    if values is not None and len(values) == sum(record.count for record in records):
        return values
    if len(records) > 1:
        return np.concatenate([_values([record]) for record in records])
    (record,) = records
    texts = [cell.strip() for cell in record.values.split(b",")]
    for place, text in enumerate(texts, start=1):
        if text and not (IS_NUMBER.match(text) and abs(float(text)) <= numbers.LARGEST):
            record.fault = "bad_number", f"value {place} is {short(text)[:40]!r}, {numbers.NOT_A_NUMBER}"
            return np.empty(0)
    return np.array([float(text) if text else np.nan for text in texts])


def _days(records: list[_Day]) -> pa.Table:
    """Rows of model.DAYS of records without a fault; what is no number gives a record one."""
    if not records:
        return model.NO_DAYS
    values = _values(records)
    records = [record for record in records if record.fault is None]
    streams = [record.stream for record in records]
    columns = {
        "point_no": [stream.point for stream in streams],
        "stream": [stream.suffix for stream in streams],
        "channel": [CHANNELS.get(stream.suffix) for stream in streams],
        "unit": [stream.unit for stream in streams],
        "scale": [model.UNITS.get(stream.unit.lower(), 1) for stream in streams],
        "business_date": [record.day for record in records],
        "interval_minutes": [stream.length for stream in streams],
        "version": [record.version for record in records],
        "row_number": [record.number for record in records],
        "flag": [record.flag for record in records],
        "flags": [record.flags for record in records],
    }
    arrays = {name: pa.array(found, model.DAYS.field(name).type) for name, found in columns.items()}
    lists = model.flat_lists(values, np.array([record.count for record in records], dtype=np.int64))
    return pa.table({**arrays, "values": lists}, schema=model.DAYS)


@lru_cache(maxsize=20_000)
def _date(text: bytes) -> date | None:
    """The date of DATE_LENGTH bytes."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])) if text.isdigit() else None
    except ValueError:
        return None
