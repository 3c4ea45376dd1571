"""PRIME meters of Spain, reports of a concentrator (STG-DC): S02 load profile, S04 billing closes, S05 daily closes.

Report → Cnc (concentrator) → Cnt (meter) → S02, S04 or S05. Letters: AI and AE active import and export, R1 to R4
reactive by quadrant, followed by a (absolute: the index) or i (incremental: the energy of the period).
"""

import itertools
from zoneinfo import ZoneInfo

from gridmart.sources.meter_files import xml_reader
from gridmart.sources.meter_files.cim import whole
from gridmart.sources.meter_files.grid import Gatherer, Stream
from gridmart.sources.meter_files.model import LENGTHS, MAX_POINT_LENGTH, Parsed, RefusalError
from gridmart.sources.meter_files.numbers import NOT_A_NUMBER, number
from gridmart.sources.meter_files.times import stamp_s
from gridmart.sources.meter_files.xml_reader import BrokenError, Element

NAME = "prime"
IS_TEXT = True
REPORTS = ("S02", "S04", "S05")
CHANNELS = {"AI": "import_kwh", "AE": "export_kwh"}
REGISTERS = ("AI", "AE", "R1", "R2", "R3", "R4")
UNITS = {("1", True): ("Wh", -1000), ("1000", True): ("kWh", 1),
         ("1", False): ("varh", -1000), ("1000", False): ("kvarh", 1)}  # fmt: skip
MAGNITUDE = {"S02": "1", "S04": "1000", "S05": "1000"}  # of a value in Wh, where the meter states none
INVALID = 0x80  # bit of Bc: the reading is not valid


def matches(head: bytes) -> bool:
    """A document whose root is a report with its number."""
    found = xml_reader.root(head)
    return found is not None and found[1] == "Report" and "IdRpt" in found[2]


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read a report; a RefusalError when it is not one of S02, S04, S05."""
    found = xml_reader.root(data[: 64 * 1024])
    report = found[2].get("IdRpt", "") if found else ""
    if not found or found[1] != "Report":
        raise RefusalError("missing_header", "the document is no Report with an IdRpt")
    if report not in REPORTS:
        raise RefusalError("unknown_format", f"report {report[:20]!r} is not one of {', '.join(REPORTS)}")
    return _Report(report, zone).read(data)


class _Report:
    def __init__(self, report: str, zone: ZoneInfo) -> None:
        self.report, self.zone, self.found = report, zone, Gatherer(zone)
        self.meters = 0

    def read(self, data: bytes) -> Parsed:
        try:
            xml_reader.read(data, frozenset({"Cnt"}), self._meter)
        except BrokenError as error:
            self.found.reject(error.line, error.rule, error.reason)
        if not self.meters and not self.found.rejects:
            raise RefusalError("empty_file", "the report holds no meter")
        return self.found.parsed(NAME, data.count(b"\n") + 1)

    def _meter(self, meter: Element) -> None:
        self.meters += 1
        self.point = meter.attributes.get("Id", "").strip()
        self.magnitude = meter.attributes.get("Magn", MAGNITUDE[self.report])
        self.streams: dict[str, Stream] = {}
        records = meter.all(self.report)
        if not self.point or len(self.point) > MAX_POINT_LENGTH:
            return self.found.reject(meter.line, "bad_structure", "the meter has no Id of at most 64 characters")
        if (self.magnitude, True) not in UNITS:
            return self._reject(meter, "unit_mismatch", f"magnitude {self.magnitude[:20]!r} is not 1 or 1000 Wh")
        if not records:
            error = f"{meter.attributes.get('ErrCat', '?')}.{meter.attributes.get('ErrCode', '?')}"
            return self._reject(
                meter, "bad_structure", f"the meter delivers nothing, the concentrator's error is {error}"
            )
        if self.report == "S02":
            self._profile(records)
        for record in records if self.report != "S02" else ():
            self._close(record)
        return None

    def _reject(self, record: Element, rule: str, reason: str) -> None:
        content = " ".join(f'{name}="{text}"' for name, text in record.attributes.items())
        self.found.reject(record.line, rule, reason, Stream(self.point, self.report, None, "", 1), content)

    def _time(self, record: Element, name: str) -> int | None:
        """A time YYYYMMDDhhmmssmmm with S for summer, W for winter; refuses the record where it is none."""
        text = record.attributes.get(name, "")
        is_stamp = len(text) in (17, 18) and text[17:] in ("", "S", "W")
        found = stamp_s(text[:14], self.zone, fold=text.endswith("W")) if is_stamp else None
        if found is None:
            self._reject(record, "bad_date", f"{name} {text[:20]!r} is not a time YYYYMMDDhhmmssmmm and S or W")
        return found

    def _stream(self, register: str, suffix: str = "", tariff: str = "") -> Stream:
        found = self.streams.get(register + suffix)
        if found is None:
            unit, scale = UNITS[self.magnitude, register[0] == "A"]
            channel = CHANNELS.get(register)
            name = f"{channel}{tariff}" if channel else None
            found = self.streams[register + suffix] = Stream(self.point, register + suffix, name, unit, scale)
        return found

    def _value(self, record: Element, name: str) -> float | None:
        text = record.attributes[name]
        value = number(text)
        if value is None:
            self._reject(record, "bad_number", f"{name} is {text[:40]!r}, {NOT_A_NUMBER}")
        return value

    def _profile(self, records: list[Element]) -> None:
        """Intervals are named by their end; their length is the shortest step between two."""
        ends = [(end, record) for record in records if (end := self._time(record, "Fh")) is not None]
        moments = sorted({end for end, _ in ends})
        step = min((b - a for a, b in itertools.pairwise(moments)), default=3600)
        seconds = step if step % 60 == 0 and step // 60 in LENGTHS else 3600
        for end, record in ends:
            bits = record.attributes.get("Bc", "00")
            code = int(bits, 16) if len(bits) <= 2 and all(digit in "0123456789abcdefABCDEF" for digit in bits) else 0
            flag = f"{'N' if code & INVALID else 'A'}:{code:02X}" if code else "A"
            present = [name for name in REGISTERS if name in record.attributes]
            if not present:
                self._reject(record, "bad_structure", "the record holds no value")
            for name in present:
                if (value := self._value(record, name)) is not None:
                    self.found.interval(self._stream(name), end - seconds, seconds, value, flag, record.line)

    def _close(self, record: Element) -> None:
        """A close: the indexes at its end, for S04 also the energy since the close before, and the highest demand."""
        end = self._time(record, "Fhf" if self.report == "S04" else "Fh")
        start = self._time(record, "Fhi") if self.report == "S04" else end
        if start is None or end is None:
            return None
        contract, period = (whole(record.attributes.get(name, ""), -1) for name in ("Ctr", "Pt"))
        if not (1 <= contract <= 9 and 0 <= period <= 9) or start > end:
            return self._reject(record, "bad_structure", "contract Ctr, period Pt or the order of its times is wrong")
        values = {name: text for value in record.all("Value") for name, text in value.attributes.items()}
        suffix = (f".C{contract}" if contract > 1 else "") + (f".P{period}" if period else "")
        tariff = suffix.lower().replace(".", "_")
        whole_record = Element(record.name, {**record.attributes, **values}, record.line)
        found = False
        for name in REGISTERS:
            both = [self._value(whole_record, name + kind) if name + kind in values else None for kind in "ai"]
            if both == [None, None]:
                continue
            found = True
            index, energy = both
            begin = start if energy is not None else end
            self.found.read(self._stream(name, suffix, tariff), begin, end, energy, None, index, "A", record.line)
        if not found and not any(reject.row_number == record.line for reject in self.found.rejects[-12:]):
            self._reject(record, "bad_structure", "the close holds no value")
        if "Mx" in record.attributes and (demand := self._value(record, "Mx")) is not None:
            moment = self._time(record, "Fx")
            if moment is not None:
                stream = Stream(self.point, f"MX{suffix}", None, "W", 1)
                self.found.read(stream, moment, moment, demand, None, None, "A", record.line)
        return None
