"""NEM13, the file of accumulation meters of AEMO (Meter Data File Format Specification NEM12 & NEM13).

100 header · 250 two register reads and the energy between them · 550 B2B detail · 900 end.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gridmart.sources.meter_files import model
from gridmart.sources.meter_files.grid import Gatherer, Stream, together
from gridmart.sources.meter_files.model import MAX_POINT_LENGTH, Parsed, RefusalError, short
from gridmart.sources.meter_files.nem12 import FLAG, Detail, detail_tables
from gridmart.sources.meter_files.numbers import NOT_A_NUMBER, number
from gridmart.sources.meter_files.times import stamp_s

NAME = "nem13"
IS_TEXT = True
WORDS_250 = {
    2: "nmi_configuration", 3: "register_id", 5: "mdm_data_stream", 6: "meter_no", 10: "previous_quality",
    11: "previous_reason_code", 12: "previous_reason", 16: "reason_code", 17: "reason", 20: "next_read_date",
}  # fmt: skip
WORDS_550 = ("previous_transaction_code", "previous_service_order", "transaction_code", "service_order")


def matches(head: bytes) -> bool:
    """Content starts with a 100 record that says NEM13, or, its header lost, with a 250 record."""
    start = head.lstrip(b" \t\r\n")
    return start[:9].upper() == b"100,NEM13" or start.startswith(b"250,")


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read a file; a RefusalError when its 100 record is missing."""
    return model.only(parse_many([data], zone))


def parse_many(texts: Sequence[bytes], zone: ZoneInfo) -> list[Parsed | RefusalError]:
    """Read files as `parse` does each; their tables are slices of one, since making one costs more than a file."""
    readers = [model.attempt(_read, text, zone) for text in texts]
    read = [reader for reader in readers if isinstance(reader, _Reader)]
    parsed = together(NAME, [(reader.found, reader.lines) for reader in read])
    for found, details in zip(parsed, detail_tables([reader.details for reader in read]), strict=True):
        found.details = details
    each = iter(parsed)
    return [reader if isinstance(reader, RefusalError) else next(each) for reader in readers]


def _read(text: bytes, zone: ZoneInfo) -> "_Reader":
    if not text.lstrip(b" \t\r\n")[:9].upper().startswith(b"100,NEM13"):
        raise RefusalError("missing_header", "the 100 record with NEM13 is missing")
    reader = _Reader(zone)
    reader.read(text)
    return reader


class _Reader:
    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.found = Gatherer(zone)
        self.version = 0
        self.stream: Stream | None = None
        self.day: date | None = None
        self.details: list[Detail] = []
        self.lines = 0

    def read(self, data: bytes) -> None:
        """Gather the records of a file."""
        lines = data.decode().split("\n")
        if not lines[-1].strip():
            lines.pop()
        ended, accepted = False, 0
        for row, line in enumerate(lines, start=1):
            cells = [cell.strip() for cell in line.rstrip("\r").split(",")]
            kind = cells[0]
            if kind == "250":
                self.stream = None
                fault = self._record_250(row, cells)
                accepted += 1
                if fault:
                    self.found.reject(row, *fault, self.stream, line)
                    self.stream = None
            elif kind == "550":
                self._record_550(row, cells, line)
            elif kind == "100":
                ended = False
                made = cells[2] if len(cells) > 2 else ""
                self.version = int(made.ljust(14, "0")) if made.isascii() and made.isdigit() and len(made) < 15 else 0
            elif kind == "900":
                ended, self.stream = True, None
            elif any(cells):
                self.found.reject(row, "bad_structure", "not one of the records 100, 250, 550, 900", None, line)
        if not ended:
            self.found.reject(len(lines), "truncated", "the file ends without its 900 record", None, lines[-1])
        if not accepted and not self.found.rejects:
            raise RefusalError("empty_file", "the file holds no 250 record")
        self.lines = len(lines)

    def _record_250(self, row: int, cells: list[str]) -> tuple[str, str] | None:
        """Two reads and their difference; the quantity is as delivered, also negative for export."""
        if len(cells) < 20:
            return "bad_structure", f"{len(cells)} fields, a 250 record has 23"
        point, suffix, unit = cells[1], cells[4], cells[19]
        if not point or len(point) > MAX_POINT_LENGTH or not re.fullmatch(r"[A-Za-z0-9]{1,4}", suffix):
            return "bad_structure", f"the 250 record names no NMI or suffix: {short(','.join(cells[:6]))[:80]}"
        flow = {"E": "import", "I": "export"}.get(cells[7].upper())
        quantity = model.QUANTITY.get(unit.lower())
        kind = {"energy": "kwh", "reactive": "kvarh"}.get(quantity or "")
        if kind is None:
            return "unit_mismatch", f"unit {unit[:20]!r} of the 250 record is not one of energy"
        updated = cells[21] if len(cells) > 21 else ""
        version = int(updated) if re.fullmatch(r"[0-9]{14}", updated) else self.version
        channel = f"{flow}_{kind}" if flow else None
        self.stream = Stream(point, suffix, channel, unit, model.UNITS[unit.lower()], version)
        start, end = stamp_s(cells[9], self.zone), stamp_s(cells[14], self.zone)
        if start is None or end is None:
            wrong = cells[9] if start is None else cells[14]
            return "bad_date", f"{wrong[:20]!r} is not a time YYYYMMDDhhmmss"
        if end < start:
            return "bad_date", f"the current read {cells[14]} is before the previous read {cells[9]}"
        value, before, after = number(cells[18]), number(cells[8]), number(cells[13])
        for name, cell, found in (("quantity", 18, value), ("previous read", 8, before), ("current read", 13, after)):
            if found is None and (cells[cell] or cell == 18):
                return "bad_number", f"{name} is {cells[cell][:40]!r}, {NOT_A_NUMBER}"
        flag = cells[15].upper()
        if not FLAG.match(flag):
            return "bad_structure", f"quality flag {flag[:10]!r} is not one of A, E, F, N, S"
        self.found.read(self.stream, start, end, value, before, after, flag, row)
        self.day = datetime.fromtimestamp(end, self.zone).date()
        words = ((name, cells[place]) for place, name in WORDS_250.items() if place < len(cells))
        self._keep(row, words)
        return None

    def _record_550(self, row: int, cells: list[str], line: str) -> None:
        if self.stream is None:
            return self.found.reject(row, "bad_structure", "a 550 record without a 250 record before it", None, line)
        return self._keep(row, zip(WORDS_550, cells[1:], strict=False))

    def _keep(self, row: int, words: Iterable[tuple[str, str]]) -> None:
        assert self.stream
        for name, text in words:
            if text:
                self.details.append((self.stream.point, self.stream.name, self.day, row, name, text[:240]))
