"""Green Button: an Atom feed of ESPI resources (NAESB REQ.21), linked by their addresses.

UsagePoint ← MeterReading → ReadingType; IntervalBlock belongs to a MeterReading; LocalTimeParameters say local time.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from gridmart.sources.meter_files import cim, xml_reader
from gridmart.sources.meter_files.cim import whole
from gridmart.sources.meter_files.grid import Gatherer, Stream
from gridmart.sources.meter_files.model import MAX_POINT_LENGTH, Parsed, RefusalError
from gridmart.sources.meter_files.numbers import NOT_A_NUMBER, number
from gridmart.sources.meter_files.stated_time import StatedTime
from gridmart.sources.meter_files.xml_reader import BrokenError, Element

NAME = "green_button"
IS_TEXT = True
ESPI = b"http://naesb.org/espi"
NO_POWER = 10**9
ELECTRICITY = 0  # kind of a service category
LETTERS = {7: "S", 8: "E", 9: "E", 11: "E", 12: "E", 13: "E", 15: "E"}  # quality of a reading; the others are actual


def matches(head: bytes) -> bool:
    """An Atom feed that names the ESPI namespace."""
    found = xml_reader.root(head)
    return found is not None and found[1] == "feed" and (ESPI in head or found[0].endswith("/Atom"))


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read a feed; a RefusalError when it is none."""
    if not matches(data[: 64 * 1024]):
        raise RefusalError("missing_header", "the document is no Atom feed of ESPI resources")
    return _Feed(zone).read(data)


@dataclass
class _Block:
    """An IntervalBlock: the address of its MeterReading, its readings, as start, duration, value, flag and line."""

    reading: str
    version: int
    line: int
    readings: list[tuple[int, int, str, str, int]]


class _Feed:
    def __init__(self, zone: ZoneInfo) -> None:
        self.found = Gatherer(zone)
        self.services: dict[str, int] = {}
        self.times: dict[str, str] = {}
        self.zones: dict[str, tzinfo] = {}
        self.readings: dict[str, list[str]] = {}  # address of a MeterReading, its reading types
        self.types: dict[str, Element] = {}
        self.blocks: list[_Block] = []

    def read(self, data: bytes) -> Parsed:
        try:
            xml_reader.read(data, frozenset({"entry"}), self._entry)
        except BrokenError as error:
            self.found.reject(error.line, error.rule, error.reason)
        self._name_points()
        for block in self.blocks:
            self._block(block)
        if not self.blocks and not self.found.rejects:
            raise RefusalError("empty_file", "the feed holds no IntervalBlock")
        return self.found.parsed(NAME, data.count(b"\n") + 1)

    def _entry(self, entry: Element) -> None:
        links: dict[str, list[str]] = {}
        for link in entry.all("link"):
            links.setdefault(link.attributes.get("rel", ""), []).append(_address(link.attributes.get("href", "")))
        this, up = links.get("self", [""])[0], links.get("up", [""])[0]
        content = entry.first("content")
        for resource in content.children if content else ():
            if resource.name == "UsagePoint":
                self.services[this] = whole(resource.word("ServiceCategory", "kind"), -1)
                self.times.update((this, link) for link in links.get("related", []) if "LocalTimeParameters" in link)
            elif resource.name == "LocalTimeParameters":
                names = ("tzOffset", "dstOffset")
                offset, saving = (whole(resource.word(name), 86_400) for name in names)
                if abs(offset) < 86_400:
                    rules = resource.word("dstStartRule"), resource.word("dstEndRule")
                    self.zones[_tail(this)] = StatedTime(offset, saving if abs(saving) < 86_400 else 0, *rules)
            elif resource.name == "MeterReading":
                self.readings[this] = [_tail(link) for link in links.get("related", []) if _is_type(link)]
            elif resource.name == "ReadingType":
                self.types[_tail(this)] = resource
            elif resource.name == "IntervalBlock":
                owner = re.sub(r"/IntervalBlock(/.*)?$", "", up or this)
                readings = [_reading(element) for element in resource.all("IntervalReading")]
                self.blocks.append(_Block(owner, _version(entry.word("updated")), resource.line, readings))

    def _name_points(self) -> None:
        """A usage point is called by its own id, or with its customer's where two customers have the same id."""
        addresses = {re.sub(r"/MeterReading.*$", "", block.reading) for block in self.blocks}
        short = {address: address.rpartition("/")[2] for address in addresses}
        seen = Counter(short.values())
        self.points = {
            address: name if seen[name] == 1 else "/".join(address.split("/")[1::2]) for address, name in short.items()
        }

    def _stream(self, block: _Block) -> tuple[Stream, Element] | tuple[str, str]:
        """The stream of a block and its reading type; or rule and reason of a refusal."""
        address = re.sub(r"/MeterReading.*$", "", block.reading)
        point = self.points[address]
        if not point or len(point) > MAX_POINT_LENGTH:
            return "bad_structure", "the block's address names no usage point"
        types = [self.types[name] for name in self.readings.get(block.reading, []) if name in self.types]
        if not types and len(self.types) == 1:
            types = list(self.types.values())
        if not types:
            return "bad_structure", f"no ReadingType is linked to {block.reading[-80:]!r}"
        kind = types[0]
        code, power = whole(kind.word("uom"), -1), whole(kind.word("powerOfTenMultiplier") or "0", NO_POWER)
        flow = whole(kind.word("flowDirection"))
        scale = cim.scale_of(code, power)
        if scale is None or code < 0 or power == NO_POWER:
            said = kind.word("powerOfTenMultiplier")[:20]
            return "unit_mismatch", f"unit {code} with a power of ten of {said!r} is not known"
        service = self.services.get(address, ELECTRICITY)
        is_electricity = service == ELECTRICITY and whole(kind.word("commodity")) in cim.ELECTRICITY
        channel = cim.channel_of(code, flow) if is_electricity else None
        name = f"{cim.FLOWS.get(flow, 'none')}/{block.reading.rpartition('/')[2]}"[:MAX_POINT_LENGTH]
        stated = self.zones.get(_tail(self.times.get(address, "")))
        if stated is None and len(self.zones) == 1:
            stated = next(iter(self.zones.values()))
        if stated:
            self.found.zones[point] = stated
        return Stream(point, name, channel, cim.unit_of(code, power), scale, block.version), kind

    def _block(self, block: _Block) -> None:
        stream, kind = self._stream(block)
        if isinstance(stream, str):
            return self.found.reject(block.line, stream, str(kind), None, block.reading)
        assert isinstance(kind, Element)
        is_index = whole(kind.word("accumulationBehaviour")) in cim.INDEX
        length = whole(kind.word("intervalLength"))
        if not block.readings:
            self.found.reject(block.line, "bad_structure", "the block holds no reading", stream, block.reading)
        for start, duration, text, flag, line in block.readings:
            seconds, value = duration or length, number(text)
            content = f"{start} {seconds} {text}"
            if start < 0 or seconds <= 0:
                self.found.reject(line, "bad_date", "the reading has no start and duration", stream, content)
            elif value is None:
                self.found.reject(line, "bad_number", f"value {text[:40]!r} is {NOT_A_NUMBER}", stream, content)
            elif is_index:
                self.found.index(stream, start + seconds, value, flag, line)
            else:
                self.found.interval(stream, start, seconds, value, flag, line)
        return None


def _reading(reading: Element) -> tuple[int, int, str, str, int]:
    """Start (-1: none), duration (0: not stated), value, flag and line of an IntervalReading."""
    period = reading.first("timePeriod")
    start = _long(period.word("start")) if period else -1
    duration = whole(period.word("duration") or "0", -1) if period else 0
    return start, duration, reading.word("value")[:100], _flag(reading), reading.line


def _long(text: str) -> int:
    """Seconds since 1970 of up to 11 digits, -1 where it is no such number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1


def _flag(reading: Element) -> str:
    """A for actual; for others the letter of AEMO, and ESPI's own code after a colon."""
    codes = [whole(quality.word("quality")) for quality in reading.all("ReadingQuality")]
    code = max(codes, key=lambda found: (found in LETTERS, found), default=0)
    return f"{LETTERS.get(code, 'A')}:{code}" if code else "A"


def _address(href: str) -> str:
    """An address without host and the service's own root, so that full and relative links are the same."""
    path = re.sub(r"^[A-Za-z]+://[^/]*", "", href.strip()).split("?")[0].strip("/")
    return path.rpartition("/resource/")[2] if "/resource/" in f"/{path}" else path


def _tail(address: str) -> str:
    return "/".join(address.split("/")[-2:])


def _is_type(address: str) -> bool:
    return address.startswith("ReadingType/") or "/ReadingType/" in address


def _version(updated: str) -> int:
    """When an entry was updated, as YYYYMMDDhhmmss; 0 where it does not say."""
    try:
        return int(datetime.fromisoformat(updated).strftime("%Y%m%d%H%M%S"))
    except ValueError:
        return 0
