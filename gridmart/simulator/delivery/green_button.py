"""Green Button (docs/formats.md): Atom feeds of ESPI resources, some thousand days each, in one zip.

All channels, registers (as indexes at the end of a day), versions (when an entry was updated) and repeated days have
their place. Values are whole numbers × a power of ten: a unit that is wrong shows in that power.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from gridmart.simulator.delivery import UNITS, Delivery, Record, packed
from gridmart.simulator.delivery.rows import Block, blocks, record_blocks, updated, whole_texts
from gridmart.simulator.plan import MINUTES, SLOTS

NAME, PREFIX, SUFFIX = "green_button", "green_button", packed.SUFFIX
FEED = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi">
<title>Green Button</title>
<entry><link rel="self" href="LocalTimeParameters/01"/><content><espi:LocalTimeParameters>
<espi:dstOffset>0</espi:dstOffset><espi:tzOffset>28800</espi:tzOffset></espi:LocalTimeParameters></content></entry>
"""
# by channel: unit of measure, direction (1 forward, 19 reverse), power of ten of what is written as a whole number
MEASURES = {
    "import_kwh": (72, 1, 0), "export_kwh": (72, 19, 0), "import_kvarh": (73, 1, 0), "export_kvarh": (73, 19, 0),
    "voltage_v": (29, 0, -2), "current_a": (5, 0, -3),
}  # fmt: skip
INDEX_POWER = 1  # a register of two decimals counts tens of Wh
THOUSANDTH = frozenset(("Wh", "varh"))  # units of values that are kWh and kvarh
DELTA, CUMULATIVE = 4, 3  # accumulation
DAY_S, STEP_S, EAST_S = 86_400, MINUTES * 60, 8 * 3600
BASE = "https://utility.example/espi/1_1/resource/RetailCustomer/1/UsagePoint"


def write(path: Path, delivery: Delivery) -> None:
    """Write the zip of a delivery."""
    packed.write(path, _documents(blocks(delivery)))


def write_records(path: Path, records: list[Record]) -> None:
    """Write a zip of single records."""
    packed.write(path, _documents(record_blocks(records)))


def _documents(parts: Iterable[Block]) -> Iterator[packed.Document]:
    for number, part in enumerate(parts, 1):
        yield f"feed_{number:03d}.xml", (text.encode() for text in _feed(part))


def _feed(part: Block) -> Iterator[str]:
    yield FEED
    known: set[str] = set()
    fixed = part.fixed
    powers = np.array([-MEASURES[channel][2] for channel in fixed["channel"].to_pylist()])
    scales = 10.0 ** np.where(powers == 0, 3, powers)  # kWh are written as Wh
    columns = (
        *(fixed[name].to_pylist() for name in ("point", "channel", "unit", "register_start", "register_end")),
        (fixed["date"].to_numpy().astype("datetime64[s]").astype(np.int64) - EAST_S).tolist(),
        [f"{day}T02:00:00+08:00" for day in updated(part)],
        whole_texts(part.values, scales),
    )
    for point, channel, unit, first, last, start_s, at, values in zip(*columns, strict=True):
        power = MEASURES[channel][2] - 3 * (unit in THOUSANDTH and unit != UNITS[channel])
        readings = [head + text + "</value></IntervalReading>\n"
                    for head, text in zip(_heads(start_s), values, strict=True) if text is not None]  # fmt: skip
        yield from _block(known, point, channel, power, DELTA, start_s, at, readings)
        indexes = [(start_s - DAY_S, first), (start_s, last)]  # of the day that ends with it
        readings = [f"{_head(begin, DAY_S)}{index * 1000 / 10**INDEX_POWER:.0f}</value></IntervalReading>\n"
                    for begin, index in indexes if index is not None]  # fmt: skip
        if readings:
            yield from _block(known, point, channel, INDEX_POWER, CUMULATIVE, start_s, at, readings)
    yield "</feed>\n"


@lru_cache(maxsize=400)
def _heads(start_s: int) -> list[str]:
    return [_head(start_s + k * STEP_S, STEP_S) for k in range(SLOTS)]


def _head(start_s: int, seconds: int) -> str:
    return f"<IntervalReading><timePeriod><duration>{seconds}</duration><start>{start_s}</start></timePeriod><value>"


def _block(
    known: set[str], point: str, channel: str, power: int, behaviour: int, start_s: int, at: str, readings: list[str]
) -> Iterator[str]:
    """An IntervalBlock, after the entries that it refers to, where they are not there yet."""
    name = f"{channel}.{behaviour}.{power}"
    usage_point = f"{BASE}/{point}"
    reading = f"{usage_point}/MeterReading/{name}"
    if name not in known:
        unit, flow, _ = MEASURES[channel]
        yield _entry(
            f"ReadingType/{name}", "",
            f"<ReadingType xmlns=\"http://naesb.org/espi\"><accumulationBehaviour>{behaviour}</accumulationBehaviour>"
            f"<commodity>1</commodity><flowDirection>{flow}</flowDirection><intervalLength>{STEP_S}</intervalLength>"
            f"<powerOfTenMultiplier>{power}</powerOfTenMultiplier><uom>{unit}</uom></ReadingType>",
        )  # fmt: skip
    if usage_point not in known:
        yield _entry(
            usage_point, '<link rel="related" href="LocalTimeParameters/01"/>',
            '<UsagePoint xmlns="http://naesb.org/espi"><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint>',
        )  # fmt: skip
    if reading not in known:
        yield _entry(
            reading, f'<link rel="related" href="ReadingType/{name}"/>', '<MeterReading xmlns="http://naesb.org/espi"/>'
        )
    known |= {name, usage_point, reading}
    yield (
        f'<entry><link rel="self" href="{reading}/IntervalBlock/{start_s}"/>'
        f'<link rel="up" href="{reading}/IntervalBlock"/>'
        '<content><IntervalBlock xmlns="http://naesb.org/espi">\n'
    )
    yield "".join(readings)
    yield f"</IntervalBlock></content><updated>{at}</updated></entry>\n"


def _entry(address: str, links: str, content: str) -> str:
    return f'<entry><link rel="self" href="{address}"/>{links}<content>{content}</content></entry>\n'
