"""What one worker does with a unit: first the energies, then, when registers are known, the files.

A worker gets the utility once, from a file of the run's scratch folder; units and results are small.
"""

import os
import pickle
import threading
from dataclasses import dataclass
from datetime import date
from multiprocessing import parent_process
from pathlib import Path

import numpy as np
import pandas as pd

from gridmart.simulator import electrical, faults, load, month_use, supply
from gridmart.simulator.delivery import (
    Delivery,
    Record,
    chinese_csv,
    green_button,
    gridmart_csv,
    gridmart_parquet,
    head_end,
    iec61968,
    mscons,
    nem12,
    nem13,
    prime,
)
from gridmart.simulator.delivery.rows import has_records
from gridmart.simulator.plan import SLOTS, Plan
from gridmart.simulator.population import Population
from gridmart.simulator.units import Unit
from gridmart.simulator.weather import Climate

WRITERS = {
    module.NAME: module
    for module in (
        gridmart_csv, gridmart_parquet, nem12, nem13, chinese_csv, green_button, mscons, prime, iec61968,
    )
}  # fmt: skip
DEVICE_DAYS = 31  # days of `Facts.device_hours`


@dataclass(frozen=True)
class Context:
    """All that workers need; `effects` and `instances` by station."""

    plan: Plan
    population: Population
    climate: Climate
    effects: dict[str, pd.DataFrame]
    instances: dict[str, dict[str, pd.DataFrame]]  # station → fault → rows
    scratch: Path
    staging: Path


@dataclass(frozen=True)
class Energies:
    """Of the first pass: Wh by point of the station and day (what meters counted, and what was truly used), by account,
    day and period, uses by account and month, hours of areas."""

    unit: Unit
    metered_wh: np.ndarray
    used_wh: np.ndarray
    period_wh: np.ndarray
    month_use: pd.DataFrame
    device_hours: pd.DataFrame | None


@dataclass(frozen=True)
class Files:
    """Of the second pass: files and readings written, records that come later."""

    unit: Unit
    files: int
    readings: int
    bytes: int
    late: list[tuple[date, Record]]


_context: Context


def begin(path: str) -> None:
    """A worker starts: read the utility, and end when the parent does (it would wait for work for ever)."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    take(Path(path))


def take(path: Path) -> None:
    """Read the context that the run has written."""
    global _context
    with path.open("rb") as source:
        _context = pickle.load(source)  # noqa: S301 - our own file, in the run's own folder


def _here(unit: Unit, stage: str) -> list[tuple[object, pd.DataFrame]]:
    """Fault modules of a stage with their instances that touch the unit, in the order in which they apply."""
    found = []
    for name, rows in _context.instances.get(unit.station, {}).items():
        module = faults.modules()[name]
        if module.FAULT.stage != stage:
            continue
        begins = rows["from_date"].le(unit.last)
        ends = rows["to_date"].isna() | rows["to_date"].map(lambda d: d is not None and d >= unit.start)
        touching = rows[begins & ends]
        if len(touching):
            found.append((module, touching))
    return sorted(found, key=lambda pair: (getattr(pair[0], "ORDER", 0), pair[0].FAULT.name))  # type: ignore[attr-defined]


def first_pass(unit: Unit) -> Energies:
    """Energies of a unit; the arrays wait in the scratch folder for the second pass."""
    c = _context
    made = load.energies(c.population, c.climate, c.effects[unit.station], unit.station, unit.start, unit.days)
    rows = c.population.rows_of(unit.station)
    row_of = {point: k for k, point in enumerate(c.population.points["point_no"].to_numpy()[rows])}
    metered = made.used_wh.copy()
    for module, instances in _here(unit, "meter"):
        for _, instance in instances.iterrows():
            k = row_of[instance["point_no"]]
            metered[k] = module.metered(metered[k], instance, unit.start, unit.days)  # type: ignore[attr-defined]
    areas, feeders = supply.supply(c.population, unit.station, made.used_wh, made.export_wh)
    sends = c.population.accounts["sends_electrical"].to_numpy(bool)[rows]
    varh = electrical.reactive_varh(c.population, unit.station, unit.start, metered[sends])
    np.savez(
        c.scratch / f"{unit.number}.npz",
        metered=metered,
        export=made.export_wh,
        varh=varh,
        areas=areas,
        feeders=feeders,
    )
    supplied = np.vstack([areas, feeders])
    return Energies(
        unit,
        _daily(np.vstack([metered, supplied]), unit.days),
        _daily(np.vstack([made.used_wh, supplied]), unit.days),
        month_use.time_of_use(c.population, unit.station, unit.start, unit.days, metered),
        month_use.accumulate(c.population, unit.station, unit.start, unit.days, metered, made.export_wh, varh),
        _device_hours(unit, supplied),
    )


def _daily(wh: np.ndarray, days: int) -> np.ndarray:
    return wh.reshape(len(wh), days, SLOTS).sum(axis=2, dtype=np.int64)


def _device_hours(unit: Unit, supplied: np.ndarray) -> pd.DataFrame | None:
    """Wh into each public area and each feeder by local hour, if the unit's dates are among the last of the plan."""
    c = _context
    if (c.plan.end - unit.last).days >= DEVICE_DAYS:
        return None
    points = c.population.points.iloc[c.population.points_of(unit.station)]
    boundaries = points[points["point_kind"].ne("customer")]
    is_area = boundaries["point_kind"].eq("transformer_boundary")
    names = boundaries["transformer_no"].where(is_area, boundaries["feeder_no"]).to_numpy()
    hours = supplied.reshape(len(supplied), unit.days * 24, SLOTS // 24).sum(axis=2, dtype=np.int64)
    at = np.datetime64(unit.start, "s") + np.arange(unit.days * 24) * np.timedelta64(3600, "s")
    frame = pd.DataFrame(
        {"device_no": np.repeat(names, at.size), "at": np.tile(at, len(names)), "wh": hours.reshape(-1)}
    )
    oldest = pd.Timestamp(c.plan.end) - pd.Timedelta(days=DEVICE_DAYS - 1)
    return frame[frame["at"] >= oldest].reset_index(drop=True)


def _delivery(unit: Unit, registers: np.ndarray) -> Delivery:
    """All that the station's meters have, before anything goes wrong. registers: station's points x days x 2."""
    c = _context
    with np.load(c.scratch / f"{unit.number}.npz") as kept:
        metered, export, varh, areas, feeders = (kept[n] for n in ("metered", "export", "varh", "areas", "feeders"))
    points = c.population.points.iloc[c.population.points_of(unit.station)]
    accounts = c.population.accounts.iloc[c.population.rows_of(unit.station)]
    solar = np.flatnonzero(accounts["has_generation"].to_numpy(bool))
    sends = np.flatnonzero(accounts["sends_electrical"].to_numpy(bool))
    volts, amperes = electrical.electrical(c.population, unit.station, unit.start, metered[sends], varh)
    wh = np.vstack([metered, areas, feeders])
    parts = [
        ("import_kwh", np.arange(len(points)), wh / 1000.0),
        ("export_kwh", solar, export / 1000.0),
        ("import_kvarh", sends, varh / 1000.0),
        ("voltage_v", sends, volts),
        ("current_a", sends, amperes),
    ]
    row = np.concatenate([p[1] for p in parts])
    channel = np.repeat(np.arange(len(parts)), [len(p[1]) for p in parts])
    order = np.lexsort((channel, row))
    values = np.concatenate([p[2] for p in parts])[order]
    names = points["point_no"].to_numpy()[row[order]]
    channels = np.array([p[0] for p in parts], dtype=object)[channel[order]]
    index = np.full((len(order), unit.days, 2), np.nan)
    index[channel[order] == 0] = registers
    return Delivery(
        station=unit.station,
        start=unit.start,
        days=unit.days,
        points=names,
        channels=channels,
        values=values,
        registers=index,
        true_values=values.copy(),
        copies=np.ones((len(order), unit.days), np.int64),
        row_of={key: k for k, key in enumerate(zip(names.tolist(), channels.tolist(), strict=True))},
    )


def second_pass(unit: Unit, registers: np.ndarray, period_index: np.ndarray) -> Files:
    """Write the files of a unit into the staging folder.

    `registers`: station's points x days x 2; `period_index`: the same points x days x periods at each day's end.
    """
    c = _context
    made = _delivery(unit, registers)
    applied = [*_here(unit, "reading"), *_here(unit, "file")]
    for module, instances in applied:
        module.apply(made, instances)  # type: ignore[attr-defined]
    writer = WRITERS[unit.file_format]
    folder = c.staging / "meter"
    names: list[str] = []
    if made.is_sent and has_records(made):
        path = folder / f"{writer.PREFIX}_{unit.station}_{unit.label}{writer.SUFFIX}"
        writer.write(path, made)
        names = [path.name, *made.again]
        for other in made.again:
            (folder / other).write_bytes(path.read_bytes())
    told = c.instances.get(unit.station, {})
    head_end.write(c.staging / "head_end", unit.label, made, c.population, told, period_index)
    return Files(
        unit,
        len(names),
        int(((~np.isnan(made.values)).reshape(len(made.values), unit.days, SLOTS).sum(axis=2) * made.copies).sum()),
        sum((folder / name).stat().st_size for name in names),
        made.late,
    )
