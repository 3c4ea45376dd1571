"""Estimation: what stands in for a value that is missing or not believed.

The first method that applies: zero while the point is cut off, register-scaled profile, linear interpolation, shape of
like days or of the class, zero. Works on the intervals of flagged point-days only.
"""

import ibis
import ibis.expr.types as ir

from gridmart.lake.engine import Engine
from gridmart.lake.vee.rules import LINEAR_MAX_MINUTES, REGISTER_PLAUSIBLE_FACTOR, Method
from gridmart.lake.vee.summary import DIGITS, KEYS

NO_NUMBER = ibis.null("float64")


def neighbours(rows: ir.Table) -> ir.Table:
    """Add `linear` (kWh): straight line between the kept values around a gap of up to two hours, else null."""
    day = {"group_by": KEYS, "order_by": rows.slot}
    kept_slot = ibis.ifelse(rows.kept.notnull(), rows.slot, ibis.null("int64"))
    rows = rows.mutate(
        before=kept_slot.max().over(ibis.window(preceding=(None, 0), **day)),
        after=kept_slot.min().over(ibis.window(following=(0, None), **day)),
    )
    kept = rows.filter(rows.kept.notnull())
    left = kept.select(*KEYS, before=kept.slot, before_value=kept.kept)
    right = kept.select(*KEYS, after=kept.slot, after_value=kept.kept)
    rows = rows.left_join(left, [*KEYS, "before"]).drop([f"{name}_right" for name in (*KEYS, "before")])
    rows = rows.left_join(right, [*KEYS, "after"]).drop([f"{name}_right" for name in (*KEYS, "after")])
    gap = rows.after - rows.before - 1
    share = (rows.slot - rows.before).cast("float64") / (rows.after - rows.before).cast("float64").nullif(0.0)
    short = gap * rows.interval_minutes <= LINEAR_MAX_MINUTES
    line = rows.before_value + (rows.after_value - rows.before_value) * share
    return rows.mutate(linear=ibis.ifelse(short, line.round(DIGITS), NO_NUMBER)).drop(
        "before", "after", "before_value", "after_value"
    )


def scaled_to_kept(rows: ir.Table) -> ir.Table:
    """Scale a class profile so that it meets the day's kept values where there are some."""
    both = rows.kept.notnull() & rows["shape"].notnull()
    sums = rows.group_by(KEYS).agg(
        kept_energy=rows.kept.sum(where=both).round(DIGITS), profile_energy=rows["shape"].sum(where=both).round(DIGITS)
    )
    rows = rows.join(sums, KEYS)
    usable = (rows.shape_method == int(Method.CLASS_PROFILE)) & (rows.kept_energy > 0) & (rows.profile_energy > 0)
    scale = ibis.ifelse(usable.fill_null(False), rows.kept_energy / rows.profile_energy, 1.0)
    return rows.mutate(shape=(rows["shape"] * scale).round(DIGITS)).drop("kept_energy", "profile_energy")


def zeros_while_off(rows: ir.Table) -> ir.Table:
    """Add `is_zero`: a gap while the point was cut off, whose `kept` is 0 from here on.

    Not where the register says that energy flowed after all, and no other gap of the day could hold it.
    """
    gone = rows.kept.isnull()
    day = rows.group_by(KEYS).agg(
        read=rows.kept.sum().round(DIGITS).fill_null(0.0), other_gaps=(gone & ~rows.is_off).cast("int64").sum()
    )
    rows = rows.join(day, KEYS)
    flowed = rows.advance - rows.read > rows.unit_kwh + rows.register_share * rows.advance
    is_believed = (rows.other_gaps > 0) | ~flowed.fill_null(False)
    rows = rows.mutate(is_zero=rows.kept.isnull() & rows.is_off & is_believed)
    return rows.mutate(kept=ibis.ifelse(rows.is_zero, 0.0, rows.kept)).drop("read", "other_gaps")


def register_share(rows: ir.Table) -> ir.Table:
    """Add `by_register` (kWh): the shape scaled so that the day meets the register advance, else null.

    Applies where the advance is known, is not less than what was read (within one register unit and the
    register share), and would not need intervals far above anything seen; and where the day has its part in the
    advance of a span of days (`spans.shares`).
    """
    gone = rows.kept.isnull()
    day = rows.group_by(KEYS).agg(
        kept_sum=rows.kept.sum().round(DIGITS).fill_null(0.0),
        gone=gone.cast("int64").sum(),
        shape_gone=rows["shape"].sum(where=gone).round(DIGITS).fill_null(0.0),
        seen=ibis.greatest(rows.kept.max().fill_null(0.0), rows["shape"].max().fill_null(0.0)),
    )
    rows = rows.join(day, KEYS)
    residual = (rows.advance - rows.kept_sum).round(DIGITS)
    tolerance = rows.unit_kwh + rows.register_share * rows.advance
    plausible = (rows.seen <= 0) | (residual / rows.gone <= REGISTER_PLAUSIBLE_FACTOR * rows.seen + rows.unit_kwh)
    applies = (rows.advance.notnull() & (residual >= -tolerance) & plausible).fill_null(False)
    applies = applies | rows.span_kwh.notnull()
    residual = ibis.coalesce(rows.span_kwh, ibis.greatest(residual, 0.0))
    part = ibis.ifelse(rows.shape_gone > 0, rows["shape"].fill_null(0.0) / rows.shape_gone.nullif(0.0), 1.0 / rows.gone)
    return rows.mutate(
        by_register=ibis.ifelse(applies, (part * residual).round(DIGITS), NO_NUMBER), residual=residual
    ).drop("kept_sum", "gone", "shape_gone", "seen")


def estimate(engine: Engine, rows: ir.Table, methods: tuple[Method, ...] = tuple(Method)) -> ir.Table:
    """Values and method codes of the intervals of point-days that have something to replace.

    rows: KEYS, slot, interval_start, interval_minutes, value, kept (null = replace), is_off, shape, shape_method,
    advance, unit_kwh, register_share, span_kwh. Adds `estimate` and `method_code` (both null where the value is kept).
    methods: those that may be used; zero always may.
    """
    rows = engine.keep(zeros_while_off(neighbours(scaled_to_kept(rows))))
    if Method.LINEAR not in methods:
        rows = rows.mutate(linear=NO_NUMBER)
    if Method.REGISTER_SCALED not in methods:
        rows = rows.mutate(advance=NO_NUMBER, span_kwh=NO_NUMBER)
    rows = register_share(rows).mutate(is_gone=rows.kept.isnull())
    rows = engine.keep(rows)
    rows = rows.mutate(
        method_code=ibis.cases(
            (rows.is_zero, int(Method.ZERO)),
            (~rows.is_gone, ibis.null("int32")),
            (rows.by_register.notnull(), int(Method.REGISTER_SCALED)),
            (rows.linear.notnull(), int(Method.LINEAR)),
            (rows["shape"].notnull(), rows.shape_method),
            else_=int(Method.ZERO),
        ).cast("int32"),
        estimate=ibis.cases(
            (rows.is_zero, 0.0),
            (rows.is_gone, ibis.coalesce(rows.by_register, rows.linear, rows["shape"], 0.0)),
            else_=NO_NUMBER,
        ),
    )  # fmt: skip
    # rounding of many small values must not break the sum: the largest estimate of the day takes the rest
    scaled = rows.method_code == int(Method.REGISTER_SCALED)
    sums = rows.filter(scaled).group_by(KEYS).agg(given=lambda t: t.estimate.sum().round(DIGITS))
    rows = rows.left_join(sums, KEYS).drop([f"{key}_right" for key in KEYS])
    order = [ibis.desc(rows.is_gone.cast("int8")), ibis.desc(rows.estimate.fill_null(-1.0)), rows.slot]
    rows = rows.mutate(place=ibis.row_number().over(ibis.window(group_by=KEYS, order_by=order)))
    rest = (rows.residual - rows.given).round(DIGITS)
    takes = (rows.method_code == int(Method.REGISTER_SCALED)) & (rows.place == 0)
    return rows.mutate(
        estimate=ibis.ifelse(takes.fill_null(False), (rows.estimate + rest).round(DIGITS), rows.estimate)
    )
