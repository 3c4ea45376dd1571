"""IEC 61968-9 MeterReadings: readings and interval blocks with reading types of 18 codes, bare or within a message."""

import itertools
from datetime import datetime
from zoneinfo import ZoneInfo

from gridmart.sources.meter_files import cim, xml_reader
from gridmart.sources.meter_files.cim import whole
from gridmart.sources.meter_files.grid import DAY_S, Gatherer, Stream
from gridmart.sources.meter_files.model import MAX_POINT_LENGTH, Parsed, RefusalError
from gridmart.sources.meter_files.numbers import NOT_A_NUMBER, number
from gridmart.sources.meter_files.times import iso_s
from gridmart.sources.meter_files.xml_reader import BrokenError, Element

NAME = "iec61968"
IS_TEXT = True
MARKS = (b"MeterReadings", b"iec.ch/TC57")
MACRO_S = {11: DAY_S}  # first code: daily
MEASURING_S = {  # third code, in seconds
    1: 600, 2: 900, 3: 60, 4: DAY_S, 5: 1800, 6: 300, 7: 3600, 10: 120, 11: 180, 31: 1200,
}  # fmt: skip
LETTERS = {7: "S", 8: "E", 11: "E", 12: "E"}  # second code of a quality: edited, estimated, derived, projected
NO_CODE = -(10**9)
POINT = (("UsagePoint", "mRID"), ("UsagePoint", "Names", "name"), ("Meter", "mRID"), ("Meter", "Names", "name"))


def matches(head: bytes) -> bool:
    """MeterReadings of TC57, as root or within a message."""
    found = xml_reader.root(head)
    if found is None:
        return False
    return (found[1] == "MeterReadings" and "MeterReadings" in found[0]) or all(mark in head for mark in MARKS)


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read a document; a RefusalError when it holds no MeterReading."""
    return _Document(zone).read(data)


class _Document:
    def __init__(self, zone: ZoneInfo) -> None:
        self.zone, self.found = zone, Gatherer(zone)
        self.version, self.readings = 0, 0

    def read(self, data: bytes) -> Parsed:
        try:
            xml_reader.read(data, frozenset({"MeterReading", "Header"}), self._element)
        except BrokenError as error:
            self.found.reject(error.line, error.rule, error.reason)
        if not self.readings and not self.found.rejects:
            raise RefusalError("empty_file", "the document holds no MeterReading")
        return self.found.parsed(NAME, data.count(b"\n") + 1)

    def _element(self, element: Element) -> None:
        if element.name == "Header":
            moment = iso_s(element.word("Timestamp"), self.zone)
            if moment is not None:
                self.version = int(datetime.fromtimestamp(moment, self.zone).strftime("%Y%m%d%H%M%S"))
            return
        self.readings += 1
        point = next((name for path in POINT if (name := element.word(*path))), "")
        blocks, singles = element.all("IntervalBlocks"), element.all("Readings")
        if not point or len(point) > MAX_POINT_LENGTH:
            self.found.reject(element.line, "bad_structure", "the reading names no usage point and no meter")
        elif not blocks and not singles:
            self.found.reject(element.line, "bad_structure", "the reading holds no value", None, point)
        else:
            for block in blocks:
                self._values(point, block, block.all("IntervalReadings"))
            for single in singles:
                self._values(point, single, [single])

    def _values(self, point: str, owner: Element, values: list[Element]) -> None:
        kind = owner.first("ReadingType")
        text = (kind.attributes.get("ref") or kind.word("mRID") or kind.text.strip()) if kind else ""
        codes = [whole(code, NO_CODE) for code in text.split(".")]
        if len(codes) != 18 or NO_CODE in codes:
            content = f"{point} {text}"
            return self.found.reject(
                owner.line, "unknown_channel", f"reading type {text[:60]!r} has not 18 codes", None, content
            )
        stream, fault = self._stream(point, codes)
        if fault or not values:
            reason = fault or "the block holds no reading"
            return self.found.reject(owner.line, "unit_mismatch" if fault else "bad_structure", reason, stream, text)
        moments = [self._span(value, codes) for value in values]
        ends = sorted({end for _, end in moments if end is not None})
        step = min((b - a for a, b in itertools.pairwise(ends)), default=0)
        for value, (start, end) in zip(values, moments, strict=True):
            self._value(stream, value, start, end, codes, step if owner is not value else 0)
        return None

    def _stream(self, point: str, codes: list[int]) -> tuple[Stream, str]:
        """The stream of a reading type, and what is wrong with it: direction, unit, time-of-use tier and phase."""
        flow, tier, phase, power, unit = codes[4], codes[11], codes[14], codes[15], codes[16]
        scale = cim.scale_of(unit, power)
        name = f"{cim.FLOWS.get(flow, 'none')}.{cim.UNITS.get(unit, f'uom{unit}')}"
        name += (f".T{tier}" if tier else "") + (f".phase{phase}" if phase else "")
        channel = cim.channel_of(unit, flow)
        if channel and tier:
            channel = f"{channel}_t{tier}" if codes[3] in cim.INDEX else None
        if codes[5] not in cim.ELECTRICITY or (phase and unit in (72, 73)):
            channel = None  # one phase of several is not the point's energy
        fault = "" if scale is not None else f"unit {unit} with a power of ten of {power} is out of all proportion"
        return Stream(point, name, channel, cim.unit_of(unit, power), scale or 1, self.version), fault

    def _span(self, value: Element, codes: list[int]) -> tuple[int | None, int | None]:
        """Start, where it is stated or follows from the reading type, and end: a time stamp names an end."""
        period = value.first("timePeriod")
        start = iso_s(period.word("start"), self.zone) if period else None
        end = iso_s(period.word("end"), self.zone) if period else None
        end = end if end is not None else iso_s(value.word("timeStamp"), self.zone)
        seconds = MEASURING_S.get(codes[2]) or MACRO_S.get(codes[0])
        if start is None and end is not None and seconds:
            start = end - seconds
        return start, end

    def _value(
        self, stream: Stream, value: Element, start: int | None, end: int | None, codes: list[int], step: int
    ) -> None:
        text = f"{stream.point} {stream.name} {value.word('timeStamp')} {value.word('value')}"
        amount = number(value.word("value"))
        if start is None and end is not None and step:
            start = end - step
        if end is None:
            self.found.reject(value.line, "bad_date", "the reading has no time stamp in ISO 8601", stream, text)
        elif amount is None:
            reason = f"value {value.word('value')[:40]!r} is {NOT_A_NUMBER}"
            self.found.reject(value.line, "bad_number", reason, stream, text)
        elif codes[3] in cim.INDEX:
            self.found.index(stream, end, amount, _flag(value), value.line)
        elif start is None or start >= end:
            if codes[16] in (72, 73):
                self.found.reject(value.line, "bad_date", "nothing says how long the interval is", stream, text)
            else:  # a momentary value: volts, amperes
                self.found.read(stream, end, end, amount, None, None, _flag(value), value.line)
        else:
            self.found.interval(stream, start, end - start, amount, _flag(value), value.line)


def _flag(value: Element) -> str:
    """A for actual; for others the letter of AEMO, and the standard's own code after a colon."""
    for quality in value.all("ReadingQualities"):
        kind = quality.first("ReadingQualityType")
        ref = (kind.attributes.get("ref") or kind.text.strip()) if kind else ""
        category = whole(ref.split(".")[1]) if ref.count(".") == 2 else 0
        if category in LETTERS:
            return f"{LETTERS[category]}:{ref[:20]}"
    return "A"
