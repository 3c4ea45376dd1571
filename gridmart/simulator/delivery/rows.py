"""Records of a delivery in the order of the file, some thousand at a time, as the columns that formats share."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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


def record_blocks(records: list[Record], most: int = RECORDS) -> Iterator[Block]:
    """Single records in their order."""
    for begin in range(0, len(records), most):
        yield of_records(records[begin : begin + most])


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


def only(part: Block, channels: Collection[str]) -> Block:
    """The records of some channels: what a format has no place for is left out."""
    kept = pc.is_in(part.fixed["channel"], pa.array(list(channels), pa.string())).to_numpy().astype(bool)
    return part if kept.all() else Block(part.fixed.filter(pa.array(kept)), part.values[kept])


def updated(part: Block) -> np.ndarray:
    """Local date on which each record was made, at 02:00: the night after its date, a day later by version above 1.

    It serves as version where a format has none, and follows from date and version alone: a record is the same in
    whichever file it comes.
    """
    return part.fixed["date"].to_numpy() + part.fixed["version"].to_numpy().astype("timedelta64[D]")


INDEX_KEYS = ("point", "channel", "date", "version", "index")


def indexes(part: Block) -> pa.Table:
    """Registers at local 00:00 of `date`: INDEX_KEYS in order of their records, none of them twice."""
    place = np.repeat(np.arange(part.fixed.num_rows), 2)
    ends = (part.fixed[name].to_numpy(zero_copy_only=False) for name in ("register_start", "register_end"))
    index = np.stack(list(ends), axis=1).reshape(-1)
    dates = part.fixed["date"].to_numpy()[place] + np.tile([0, 1], len(part.values))
    there = np.isfinite(index)
    taken = pa.array(place[there])
    found = pa.table(
        {
            "point": part.fixed["point"].take(taken),
            "channel": part.fixed["channel"].take(taken),
            "date": pa.array(dates[there]),
            "version": part.fixed["version"].take(taken),
            "index": pa.array(index[there]),
            "order": pa.array(np.arange(len(taken))),
        }
    )
    firsts = found.group_by(list(INDEX_KEYS)).aggregate([("order", "min")]).sort_by("order_min")
    return firsts.select(list(INDEX_KEYS))


def each_date(days: np.ndarray, of: Callable[[np.datetime64], str]) -> pa.Array:
    """`of` applied to each different date, spread over the records."""
    found, place = np.unique(days, return_inverse=True)
    return pa.array([of(day) for day in found], pa.string()).take(pa.array(place))


def texts(values: np.ndarray) -> list[list[str | None]]:
    """The shortest decimals of every record's values, None where nothing is sent."""
    return _texts(pa.array(values.reshape(-1), from_pandas=True))


def whole_texts(values: np.ndarray, parts: np.ndarray) -> list[list[str | None]]:
    """Every record's values × its `parts`, as whole numbers."""
    scaled = np.rint(values * parts[:, None]).reshape(-1)
    return _texts(pa.array(np.nan_to_num(scaled).astype(np.int64), mask=np.isnan(scaled)))


def _texts(values: pa.Array) -> list[list[str | None]]:
    flat = values.cast(pa.string()).to_pylist()
    return [flat[k : k + SLOTS] for k in range(0, len(flat), SLOTS)]


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
