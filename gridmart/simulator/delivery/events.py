"""Events of meters: those that faults leave behind, and the many that mean nothing."""

import json
from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.simulator.faults import meter_swap
from gridmart.simulator.keys import generator
from gridmart.simulator.plan import MINUTES, SLOTS
from gridmart.simulator.population import Population

SCHEMA = pa.schema(
    [
        ("point_no", pa.string()),
        ("meter_no", pa.string()),
        ("occurred_at", pa.timestamp("us", "UTC")),
        ("event_code", pa.string()),
        ("event_zh", pa.string()),
        ("event_en", pa.string()),
    ]
)
EVENTS = {
    "clock_fault": ("电能表时钟超差", "clock is off"),
    "clock_synchronised": ("电能表对时", "clock set"),
    "communication_lost": ("通信中断", "communication lost"),
    "communication_restored": ("通信恢复", "communication restored"),
    "cover_closed": ("电能表合表盖", "meter cover closed"),
    "cover_open": ("电能表开表盖", "meter cover opened"),
    "current_unbalance": ("电流不平衡", "currents unbalanced"),
    "magnetic_field": ("恒定磁场干扰", "magnetic field"),
    "meter_installed": ("电能表装接", "meter installed"),
    "power_off": ("电能表停电", "power off"),
    "power_on": ("电能表上电", "power on"),
    "reverse_current": ("潮流反向", "current reversed"),
    "terminal_cover_closed": ("合端钮盖", "terminal cover closed"),
    "terminal_cover_open": ("开端钮盖", "terminal cover opened"),
    "voltage_loss": ("失压", "voltage lost on a phase"),
    "voltage_restored": ("失压恢复", "voltage restored"),
}
AFTERWARDS = {
    "cover_open": "cover_closed",
    "power_off": "power_on",
    "terminal_cover_open": "terminal_cover_closed",
    "voltage_loss": "voltage_restored",
}
# what happens without any fault, a meter and day; covers are opened by staff too
BACKGROUND = {
    "clock_synchronised": 1 / 60, "power_off": 5e-4, "voltage_loss": 1e-4, "cover_open": 3e-5,
    "current_unbalance": 5e-5, "terminal_cover_open": 2e-5,
}  # fmt: skip
LONG_GAP = 12  # intervals: shorter ones are made up for, the head-end does not speak of them
FIRST_METER, SECOND_METER = "M", "N"  # before the number of the point, as the CIS names its assets

CLOCK_CHECK_DAYS = 7  # the head-end compares clocks so often, and repeats what it finds while it lasts

HOURS_EAST = np.timedelta64(8, "h")  # the utility's clock is UTC+8 all year

Event = tuple[str, np.datetime64, str]


def events(station: str, days: list[date], population: Population, instances: Mapping[str, pd.DataFrame]) -> pa.Table:
    """Events of a station's customers on the given dates, ordered by time, point and code."""
    here = {name: _touching(rows, days) for name, rows in instances.items()}
    found = [*_of_gaps(here), *_of_meters(population.seed, here)]
    wanted = {np.datetime64(day, "D") for day in days}
    found = [event for event in found if event[1].astype("datetime64[D]") in wanted]
    points = population.accounts["point_no"].to_numpy()[population.rows_of(station)]
    drifts = here.get("clock_drift", pd.DataFrame())
    # nobody sets a clock that is off before the end of that
    unset = {
        (row.point_no, day)
        for row in drifts.itertuples(index=False)
        for day in days
        if row.from_date <= day <= row.to_date
    }
    for day in days:
        usual = _of_nothing(points, day, generator(population.seed, "events", station, day))
        found += [event for event in usual if event[2] != "clock_synchronised" or (event[0], day) not in unset]
    found.sort(key=lambda event: (event[1], event[0], event[2]))
    swaps = {point: np.datetime64(day, "s") for point, day in meter_swap.dates(instances.get("meter_swap")).items()}
    never = np.datetime64("9999-01-01", "s")
    meters = [(SECOND_METER if at >= swaps.get(point, never) else FIRST_METER) + point for point, at, _ in found]
    columns = [
        pa.array([point for point, _, _ in found], pa.string()),
        pa.array(meters, pa.string()),
        utc(np.array([at for _, at, _ in found], "datetime64[s]")),
        pa.array([code for _, _, code in found], pa.string()),
        pa.array([EVENTS[code][0] for _, _, code in found], pa.string()),
        pa.array([EVENTS[code][1] for _, _, code in found], pa.string()),
    ]
    return pa.table(columns, schema=SCHEMA)


def utc(local: np.ndarray) -> pa.Array:
    """Local times as timestamps in UTC."""
    return pa.array(local.astype("datetime64[us]") - HOURS_EAST).cast(pa.timestamp("us", "UTC"))


def _seconds(count: float | np.integer) -> np.timedelta64:
    return np.timedelta64(int(count), "s")


def _touching(rows: pd.DataFrame, days: list[date]) -> pd.DataFrame:
    """Instances that begin or end on some of the dates, or last over them."""
    if not days or not len(rows):
        return rows.iloc[:0]
    return rows[rows["from_date"].le(days[-1]) & (rows["to_date"].isna() | rows["to_date"].ge(days[0]))]


def _of_gaps(instances: Mapping[str, pd.DataFrame]) -> Iterator[Event]:
    """Communication that was lost for hours, and came back (at the latest in the last minute of the date)."""
    for name in ("gap_meter", "gap_concentrator", "gap_area"):
        for row in instances.get(name, pd.DataFrame()).itertuples(index=False):
            if row.slots < LONG_GAP:
                continue
            begin = np.datetime64(row.from_date, "s") + _seconds(row.first_slot * MINUTES * 60)
            end = np.datetime64(row.to_date, "s") + _seconds((row.first_slot + row.slots) * MINUTES * 60 - 60)
            yield row.point_no, begin, "communication_lost"
            yield row.point_no, end, "communication_restored"


def _of_meters(seed: int, instances: Mapping[str, pd.DataFrame]) -> Iterator[Event]:
    """Theft that the meter noticed, clocks that are off and set right, new meters."""
    for name, rows in sorted(instances.items()):
        if not name.startswith(("theft_", "clock_drift")):
            continue
        for row in rows.itertuples(index=False):
            code = json.loads(row.detail or "{}").get("event")
            if code is None:
                continue
            rng = generator(seed, "event", row.fault, row.point_no, row.from_date)
            begin = np.datetime64(row.from_date, "s") + _seconds(rng.integers(0, 20 * 3600))
            if code == "clock_fault":
                yield from _of_clock(row.point_no, begin, row.to_date)
                continue
            yield row.point_no, begin, code
            if code in AFTERWARDS:
                yield row.point_no, begin + _seconds(rng.integers(120, 3600)), AFTERWARDS[code]
    for row in instances.get("meter_swap", pd.DataFrame()).itertuples(index=False):
        yield row.point_no, np.datetime64(row.from_date, "s"), "meter_installed"


def _of_clock(point: str, begin: np.datetime64, last: date) -> Iterator[Event]:
    """A clock that is off from `begin`, told at every check, and set right at the end of the last date."""
    end = np.datetime64(last, "s") + _seconds(23.5 * 3600)
    for at in np.arange(begin, end, np.timedelta64(CLOCK_CHECK_DAYS, "D")):
        yield point, at, "clock_fault"
    yield point, end, "clock_synchronised"


def _of_nothing(points: np.ndarray, day: date, rng: np.random.Generator) -> list[Event]:
    """Harmless events of one date."""
    found: list[Event] = []
    midnight = np.datetime64(day, "s")
    for code, rate in BACKGROUND.items():
        chosen = np.sort(rng.integers(0, max(len(points), 1), rng.poisson(rate * len(points))))
        begin = midnight + rng.integers(0, SLOTS * MINUTES * 60 - 3600, chosen.size).astype("timedelta64[s]")
        length = rng.integers(60, 3600, chosen.size).astype("timedelta64[s]")
        found += [(point, at, code) for point, at in zip(points[chosen], begin, strict=True)]
        if code in AFTERWARDS:
            ends = begin + length
            found += [(point, at, AFTERWARDS[code]) for point, at in zip(points[chosen], ends, strict=True)]
    return found
