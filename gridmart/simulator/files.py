"""Meter files as the head-ends deliver them: gridmart CSV and NEM12, one file a span of days and station."""

import io
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from gridmart.simulator.loads import SLOTS

SUFFIX = {"import_kwh": "E1", "export_kwh": "B1", "import_kvarh": "Q1"}
MINUTES = 1440 // SLOTS
FIXED = ("point", "channel", "unit", "date", "interval_minutes", "version", "register_start", "register_end")
HEADER = (*FIXED, *(f"i{k + 1}" for k in range(SLOTS)))
_PLAIN = csv.WriteOptions(include_header=False, quoting_style="none")


def _text(columns: list[pa.Array]) -> bytes:
    """Columns as CSV lines without header; null is empty."""
    sink = io.BytesIO()
    csv.write_csv(pa.table(columns, names=[str(i) for i in range(len(columns))]), sink, _PLAIN)
    return sink.getvalue()


def _numbers(values: np.ndarray) -> list[pa.Array]:
    """One float column per slot, NaN as null."""
    return [pa.array(np.ascontiguousarray(values[:, k]), from_pandas=True) for k in range(values.shape[1])]


def gridmart_csv(
    path: Path,
    points: list[str],
    channels: list[str],
    start: date,
    values: np.ndarray,
    registers: np.ndarray,
    repeated: np.ndarray,
    extra: bytes = b"",
) -> None:
    """Write a gridmart CSV file.

    `values`: rows x (days * 96) in kWh or kvarh, NaN where nothing is delivered; a row without any value
    of a day is left out. `registers`: rows x days x 2, secondary index at the day's start and end, NaN where
    the channel has none. `repeated`: rows x days, True where the row is delivered twice. `extra`: further lines.
    """
    rows, count = values.shape[0], values.shape[1] // SLOTS
    daily = values.reshape(rows * count, SLOTS)
    index = np.flatnonzero(~np.isnan(daily).all(axis=1))
    index = np.sort(np.concatenate([index, index[repeated.reshape(-1)[index]]]))
    dates = [(start + timedelta(days=d)).isoformat() for d in range(count)]
    ends = registers.reshape(rows * count, 2)[index]
    columns = [
        pa.array([points[i] for i in index // count]),
        pa.array([channels[i] for i in index // count]),
        pa.array(["kvarh" if channels[i] == "import_kvarh" else "kWh" for i in index // count]),
        pa.array([dates[d] for d in index % count]),
        pa.array(np.full(index.size, MINUTES)),
        pa.array(np.ones(index.size, int)),
        pa.array(ends[:, 0], from_pandas=True),
        pa.array(ends[:, 1], from_pandas=True),
        *_numbers(daily[index]),
    ]
    path.write_bytes(",".join(HEADER).encode() + b"\n" + _text(columns) + extra)


def _quality(missing: np.ndarray) -> list[str]:
    """400 records of a day with holes: runs of actual and of null intervals."""
    edges = np.flatnonzero(np.diff(missing.astype(np.int8))) + 1
    bounds = [0, *edges.tolist(), missing.size]
    return [f"400,{a + 1},{b},{'N' if missing[a] else 'A'},," for a, b in pairwise(bounds)]


def nem12(
    path: Path, points: list[str], channels: list[str], start: date, values: np.ndarray, repeated: np.ndarray
) -> None:
    """Write a NEM12 file; the arguments are those of `gridmart_csv`. A null interval carries flag N."""
    rows, count = values.shape[0], values.shape[1] // SLOTS
    made = datetime.combine(start + timedelta(days=count), datetime.min.time()) + timedelta(hours=2)
    daily = values.reshape(rows * count, SLOTS)
    missing = np.isnan(daily)
    dates = np.array([f"{start + timedelta(days=d):%Y%m%d}" for d in range(count)])
    flags = np.where(missing.any(axis=1), "V", "A")
    columns = [
        pa.array(["300"] * daily.shape[0]),
        pa.array(np.tile(dates, rows)),
        *_numbers(np.where(missing, 0.0, daily)),
        pa.array(flags),
    ]
    lines = _text(columns).decode().splitlines()
    stamp = f",,,{made:%Y%m%d%H%M%S},"
    out = [f"100,NEM12,{made:%Y%m%d%H%M},GRIDMART,RETAILER"]
    for row in range(rows):
        suffix = SUFFIX[channels[row]]
        unit = "KVARH" if channels[row] == "import_kvarh" else "KWH"
        out.append(f"200,{points[row]},{suffix},{suffix},{suffix},,M{points[row]},{unit},{MINUTES},")
        for day in range(count):
            i = row * count + day
            if missing[i].all():
                continue
            for _ in range(2 if repeated[row, day] else 1):
                out.append(lines[i] + stamp)
                if flags[i] == "V":
                    out += _quality(missing[i])
    out.append("900")
    path.write_text("\n".join(out) + "\n", encoding="ascii")
