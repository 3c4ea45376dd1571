"""Pass 1: one group-by per point, channel and date; only doubtful point-days are looked at row by row.

A point-day is plain when it holds no slot of its day twice, with gaps or without. That is proved by its count and a
mask with one bit a slot: n readings that set n bits set each once. It costs a fraction of a count of distinct values.
"""

from dataclasses import dataclass
from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from gridmart.lake.engine import Engine, bit_count
from gridmart.lake.vee.days import minutes_of, start_of

KEYS = ["point_no", "channel", "business_date"]
SLOT_BITS = 5
SLOTS_PER_MASK = 1 << SLOT_BITS  # far from the sign bit of the masks
DIGITS = 6  # sums are rounded to 1e-6 kWh: engines add in different orders
HOURS = 25  # hours that a local day may have
# the highest power and its earliest minute travel through the aggregations as one whole number:
# watts × 10,000 + (9,999 − minute since the start of the local day)
PLACE = 10_000
MOST_WATTS = 4e14  # what fits; far above any meter

SUMMARY_COLUMNS = [
    *KEYS,
    "interval_minutes",
    "due",
    "readings",
    "intervals",
    "total",
    "lowest",
    "highest",
    "third_highest",
    "duplicates",
    "duplicates_differing",
]


@dataclass
class Summary:
    """Result of pass 1.

    days: one row per point, channel and date (SUMMARY_COLUMNS).
    plain: the rows of the point-days that hold no slot twice, with energy by hour (h0…h24) and peak_rank.
    doubtful: keys of the point-days that needed resolving.
    resolved: their rows, one per interval: the latest value by (version, arrived_at, file_id, row_number).
    off_grid: their rows whose start is not on the grid of the day, with file_id and row_number.
    """

    days: ir.Table
    plain: ir.Table
    doubtful: ir.Table
    resolved: ir.Table
    off_grid: ir.Table


def with_slot(engine: Engine, rows: ir.Table, calendar: pa.Table) -> ir.Table:
    """Add `slot` (0…due-1 on the day), `offset_us` (microseconds off the grid; 0 on it), `minute` and `hour_no`.

    minute, hour_no: since local 00:00 of the date.
    """
    since = engine.micros(rows.interval_start) - start_of(rows.business_date, calendar) * 1_000_000
    rows = rows.mutate(since_us=since, step_us=rows.interval_minutes.cast("int64") * 60_000_000)
    rows = rows.mutate(slot=engine.whole(rows.since_us, rows.step_us))
    return rows.mutate(
        # a product is cheaper than a second division; it leaves 0 exactly where the start is on the grid
        offset_us=rows.since_us - rows.slot * rows.step_us,
        minute=rows.slot * rows.interval_minutes.cast("int64"),
        hour_no=engine.whole(rows.since_us, 3_600_000_000).cast("int32"),
    ).drop("since_us", "step_us")


def peak_rank(rows: ir.Table) -> ir.IntegerScalar:
    """Aggregate: the highest power and its earliest minute as one number (see PLACE)."""
    watts = ibis.least(rows.value * 60_000.0 / rows.interval_minutes, MOST_WATTS).round()
    return (watts * PLACE + (PLACE - 1 - rows.minute)).max()


def _slot_masks(engine: Engine, rows: ir.Table, masks: int) -> dict[str, ir.Value]:
    bit = ibis.literal(1, "int32").cast("int64") << (rows.slot & (SLOTS_PER_MASK - 1))
    place = rows.slot >> SLOT_BITS  # negative before the day: in no mask
    return {f"mask{n}": engine.any_bit(bit, place == n) for n in range(masks)}


def hour_sums(rows: ir.Table) -> dict[str, ir.FloatingScalar]:
    """Aggregates h0…h24: energy by hour of the day. One comparison a row and hour costs half of a group an hour."""
    return {f"h{n}": ibis.ifelse(rows.hour_no == n, rows.value, 0.0).sum() for n in range(HOURS)}


def summarise(
    engine: Engine, raw: ir.Table, calendar: pa.Table, shortest_interval: int, profiles: bool = False
) -> Summary:
    """Summaries of the raw readings of some dates.

    raw: ami.reading_raw; calendar: `days.day_table`; shortest_interval: minutes of the finest feed (sizes the masks);
    profiles: whether `Summary.plain` shall have what roll-ups need.
    """
    raw = raw.filter(raw.value.notnull())
    rows = with_slot(engine, raw, calendar)
    masks = -(-max(calendar["minutes"].to_pylist()) // shortest_interval // SLOTS_PER_MASK)
    grouped = rows.group_by(KEYS).agg(
        interval_minutes=rows.interval_minutes.min(),
        longest=rows.interval_minutes.max(),
        readings=rows.count(),
        total=rows.value.sum(),
        lowest=rows.value.min(),
        highest=rows.value.max(),
        third_highest=engine.third_highest(rows.value),
        offset_us=engine.any_bit(rows.offset_us),
        **_slot_masks(engine, rows, masks),
        **({**hour_sums(rows), "peak_rank": peak_rank(rows)} if profiles else {}),
    )
    minutes = minutes_of(grouped.business_date, calendar)
    grouped = grouped.mutate(due=engine.whole(minutes, grouped.interval_minutes))
    is_plain = (grouped.interval_minutes == grouped.longest) & (grouped.offset_us == 0)
    two = ibis.literal(2.0, "float64")
    slots = []
    for n in range(masks):
        mask = grouped[f"mask{n}"].fill_null(0)
        bits = (grouped.due - n * SLOTS_PER_MASK).clip(0, SLOTS_PER_MASK)
        is_plain &= mask < (two**bits).cast("int64")  # no slot after the day
        slots.append(bit_count(mask).cast("int32"))
    is_plain &= reduce(add, slots) == grouped.readings
    first = engine.keep(grouped.mutate(is_plain=is_plain))
    doubtful = engine.keep(first.filter(~first.is_plain).select(KEYS))

    again = with_slot(engine, engine.keep(raw.semi_join(doubtful, KEYS)), calendar)
    minutes = minutes_of(again.business_date, calendar)
    latest = engine.keep(_latest(again.mutate(due=engine.whole(minutes, again.interval_minutes))))
    resolved = latest.filter(latest.offset_us == 0, latest.slot >= 0, latest.slot < latest.due)
    again = resolved.group_by(KEYS).agg(
        interval_minutes=resolved.interval_minutes.max(),
        due=resolved.due.max(),
        readings=resolved.copies.sum(),
        intervals=resolved.count(),
        total=resolved.value.sum(),
        lowest=resolved.value.min(),
        highest=resolved.value.max(),
        third_highest=engine.third_highest(resolved.value),
        duplicates=resolved.duplicates.sum(),
        duplicates_differing=resolved.is_differing.cast("int64").sum(),
    )
    plain = first.filter(first.is_plain).mutate(
        intervals=first.readings, duplicates=ibis.literal(0, "int64"), duplicates_differing=ibis.literal(0, "int64")
    )
    both = _typed(plain).union(_typed(again))
    off_grid = latest.filter(~((latest.offset_us == 0) & (latest.slot >= 0) & (latest.slot < latest.due)))
    return Summary(engine.keep(both), first.filter(first.is_plain), doubtful, resolved, off_grid)


def _typed(rows: ir.Table) -> ir.Table:
    integers = ("interval_minutes", "due", "readings", "intervals", "duplicates", "duplicates_differing")
    return rows.select(
        *KEYS,
        **{name: rows[name].cast("int32") for name in integers},
        **{name: rows[name].round(DIGITS) for name in ("total", "lowest", "highest", "third_highest")},
    ).select(SUMMARY_COLUMNS)


def _latest(rows: ir.Table) -> ir.Table:
    """One row per interval, the latest, with what was delivered beside it.

    copies: rows of this interval in every version; duplicates: further rows of the version that won;
    is_differing: they do not all have one value. A point-day delivered in two interval lengths keeps the
    length of its latest row, so that no energy counts twice.
    """
    order = [ibis.desc(name) for name in ("version", "arrived_at", "file_id", "row_number")]
    day = ibis.window(group_by=KEYS, order_by=[*order, ibis.desc("interval_start")])
    rows = rows.mutate(length=rows.interval_minutes.first().over(day))
    rows = rows.filter(rows.interval_minutes == rows.length)
    interval = [*KEYS, "interval_start"]
    versions = ibis.window(group_by=[*interval, "version"])
    rows = rows.mutate(
        rank=ibis.row_number().over(ibis.window(group_by=interval, order_by=order)),
        copies=rows.count().over(ibis.window(group_by=interval)),
        duplicates=rows.count().over(versions) - 1,
        is_differing=rows.value.min().over(versions) != rows.value.max().over(versions),
    )
    return rows.filter(rows["rank"] == 0)
