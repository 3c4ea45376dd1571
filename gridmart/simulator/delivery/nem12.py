"""NEM12 (docs/formats.md): energies alone; the quality of a day with holes stands in 400 records.

The update time of a record serves as its version (see `rows.updated`).
"""

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from gridmart.simulator.delivery import Delivery, Record
from gridmart.simulator.delivery.rows import Block, blocks, each_date, of_records, only, updated
from gridmart.simulator.plan import MINUTES, SLOTS

NAME, PREFIX, SUFFIX = "nem12", "nem12", ".csv"
REGISTERS = {"import_kwh": "E1", "export_kwh": "B1", "import_kvarh": "Q1", "export_kvarh": "K1"}
_OPTIONS = csv.WriteOptions(include_header=False, quoting_style="none", batch_size=1024)


def write(path: Path, delivery: Delivery) -> None:
    """Write the file of a delivery. Voltages, currents and registers have no place in it."""
    _write(path, blocks(delivery), made_on(delivery))


def write_records(path: Path, records: list[Record]) -> None:
    """Write a file of single records."""
    _write(path, [of_records(records)], made_on(records))


def made_on(what: Delivery | list[Record]) -> np.datetime64:
    """The date after the last one of a file."""
    if isinstance(what, Delivery):
        return np.datetime64(what.start, "D") + what.days
    return np.datetime64(max((r.day for r in what), default="1970-01-01"), "D") + 1


def _write(path: Path, parts: Iterable[Block], made: np.datetime64) -> None:
    with path.open("w", encoding="ascii", newline="\n") as sink:
        sink.write(header(NAME, made))
        for part in parts:
            sink.writelines(lines(part))
        sink.write("900\n")


def header(name: str, made: np.datetime64) -> str:
    """100 record."""
    return f"100,{name.upper()},{digits(made)}0200,GRIDMART,RETAILER\n"


def digits(day: np.datetime64) -> str:
    """YYYYMMDD."""
    return str(day).replace("-", "")


def lines(part: Block) -> Iterator[str]:
    """200, 300 and 400 records."""
    part = only(part, REGISTERS)
    fixed, values = part.fixed, part.values
    missing = np.isnan(values)
    flags = np.where(missing.any(axis=1), "V", "A").tolist()
    days = _text(part, np.where(missing, 0.0, values), flags)
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


def _text(part: Block, values: np.ndarray, flags: list[str]) -> list[str]:
    """300 records as lines."""
    dates = part.fixed["date"].to_numpy()
    turned = np.ascontiguousarray(values.T)
    empty = pa.array([""] * len(dates), pa.string())
    columns = [
        pa.array(["300"] * len(dates)),
        each_date(dates, digits),
        *(pa.array(column) for column in turned),
        pa.array(flags, pa.string()),
        empty,
        empty,
        each_date(updated(part), lambda day: f"{digits(day)}020000"),
        empty,
    ]
    sink = pa.BufferOutputStream()
    csv.write_csv(pa.table(columns, names=[str(k) for k in range(len(columns))]), sink, _OPTIONS)
    return sink.getvalue().to_pybytes().decode("ascii").splitlines(keepends=True)


def _quality(missing: np.ndarray) -> Iterator[str]:
    """400 records of a day with holes: runs of actual and of null intervals."""
    edges = np.flatnonzero(np.diff(missing.astype(np.int8))) + 1
    for begin, end in pairwise([0, *edges.tolist(), SLOTS]):
        yield f"400,{begin + 1},{end},{'N' if missing[begin] else 'A'},,\n"
