"""MSCONS, the EDIFACT message of meter values in Germany and Austria (UN D.04B, BDEW 2.x).

UNA UNB { UNH BGM DTM NAD LOC { LIN PIA { QTY DTM STS } } UNT } UNZ. Row numbers count segments. PIA names a register
by OBIS: 1-1:1.29.0 load profile, 1.9.0 energy of a period, 1.8.0 index; 1 import, 2 export, 3 and 4 reactive.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from gridmart.sources.meter_files.cim import whole
from gridmart.sources.meter_files.grid import Gatherer, Stream
from gridmart.sources.meter_files.model import MAX_POINT_LENGTH, Parsed, RefusalError
from gridmart.sources.meter_files.numbers import NOT_A_NUMBER, number
from gridmart.sources.meter_files.times import stamp_s

NAME = "mscons"
IS_TEXT = True
MAX_BYTES = 64 << 20
MAX_QUANTITIES = 200_000  # of one LIN: more than a year of five minutes
CHANNELS = {"1": "import_kwh", "2": "export_kwh", "3": "import_kvarh", "4": "export_kvarh"}
# unit of measure: name, whether it is reactive, scale; power (kW, kvar) becomes energy by the interval's length
UNITS = {
    "KWH": ("kWh", False, 1), "MWH": ("MWh", False, 1000), "WHR": ("Wh", False, -1000),
    "K3": ("kvarh", True, 1), "KVH": ("kvarh", True, 1), "D46": ("kvarh", True, 1),
    "KWT": ("kW", False, 0), "KVR": ("kvar", True, 0),
}  # fmt: skip
LETTERS = {"220": "A", "79": "A", "67": "S", "Z18": "E", "187": "E", "201": "E", "20": "N"}  # qualifier of a quantity
OBIS = re.compile(r"^(?:[0-9]{1,3}-[0-9a-z]{1,3}:)?([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(?:\*[0-9]{1,3})?$")
PERIOD, INDEX, MOMENTS = "29", "8", ("7", "9", "60", "163", "164")


def matches(head: bytes) -> bool:
    """An interchange whose first message is a MSCONS."""
    start = head.lstrip(b" \t\r\n")
    return start.startswith((b"UNA", b"UNB+", b"UNH+")) and b"MSCONS" in start[:4096]


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read an interchange."""
    if len(data) > MAX_BYTES:
        raise RefusalError("archive_limit", f"the interchange has more than {MAX_BYTES:,} bytes")
    if not matches(data[: 64 * 1024]):
        raise RefusalError("missing_header", "the file is no interchange of MSCONS messages")
    return _Interchange(zone).read(data.decode())


def _segments(text: str) -> Iterator[list[list[str]]]:
    """Segments as elements of components, a released separator as content; at last [[""], [what has no end]]."""
    text = text.lstrip()
    component, element, release, end = ":", "+", "?", "'"
    if text.startswith("UNA") and len(text) >= 9:
        component, element, release, end = text[3], text[4], text[6], text[8]
        text = text[9:]
    if len({component, element, release, end}) < 4:
        raise RefusalError("bad_structure", "the UNA segment gives two separators the same character")
    hidden = {}
    if release != " " and release in text:
        text = re.sub("[\ue000-\ue004]", "", text)
        for place, character in enumerate((release, component, element, end)):
            hidden[chr(0xE000 + place)] = character
            text = text.replace(release + character, chr(0xE000 + place))
    shown = str.maketrans(hidden)
    parts = text.split(end)
    rest = parts.pop().strip()
    for segment in parts:
        elements = [part.split(component) for part in segment.strip().split(element)]
        is_plain = segment.isascii() or not hidden  # what is hidden is not ASCII
        yield elements if is_plain else [[cell.translate(shown) for cell in part] for part in elements]
    yield [[""], [rest]]


@dataclass
class _Quantity:
    row: int
    qualifier: str
    text: str
    unit: str
    times: dict[str, int] = field(default_factory=dict)
    place: int = 0  # among those of its line without a time of their own


@dataclass
class _Line:
    """A LIN with its register and quantities; times hold for all of them where they have none."""

    obis: str = ""
    times: dict[str, int] = field(default_factory=dict)
    quantities: list[_Quantity] = field(default_factory=list)


class _Interchange:
    def __init__(self, zone: ZoneInfo) -> None:
        self.zone, self.found = zone, Gatherer(zone)
        self.version, self.point, self.messages = 0, "", 0
        self.times: dict[str, int] = {}
        self.line: _Line | None = None
        self.opened: int | None = None

    def read(self, text: str) -> Parsed:
        interchange_ended, row, rest = True, 0, ""
        for row, segment in enumerate(_segments(text), start=1):
            tag, rest = segment[0][0], segment[-1][0]
            content = [[""], *segment[1:], [""], [""]][1:]
            if tag == "UNB":
                interchange_ended = False
            elif tag == "UNZ":
                interchange_ended = True
                self._close_message(row, "the message ends without its UNT segment")
            elif tag == "UNH":
                self._open_message(row, content)
            elif tag == "UNT":
                self._end_message(row, content)
            elif self.opened is not None:
                self._segment(row, tag, content)
        row -= 1
        self._close_message(row, "the file ends within a message")
        if not self.messages and not self.found.rejects:
            raise RefusalError("empty_file", "the interchange holds no message")
        if rest or not interchange_ended:
            self.found.reject(row, "truncated", "the interchange ends without its UNZ segment", None, rest)
        if not self.found.streams and not self.found.rejects:
            raise RefusalError("empty_file", "the interchange holds no quantity")
        return self.found.parsed(NAME, row)

    def _open_message(self, row: int, content: list[list[str]]) -> None:
        self._close_message(row, "the message ends without its UNT segment")
        self.messages += 1
        kind = content[1][0]
        if kind != "MSCONS":
            return self.found.reject(row, "unknown_format", f"a message of type {kind[:20]!r} is not read")
        self.opened, self.version, self.point, self.times, self.line = row, 0, "", {}, None
        return None

    def _end_message(self, row: int, content: list[list[str]]) -> None:
        self._flush()
        stated = content[0][0]
        if self.opened is not None and whole(stated, -1) != (count := row - self.opened + 1):
            reason = f"UNT states {stated[:20]!r} segments, the message has {count}: some may be lost"
            self.found.reject(row, "bad_structure", reason)
        self.opened = None

    def _close_message(self, row: int, reason: str) -> None:
        """What is to be done when a message is left without its UNT."""
        if self.opened is not None:
            self._flush()
            self.found.reject(row, "truncated", reason)
        self.opened = None

    def _segment(self, row: int, tag: str, content: list[list[str]]) -> None:
        if tag == "LOC":
            self._flush()
            self.line = None
            if content[0][0] in ("172", "Z16", "Z17"):
                self.point, self.times = content[1][0].strip(), {}
        elif tag == "NAD" and content[0][0] == "DP":
            self._flush()
            self.line, self.point, self.times = None, "", {}
        elif tag == "LIN":
            self._flush()
            self.line = _Line(times=dict(self.times))
        elif tag == "PIA" and self.line is not None:
            self.line.obis = _obis(content[1])
        elif tag == "QTY":
            self._quantity(row, content[0])
        elif tag == "DTM":
            parts = content[0]
            if len(parts) == 2 and len(content[1]) == 2 and content[1][1] in ("303", "304"):
                parts = [parts[0], f"{parts[1]}+{content[1][0]}", content[1][1]]  # an offset whose + is not released
            self._time(row, parts)

    def _quantity(self, row: int, parts: list[str]) -> None:
        parts = [*parts, "", ""]
        if self.line is None:  # a message without LIN: one register, not named
            self.line = _Line(times=dict(self.times))
        if len(self.line.quantities) >= MAX_QUANTITIES:
            raise RefusalError("archive_limit", f"one LIN has more than {MAX_QUANTITIES:,} quantities")
        self.line.quantities.append(_Quantity(row, parts[0], parts[1], parts[2].strip().upper()))

    def _time(self, row: int, parts: list[str]) -> None:
        qualifier, text, form = [*parts, "", ""][:3]
        moment = _moment(text, form, self.zone)
        if qualifier == "137" and moment is not None:
            self.version = int(datetime.fromtimestamp(moment, UTC).strftime("%Y%m%d%H%M%S"))
        if qualifier not in MOMENTS:
            return
        owner = self.times
        if self.line is not None:
            owner = self.line.quantities[-1].times if self.line.quantities else self.line.times
        owner[qualifier] = -1 if moment is None else moment

    def _flush(self) -> None:
        """Readings of the line that ends here."""
        line, self.line = self.line, None
        if line is None or not line.quantities:
            return
        starts = sorted({quantity.times["163"] for quantity in line.quantities if "163" in quantity.times})
        step = min((b - a for a, b in itertools.pairwise(starts)), default=0)
        spread = [quantity for quantity in line.quantities if not quantity.times]
        for place, quantity in enumerate(spread):
            quantity.place = place
        for quantity in line.quantities:
            fault = self._reading(line, quantity, step, len(spread))
            if fault:
                stream = Stream(self.point, line.obis, None, quantity.unit, 1)
                content = f"{line.obis} QTY+{quantity.qualifier}:{quantity.text}:{quantity.unit}"
                self.found.reject(quantity.row, *fault, stream, content)

    def _reading(self, line: _Line, quantity: _Quantity, step: int, spread: int) -> tuple[str, str] | None:
        """Take one quantity in, or say why not; `spread` quantities without a time share that of their line."""
        if not self.point or len(self.point) > MAX_POINT_LENGTH:
            return "bad_structure", "no LOC+172 names the metering point"
        found = OBIS.match(line.obis)
        if not found:
            return "unknown_channel", f"register {line.obis[:40]!r} is no OBIS code"
        measure, kind, tariff = found.groups()
        value = number(quantity.text)
        if value is None:
            return "bad_number", f"quantity {quantity.text[:40]!r} is {NOT_A_NUMBER}"
        times = quantity.times or line.times
        if any(moment < 0 for moment in times.values()):
            return "bad_date", "a DTM of the quantity is no time"
        flag = LETTERS.get(quantity.qualifier)
        if flag is None:
            return "bad_structure", f"qualifier {quantity.qualifier[:10]!r} is not known for a quantity"
        flag = flag if flag == "A" else f"{flag}:{quantity.qualifier}"
        start, end = times.get("163"), times.get("164")
        if kind != INDEX and not quantity.times and start is not None and end is not None:
            share = (end - start) // spread
            start, end = start + quantity.place * share, start + (quantity.place + 1) * share
        if kind == INDEX:
            end = next((times[name] for name in ("7", "9", "60", "164", "163") if name in times), None)
            start = end
        elif start is not None and end is None and step:
            end = start + step
        if start is None or end is None or (kind != INDEX and start >= end):
            return "bad_date", "nothing says when the quantity starts and ends"
        stream = self._stream(line.obis, measure, kind, tariff, quantity.unit, end - start)
        if not isinstance(stream, Stream):
            return stream
        if kind == INDEX:
            self.found.index(stream, end, value, flag, quantity.row)
        else:
            self.found.interval(stream, start, end - start, value, flag, quantity.row)
        return None

    def _stream(
        self, obis: str, measure: str, kind: str, tariff: str, code: str, seconds: int
    ) -> Stream | tuple[str, str]:
        channel = CHANNELS.get(measure)
        if not code and channel:
            code = "K3" if channel.endswith("kvarh") else "KWH"
        unit, is_reactive, scale = UNITS.get(code, (code, False, 1))
        if channel and (code not in UNITS or is_reactive != channel.endswith("kvarh")):
            return "unit_mismatch", f"unit {code[:20]!r} does not measure register {obis}"
        if not scale:  # the mean power of the interval
            if kind == INDEX or seconds <= 0 or 3600 % seconds:
                return "unit_mismatch", f"{unit} of {seconds} s is no energy"
            scale = -(3600 // seconds)
        if channel and tariff not in ("0", "00"):
            channel = f"{channel}_t{tariff}" if kind == INDEX else None  # a share of the total
        return Stream(self.point, obis, channel, unit, scale, self.version)


def _obis(parts: list[str]) -> str:
    """The register of a PIA; files that do not release the colon of `1-1:1.29.0` have it as two components."""
    first, second = [*parts, ""][:2]
    is_split = re.fullmatch(r"[0-9]{1,3}-[0-9a-z]{1,3}", first) and OBIS.match(second)
    return f"{first}:{second}"[:MAX_POINT_LENGTH] if is_split else first.strip()[:MAX_POINT_LENGTH]


def _moment(text: str, form: str, zone: ZoneInfo) -> int | None:
    """Seconds since 1970 of a DTM: 102 a date, 203 and 204 a local time, 303 and 304 with an offset, 610 a month."""
    digits, offset = text, ""
    if form in ("303", "304") or (not form and ("+" in text or "-" in text)):
        found = re.fullmatch(r"([0-9]{12}|[0-9]{14})(?:([+-][0-9]{2})|UTC|Z)?", text)
        if not found:
            return None
        digits, offset = found[1], found[2] or ("" if text[len(found[1]) :] == "" else "+00")
    if form == "610" and len(text) == 6:
        digits = f"{text}01"
    hours = int(offset) if offset else 0
    if abs(hours) > 14:
        return None
    local: tzinfo = timezone(timedelta(hours=hours)) if offset else zone
    return stamp_s(digits, local)
