"""Local time as a Green Button feed states it: an offset, and two rules for daylight saving."""

from datetime import date, datetime, timedelta, timezone, tzinfo

FIRST, LAST = 2, 7  # operators of a rule: 2 to 6 the first to fifth such weekday of the month, 7 the last


class StatedTime(tzinfo):
    """A zone of LocalTimeParameters. `datetime.fromtimestamp(s, zone)` gives a time with the offset of that moment."""

    def __init__(self, offset_s: int, dst_s: int, start: str, end: str) -> None:
        """Offsets in seconds east of UTC; start, end: rules of eight hexadecimal digits, empty for no such time."""
        self.offset, self.dst_offset = timedelta(seconds=offset_s), timedelta(seconds=dst_s)
        self.start, self.end = _Rule.of(start), _Rule.of(end)

    def fromutc(self, moment: datetime) -> datetime:
        """Local time with a fixed offset."""
        standard = moment.replace(tzinfo=None) + self.offset
        offset = self.offset + (self.dst_offset if self._saves(standard) else timedelta())
        return (moment.replace(tzinfo=None) + offset).replace(tzinfo=timezone(offset))

    def _saves(self, standard: datetime) -> bool:
        if not (self.start and self.end and self.dst_offset):
            return False
        begins, ends = self.start.moment(standard.year), self.end.moment(standard.year) - self.dst_offset
        return begins <= standard < ends if begins < ends else not ends <= standard < begins

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """Offset of standard time: times that `fromutc` gives carry their own."""
        return self.offset

    def dst(self, moment: datetime | None) -> timedelta:
        """Nothing, as in `utcoffset`."""
        return timedelta()

    def tzname(self, moment: datetime | None) -> str:
        """Has no name."""
        return "stated"


class _Rule:
    """When daylight saving starts or ends: the bits of ESPI's DstRuleType."""

    def __init__(self, bits: int) -> None:
        self.seconds, self.hours = bits & 0xFFF, bits >> 12 & 0x1F
        self.weekday, self.day = bits >> 17 & 0x7, bits >> 20 & 0x1F
        self.operator, self.month = bits >> 25 & 0x7, bits >> 28 & 0xF

    @classmethod
    def of(cls, text: str) -> "_Rule | None":
        """A rule from its text, None where it is none."""
        try:
            rule = cls(int(text, 16)) if len(text) == 8 else None
        except ValueError:
            return None
        is_rule = rule and 1 <= rule.month <= 12 and rule.hours < 24 and (rule.weekday or rule.day)
        return rule if is_rule else None

    def moment(self, year: int) -> datetime:
        """The rule's moment in a year, on the clock that then holds."""
        if self.operator < FIRST or not self.weekday:  # a day of the month, or the weekday on or after it
            day = date(year, self.month, 1) + timedelta(days=max(self.day, 1) - 1)
            if self.operator == 1 and self.weekday:
                day += timedelta(days=(self.weekday - day.isoweekday()) % 7)
        elif self.operator == LAST:
            following = date(year + self.month // 12, self.month % 12 + 1, 1)
            day = following - timedelta(days=(following.isoweekday() - self.weekday - 1) % 7 + 1)
        else:
            day = date(year, self.month, 1)
            day += timedelta(days=(self.weekday - day.isoweekday()) % 7 + 7 * (self.operator - FIRST))
        return datetime(day.year, day.month, day.day) + timedelta(hours=self.hours, seconds=self.seconds)  # noqa: DTZ001
