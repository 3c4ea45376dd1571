"""The rules of a day: small functions from the table of point-days to one more flag, all on pass 1's rows."""

import ibis
import ibis.expr.types as ir

from gridmart.lake.engine import Engine
from gridmart.lake.vee.rules import (
    CONTEXT_DAYS,
    ENERGY_CHANNELS,
    HIGH_LOW_MIN_DAYS,
    IMPORT_CHANNELS,
    SPIKE_CHANNELS,
    Rule,
)
from gridmart.lake.vee.summary import DIGITS, KEYS


def advances(reads: ir.Table, days: ir.Table) -> ir.Table:
    """Register advance by point, channel and date, in index units: KEYS, index_start, index_end, advance_index.

    reads: ami.register_read of the dates, the day before and the day after. An index at local 00:00 is
    delivered as the end of one day or the start of the next: either serves. Where the index fell, the advance
    is that of a rollover when the index went from the last tenth of its range to the first; otherwise null.
    """
    order = [ibis.desc(name) for name in ("version", "arrived_at", "file_id", "row_number")]
    ranked = reads.mutate(rank=ibis.row_number().over(ibis.window(group_by=KEYS, order_by=order)))
    latest = ranked.filter(ranked["rank"] == 0).select(*KEYS, "index_start", "index_end")
    dates = days.select("business_date", "previous_date", "next_date")
    keys = latest.select("point_no", "channel", "business_date").join(dates, "business_date")
    # days that only their neighbours know: the index before and after is enough
    around = (
        keys.select("point_no", "channel", business_date=keys.previous_date)
        .union(keys.select("point_no", "channel", business_date=keys.next_date))
        .union(keys.select("point_no", "channel", "business_date"))
        .distinct()
        .join(dates, "business_date")
    )
    before = latest.select("point_no", "channel", previous_date=latest.business_date, before_end=latest.index_end)
    after = latest.select("point_no", "channel", next_date=latest.business_date, after_start=latest.index_start)
    joined = (
        around.left_join(latest, KEYS)
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


def with_register(point_days: ir.Table, indexes: ir.Table) -> ir.Table:
    """Add `advance` (kWh, null where the registers cannot be compared, as on the day of a meter swap).

    needs_next: the end index can only come from the next day's delivery.
    """
    joined = point_days.left_join(indexes, KEYS).drop([f"{key}_right" for key in KEYS])
    span = ibis.ifelse(joined.digits > 0, (10.0 ** joined.digits.cast("float64")), ibis.null("float64"))
    step = joined.index_end - joined.index_start
    is_rollover = (step < 0) & (joined.index_start > span * 0.9) & (joined.index_end < span * 0.1)
    advance = ibis.cases((step >= 0, step), (is_rollover, step + span))
    comparable = ibis.ifelse(joined.is_swap, ibis.null("float64"), advance * joined.multiplier)
    tolerance = joined.register_unit * joined.multiplier
    return joined.mutate(
        advance=comparable.round(DIGITS),
        unit_kwh=tolerance,
        needs_next=(joined.is_due & joined.index_start.notnull() & joined.lacks_end).fill_null(False),
    ).drop("index_start", "index_end", "lacks_end")


def missing(t: ir.Table) -> ir.BooleanValue:
    """An interval of a point that is due is not there."""
    return t.is_due & (t.intervals < t.due)


def duplicate(t: ir.Table) -> ir.BooleanValue:
    """One version says two different values for one interval."""
    return t.duplicates_differing > 0


def negative(t: ir.Table) -> ir.BooleanValue:
    """Energy below zero on an import channel."""
    return t.channel.isin(IMPORT_CHANNELS) & (t.lowest < 0)


def spike(t: ir.Table) -> ir.BooleanValue:
    """(highest - third highest) / third highest above the ratio, and the power above the floor."""
    by_capacity = ibis.coalesce(t.capacity_kva, 0.0) * t.spike_capacity_share
    power = t.highest * 60.0 / t.interval_minutes
    return (
        t.channel.isin(SPIKE_CHANNELS)
        & (power > ibis.greatest(t.spike_floor_kw, by_capacity))
        & (t.highest > spike_limit(t))
    )


def spike_limit(t: ir.Table) -> ir.FloatingValue:
    """Interval energy above which a reading of a day with a spike is one, kWh."""
    return ibis.greatest(t.third_highest, 0.0) * (1.0 + t.spike_ratio)


def register_sum(t: ir.Table) -> ir.BooleanValue:
    """A complete day's sum is off the register advance by more than one unit and the share."""
    beyond = (t.total - t.advance).abs() > t.unit_kwh + t.register_share * t.advance.abs()
    return (t.intervals == t.due) & beyond


def clean_days(summaries: ir.Table, days: ir.Table) -> ir.Table:
    """Days fit to compare with: plain, complete, not negative, 24 hours long; with their kind of day."""
    kinds = days.select("business_date", "minutes", "is_workday")
    rows = summaries.join(kinds, "business_date")
    rows = rows.filter(
        rows.intervals == rows.due,
        rows.readings == rows.intervals,
        rows.lowest >= 0,
        rows.minutes == 1440,
        rows.channel.isin(ENERGY_CHANNELS),
    )
    return rows.select(
        "point_no", "channel", "is_workday",
        like_date=rows.business_date,
        like_minutes=rows.interval_minutes,
        like_total=rows.total,
        like_highest=rows.highest,
        like_third=rows.third_highest,
    )  # fmt: skip


def like_days(t: ir.Table, clean: ir.Table, same_kind: bool = True) -> ir.Table:
    """Pairs of a point-day and each clean day of the four weeks before it (of its kind): no spike in it."""
    keys = ["point_no", "channel", *(["is_workday"] if same_kind else [])]
    pairs = t.join(clean if same_kind else clean.drop("is_workday"), keys)
    age = pairs.business_date.epoch_days() - pairs.like_date.epoch_days()
    jump = (pairs.like_highest > ibis.greatest(pairs.like_third, 0.0) * (1.0 + pairs.spike_ratio)) & (
        pairs.like_highest * 60.0 / pairs.like_minutes > pairs.spike_floor_kw
    )
    return pairs.filter(age.between(1, CONTEXT_DAYS), ~jump)


def _perhaps_off(tried: ir.Table, clean: ir.Table) -> ir.Table:
    """Those of `tried` that can be off: most days are too near to all clean days of their point to be.

    The median lies between the lowest and the highest total of the clean days, so a day is never further from
    it than from the farther of the two, and the width is at least what the lowest total gives.
    """
    kind = ["point_no", "channel", "is_workday"]
    bounds = clean.group_by(kind).agg(low=clean.like_total.min(), high=clean.like_total.max())
    rows = tried.join(bounds, kind)
    farthest = ibis.greatest((rows.total - rows.low).abs(), (rows.total - rows.high).abs())
    width = ibis.greatest(rows.low * rows.high_low_floor_share, rows.high_low_floor_kwh)
    return rows.filter(farthest + 10.0**-DIGITS >= rows.high_low_k * width).drop("low", "high")


def high_low(engine: Engine, t: ir.Table, clean: ir.Table) -> ir.Table:
    """Keys of complete days outside median ± k·MAD of their like days; import energy only."""
    tried = t.filter(t.is_due, t.intervals == t.due, t.channel == "import_kwh").select(
        *KEYS, "total", "is_workday", "spike_ratio", "spike_floor_kw", "high_low_k", "high_low_floor_share",
        "high_low_floor_kwh",
    )  # fmt: skip
    pairs = engine.keep(like_days(engine.keep(_perhaps_off(tried, clean)), clean).select(*KEYS, "like_total"))
    middle = pairs.group_by(KEYS).agg(median=pairs.like_total.median().cast("float64"), like_days=pairs.count())
    middle = engine.keep(middle.filter(middle.like_days >= HIGH_LOW_MIN_DAYS))
    spread = pairs.join(middle, KEYS)
    spread = spread.group_by(KEYS).agg(
        mad=(spread.like_total - spread["median"]).abs().median().cast("float64"), median=spread["median"].min()
    )
    judged = tried.join(spread, KEYS)
    width = ibis.greatest(
        judged.mad.round(DIGITS), judged["median"].abs() * judged.high_low_floor_share, judged.high_low_floor_kwh
    )
    off = (judged.total - judged["median"]).abs().round(DIGITS)
    return judged.filter(off > judged.high_low_k * width).select(KEYS)


def judge(engine: Engine, t: ir.Table, clean: ir.Table) -> ir.Table:
    """Add `day_bits`: every rule that found something in the point-day."""
    high = high_low(engine, t, clean).mutate(is_high_low=True)
    t = t.left_join(high, KEYS).drop([f"{key}_right" for key in KEYS])
    found = {
        Rule.MISSING: missing(t),
        Rule.DUPLICATE: duplicate(t),
        Rule.NEGATIVE: negative(t),
        Rule.SPIKE: spike(t),
        Rule.HIGH_LOW: t.is_high_low,
        Rule.REGISTER_SUM: register_sum(t),
    }
    bits: ir.IntegerValue = ibis.literal(0, "int32")
    for rule, flag in found.items():
        bits = bits + ibis.ifelse(flag.fill_null(False), int(rule), 0)
    return t.mutate(day_bits=bits.cast("int32")).drop("is_high_low")
