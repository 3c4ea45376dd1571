"""MSCONS (docs/formats.md): a message a register and day, some thousand messages an interchange, several in one zip.

Energies, registers, versions (the time of a message) and repeated days have their place; voltages and currents have
none. There is no code for varh: a value so labelled by mistake says kvarh with a thousandth of its number.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from gridmart.simulator.delivery import Delivery, Record, packed
from gridmart.simulator.delivery.rows import Block, blocks, only, record_blocks, texts, updated
from gridmart.simulator.plan import MINUTES, SLOTS

NAME, PREFIX, SUFFIX = "mscons", "mscons", packed.SUFFIX
MESSAGES = 4096  # of an interchange: 35 MB
OBIS = {"import_kwh": 1, "export_kwh": 2, "import_kvarh": 3, "export_kvarh": 4}
CODES = {"kWh": "KWH", "Wh": "WHR", "kvarh": "K3", "varh": "K3"}
SENDER, RECEIVER = "9900000000001", "9900000000002"
EAST = np.timedelta64(8, "h")


def write(path: Path, delivery: Delivery) -> None:
    """Write the zip of a delivery."""
    packed.write(path, _documents(blocks(delivery, MESSAGES)))


def write_records(path: Path, records: list[Record]) -> None:
    """Write a zip of single records."""
    packed.write(path, _documents(record_blocks(records, MESSAGES)))


def _documents(parts: Iterable[Block]) -> Iterator[packed.Document]:
    for number, part in enumerate(parts, 1):
        kept = only(part, OBIS)
        if kept.fixed.num_rows:
            yield f"mscons_{number:03d}.edi", (text.encode("ascii") for text in _interchange(kept, number))


def _interchange(part: Block, number: int) -> Iterator[str]:
    made = updated(part)
    stamp = _stamp(made.max())
    yield f"UNA:+.? '\nUNB+UNOC:3+{SENDER}:500+{RECEIVER}:500+{stamp[2:8]}:{stamp[8:]}+{number}'\n"
    values = texts(part.values)
    for k, unit in enumerate(part.fixed["unit"].to_pylist()):
        if unit == "varh":
            values[k] = [None if text is None else f"{float(text) / 1000:.6f}" for text in values[k]]
    columns = (
        *(part.fixed[name].to_pylist() for name in ("point", "channel", "unit", "register_start", "register_end")),
        part.fixed["date"].to_numpy(), made, values,
    )  # fmt: skip
    for n, row in enumerate(zip(*columns, strict=True), 1):
        segments = _message(n, *row)
        yield "'\n".join([*segments, f"UNT+{sum(s.count(END) for s in segments) + len(segments) + 1}+{n}'\n"])
    yield f"UNZ+{part.fixed.num_rows}+{number}'\n"


END = "'\n"


def _message(
    n: int, point: str, channel: str, unit: str, first: float | None, last: float | None, day: np.datetime64,
    made: np.datetime64, values: list[str | None],
) -> list[str]:  # fmt: skip
    """Segments of a message but for its UNT; some elements hold several segments."""
    code, register = CODES[unit], OBIS[channel]
    found = [
        f"UNH+{n}+MSCONS:D:04B:UN:2.4c", f"BGM+7+{point}-{n}+9", f"DTM+137:{_stamp(made)}?+00:303",
        f"NAD+MS+{SENDER}::293", f"NAD+MR+{RECEIVER}::293", "UNS+D", "NAD+DP", f"LOC+172+{point}",
        "LIN+1", f"PIA+5+1-1?:{register}.29.0:SRW",
    ]  # fmt: skip
    found += [f"QTY+220:{text}:{code}{times}" for text, times in zip(values, _times(day), strict=True) if text]
    for line, (at, index) in enumerate(((day, first), (day + 1, last)), 2):
        if index is not None:
            found += [
                f"LIN+{line}", f"PIA+5+1-1?:{register}.8.0:SRW", f"QTY+220:{index}:{'K3' if register > 2 else 'KWH'}",
                f"DTM+7:{_utc(at, 0)}?+00:303",
            ]  # fmt: skip
    return found


@lru_cache(maxsize=400)
def _times(day: np.datetime64) -> list[str]:
    """Start and end of every interval, behind its quantity."""
    at = [_utc(day, k * MINUTES) for k in range(SLOTS + 1)]
    return [f"{END}DTM+163:{at[k]}?+00:303{END}DTM+164:{at[k + 1]}?+00:303" for k in range(SLOTS)]


def _stamp(day: np.datetime64) -> str:
    """02:00 of a local date."""
    return _utc(day, 120)


@lru_cache(maxsize=4000)
def _utc(day: np.datetime64, minutes: int) -> str:
    moment = day.astype("datetime64[m]") + np.timedelta64(minutes, "m") - EAST
    return str(moment).translate({ord(mark): None for mark in "-T:"})
