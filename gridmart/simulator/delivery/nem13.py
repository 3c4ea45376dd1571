"""NEM13 beside NEM12 (docs/formats.md), in one zip: NEM13 holds accumulated reads alone, which NEM12 has no place for.

A 250 record is a day's advance of a meter that counts kWh without transformers: the curve of the day adds up to it.
Days with gaps or spikes, of a register that was full, or of meters with a ratio, have their intervals alone; so have
voltages and currents no place at all. The update time of a record serves as its version.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from gridmart.simulator.delivery import Delivery, Record, nem12, packed
from gridmart.simulator.delivery.rows import Block, blocks, record_blocks, updated

NAME, PREFIX, SUFFIX = "nem13", "nem13", packed.SUFFIX
SUFFIXES = {"import_kwh": ("11", "E"), "export_kwh": ("B1", "I")}  # of a data stream, and its direction
ROUNDING_KWH = 0.0105  # two registers of two decimals


def write(path: Path, delivery: Delivery) -> None:
    """Write the zip of a delivery."""
    packed.write(path, _documents(blocks(delivery), nem12.made_on(delivery)))


def write_records(path: Path, records: list[Record]) -> None:
    """Write a zip of single records."""
    packed.write(path, _documents(record_blocks(records), nem12.made_on(records)))


def _documents(parts: Iterable[Block], made: np.datetime64) -> Iterator[packed.Document]:
    reads: list[str] = []

    def intervals() -> Iterator[bytes]:
        yield nem12.header(nem12.NAME, made).encode()
        for part in parts:
            reads.extend(_reads(part))
            yield "".join(nem12.lines(part)).encode()
        yield b"900\n"

    yield "nem12.csv", intervals()
    if reads:
        yield "nem13.csv", ["".join([nem12.header(NAME, made), *reads, "900\n"]).encode()]


def _reads(part: Block) -> Iterator[str]:
    """250 records."""
    fixed = part.fixed
    first, last = (fixed[name].to_numpy(zero_copy_only=False) for name in ("register_start", "register_end"))
    advance = np.round(last - first, 2)
    kept = np.abs(part.values.sum(axis=1) - advance) <= ROUNDING_KWH  # a NaN anywhere is no agreement
    kept &= np.isin(np.array(fixed["channel"].to_pylist(), object), list(SUFFIXES))
    points, channels, dates, made = fixed["point"], fixed["channel"], fixed["date"].to_numpy(), updated(part)
    for k in np.flatnonzero(kept).tolist():
        point, (suffix, direction) = points[k].as_py(), SUFFIXES[channels[k].as_py()]
        begin, end, stamp = (nem12.digits(day) for day in (dates[k], dates[k] + 1, made[k]))
        yield (
            f"250,{point},{suffix},{suffix},{suffix},{suffix},M{point},{direction},{first[k]:.2f},{begin}000000,A,,,"
            f"{last[k]:.2f},{end}000000,A,,,{advance[k]:.2f},kWh,,{stamp}020000,\n"
        )
