"""Registers: how far the index advanced in a day, and what it says of the day's intervals."""

import ibis
import ibis.expr.types as ir

from gridmart.lake.vee.rules import ENERGY_CHANNELS
from gridmart.lake.vee.summary import DIGITS, KEYS


def latest(reads: ir.Table) -> ir.Table:
    """The latest of each index that was delivered: KEYS, index_start, index_end.

    Start and end may come from different files. Registers by period are left out: they have no intervals of their own
    to be compared with.
    """
    reads = reads.filter(reads.channel.isin(ENERGY_CHANNELS))
    start, end = _latest(reads, "index_start"), _latest(reads, "index_end")
    both = start.outer_join(end, KEYS)
    return both.select(
        **{key: ibis.coalesce(both[key], both[f"{key}_right"]) for key in KEYS},
        index_start=both.index_start,
        index_end=both.index_end,
    )


def _latest(reads: ir.Table, index: str) -> ir.Table:
    reads = reads.filter(reads[index].notnull())
    order = [ibis.desc(name) for name in ("version", "arrived_at", "file_id", "row_number")]
    ranked = reads.mutate(rank=ibis.row_number().over(ibis.window(group_by=KEYS, order_by=order)))
    return ranked.filter(ranked["rank"] == 0).select(*KEYS, index)


def advances(reads: ir.Table, days: ir.Table) -> ir.Table:
    """Register advance by point, channel and date, in index units: KEYS, index_start, index_end, advance_index.

    reads: ami.register_read of the dates, the day before and the day after. An index at local 00:00 is
    delivered as the end of one day or the start of the next: either serves. Where the index fell, the advance
    is that of a rollover when the index went from the last tenth of its range to the first; otherwise null.
    """
    told = latest(reads)
    dates = days.select("business_date", "previous_date", "next_date")
    keys = told.select("point_no", "channel", "business_date").join(dates, "business_date")
    # days that only their neighbours know: the index before and after is enough
    around = (
        keys.select("point_no", "channel", business_date=keys.previous_date)
        .union(keys.select("point_no", "channel", business_date=keys.next_date))
        .union(keys.select("point_no", "channel", "business_date"))
        .distinct()
        .join(dates, "business_date")
    )
    before = told.select("point_no", "channel", previous_date=told.business_date, before_end=told.index_end)
    after = told.select("point_no", "channel", next_date=told.business_date, after_start=told.index_start)
    joined = (
        around.left_join(told, KEYS)
        .drop("point_no_right", "channel_right", "business_date_right")
        .left_join(before, ["point_no", "channel", "previous_date"])
        .drop("point_no_right", "channel_right", "previous_date_right")
        .left_join(after, ["point_no", "channel", "next_date"])
        .drop("point_no_right", "channel_right", "next_date_right")
    )
    return joined.select(
        *KEYS,
        index_start=ibis.coalesce(joined.index_start, joined.before_end),
        index_end=ibis.coalesce(joined.index_end, joined.after_start),
        lacks_end=joined.index_end.isnull(),
    )


def step(
    start: ir.FloatingValue, end: ir.FloatingValue, digits: ir.IntegerValue
) -> tuple[ir.FloatingValue, ir.BooleanValue]:
    """Index units from one index to a later one, null where it fell, and whether it went through its last digit."""
    span = ibis.ifelse(digits > 0, (10.0 ** digits.cast("float64")), ibis.null("float64"))
    is_rollover = (end < start) & (start > span * 0.9) & (end < span * 0.1)
    return ibis.cases((end >= start, end - start), (is_rollover, end - start + span)), is_rollover


def across_swap(
    t: ir.Table,
    start: ir.FloatingValue,
    end: ir.FloatingValue,
    is_new: ir.BooleanValue,
    multiplier: ir.FloatingValue,
) -> ir.FloatingValue:
    """kWh from an index of the removed meter to one of the new meter (`multiplier`), null where they are not known.

    t: removal_index, removed_multiplier, install_index; is_new: `start` is already the new meter's.
    """
    by_old = ibis.ifelse(is_new, 0.0, (t.removal_index - start) * t.removed_multiplier)
    by_new = (end - t.install_index) * multiplier
    # the CIS keeps the indexes of active import alone
    is_known = (t.channel == "import_kwh") & (by_old >= 0) & (by_new >= 0)
    return ibis.ifelse(is_known.fill_null(False), by_old + by_new, ibis.null("float64"))


def with_register(point_days: ir.Table, indexes: ir.Table) -> ir.Table:
    """Add `advance` (kWh, null where the registers cannot be compared).

    On the day of a meter swap it is what the removed meter counted up to its last index, and the new one since its
    first; the day's first index may already be the new meter's.

    has_fallen: the index is lower at the end of the day than at its start; is_rollover: since it went through its
    last digit. needs_next: the end index can only come from the next day's delivery.
    """
    joined = point_days.left_join(indexes, KEYS).drop([f"{key}_right" for key in KEYS])
    advance, is_rollover = step(joined.index_start, joined.index_end, joined.digits)
    is_new = joined.index_start == joined.install_index
    across = across_swap(joined, joined.index_start, joined.index_end, is_new, joined.multiplier)
    comparable = ibis.ifelse(joined.is_swap, across, advance * joined.multiplier)
    tolerance = joined.register_unit * joined.multiplier
    return joined.mutate(
        advance=comparable.round(DIGITS),
        unit_kwh=tolerance,
        has_fallen=(joined.index_end < joined.index_start).fill_null(False),
        is_rollover=is_rollover.fill_null(False),
        needs_next=(joined.is_due & joined.index_start.notnull() & joined.lacks_end).fill_null(False),
    ).drop("index_start", "index_end", "lacks_end", "install_index", "removal_index", "removed_multiplier")


def register_sum(t: ir.Table) -> ir.BooleanValue:
    """The day's sum is off the register advance by more than one unit and the share; with gaps, only above it."""
    tolerance = t.unit_kwh + t.register_share * t.advance.abs()
    return (t.total - t.advance > tolerance) | ((t.intervals == t.due) & (t.advance - t.total > tolerance))


def register_decrease(t: ir.Table) -> ir.BooleanValue:
    """The index fell, and neither a rollover nor a meter swap explains it."""
    return t.has_fallen & ~t.is_rollover & ~t.is_swap


def rollover(t: ir.Table) -> ir.BooleanValue:
    """The index went through its last digit: the advance counts across it."""
    return t.is_rollover & ~t.is_swap


def meter_swap(t: ir.Table) -> ir.BooleanValue:
    """A meter was installed or removed: the indexes of the day belong to two meters."""
    return t.is_swap & t.channel.isin(["import_kwh"])
