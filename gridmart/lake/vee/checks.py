"""The rules of a day: small functions from the table of point-days to a flag, all on pass 1's rows."""

from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir

from gridmart.lake.engine import Engine
from gridmart.lake.vee import electrical, levels, registers, runs
from gridmart.lake.vee.rules import IMPORT_CHANNELS, SPIKE_CHANNELS, Rule
from gridmart.lake.vee.summary import KEYS


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


def capacity_limit(t: ir.Table) -> ir.BooleanValue:
    """The mean power of an interval is above the capacity and its margin."""
    return t.channel.isin(SPIKE_CHANNELS) & (t.highest > limit_kwh(t))


def limit_kwh(t: ir.Table) -> ir.FloatingValue:
    """Interval energy at the capacity and its margin, kWh; null where no capacity is known."""
    return t.capacity_kva.nullif(0.0) * t.capacity_share * t.interval_minutes / 60.0


def reverse_energy(t: ir.Table) -> ir.BooleanValue:
    """Export where no generation is registered."""
    return (t.channel == "export_kwh") & ~t.has_generation & (t.highest > 0)


def interval_mismatch(t: ir.Table) -> ir.BooleanValue:
    """The day came in intervals of another length than the point declares."""
    return (t.readings > 0) & (t.declared_minutes > 0) & (t.interval_minutes != t.declared_minutes)


def inactive_point(t: ir.Table) -> ir.BooleanValue:
    """Readings of a point that had no meter, or whose account was not open."""
    return (t.readings > 0) & ~t.is_active


def _bits_of(found: dict[Rule, ir.Table]) -> ir.Table:
    """Keys of point-days with `key_bits`: the rules that found them by a join of their own."""
    parts = [keys.select(KEYS).distinct().mutate(bit=ibis.literal(int(rule), "int64")) for rule, keys in found.items()]
    rows = ibis.union(*parts)
    return rows.group_by(KEYS).agg(key_bits=rows.bit.sum())


def judge(
    engine: Engine, t: ir.Table, clean: ir.Table, summaries: ir.Table, flat: ir.Table, off_time: ir.Table
) -> ir.Table:
    """Add `day_bits`: every rule that found something in the point-day.

    clean: `levels.clean_days`; summaries: pass 1 of dates and context; flat, off_time: keys of point-days with a
    flat run, or with a clock that is off.
    """
    usual = levels.high_low(engine, t, clean)
    by_keys = {
        Rule.HIGH_LOW: usual.off,
        Rule.FLATLINE: flat,
        Rule.ZERO_RUN: runs.zero_run(engine, t, summaries),
        Rule.CLOCK_DRIFT: off_time,
        Rule.PHASE_LOSS: electrical.no_current(t),
    }
    marks = engine.keep(_bits_of(by_keys))
    t = levels.with_level_ratio(t, usual).left_join(marks, KEYS).drop([f"{key}_right" for key in KEYS])
    rules = {
        Rule.MISSING: missing(t),
        Rule.DUPLICATE: duplicate(t),
        Rule.NEGATIVE: negative(t),
        Rule.SPIKE: spike(t),
        Rule.REGISTER_SUM: registers.register_sum(t),
        Rule.CAPACITY_LIMIT: capacity_limit(t),
        Rule.REGISTER_DECREASE: registers.register_decrease(t),
        Rule.ROLLOVER: registers.rollover(t),
        Rule.METER_SWAP: registers.meter_swap(t),
        Rule.MULTIPLIER_MISMATCH: levels.multiplier_mismatch(t),
        Rule.UNIT_MISMATCH: levels.unit_mismatch(t),
        Rule.REVERSE_ENERGY: reverse_energy(t),
        Rule.INTERVAL_MISMATCH: interval_mismatch(t),
        Rule.INACTIVE_POINT: inactive_point(t),
        Rule.PHASE_LOSS: electrical.phase_loss(t),
        Rule.VOLTAGE_RANGE: electrical.voltage_range(t),
    }
    bits = [ibis.ifelse(flag.fill_null(False), int(rule), 0) for rule, flag in rules.items()]
    # phase_loss has both ways: the bit counts once
    return t.mutate(day_bits=(reduce(add, bits).cast("int64") | t.key_bits.fill_null(0)).cast("int32")).drop(
        "key_bits", "level_ratio"
    )
