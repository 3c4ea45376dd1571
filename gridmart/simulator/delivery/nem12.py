"""NEM12 (docs/formats.md): energies alone; the quality of a day with holes stands in 400 records.

The update time of a record serves as its version; it follows from its date and version alone, so that a record is
the same in whichever file it comes.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from gridmart.simulator.delivery import Delivery, Record
from gridmart.simulator.delivery.rows import Block, blocks, of_records
from gridmart.simulator.plan import MINUTES, SLOTS

NAME, PREFIX, SUFFIX = "nem12", "nem12", ".csv"
REGISTERS = {"import_kwh": "E1", "export_kwh": "B1", "import_kvarh": "Q1", "export_kvarh": "K1"}
_OPTIONS = csv.WriteOptions(include_header=False, quoting_style="none", batch_size=1024)


def write(path: Path, delivery: Delivery) -> None:
    """Write the file of a delivery. Voltages, currents and registers have no place in it."""
    _write(path, blocks(delivery), np.datetime64(delivery.start, "D") + delivery.days)


def write_records(path: Path, records: list[Record]) -> None:
    """Write a file of single records."""
    made = np.datetime64(max((r.day for r in records), default="1970-01-01"), "D") + 1
    _write(path, [of_records(records)], made)


def _write(path: Path, parts: Iterable[Block], made: np.datetime64) -> None:
    with path.open("w", encoding="ascii", newline="\n") as sink:
        sink.write(f"100,NEM12,{_digits(made)}0200,GRIDMART,RETAILER\n")
        for part in parts:
            sink.writelines(_lines(part))
        sink.write("900\n")


def _digits(day: np.datetime64) -> str:
    return str(day).replace("-", "")


def _lines(part: Block) -> Iterator[str]:
    channels = part.fixed["channel"].to_pylist()
    kept = np.array([channel in REGISTERS for channel in channels], bool)
    fixed, values = part.fixed.filter(pa.array(kept)), part.values[kept]
    missing = np.isnan(values)
    flags = np.where(missing.any(axis=1), "V", "A").tolist()
    days = _text(fixed, np.where(missing, 0.0, values), flags)
    records = zip(
        fixed["point"].to_pylist(), fixed["channel"].to_pylist(), fixed["unit"].to_pylist(), days, flags,
        range(len(days)), strict=True,
    )  # fmt: skip
    for (point, channel, unit), group in groupby(records, key=lambda r: r[:3]):
        register = REGISTERS[channel]
        yield f"200,{point},{register},{register},{register},,M{point},{unit.upper()},{MINUTES},\n"
        for _, _, _, line, flag, place in group:
            yield line
            if flag == "V":
                yield from _quality(missing[place])


def _text(fixed: pa.Table, values: np.ndarray, flags: list[str]) -> list[str]:
    """300 records as lines."""
    dates = fixed["date"].to_numpy()
    # version 1 is updated in the night after its date, each later one a day after
    updated = dates + fixed["version"].to_numpy().astype("timedelta64[D]")
    turned = np.ascontiguousarray(values.T)
    empty = pa.array([""] * len(dates), pa.string())
    columns = [
        pa.array(["300"] * len(dates)),
        _each(dates, _digits),
        *(pa.array(column) for column in turned),
        pa.array(flags, pa.string()),
        empty,
        empty,
        _each(updated, lambda day: f"{_digits(day)}020000"),
        empty,
    ]
    sink = pa.BufferOutputStream()
    csv.write_csv(pa.table(columns, names=[str(k) for k in range(len(columns))]), sink, _OPTIONS)
    return sink.getvalue().to_pybytes().decode("ascii").splitlines(keepends=True)


def _each(days: np.ndarray, of: Callable[[np.datetime64], str]) -> pa.Array:
    found, place = np.unique(days, return_inverse=True)
    return pa.array([of(day) for day in found], pa.string()).take(pa.array(place))


def _quality(missing: np.ndarray) -> Iterator[str]:
    """400 records of a day with holes: runs of actual and of null intervals."""
    edges = np.flatnonzero(np.diff(missing.astype(np.int8))) + 1
    for begin, end in pairwise([0, *edges.tolist(), SLOTS]):
        yield f"400,{begin + 1},{end},{'N' if missing[begin] else 'A'},,\n"
