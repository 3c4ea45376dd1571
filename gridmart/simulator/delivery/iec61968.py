"""IEC 61968-9 MeterReadings (docs/formats.md): a message a date and version, all of them in one zip.

All channels, registers, units, versions (the time of the message) and repeated days have their place; an interval that
is not sent is left out.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gridmart.simulator.delivery import Delivery, Record, packed
from gridmart.simulator.delivery.rows import Block, blocks, record_blocks, texts, updated
from gridmart.simulator.plan import MINUTES, SLOTS

NAME, PREFIX, SUFFIX = "iec61968", "meter_readings", packed.SUFFIX
# by channel: accumulation (4 delta, 6 indicating), direction, kind of measurement
KINDS = {
    "import_kwh": (4, 1, 12), "export_kwh": (4, 19, 12), "import_kvarh": (4, 1, 12), "export_kvarh": (4, 19, 12),
    "voltage_v": (6, 0, 54), "current_a": (6, 0, 4),
}  # fmt: skip
UNITS = {"kWh": (3, 72), "Wh": (0, 72), "kvarh": (3, 73), "varh": (0, 73), "V": (0, 29), "A": (0, 5)}
QUARTER_HOUR, BULK = 2, 1  # codes of a measuring period, and of a register
INDEX_POWER = 1  # a register of two decimals counts tens of Wh
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<m:EventMessage xmlns:m="http://iec.ch/TC57/2011/schema/message"><m:Header><m:Verb>created</m:Verb>
<m:Noun>MeterReadings</m:Noun><m:Timestamp>{at}</m:Timestamp></m:Header><m:Payload>
<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#">
"""
TAIL = "</MeterReadings></m:Payload></m:EventMessage>\n"


def write(path: Path, delivery: Delivery) -> None:
    """Write the zip of a delivery."""
    packed.write(path, _documents(blocks(delivery)))


def write_records(path: Path, records: list[Record]) -> None:
    """Write a zip of single records."""
    packed.write(path, _documents(record_blocks(records)))


def _documents(parts: Iterable[Block]) -> Iterator[packed.Document]:
    for number, part in enumerate(parts, 1):
        fixed = part.fixed
        dates, versions = fixed["date"].to_numpy(), fixed["version"].to_numpy()
        order = np.lexsort((versions, dates))
        sorted_part = Block(fixed.take(pa.array(order)), part.values[order])
        names = ("point", "channel", "unit", "register_start", "register_end")
        columns = (
            dates[order].tolist(), updated(sorted_part), dates[order],
            *(sorted_part.fixed[name].to_pylist() for name in names), texts(sorted_part.values),
        )  # fmt: skip
        for (date, made), records in groupby(zip(*columns, strict=True), key=lambda record: record[:2]):
            name = f"readings_{number:03d}_{date}_{made}.xml"
            yield name, (text.encode() for text in _message(made, records))


def _message(made: np.datetime64, records: Iterable[Any]) -> Iterator[str]:
    yield HEAD.format(at=_at(made, 120))
    for point, parts in groupby(records, key=lambda record: record[3]):
        yield f"<MeterReading><UsagePoint><mRID>{point}</mRID></UsagePoint>\n"
        for _, _, day, _, channel, unit, first, last, values in parts:
            yield "<IntervalBlocks>\n"
            yield "".join(
                [f"{head}{text}</value></IntervalReadings>\n"
                 for head, text in zip(_heads(day), values, strict=True) if text is not None]
            )  # fmt: skip
            yield f'<ReadingType ref="{_type(channel, unit)}"/></IntervalBlocks>\n'
            for at, index in ((day, first), (day + 1, last)):
                if index is not None:
                    yield (
                        f"<Readings><timeStamp>{_at(at, 0)}</timeStamp><value>{index * 100:.0f}</value>"
                        f'<ReadingType ref="{_type(channel)}"/></Readings>\n'
                    )
        yield "</MeterReading>\n"
    yield TAIL


def _type(channel: str, unit: str = "") -> str:
    """The 18 codes of a reading type; without a unit, of the channel's register."""
    accumulation, flow, kind = KINDS[channel]
    power, code = UNITS[unit] if unit else (INDEX_POWER, 72 if channel.endswith("kwh") else 73)
    period, accumulation = (QUARTER_HOUR, accumulation) if unit else (0, BULK)
    return f"0.0.{period}.{accumulation}.{flow}.1.{kind}.0.0.0.0.0.0.0.0.{power}.{code}.0"


@lru_cache(maxsize=400)
def _heads(day: np.datetime64) -> list[str]:
    """A time stamp ends its interval."""
    ends = [_at(day, (k + 1) * MINUTES) for k in range(SLOTS)]
    return [f"<IntervalReadings><timeStamp>{end}</timeStamp><value>" for end in ends]


def _at(day: np.datetime64, minutes: int) -> str:
    return f"{day.astype('datetime64[m]') + np.timedelta64(minutes, 'm')}:00+08:00"
