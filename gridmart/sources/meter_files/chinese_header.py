"""What the columns of a Chinese head-end's export are, by their names, in any order."""

import csv
import re
from collections.abc import Iterator

from gridmart.sources.meter_files.model import LENGTHS, RefusalError

# the first kind that a header has is taken: a metering point before a meter before an account
POINT = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(计量点|测量点)(编号|号|编码|标识)?$",
        r"^(电能表|电表|表计|表)?资产(编号|号|编码)$|^(电能表|电表|表计|表)(编号|号|编码)$",
        r"^(用电客户|用电户|用户|客户)(编号|号|编码)$|^户号$",
    )
)
DATE = (
    "数据日期",
    "冻结日期",
    "冻结时间",
    "抄表日期",
    "抄表时间",
    "数据时间",
    "业务日期",
    "统计日期",
    "日期",
    "日期时间",
)
ITEM = ("数据项", "数据项名称", "曲线类型", "数据类型", "曲线名称", "数据名称", "项目")
UNIT = ("单位", "数据单位", "计量单位")
VERSION = ("版本", "版本号", "采集时间", "入库时间", "更新时间")
TARIFFS = {
    "总": "", "尖": "_sharp", "尖峰": "_sharp", "峰": "_peak", "平": "_flat", "谷": "_valley", "深谷": "_deep_valley",
}  # fmt: skip
FILLERS = re.compile(r"日冻结|冻结|电能量|电能|电量|费率|示数|示值|读数|[()（）]")
SHOWN = re.compile(r"示数|示值|读数")  # a register without a tariff in its name is the total, if it says what it is
REGISTER = re.compile(r"^(正向|反向|组合)?(有功|无功)?(总|尖峰|尖|峰|平|谷|深谷)?$")
CLOCK = re.compile(r"^([0-9]{1,2})(?:[:：点时]([0-5][0-9])(?:[:：]00|分)?|([0-5][0-9]))$")
ORDINAL = re.compile(r"^[A-Za-z点第]?0*([0-9]{1,4})点?$")
UNIT_IN_NAME = re.compile(r"^(.*?)[(（]\s*([A-Za-z]{1,5})\s*[)）]$")
TITLES = 10  # lines that may stand above the header
MAX_COLUMNS = 4096


def separator_of(line: str) -> str:
    """Comma, tab or semicolon, whichever there is most of."""
    return max((",", "\t", ";"), key=line.count)


def split(line: str, separator: str) -> list[str]:
    """Cells of a line without blanks, quotes, and the marks by which Excel keeps a number a text."""
    line = line.rstrip("\r")
    found = line.split(separator)
    if '"' in line:
        try:
            found = next(csv.reader([line], delimiter=separator), [])
        except csv.Error:
            return []
    return [cell.strip().removeprefix("=").strip("\"'").strip() if cell else cell for cell in found]


def find(lines: list[str]) -> int | None:
    """Place of the line that names a point and a date in Chinese, below a few lines of title at most."""
    for place, line in enumerate(lines[:TITLES]):
        if line.isascii() or len(line) > 1 << 16:
            continue
        names = split(line, separator_of(line))
        if point_of(names) is not None and any(name in names for name in DATE):
            return place
    return None


def point_of(names: list[str]) -> int | None:
    """Place of the column that names the point."""
    for kind in POINT:
        for place, name in enumerate(names[:MAX_COLUMNS]):
            if kind.match(name):
                return place
    return None


class Header:
    """Places of a header's columns; raises RefusalError where it has no values, or values that are no day."""

    def __init__(self, names: list[str]) -> None:
        if len(names) > MAX_COLUMNS:
            raise RefusalError("missing_header", f"the header has more than {MAX_COLUMNS:,} columns")
        stated = [UNIT_IN_NAME.match(name) for name in names]
        self.names = [match[1] if match else name for name, match in zip(names, stated, strict=True)]
        self.units = [match[2] if match else "" for match in stated]
        point, day = point_of(self.names), self._place(DATE)
        assert point is not None and day is not None
        self.point, self.day = point, day
        self.item, self.unit, self.version = self._place(ITEM), self._place(UNIT), self._place(VERSION)
        self.registers = list(self._registers())
        self.curve, self.minutes = self._curve_columns()
        self.curve_unit = self.units[self.curve[0]] if self.curve else ""
        if not self.registers and not self.curve:
            reason = "the header has no columns of a curve (00:00… or P1…) and no register (正向有功总…)"
            raise RefusalError("missing_header", reason)

    def _place(self, wanted: tuple[str, ...]) -> int | None:
        return next((self.names.index(name) for name in wanted if name in self.names), None)

    def _registers(self) -> Iterator[tuple[int, str, str | None, str]]:
        """Place, name, channel and unit of every column of a register."""
        for place, name in enumerate(self.names):
            match = REGISTER.match(FILLERS.sub("", name))
            if not match or not (match[3] or (SHOWN.search(name) and (match[2] or len(name) <= 4))):
                continue
            is_reactive = match[2] == "无功"
            direction = {"反向": "export", "组合": None}.get(match[1] or "", "import")
            kind = "kvarh" if is_reactive else "kWh"
            channel = f"{direction}_{kind.lower()}{TARIFFS[match[3] or '总']}" if direction else None
            yield place, name, channel, self.units[place] or kind

    def _curve_columns(self) -> tuple[list[int], int]:
        """Places of the values of a day in order, and the minutes of an interval; none where no name is of a curve."""
        ordinal = [(place, int(m[1])) for place, name in enumerate(self.names) if (m := ORDINAL.match(name))]
        if ordinal and [number for _, number in ordinal] == [ordinal[0][1] + k for k in range(len(ordinal))]:
            return self._day([place for place, _ in ordinal], ordinal[0][1] in (0, 1))
        clock = [
            (place, int(m[1]) * 60 + int(m[2] or m[3]))
            for place, name in enumerate(self.names)
            if (m := CLOCK.match(name))
        ]
        if not clock:
            return self._day([place for place, _ in ordinal], False) if ordinal else ([], 0)
        moments = [moment for _, moment in clock]
        if len(moments) > 1 and moments[-1] == 0:
            moments[-1] = 1440
        step = 1440 // len(clock)
        is_even = moments[0] in (0, step) and moments == [moments[0] + k * step for k in range(len(clock))]
        return self._day([place for place, _ in clock], is_even)

    @staticmethod
    def _day(places: list[int], is_even: bool) -> tuple[list[int], int]:
        minutes = 1440 // len(places)
        if 1440 % len(places) or minutes not in LENGTHS or not is_even:
            reason = f"the {len(places)} columns of a curve in the header are not the intervals of a day"
            raise RefusalError("missing_header", reason)
        return places, minutes
