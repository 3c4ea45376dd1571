"""The touched point-days, interval by interval: what was delivered, what is kept, and the rules that say so."""

from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir

from gridmart.lake.vee import checks, electrical
from gridmart.lake.vee.rules import IMPORT_CHANNELS, VOLTAGE_HIGH, VOLTAGE_LOSS, VOLTAGE_LOW, On, Rule, bits
from gridmart.lake.vee.summary import KEYS, Summary

ANY_VOLTAGE = 1e12  # V; every interval of a day that has lost its voltage, or its current, lies below


def intervals(
    raw: ir.Table, found: Summary, t: ir.Table, touched: ir.Table, flat: ir.Table, slots: ir.Table
) -> ir.Table:
    """Every slot of the touched point-days with the value delivered, the value kept, the rule bits, and `is_off`:
    whether the point is cut off all the interval long."""
    columns = [*KEYS, "interval_start", "value"]
    values = found.resolved.select(*columns, "is_differing")
    single = raw.semi_join(touched.anti_join(found.doubtful, KEYS), KEYS)
    values = values.union(single.select(columns).mutate(is_differing=ibis.literal(False)))
    nothing = ibis.null("float64")

    def above(rule: Rule, limit: ir.FloatingValue) -> ir.FloatingValue:
        return ibis.ifelse((t.day_bits & int(rule)) != 0, limit, nothing)

    nominal = electrical.nominal_voltage(t)
    point_days = t.semi_join(touched, KEYS)
    point_days = point_days.select(
        *KEYS, "interval_minutes", "is_due", "day_bits", "advance", "unit_kwh", "register_share",
        "off_from_minute", "off_to_minute",
        spike_above=above(Rule.SPIKE, checks.spike_limit(t)),
        limit_kwh=above(Rule.CAPACITY_LIMIT, checks.limit_kwh(t)),
        reverse_above=above(Rule.REVERSE_ENERGY, ibis.literal(0.0, "float64")),
        lowest_v=above(Rule.VOLTAGE_RANGE, nominal * VOLTAGE_LOW),
        highest_v=above(Rule.VOLTAGE_RANGE, nominal * VOLTAGE_HIGH),
        # a day without any voltage, or without current, is lost in every interval
        lost_below=above(Rule.PHASE_LOSS, ibis.coalesce(nominal * VOLTAGE_LOSS, ANY_VOLTAGE)),
    )  # fmt: skip
    grid = point_days.join(slots, ["business_date", "interval_minutes"])
    rows = joined(grid, values, [*KEYS, "interval_start"])
    rows = joined(rows, flat.mutate(is_flat=ibis.literal(True)), [*KEYS, "slot"])
    is_missing = rows.value.isnull() & rows.is_due
    is_negative = (rows.channel.isin(IMPORT_CHANNELS) & (rows.value < 0)).fill_null(False)
    is_spike = (rows.value > rows.spike_above).fill_null(False)
    flags = {
        Rule.MISSING: is_missing,
        Rule.NEGATIVE: is_negative,
        Rule.SPIKE: is_spike,
        Rule.DUPLICATE: rows.is_differing,
        Rule.CAPACITY_LIMIT: rows.value > rows.limit_kwh,
        Rule.FLATLINE: rows.is_flat,
        Rule.REVERSE_ENERGY: rows.value > rows.reverse_above,
        Rule.VOLTAGE_RANGE: (rows.value < rows.lowest_v) | (rows.value > rows.highest_v),
        Rule.PHASE_LOSS: rows.value < rows.lost_below,
    }
    found_bits = [ibis.ifelse(flag.fill_null(False), int(rule), 0) for rule, flag in flags.items()]
    # where nothing is due (a closed account) a value that cannot be is no use at all
    replaced = is_missing | is_negative | (is_spike & rows.is_due)
    begin = rows.slot * rows.interval_minutes
    is_off = (begin >= rows.off_from_minute) & (begin + rows.interval_minutes <= rows.off_to_minute)
    return rows.mutate(
        is_off=is_off,
        rule_bits=reduce(add, found_bits, rows.day_bits & bits(On.DAY)).cast("int32"),
        kept=ibis.ifelse(replaced, nothing, rows.value),
    ).drop(
        "spike_above", "limit_kwh", "reverse_above", "lowest_v", "highest_v", "lost_below", "is_differing", "is_flat",
        "off_from_minute", "off_to_minute",
    )  # fmt: skip


def joined(left: ir.Table, right: ir.Table, keys: list[str]) -> ir.Table:
    """A left join on keys that both sides name alike, without the right side's copies of them."""
    return left.left_join(right, keys).drop([f"{key}_right" for key in keys])
