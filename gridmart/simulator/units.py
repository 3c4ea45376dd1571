"""How the work is cut: one station and a span of days is a unit, made by one worker, delivered as one file."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from gridmart.simulator.plan import DAILY_FILES, POINT_DAYS_A_FILE, Plan
from gridmart.simulator.population import Population


@dataclass(frozen=True)
class Unit:
    """A station and `days` dates from `start`; `label` is part of its files' names."""

    number: int
    station: str
    file_format: str
    start: date
    days: int

    @property
    def last(self) -> date:
        """Its last date."""
        return self.start + timedelta(days=self.days - 1)

    @property
    def label(self) -> str:
        """The month, the day, or first and last day of the span."""
        if self.days == 1:
            return f"{self.start:%Y%m%d}"
        if self.start.day == 1 and self.last.day == calendar.monthrange(self.start.year, self.start.month)[1]:
            return f"{self.start:%Y%m}"
        return f"{self.start:%Y%m%d}-{self.last:%Y%m%d}"


def format_of(plan: Plan, stations: list[str], station: str, day: date) -> str:
    """Format of the file of a station that starts, or comes late, on a date.

    Stations take the formats in turn. Where there are fewer stations than formats, each changes its format with the
    date, so that every format is there.
    """
    turn = stations.index(station)
    if len(stations) < len(plan.formats):
        turn += len(stations) * (day - plan.first).days
    return plan.formats[turn % len(plan.formats)]


def spans(plan: Plan, first: date, most_days: int) -> list[tuple[date, int]]:
    """Spans of dates from `first` to the plan's end: months, cut to `most_days`; the last week, and days that were
    added later, one by one."""
    made: list[tuple[date, int]] = []
    day, daily_from = first, plan.last - timedelta(days=DAILY_FILES - 1)
    while day <= plan.end:
        size = 1
        if day < daily_from:
            month_end = day.replace(day=calendar.monthrange(day.year, day.month)[1])
            size = min((min(month_end, daily_from - timedelta(days=1)) - day).days + 1, most_days)
        made.append((day, size))
        day += timedelta(days=size)
    return made


def cut(plan: Plan, population: Population, first: date) -> list[Unit]:
    """All units from `first` to the plan's end, ordered by date, then station."""
    stations = population.stations
    most = max(population.points_of(station).size for station in stations)
    parts = [
        (start, station, days)
        for start, days in spans(plan, first, max(1, POINT_DAYS_A_FILE // most))
        for station in stations
    ]
    return [
        Unit(k, station, format_of(plan, stations, station, start), start, days)
        for k, (start, station, days) in enumerate(parts)
    ]
