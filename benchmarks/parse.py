"""How fast meter files are read: gridmart's own formats on made files, NEM12 beside nemreader on the same files.

The limits, measured in the same run: DuckDB reads the numbers of the same gridmart CSV and checks nothing; NEM12 files
are read from the disk and unpacked, no more. Every figure is the best of several passes of one process; a first small
pass loads what is loaded once. On a busy machine the processor's time (cpu) says more than the clock.
"""

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from gridmart.settings import PROJECT_DIR
from gridmart.sources.meter_files import container, registry
from gridmart.sources.meter_files.gridmart_csv import HEAD
from gridmart.sources.meter_files.summary import summaries

ZONE = ZoneInfo("Australia/Brisbane")  # no daylight saving: 96 quarters on every date
FIRST = date(2026, 3, 2)
PER_DAY = 96
PASSES = 3
SMALL_BYTES = 1 << 20  # below it, a pass is short, and what else the machine does shows: more of them are made
SMALL_PASSES = 15
TARGETS = {"gridmart_csv_readings_per_second": 2_000_000, "nem12_times_peer": 20}

Totals = dict[tuple[str, str], tuple[int, float]]


def _rows(points: int, days: int) -> list[tuple[str, date, str]]:
    """Point, date and values as text of every day; drawn anew for each, three decimals as meters have."""
    draw = np.random.default_rng(7)
    found = []
    for n in range(points):
        for k in range(days):
            values = ",".join(f"{value:.3f}" for value in draw.gamma(1.5, 0.2, PER_DAY).tolist())
            found.append((f"P{n:09d}", FIRST + timedelta(days=k), values))
    return found


def _write_csv(path: Path, rows: list[tuple[str, date, str]]) -> None:
    head = ",".join((*HEAD, *(f"i{k}" for k in range(1, PER_DAY + 1))))
    lines = [f"{point},import_kwh,kWh,{day},15,1,100.5,101.5,{values}" for point, day, values in rows]
    path.write_text("\n".join((head, *lines, "")))


def _write_nem12(path: Path, rows: list[tuple[str, date, str]]) -> None:
    lines, before = ["100,NEM12,202603020200,MDP,RETAILER"], ""
    for point, day, values in rows:
        if point != before:
            lines.append(f"200,{point},E1,E1,E1,,M{point},KWH,15,")
            before = point
        lines.append(f"300,{day:%Y%m%d},{values},A,,,20260302120000,")
    path.write_text("\n".join((*lines, "900", "")))


@dataclass(frozen=True)
class Seconds:
    """Of the quickest passes: by the clock, and of the processor (all threads)."""

    wall: float
    cpu: float


def _best(work: Callable[[], Any], passes: int = PASSES) -> tuple[Seconds, Any]:
    """How long the quickest passes take, and what the last gave."""
    walls, cpus, result = [], [], None
    for _ in range(passes):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Seconds(min(walls), min(cpus)), result


def _rates(seconds: Seconds, readings: int, prefix: str = "") -> dict[str, Any]:
    return {
        f"{prefix}seconds": round(seconds.wall, 4),
        f"{prefix}cpu_seconds": round(seconds.cpu, 4),
        f"{prefix}readings_per_second": round(readings / seconds.wall),
    }


def _each(seconds: Seconds, files: int, readings: int, prefix: str = "") -> dict[str, Any]:
    """Microseconds of the processor for one file, and for one reading."""
    return {
        f"{prefix}cpu_us_per_file": round(seconds.cpu / files * 1e6, 1),
        f"{prefix}cpu_us_per_reading": round(seconds.cpu / readings * 1e6, 3),
    }


def _mine(paths: list[Path]) -> Totals:
    found: Totals = {}
    for path, parsed in registry.parse_files(paths, ZONE):
        if isinstance(parsed, OSError):
            raise parsed
        for row in summaries(str(path), parsed, ZONE):
            _add(found, str(row["point"]), str(row["channel"]), int(str(row["readings"])), float(str(row["total"])))
    return found


def _peer(paths: list[Path], read: Callable[[str], Any]) -> Totals:
    found: Totals = {}
    for path in paths:
        for point, channels in read(str(path)).readings.items():
            for channel, rows in channels.items():
                _add(found, point, channel, len(rows), sum(row.read_value for row in rows))
    return found


def _add(found: Totals, point: str, channel: str, count: int, total: float) -> None:
    if count:
        before = found.get((point, channel), (0, 0.0))
        found[point, channel] = before[0] + count, before[1] + total


def _same(mine: Totals, theirs: Totals) -> bool:
    return mine.keys() == theirs.keys() and all(
        mine[key][0] == theirs[key][0] and abs(mine[key][1] - theirs[key][1]) < 1e-6 * max(1.0, abs(theirs[key][1]))
        for key in mine
    )


def _unpacked(paths: list[Path]) -> int:
    """Bytes of files, read and unpacked."""
    contents = [content for path in paths for _, content in container.members(path.read_bytes())]
    return sum(len(content) for content in contents if isinstance(content, bytes))


def _beside_peer(name: str, paths: list[Path], read: Callable[[str], Any] | None) -> dict[str, Any]:
    """Rates of both on the same files: each from the file to readings in memory, then totals to compare."""
    passes = SMALL_PASSES if sum(path.stat().st_size for path in paths) < SMALL_BYTES else PASSES
    seconds, _ = _best(lambda: list(registry.parse_files(paths, ZONE)), passes)
    limit, _ = _best(lambda: _unpacked(paths), passes)
    mine = _mine(paths)
    readings = sum(count for count, _ in mine.values())
    row: dict[str, Any] = {
        "what": name, "files": len(paths), "readings": readings,
        **_rates(seconds, readings), **_each(seconds, len(paths), readings),
        **_each(limit, len(paths), readings, "limit_"),
    }  # fmt: skip
    if read is None:
        return {**row, "peer": "nemreader is not installed: make setup-peers"}
    theirs = _peer(paths, read)
    peer, _ = _best(lambda: [read(str(path)) for path in paths], passes)
    count = sum(found for found, _ in theirs.values())
    return {
        **row,
        "peer": "nemreader",
        **_rates(peer, count, "peer_"), **_each(peer, len(paths), count, "peer_"),
        "times_peer": round(readings / seconds.wall / (count / peer.wall), 1),
        "cpu_times_peer": round(readings / seconds.cpu / (count / peer.cpu), 1),
        "same_totals": _same(mine, theirs),
    }  # fmt: skip


def _csv(path: Path, readings: int) -> dict[str, Any]:
    seconds, parsed = _best(lambda: registry.parse_file(path, ZONE))
    assert parsed.days.num_rows * PER_DAY == readings and not parsed.rejects
    columns = " + ".join(f"sum(i{k})" for k in range(1, PER_DAY + 1))
    with duckdb.connect() as engine:
        engine.execute("set threads = 1")
        limit, _ = _best(lambda: engine.execute(f"select {columns} from read_csv($1)", [str(path)]).fetchall())
    return {
        "what": "gridmart CSV", "readings": readings, **_rates(seconds, readings), **_rates(limit, readings, "limit_"),
        "times_limit": round(seconds.wall / limit.wall, 2),
    }  # fmt: skip


def run(points: int, days: int, data: Path | None = None) -> dict[str, Any]:
    """Measure every case; `data`: folder with formats/nem12, whose absence is said."""
    try:
        read = import_module("nemreader").read_nem_file
    except ImportError:
        read = None
    folder = Path(tempfile.mkdtemp(prefix="bench_parse_"))
    try:
        csv, nem12, small = folder / "made.csv", folder / "made.nem12", folder / "small.nem12"
        rows = _rows(points, days)
        _write_csv(csv, rows)
        _write_nem12(nem12, rows)
        _write_nem12(small, rows[:2])
        _mine([small])
        results = [_csv(csv, len(rows) * PER_DAY), _beside_peer("NEM12, made", [nem12], read)]
        public = (data or PROJECT_DIR.parent / "shared" / "data") / "formats" / "nem12"
        many = public / "Example_NEM12_ManyNMIs.zip"
        if many.is_file():
            results.append(_beside_peer("NEM12, public, 99 points in a zip", [many], read))
            files = [path for name in ("nem12", "nem13", "unzipped") for path in sorted((public / name).iterdir())]
            results.append(_beside_peer("NEM12 and NEM13, all valid public files", files, read))
            files = [path for path in files if path.parent.name != "nem13"]
            results.append(_beside_peer("NEM12, all valid public files", files, read))
        return {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
            "public_files": str(public) if many.is_file() else f"absent: {public}",
            "targets": TARGETS,
            "results": results,
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
