"""Runs: values that stand still for hours, and days of nothing but zeros."""

from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir

from gridmart.lake.engine import Engine
from gridmart.lake.vee.rules import FLAT_DAY_MINUTES, FLAT_DAY_SHARE, FLAT_INTERVALS, FLAT_MINUTES, SPIKE_CHANNELS
from gridmart.lake.vee.summary import HOURS, KEYS

# a run of six hours holds at least five whole hours, so four hours that equal the hour before
EQUAL_HOURS = FLAT_MINUTES // 60 - 2
SAME = 1e-9  # kWh; sums of equal values may differ in their last bit


def perhaps_flat(plain: ir.Table) -> ir.Table:
    """Keys of plain point-days that may hold a flat run, told by their hours: few need to be read again."""
    rows = plain.filter(plain.channel.isin(SPIKE_CHANNELS), plain.highest > 0)
    pairs = [
        ((rows[f"h{n}"] - rows[f"h{n - 1}"]).abs() < SAME).cast("int32") * (rows[f"h{n}"] > 0).cast("int32")
        for n in range(1, HOURS)
    ]
    return rows.filter(reduce(add, pairs) >= EQUAL_HOURS).select(KEYS)


def flatline(rows: ir.Table) -> ir.Table:
    """Keys and slots of intervals in a run of one value other than zero, of 24 intervals and six hours or more.

    All day long a lower value is enough: what runs by itself is never so even.

    rows: KEYS, slot, interval_minutes, value, flat_floor_kw: one row an interval, energy channels only.
    """
    rows = rows.mutate(over_floor=rows.value * 60.0 / rows.interval_minutes / rows.flat_floor_kw)
    rows = rows.filter(rows.over_floor > FLAT_DAY_SHARE)
    day = ibis.window(group_by=KEYS, order_by=rows.slot)
    goes_on = (rows.value == rows.value.lag().over(day)) & (rows.slot == rows.slot.lag().over(day) + 1)
    rows = rows.mutate(breaks=ibis.ifelse(goes_on.fill_null(False), 0, 1))
    rows = rows.mutate(run=rows.breaks.sum().over(ibis.window(group_by=KEYS, order_by=rows.slot, preceding=(None, 0))))
    rows = rows.mutate(length=rows.count().over(ibis.window(group_by=[*KEYS, "run"])))
    minutes = rows.length * rows.interval_minutes
    long = (rows.length >= FLAT_INTERVALS) & (minutes >= FLAT_MINUTES)
    long &= (rows.over_floor > 1.0) | (minutes >= FLAT_DAY_MINUTES)
    return rows.filter(long).select(*KEYS, "slot")


def _is_zero(rows: ir.Table) -> ir.BooleanValue:
    return (rows.intervals == rows.due) & (rows.lowest == 0) & (rows.highest == 0)


def zero_run(engine: Engine, t: ir.Table, summaries: ir.Table) -> ir.Table:
    """Keys of days that end a run of zero days, as long as their class's threshold or longer; active import only.

    A day on which the point is cut off all day long needs no explanation.
    summaries: pass 1 of the dates and of the four weeks before.
    """
    is_off = t.off_to_minute - t.off_from_minute >= t.due * t.interval_minutes
    today = t.filter(t.is_active, ~is_off, t.channel == "import_kwh", _is_zero(t))
    today = engine.keep(today.select(*KEYS, "zero_run_days"))
    zeros = summaries.filter(summaries.channel == "import_kwh", _is_zero(summaries))
    zeros = zeros.select("point_no", "channel", zero_date=zeros.business_date)
    pairs = today.join(zeros, ["point_no", "channel"])
    age = pairs.business_date.epoch_days() - pairs.zero_date.epoch_days()
    counted = pairs.filter(age >= 0, age < pairs.zero_run_days).group_by(KEYS)
    counted = counted.agg(zero_days=lambda p: p.count(), wanted=lambda p: p.zero_run_days.max())
    return counted.filter(counted.zero_days >= counted.wanted).select(KEYS)
