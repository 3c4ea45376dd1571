"""PRIME (docs/formats.md): reports S02 (load profiles) and S05 (daily closes) of a concentrator, in one zip.

Energies, registers and repeated days have their place; an interval that is not sent says so (Bc 80). Voltages and
currents have none, nor have versions: a correction is what comes later. Reactive energy is R1 (import) and R4, which
readers know by quadrant alone. Values are Wh; of a meter whose unit is wrong they are kWh and said to be Wh. Indexes
are kWh, with the decimals that the register has.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gridmart.simulator.delivery import UNITS, Delivery, Record, packed
from gridmart.simulator.delivery.rows import Block, blocks, indexes, only, record_blocks, texts
from gridmart.simulator.plan import MINUTES, SLOTS

NAME, PREFIX, SUFFIX = "prime", "prime", packed.SUFFIX
REGISTERS = {"import_kwh": "AI", "export_kwh": "AE", "import_kvarh": "R1", "export_kvarh": "R4"}
CONCENTRATOR = "CIR0000000001"


def write(path: Path, delivery: Delivery) -> None:
    """Write the zip of a delivery."""
    packed.write(path, _documents(blocks(delivery)))


def write_records(path: Path, records: list[Record]) -> None:
    """Write a zip of single records."""
    packed.write(path, _documents(record_blocks(records)))


def _documents(parts: Iterable[Block]) -> Iterator[packed.Document]:
    for number, part in enumerate(parts, 1):
        kept = only(part, REGISTERS)
        if kept.fixed.num_rows:
            yield f"{CONCENTRATOR}_S02_{number:03d}.xml", _report("S02", _profiles(kept))
        closes = indexes(kept)
        if closes.num_rows:
            yield f"{CONCENTRATOR}_S05_{number:03d}.xml", _report("S05", _closes(closes))


def _report(name: str, meters: Iterable[str]) -> Iterator[bytes]:
    yield f'<Report IdRpt="{name}" IdPet="0" Version="3.1.c">\n<Cnc Id="{CONCENTRATOR}">\n'.encode()
    for meter in meters:
        yield meter.encode()
    yield b"</Cnc>\n</Report>\n"


def _profiles(part: Block) -> Iterator[str]:
    fixed = part.fixed
    mixed = [unit != UNITS[channel] for channel, unit in zip(*(fixed[n].to_pylist() for n in ("channel", "unit")),
                                                             strict=True)]  # fmt: skip
    values = np.where(np.array(mixed)[:, None], part.values, np.round(part.values * 1000, 3))
    columns = (*(fixed[n].to_pylist() for n in ("point", "channel")), fixed["date"].to_numpy(), texts(values))
    for point, records in groupby(zip(*columns, strict=True), key=lambda record: record[0]):
        yield f'<Cnt Id="{point}" Magn="1">\n'
        for (day, _), registers in _layers(records).items():
            yield "".join(_rows(day, registers))
        yield "</Cnt>\n"


def _layers(records: Iterable[Any]) -> dict[tuple[np.datetime64, int], dict[str, list[str | None]]]:
    """Registers of a meter side by side, by date; what is sent again stands in a layer of its own."""
    found: dict[tuple[np.datetime64, int], dict[str, list[str | None]]] = {}
    for _, channel, day, values in records:
        layer = 0
        while REGISTERS[channel] in found.get((day, layer), ()):
            layer += 1
        found.setdefault((day, layer), {})[REGISTERS[channel]] = values
    return found


def _rows(day: np.datetime64, registers: dict[str, list[str | None]]) -> Iterator[str]:
    nothing = 'Bc="80" ' + " ".join(f'{name}="0"' for name in registers)
    for begin, *values in zip(_begins(day), *registers.values(), strict=True):
        said = " ".join(f'{name}="{text}"' for name, text in zip(registers, values, strict=True) if text is not None)
        yield f'{begin}Bc="00" {said}/>\n' if said else f"{begin}{nothing}/>\n"


@lru_cache(maxsize=400)
def _begins(day: np.datetime64) -> list[str]:
    ends = day.astype("datetime64[m]") + (np.arange(SLOTS) + 1) * np.timedelta64(MINUTES, "m")
    return [f'<S02 Fh="{_stamp(end)}" ' for end in ends]


def _stamp(moment: np.datetime64) -> str:
    """Local time, W for winter: the clocks are never changed."""
    digits = str(moment.astype("datetime64[m]")).translate({ord(mark): None for mark in "-T:"})
    return f"{digits}00000W"


def _closes(found: pa.Table) -> Iterator[str]:
    columns = (*(found[name].to_pylist() for name in ("point", "channel", "index")), found["date"].to_numpy())
    for point, records in groupby(zip(*columns, strict=True), key=lambda record: record[0]):
        yield f'<Cnt Id="{point}" Magn="1000">\n'
        for _, channel, index, day in records:
            value = f'<Value {REGISTERS[channel]}a="{index}"/>'
            yield f'<S05 Fh="{_stamp(day)}" Ctr="1" Pt="0">{value}</S05>\n'
        yield "</Cnt>\n"
