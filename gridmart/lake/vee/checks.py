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


def _marked(t: ir.Table, keys: ir.Table, name: str) -> ir.Table:
    """Add column `name`: whether a point-day is among some keys."""
    marks = keys.mutate(**{name: ibis.literal(True)})
    t = t.left_join(marks, KEYS).drop([f"{key}_right" for key in KEYS])
    return t.mutate(**{name: t[name].fill_null(False)})


def judge(
    engine: Engine, t: ir.Table, clean: ir.Table, summaries: ir.Table, flat: ir.Table, off_grid: ir.Table
) -> ir.Table:
    """Add `day_bits`: every rule that found something in the point-day.

    clean: `levels.clean_days`; summaries: pass 1 of dates and context; flat, off_grid: keys of point-days with a
    flat run, or with a reading off the grid.
    """
    usual = levels.high_low(engine, t, clean)
    t = levels.with_level_ratio(t, usual)
    keys = {
        "is_high_low": usual.off,
        "is_flat": flat,
        "is_zero_run": runs.zero_run(t, summaries),
        "is_off_grid": off_grid,
    }
    for name, found in keys.items():
        t = _marked(t, engine.keep(found), name)
    t = electrical.with_current(engine.keep(t))
    rules = {
        Rule.MISSING: missing(t),
        Rule.DUPLICATE: duplicate(t),
        Rule.NEGATIVE: negative(t),
        Rule.SPIKE: spike(t),
        Rule.HIGH_LOW: t.is_high_low,
        Rule.REGISTER_SUM: registers.register_sum(t),
        Rule.CAPACITY_LIMIT: capacity_limit(t),
        Rule.FLATLINE: t.is_flat,
        Rule.ZERO_RUN: t.is_zero_run,
        Rule.REGISTER_DECREASE: registers.register_decrease(t),
        Rule.ROLLOVER: registers.rollover(t),
        Rule.METER_SWAP: registers.meter_swap(t),
        Rule.MULTIPLIER_MISMATCH: levels.multiplier_mismatch(t),
        Rule.UNIT_MISMATCH: levels.unit_mismatch(t),
        Rule.REVERSE_ENERGY: reverse_energy(t),
        Rule.CLOCK_DRIFT: t.is_off_grid,
        Rule.INTERVAL_MISMATCH: interval_mismatch(t),
        Rule.INACTIVE_POINT: inactive_point(t),
        Rule.PHASE_LOSS: electrical.phase_loss(t),
        Rule.VOLTAGE_RANGE: electrical.voltage_range(t),
    }
    bits = [ibis.ifelse(flag.fill_null(False), int(rule), 0) for rule, flag in rules.items()]
    return t.mutate(day_bits=reduce(add, bits).cast("int32")).drop(*keys, "is_without_current", "level_ratio")
