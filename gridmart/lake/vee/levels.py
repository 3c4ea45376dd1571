"""The level of a day: against the same kind of day of the last weeks, and against its registers."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from gridmart.lake.engine import Engine
from gridmart.lake.vee.rules import (
    CONTEXT_DAYS,
    ENERGY_CHANNELS,
    HIGH_LOW_MIN_DAYS,
    STEP_SMALLEST,
    STEP_TOLERANCE,
    UNIT_FACTOR,
)
from gridmart.lake.vee.summary import DIGITS, KEYS


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


@dataclass
class Usual:
    """`off`: keys of the days outside median ± k·MAD. `medians`: `median` (kWh) of the days that may be off by that or
    by a step, where like days are enough to say."""

    medians: ir.Table
    off: ir.Table


def _perhaps_off(tried: ir.Table, clean: ir.Table) -> ir.Table:
    """Those of `tried` that can be off: most days are too near to all clean days of their point to be.

    The median lies between the lowest and the highest total of the clean days, so a day is never further from
    it than from the farther of the two, and the width is at least what the lowest total gives. A day without
    registers that can be a step away from the median stays too: a small customer's step is within the width.
    """
    kind = ["point_no", "channel", "is_workday"]
    bounds = clean.group_by(kind).agg(low=clean.like_total.min(), high=clean.like_total.max())
    rows = tried.join(bounds, kind)
    farthest = ibis.greatest((rows.total - rows.low).abs(), (rows.total - rows.high).abs())
    width = ibis.greatest(rows.low * rows.high_low_floor_share, rows.high_low_floor_kwh)
    is_far = farthest + 10.0**-DIGITS >= rows.high_low_k * width
    least = (1.0 - STEP_TOLERANCE) * _smallest_step(rows)
    is_step = (rows.total > 0) & ((rows.total >= rows.low * least) | (rows.total * least <= rows.high))
    return rows.filter(is_far | (rows.advance.isnull() & is_step)).drop(
        "low", "high", "advance", "ct_ratio", "pt_ratio"
    )


def _smallest_step(t: ir.Table) -> ir.FloatingValue:
    """The smallest factor by which a level may be off: a ratio of the meter, or a thousand."""
    ratios = [ibis.ifelse(ratio >= STEP_SMALLEST, ratio, UNIT_FACTOR) for ratio in (t.ct_ratio, t.pt_ratio)]
    return ibis.least(*[ratio.fill_null(UNIT_FACTOR) for ratio in ratios], UNIT_FACTOR)


def high_low(engine: Engine, t: ir.Table, clean: ir.Table) -> Usual:
    """Complete days outside median ± k·MAD of their like days; import energy only."""
    tried = t.filter(t.is_due, t.intervals == t.due, t.channel == "import_kwh").select(
        *KEYS, "total", "is_workday", "spike_ratio", "spike_floor_kw", "high_low_k", "high_low_floor_share",
        "high_low_floor_kwh", "advance", "ct_ratio", "pt_ratio",
    )  # fmt: skip
    pairs = engine.keep(like_days(engine.keep(_perhaps_off(tried, clean)), clean).select(*KEYS, "like_total"))
    middle = pairs.group_by(KEYS).agg(median=pairs.like_total.median().cast("float64"), like_days=pairs.count())
    middle = engine.keep(middle.filter(middle.like_days >= HIGH_LOW_MIN_DAYS))
    spread = pairs.join(middle, KEYS)
    spread = spread.group_by(KEYS).agg(
        mad=(spread.like_total - spread["median"]).abs().median().cast("float64"), median=spread["median"].min()
    )
    spread = engine.keep(spread)
    judged = tried.join(spread, KEYS)
    width = ibis.greatest(
        judged.mad.round(DIGITS), judged["median"].abs() * judged.high_low_floor_share, judged.high_low_floor_kwh
    )
    off = (judged.total - judged["median"]).abs().round(DIGITS)
    return Usual(spread, judged.filter(off > judged.high_low_k * width).select(KEYS))


def _is_step(ratio: ir.FloatingValue, factor: ir.FloatingValue | float) -> ir.BooleanValue:
    """Whether a ratio is a factor or its inverse, within the tolerance."""
    up, down = ratio / factor, ratio * factor
    low, high = 1.0 - STEP_TOLERANCE, 1.0 + STEP_TOLERANCE
    return up.between(low, high) | down.between(low, high)


def with_level_ratio(t: ir.Table, usual: Usual) -> ir.Table:
    """Add `level_ratio`: the day's sum over the register advance, or over the median of like days without registers."""
    t = t.left_join(usual.medians.select(*KEYS, "median"), KEYS).drop([f"{key}_right" for key in KEYS])
    is_whole = (t.intervals == t.due) & (t.total > 0)
    against = ibis.coalesce(t.advance, t["median"]).nullif(0.0)
    ratio = ibis.ifelse(is_whole.fill_null(False), t.total / against, ibis.null("float64"))
    return t.mutate(level_ratio=ratio).drop("median")


def multiplier_mismatch(t: ir.Table) -> ir.BooleanValue:
    """The level is off by the CT ratio, the PT ratio or both: the multiplier was left out, or applied twice."""
    found = ibis.literal(False)
    for factor in (t.ct_ratio, t.pt_ratio, t.ct_ratio * t.pt_ratio):
        found = found | ((factor >= STEP_SMALLEST) & _is_step(t.level_ratio, factor)).fill_null(False)
    return found


def unit_mismatch(t: ir.Table) -> ir.BooleanValue:
    """The level is off by a thousand, and no ratio of the meter explains it."""
    return _is_step(t.level_ratio, UNIT_FACTOR) & ~multiplier_mismatch(t)
