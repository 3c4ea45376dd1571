"""Exports of Chinese head-ends (用电信息采集系统): load curves 负荷曲线 and daily frozen registers 日冻结示数.

A wide CSV with Chinese headers, one row per point and day, GBK (GB18030) or UTF-8. Columns are found by their names,
in any order; columns that are not known are passed over.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from gridmart.sources.meter_files import model, numbers
from gridmart.sources.meter_files.chinese_header import TITLES, Header, find, separator_of, split
from gridmart.sources.meter_files.grid import Gatherer, Stream
from gridmart.sources.meter_files.model import MAX_POINT_LENGTH, Parsed, RefusalError, short
from gridmart.sources.meter_files.times import day_minutes, stamp_s

NAME = "chinese_csv"
IS_TEXT = True
TIME = re.compile(
    r"^([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?"
    r"(?:[ T]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?:\.0+)?)?$"
)
ABSENT = frozenset(("", "-", "--", "—", "——", "null", "NULL", "空"))
POWER = {"kw": ("energy", 1.0), "w": ("energy", 0.001), "mw": ("energy", 1000.0), "kvar": ("reactive", 1.0)}


def matches(head: bytes) -> bool:
    """A line near the top names a point and a date in Chinese."""
    return not head.isascii() and find(head.decode("utf-8", "replace").split("\n", TITLES + 1)) is not None


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """Read an export; a RefusalError when it has no column of values."""
    lines = data.decode().split("\n")
    place = find(lines)
    if place is None:
        raise RefusalError("missing_header", "no line near the top names 计量点编号 and 数据日期, or names like these")
    separator = separator_of(lines[place])
    return _Export(Header(split(lines[place], separator)), separator, zone).read(lines, place + 1)


@dataclass(frozen=True)
class _Curve:
    """What an item and a unit say of a row's values."""

    stream: str
    channel: str | None
    unit: str
    scale: int


class _Export:
    def __init__(self, header: Header, separator: str, zone: ZoneInfo) -> None:
        self.header, self.separator, self.zone = header, separator, zone
        self.found = Gatherer(zone)
        self.minutes = header.minutes
        self.kinds: dict[tuple[str, str], _Curve | tuple[str, str]] = {}
        self.days: list[tuple[object, ...]] = []

    def read(self, lines: list[str], first: int) -> Parsed:
        """Read the rows below the header."""
        last = len(lines)
        while last > first and not lines[last - 1].strip():
            last -= 1
        for row in range(first, last):
            line = lines[row]
            if not line.strip():
                continue
            cells = split(line, self.separator)
            is_cut = row == len(lines) - 1 and len(cells) < len(self.header.names)  # no line end after it
            if len(cells) != len(self.header.names):
                reason = f"{len(cells)} columns, the header has {len(self.header.names)}"
                rule = "truncated" if is_cut else "bad_structure"
                self.found.reject(row + 1, rule, reason, None, short(line))
                continue
            fault = self._row(row + 1, cells)
            if fault:
                point = cells[self.header.point][:MAX_POINT_LENGTH]
                stream = Stream(
                    point,
                    cells[self.header.item][:MAX_POINT_LENGTH] if self.header.item is not None else "",
                    None,
                    "",
                    1,
                )
                self.found.reject(row + 1, *fault, stream, short(line))
        parsed = self.found.parsed(NAME, len(lines))
        parsed.days = self._table()
        return parsed

    def _row(self, row: int, cells: list[str]) -> tuple[str, str] | None:
        """Take a row in whole, or say why not."""
        point = cells[self.header.point]
        if not point or len(point) > MAX_POINT_LENGTH:
            return "bad_structure", "the point is empty or longer than 64 characters"
        moment = _moment(cells[self.header.day], self.zone)
        if moment is None:
            return "bad_date", f"{cells[self.header.day][:30]!r} is not a date"
        version = 0
        if self.header.version is not None and cells[self.header.version] not in ABSENT:
            found = _version(cells[self.header.version])
            if found is None:
                return "bad_number", f"version {cells[self.header.version][:30]!r} is no number and no time"
            version = found
        indexes = []
        for place, name, channel, unit in self.header.registers:
            if cells[place] in ABSENT:
                continue
            value = numbers.number(cells[place])
            if value is None:
                return "bad_number", f"{name} is {cells[place][:40]!r}, {numbers.NOT_A_NUMBER}"
            if unit.lower() not in model.UNITS:
                return "unit_mismatch", f"unit {unit[:20]!r} of {name} is not known"
            indexes.append((Stream(point, name, channel, unit, model.UNITS[unit.lower()], version), value))
        fault = self._curve(row, point, moment, version, cells) if self.header.curve else None
        if fault and (fault[0] != "empty" or not indexes):
            return "bad_structure" if fault[0] == "empty" else fault[0], fault[1]
        if not self.header.curve and not indexes:
            return "bad_structure", "the row holds no value"
        for stream, value in indexes:
            self.found.index(stream, moment, value, "A", row)
        return None

    def _curve(self, row: int, point: str, moment: int, version: int, cells: list[str]) -> tuple[str, str] | None:
        texts = ["" if cells[place] in ABSENT else cells[place] for place in self.header.curve]
        if not any(texts):
            return "empty", "the row holds no value"
        item = cells[self.header.item] if self.header.item is not None else ""
        unit = (cells[self.header.unit] if self.header.unit is not None else "") or self.header.curve_unit
        if (item, unit) not in self.kinds:
            self.kinds[item, unit] = _kind(item, unit, self.minutes)
        kind = self.kinds[item, unit]
        if isinstance(kind, tuple):
            return kind
        day = datetime.fromtimestamp(moment, self.zone).date()
        due = day_minutes(day, self.zone) // self.minutes
        if due > len(texts):
            return "interval_mismatch", f"the day has {due} intervals, the header has columns for {len(texts)}"
        if any(texts[due:]):
            return "interval_mismatch", f"there are values beyond the {due} intervals of the day"
        values = numbers.cells(",".join(texts[:due]).encode())
        if values is None:
            read = [numbers.number(text) if text else np.nan for text in texts[:due]]
            wrong = next((place for place, value in enumerate(read) if value is None), None)
            if wrong is not None:
                return (
                    "bad_number",
                    f"{self.header.names[self.header.curve[wrong]]} is {texts[wrong][:40]!r}, {numbers.NOT_A_NUMBER}",
                )
            values = np.array(read, dtype=float)
        self.days.append((point, kind, day, version, row, values))
        return None

    def _table(self) -> pa.Table:
        if not self.days:
            return model.NO_DAYS
        points, kinds, dates, versions, rows, values = zip(*self.days, strict=True)
        lengths = np.array([len(each) for each in values], dtype=np.int64)
        flat = np.concatenate(values)
        columns: dict[str, object] = {
            "point_no": points,
            "stream": [kind.stream for kind in kinds], "channel": [kind.channel for kind in kinds],
            "unit": [kind.unit for kind in kinds], "scale": [kind.scale for kind in kinds],
            "business_date": dates, "interval_minutes": [self.minutes] * len(rows), "version": versions,
            "row_number": rows, "flag": ["A"] * len(rows), "flags": [None] * len(rows),
        }  # fmt: skip
        arrays = {name: pa.array(found, model.DAYS.field(name).type) for name, found in columns.items()}
        lists = pa.LargeListArray.from_arrays(
            np.concatenate([[0], np.cumsum(lengths)]), pa.array(flat, from_pandas=True)
        )
        return pa.table({**arrays, "values": lists}, schema=model.DAYS)


def _kind(item: str, unit: str, minutes: int) -> _Curve | tuple[str, str]:
    """What a curve measures, by its item's name and its unit; a power is the mean of its interval."""
    if any(word in item for word in ("示值", "示数", "读数")):
        return "unknown_channel", f"{item[:30]!r} is a curve of indexes: deliver energy or power"
    if not unit:
        words = {"电压": "V", "电流": "A", "无功": "kvar", "电量": "kWh", "电能": "kWh", "功率": "kW", "负荷": "kW"}
        unit = next((found for word, found in words.items() if word in item), "")
        unit = "kvarh" if unit == "kvar" and ("电量" in item or "电能" in item) else unit
    if not unit:
        return "unit_mismatch", "neither 数据项 nor 单位 says whether the curve is power or energy"
    lower = unit.lower()
    direction = "export" if "反向" in item else "import"
    if lower in POWER:
        quantity, factor = POWER[lower]
        scale = factor * minutes / 60
        whole = round(scale) if scale >= 1 else -round(1 / scale)
        if abs((whole if whole > 0 else -1 / whole) - scale) > 1e-9:
            return "unit_mismatch", f"{unit} of {minutes} minutes is no whole part of a kWh"
    elif lower in model.UNITS:
        quantity, whole = model.QUANTITY[lower], model.UNITS[lower]
    else:
        return "unit_mismatch", f"unit {unit[:20]!r} is not known"
    channel: str | None = {
        "energy": f"{direction}_kwh", "reactive": f"{direction}_kvarh", "voltage": "voltage_v", "current": "current_a",
    }[quantity]  # fmt: skip
    if re.search(r"[ABCabc]相|零序|组合", item):
        channel = None  # one phase, or a sum of both directions
    name = item or ("负荷曲线" if lower in POWER else "电量曲线" if quantity in ("energy", "reactive") else unit)
    return _Curve(name[:MAX_POINT_LENGTH], channel, unit[:20], whole)


def _moment(text: str, zone: ZoneInfo) -> int | None:
    """Seconds since 1970 of a date, or of a date and time, as such systems write them."""
    found = TIME.match(text)
    if not found or not text.replace("年", "").replace("月", "").replace("日", "").isascii():
        return None
    parts = [(part or "0").zfill(2) for part in found.groups()]
    return stamp_s("".join(parts), zone)


def _version(text: str) -> int | None:
    """A whole number, or a time as YYYYMMDDhhmmss."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    found = TIME.match(text)
    return int("".join((part or "0").zfill(2) for part in found.groups())) if found and text.isascii() else None
