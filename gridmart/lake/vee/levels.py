"""The level of a day: against the same kind of day of the last weeks, and against its registers."""

from dataclasses import dataclass
from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir

from gridmart.lake.engine import Engine
from gridmart.lake.vee.rules import (
    CONTEXT_DAYS,
    ENERGY_CHANNELS,
    HIGH_LOW_MIN_DAYS,
    HIGH_LOW_NEW_DAYS,
    LEAST_KWH,
    LIKE_AGE_C,
    LIKE_UNKNOWN_C,
    RATIO_MISTAKES,
    RATIO_UNITS,
    STEP_SMALLEST,
    STEP_TOLERANCE,
    UNIT_FACTOR,
    UNIT_SPREAD,
)
from gridmart.lake.vee.summary import DIGITS, KEYS


def clean_days(summaries: ir.Table, days: ir.Table) -> ir.Table:
    """Days fit to compare with: plain, complete, not negative, 24 hours long; with their kind of day and weather."""
    kinds = days.select("business_date", "minutes", "is_workday", "temperature_c")
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
        like_temperature_c=rows.temperature_c,
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


def nearest(pairs: ir.Table, most: int) -> ir.Table:
    """Of `like_days`, those nearest in weather, at most so many a point-day: a day of age counts as LIKE_AGE_C.

    pairs: with temperature_c of the point-day. Where that is not known, the latest.
    """
    apart = ibis.coalesce((pairs.temperature_c - pairs.like_temperature_c).abs(), LIKE_UNKNOWN_C)
    age = (pairs.business_date.epoch_days() - pairs.like_date.epoch_days()).cast("float64")
    distance = ibis.ifelse(pairs.temperature_c.isnull(), 0.0, apart) + LIKE_AGE_C * age
    order = [distance.round(DIGITS), ibis.desc(pairs.like_date)]
    pairs = pairs.mutate(place=ibis.row_number().over(ibis.window(group_by=KEYS, order_by=order)))
    return pairs.filter(pairs.place < most).drop("place")


@dataclass
class Usual:
    """`off`: keys of the days that `high_low` finds. `medians`: `median` (kWh) of the days that may be off by that or
    by a step, where like days are enough to say."""

    medians: ir.Table
    off: ir.Table


def _perhaps_off(tried: ir.Table, clean: ir.Table) -> ir.Table:
    """Those of `tried` that can be off: most days are too near to all clean days of their point to be.

    The median lies between the lowest and the highest total of the clean days, so a day is never further from
    it than from the farther of the two. A day without registers that can be a step away from the median stays too:
    a small customer's step is within the floor in kWh.
    """
    kind = ["point_no", "channel", "is_workday"]
    bounds = clean.group_by(kind).agg(low=clean.like_total.min(), high=clean.like_total.max())
    rows = tried.join(bounds, kind)
    total, low = ibis.greatest(rows.total, LEAST_KWH), ibis.greatest(rows.low, LEAST_KWH)
    farthest = ibis.greatest(total / low, rows.high / total)
    is_off = ibis.greatest((rows.total - rows.low).abs(), (rows.total - rows.high).abs()) > rows.high_low_least_kwh
    is_far = is_off & (farthest * (1.0 + 10.0**-DIGITS) >= (rows.high_low_k * rows.high_low_floor).exp())
    least = _smallest_step(rows)
    is_step = (rows.total > 0) & ((rows.total >= rows.low * least) | (rows.total * least <= rows.high))
    return rows.filter(is_far | (rows.advance.isnull() & is_step)).select(*KEYS, "is_workday", "spike_ratio",
                                                                          "spike_floor_kw")  # fmt: skip


def _smallest_step(t: ir.Table) -> ir.FloatingValue:
    """The smallest factor by which a level may seem off: a ratio of the meter, or a thousand."""
    least = UNIT_FACTOR / UNIT_SPREAD
    ratios = [ibis.ifelse(ratio >= STEP_SMALLEST, ratio, UNIT_FACTOR) for ratio in (t.ct_ratio, t.pt_ratio)]
    return ibis.least(*[ratio.fill_null(UNIT_FACTOR) * (1.0 - STEP_TOLERANCE) for ratio in ratios], least)


def high_low(engine: Engine, t: ir.Table, clean: ir.Table) -> Usual:
    """Complete days whose ln(total / median) is beyond k·MAD of that of their like days; import energy only.

    The logarithm, since what people use is skewed: twice as much is as usual as half. A high day that the register
    confirms was used; a low one may still be what the meter does not see. Who is cut off is known to be low. A day
    within the floor of what a like day of more than HIGH_LOW_NEW_DAYS ago was, or less far out, is one of the ways in
    which the point is used: the last days do not count, which a fault that goes on has changed too.
    """
    is_on = t.off_to_minute == t.off_from_minute
    tried = t.filter(t.is_due, is_on, t.intervals == t.due, t.channel == "import_kwh").select(
        *KEYS, "total", "is_workday", "spike_ratio", "spike_floor_kw", "high_low_k", "high_low_floor",
        "high_low_least_kwh", "advance", "unit_kwh", "register_share", "ct_ratio", "pt_ratio",
    )  # fmt: skip
    pairs = like_days(engine.keep(_perhaps_off(tried, clean)), clean)
    pairs = engine.keep(pairs.select(*KEYS, "like_date", "like_total"))
    is_before = pairs.business_date.epoch_days() - pairs.like_date.epoch_days() > HIGH_LOW_NEW_DAYS
    middle = pairs.group_by(KEYS).agg(
        median=pairs.like_total.median().cast("float64"),
        like_days=pairs.count(),
        low=pairs.like_total.min(where=is_before),
        high=pairs.like_total.max(where=is_before),
    )
    middle = engine.keep(middle.filter(middle.like_days >= HIGH_LOW_MIN_DAYS))
    spread = pairs.join(middle, KEYS)
    spread = spread.group_by(KEYS).agg(
        mad=_distance(spread.like_total, spread["median"]).abs().median().cast("float64"),
        median=spread["median"].min(),
        low=spread.low.min(),
        high=spread.high.max(),
    )
    spread = engine.keep(spread)
    judged = tried.join(spread.filter(spread["median"] > 0), KEYS)
    distance = _distance(judged.total, judged["median"])
    width = judged.high_low_k * ibis.greatest(judged.mad.round(DIGITS), judged.high_low_floor)
    differs = (judged.total - judged["median"]).abs() > judged.high_low_least_kwh
    is_read = (judged.total - judged.advance).abs() <= judged.unit_kwh + judged.register_share * judged.advance
    is_higher = (_distance(judged.total, judged.high) > judged.high_low_floor).fill_null(True)
    is_lower = (_distance(judged.total, judged.low) < -judged.high_low_floor).fill_null(True)
    is_high = (distance > width) & is_higher & ~is_read.fill_null(False)
    is_low = (distance < -width) & is_lower
    return Usual(spread, judged.filter(differs & (is_high | is_low)).select(KEYS))


def _distance(total: ir.FloatingValue, median: ir.FloatingValue) -> ir.FloatingValue:
    """ln(total / median): how far a day is from what is usual."""
    ratio = ibis.greatest(total, LEAST_KWH) / ibis.greatest(median, LEAST_KWH)
    return ratio.ln().round(DIGITS)


def _is_step(ratio: ir.FloatingValue, factor: ir.FloatingValue | float, spread: float | None = None) -> ir.BooleanValue:
    """Whether a ratio is a factor or its inverse, within the tolerance (or a factor of `spread` to either side)."""
    low, high = (1.0 / spread, spread) if spread else (1.0 - STEP_TOLERANCE, 1.0 + STEP_TOLERANCE)
    return (ratio / factor).between(low, high) | (ratio * factor).between(low, high)


def with_level_ratio(t: ir.Table, usual: Usual) -> ir.Table:
    """Add `level_ratio`: the day's sum over the register advance, or over the median of like days without registers."""
    t = t.left_join(usual.medians.select(*KEYS, "median"), KEYS).drop([f"{key}_right" for key in KEYS])
    is_whole = (t.intervals == t.due) & (t.total > 0)
    against = ibis.coalesce(t.advance, t["median"]).nullif(0.0)
    ratio = ibis.ifelse(is_whole.fill_null(False), t.total / against, ibis.null("float64"))
    return t.mutate(level_ratio=ratio).drop("median")


def multiplier_mismatch(t: ir.Table) -> ir.BooleanValue:
    """The level is off by the CT ratio, the PT ratio or both (the multiplier was left out, or applied twice), or the
    register says that the ratio is another one."""
    found = _is_other_ratio(t).fill_null(False)
    for factor in (t.ct_ratio, t.pt_ratio, t.ct_ratio * t.pt_ratio):
        found = found | ((factor >= STEP_SMALLEST) & _is_step(t.level_ratio, factor)).fill_null(False)
    return found


def _is_other_ratio(t: ir.Table) -> ir.BooleanValue:
    """Behind a current transformer, a whole day's sum meets the register with half, twice, ... the multiplier.

    As exactly as `register_sum` asks for; negative values or a spike would meet one by chance.
    """
    is_fit = (t.ct_ratio > 1) & (t.intervals == t.due) & (t.advance >= RATIO_UNITS * t.unit_kwh) & (t.lowest >= 0)
    is_fit &= t.highest <= ibis.greatest(t.third_highest, 0.0) * (1.0 + t.spike_ratio)
    tolerance = t.unit_kwh + t.register_share * t.advance
    meets = [(t.total - factor * t.advance).abs() <= factor * tolerance for factor in RATIO_MISTAKES]
    return is_fit & reduce(or_, meets)


def unit_mismatch(t: ir.Table) -> ir.BooleanValue:
    """The level is off by a thousand, and no ratio of the meter explains it; without registers about a thousand."""
    is_step = ibis.ifelse(
        t.advance.notnull(), _is_step(t.level_ratio, UNIT_FACTOR), _is_step(t.level_ratio, UNIT_FACTOR, UNIT_SPREAD)
    )
    return is_step & ~multiplier_mismatch(t)
