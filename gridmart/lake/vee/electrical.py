"""Voltage and current: values pass through unchanged, and say when a phase is lost or the voltage out of range."""

from itertools import pairwise

import ibis
import ibis.expr.types as ir

from gridmart.lake.vee.rules import NOMINAL_VOLTAGES, VOLTAGE_HIGH, VOLTAGE_LOSS, VOLTAGE_LOW
from gridmart.lake.vee.summary import KEYS


def is_voltage(t: ir.Table) -> ir.BooleanValue:
    """Channel voltage_v, or one of a phase (voltage_a_v)."""
    return t.channel.startswith("voltage")


def is_current(t: ir.Table) -> ir.BooleanValue:
    """Channel current_a, or one of a phase."""
    return t.channel.startswith("current")


def nominal_voltage(t: ir.Table) -> ir.FloatingValue:
    """The nominal voltage (V) nearest to the day's highest; null for other channels and a day without voltage."""
    between = [(low * high) ** 0.5 for low, high in pairwise(NOMINAL_VOLTAGES)]
    cases = [(t.highest < limit, level) for limit, level in zip(between, NOMINAL_VOLTAGES, strict=False)]
    nominal = ibis.cases(*cases, else_=NOMINAL_VOLTAGES[-1])
    is_there = is_voltage(t) & (t.highest > NOMINAL_VOLTAGES[0] / 2)
    return ibis.ifelse(is_there.fill_null(False), nominal.cast("float64"), ibis.null("float64"))


def voltage_range(t: ir.Table) -> ir.BooleanValue:
    """An interval of the day lies outside the limits of supply."""
    nominal = nominal_voltage(t)
    return (t.lowest < nominal * VOLTAGE_LOW) | (t.highest > nominal * VOLTAGE_HIGH)


def phase_loss(t: ir.Table) -> ir.BooleanValue:
    """Voltage is missing or far below nominal in an interval of the day."""
    lost = (
        (t.lowest < nominal_voltage(t) * VOLTAGE_LOSS) | (t.highest <= NOMINAL_VOLTAGES[0] / 2) | (t.intervals < t.due)
    )
    return is_voltage(t) & lost.fill_null(True)


def no_current(t: ir.Table) -> ir.Table:
    """Keys of current channels that show nothing all day, while their point imported energy."""
    energy = t.filter(t.channel == "import_kwh", t.highest > t.flat_floor_kw * t.interval_minutes / 60.0)
    silent = t.filter(is_current(t), t.highest <= 0).select(KEYS)
    return silent.semi_join(energy.select("point_no", "business_date"), ["point_no", "business_date"])
