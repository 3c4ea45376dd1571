"""Records of a delivery in the order of the file, some thousand at a time, as the columns that formats share."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from gridmart.simulator.delivery import UNITS, Delivery, Record
from gridmart.simulator.plan import MINUTES, SLOTS

RECORDS = 8192  # of one block: its matrix takes 6 MB

FIXED = pa.schema(
    {
        "point": pa.string(),
        "channel": pa.string(),
        "unit": pa.string(),
        "date": pa.date32(),
        "interval_minutes": pa.int32(),
        "version": pa.int64(),
        "register_start": pa.float64(),
        "register_end": pa.float64(),
    }
)


@dataclass(frozen=True)
class Block:
    """`fixed`: columns of FIXED; `values` [records, 96], NaN where nothing is sent."""

    fixed: pa.Table
    values: np.ndarray


def sent(delivery: Delivery) -> tuple[np.ndarray, np.ndarray]:
    """Row and position of the day of every record, in the order of the file; one that is sent twice stands twice."""
    filled = ~np.isnan(delivery.values.reshape(-1, SLOTS)).all(axis=1)
    index = np.repeat(np.arange(filled.size), np.where(filled, delivery.copies.reshape(-1), 0))
    return index // delivery.days, index % delivery.days


def has_records(delivery: Delivery) -> bool:
    """Whether anything is left to send."""
    return bool(delivery.extra) or bool(sent(delivery)[0].size)


def blocks(delivery: Delivery, most: int = RECORDS) -> Iterator[Block]:
    """Everything that the file of a delivery holds: rows by point, channel and date, then the extra records."""
    rows, days = sent(delivery)
    points = pa.array(delivery.points.tolist(), pa.string())
    channels = pa.array(delivery.channels.tolist(), pa.string())
    names = list(UNITS.values())
    usual = np.array([names.index(UNITS[channel]) for channel in delivery.channels.tolist()], np.int32)
    names += sorted(set(delivery.units.values()) - set(names))
    start = np.datetime64(delivery.start, "D")
    daily = delivery.values.reshape(-1, SLOTS)
    ends = delivery.registers.reshape(-1, 2)
    for begin in range(0, rows.size, most):
        row, day = rows[begin : begin + most], days[begin : begin + most]
        unit = usual[row]
        for (wrong, at), name in delivery.units.items():
            unit[(row == wrong) & (day == at)] = names.index(name)
        index = row * delivery.days + day
        yield _block(
            points.take(pa.array(row)),
            channels.take(pa.array(row)),
            pa.array(names, pa.string()).take(pa.array(unit)),
            start + day,
            np.ones(row.size, np.int64),
            ends[index],
            daily[index],
        )
    if delivery.extra:
        yield of_records(delivery.extra)


def of_records(records: list[Record]) -> Block:
    """Single records as one block, in their order."""
    return _block(
        pa.array([r.point_no for r in records], pa.string()),
        pa.array([r.channel for r in records], pa.string()),
        pa.array([r.unit or UNITS[r.channel] for r in records], pa.string()),
        np.array([r.day for r in records], "datetime64[D]"),
        np.array([r.version for r in records], np.int64),
        np.array([(r.register_start, r.register_end) for r in records]).reshape(-1, 2),
        np.array([r.values for r in records]).reshape(-1, SLOTS),
    )


def _block(
    points: pa.Array, channels: pa.Array, units: pa.Array, dates: np.ndarray, versions: np.ndarray, ends: np.ndarray,
    values: np.ndarray,
) -> Block:  # fmt: skip
    columns = [
        points,
        channels,
        units,
        pa.array(dates),
        pa.array(np.full(len(dates), MINUTES, np.int32)),
        pa.array(versions),
        pa.array(np.ascontiguousarray(ends[:, 0]), from_pandas=True),
        pa.array(np.ascontiguousarray(ends[:, 1]), from_pandas=True),
    ]
    return Block(pa.table(columns, schema=FIXED), values)
