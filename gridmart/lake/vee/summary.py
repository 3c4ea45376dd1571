"""Pass 1: one group-by per point, channel and date; only doubtful point-days are looked at row by row.

A point-day is plain when it holds every slot of its day exactly once. That is proved by its count and a sum
of powers of two: n powers of two add up to 2^n - 1 only if they are 1, 2, 4, …, 2^(n-1), each once. It costs
a fraction of a count of distinct values.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from gridmart.lake.engine import Engine

KEYS = ["point_no", "channel", "business_date"]
SLOTS_PER_MASK = 50  # sums of powers below 2^53 are exact in floating point; a larger sum cannot look like 2^n - 1
DIGITS = 6  # sums are rounded to 1e-6 kWh: engines add in different orders

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
    doubtful: keys of the point-days that needed resolving.
    resolved: their rows, one per interval: the latest value by (version, arrived_at, file_id, row_number).
    off_grid: their rows whose start is not on the grid of the day, with file_id and row_number.
    """

    days: ir.Table
    doubtful: ir.Table
    resolved: ir.Table
    off_grid: ir.Table


def with_slot(rows: ir.Table, days: ir.Table) -> ir.Table:
    """Add `due` (intervals of the local day), `slot` (0…due-1) and `offset_s` (seconds off the grid)."""
    dates = days.select("business_date", "day_start_s", "minutes")
    rows = rows.join(dates, "business_date")
    since = rows.interval_start.epoch_seconds() - rows.day_start_s
    step = rows.interval_minutes.cast("int64") * 60
    return rows.mutate(
        due=(rows.minutes // rows.interval_minutes).cast("int32"),
        slot=(since // step).cast("int64"),
        offset_s=(since % step).cast("int64"),
    )


def _slot_sums(rows: ir.Table, masks: int) -> dict[str, ir.Value]:
    two, zero = ibis.literal(2.0, "float64"), ibis.literal(0.0, "float64")
    found = {}
    for n in range(masks):
        first, last = n * SLOTS_PER_MASK, (n + 1) * SLOTS_PER_MASK - 1
        place = (rows.slot - first).clip(0, SLOTS_PER_MASK - 1)
        found[f"mask{n}"] = ibis.ifelse(rows.slot.between(first, last), two**place, zero).sum()
    return found


def summarise(engine: Engine, raw: ir.Table, days: ir.Table, shortest_interval: int) -> Summary:
    """Summaries of the raw readings of some dates.

    raw: ami.reading_raw; days: `days.day_table`; shortest_interval: minutes of the finest feed (sizes the masks).
    """
    rows = with_slot(raw.filter(raw.value.notnull()), days)
    masks = -(-25 * 60 // shortest_interval // SLOTS_PER_MASK)
    grouped = rows.group_by(KEYS).agg(
        interval_minutes=rows.interval_minutes.min(),
        longest=rows.interval_minutes.max(),
        due=rows.due.max(),
        readings=rows.count(),
        total=rows.value.sum(),
        lowest=rows.value.min(),
        highest=rows.value.max(),
        third_highest=engine.third_highest(rows.value),
        offset_s=rows.offset_s.max(),
        **_slot_sums(rows, masks),
    )
    full = (grouped.readings == grouped.due) & (grouped.interval_minutes == grouped.longest) & (grouped.offset_s == 0)
    two = ibis.literal(2.0, "float64")
    for n in range(masks):
        bits = (grouped.due.cast("int64") - n * SLOTS_PER_MASK).clip(0, SLOTS_PER_MASK)
        full &= grouped[f"mask{n}"] == two**bits - 1.0
    first = engine.keep(grouped.mutate(is_plain=full))
    doubtful = engine.keep(first.filter(~first.is_plain).select(KEYS))

    latest = engine.keep(_latest(rows.semi_join(doubtful, KEYS)))
    resolved = latest.filter(latest.offset_s == 0, latest.slot >= 0, latest.slot < latest.due)
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
    off_grid = latest.filter(~((latest.offset_s == 0) & (latest.slot >= 0) & (latest.slot < latest.due)))
    return Summary(engine.keep(both), doubtful, resolved, off_grid)


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
