"""What the day would have looked like: shapes from like days, or from the class."""

from collections.abc import Callable
from datetime import date

import ibis
import ibis.expr.types as ir

from gridmart.lake.engine import Engine
from gridmart.lake.vee.levels import like_days, nearest
from gridmart.lake.vee.rules import CLASS_PEERS, LIKE_DAYS, Method
from gridmart.lake.vee.summary import DIGITS, KEYS

ReadRaw = Callable[[list[date]], ir.Table | None]
SHAPE_KEYS = [*KEYS, "minute_of_day"]


def shapes(
    engine: Engine,
    wanted: ir.Table,
    t: ir.Table,
    clean: ir.Table,
    slots: ir.Table,
    raw: ReadRaw,
    methods: tuple[Method, ...] = tuple(Method),
) -> ir.Table:
    """Shape of each wanted point-day: KEYS, minute_of_day, shape (kWh), shape_method.

    wanted: point-days with at least one value to replace; t: all point-days of the chunk (for the class
    profile); clean: `clean_days` of chunk and context; raw: reads raw rows of given dates.
    The average of the clean days of the same kind in four weeks that are nearest in weather, at most LIKE_DAYS;
    where there is one alone, that like day; where there is none, the average of all clean days of four weeks; where
    there is none either, the profile of the class on that day. Methods that are not among `methods` are passed
    over.
    """
    fits = wanted.select(*KEYS, "is_workday", "temperature_c", "interval_minutes", "spike_ratio", "spike_floor_kw")
    no_days = clean.limit(0)
    pairs = like_days(fits, clean if {Method.LIKE_DAY, Method.AVERAGE_LIKE_DAY} & {*methods} else no_days)
    pairs = pairs.filter(pairs.interval_minutes == pairs.like_minutes)
    pairs = nearest(pairs, LIKE_DAYS if Method.AVERAGE_LIKE_DAY in methods else 1).select(*KEYS, "like_date")
    if Method.LIKE_DAY not in methods:
        pairs = pairs.mutate(days=pairs.count().over(ibis.window(group_by=KEYS)))
        pairs = pairs.filter(pairs.days > 1).drop("days")
    alike = engine.keep(pairs)
    parts = [_from_days(engine, alike, slots, raw)]

    rest = fits.anti_join(alike, KEYS)
    any_kind = like_days(rest, clean if Method.AVERAGE_LIKE_DAY in methods else no_days, same_kind=False)
    any_kind = any_kind.filter(any_kind.interval_minutes == any_kind.like_minutes)
    several = engine.keep(any_kind.select(*KEYS, "like_date"))
    parts.append(_from_days(engine, several, slots, raw))

    last = wanted if Method.CLASS_PROFILE in methods else wanted.limit(0)
    none = engine.keep(last.anti_join(alike, KEYS).anti_join(several, KEYS))
    parts.append(_from_class(engine, none, t, slots, raw))
    return engine.keep(ibis.union(*[part for part in parts if part is not None])) if any(
        part is not None for part in parts
    ) else engine.keep(_empty(wanted))  # fmt: skip


def dates_in(engine: Engine, rows: ir.Table, column: str) -> list[date]:
    """The dates in a column, in order."""
    return sorted(engine.arrow(rows.select(column).distinct())[column].to_pylist())


def _empty(wanted: ir.Table) -> ir.Table:
    return (
        wanted.select(KEYS)
        .mutate(
            minute_of_day=ibis.literal(0, "int32"),
            shape=ibis.null("float64"),
            shape_method=ibis.literal(0, "int32"),
        )
        .limit(0)
    )


def _from_days(engine: Engine, pairs: ir.Table, slots: ir.Table, raw: ReadRaw) -> ir.Table | None:
    """Mean of the days of `pairs`: a like day where it is one, an average like day where they are several."""
    dates = dates_in(engine, pairs, "like_date")
    rows = raw(dates) if dates else None
    if rows is None:
        return None
    rows = rows.select(
        "point_no", "channel", "interval_start", "interval_minutes", "value", like_date=rows.business_date
    )
    clock = slots.select("interval_minutes", "interval_start", "minute_of_day")
    rows = rows.join(pairs, ["point_no", "channel", "like_date"])
    rows = rows.join(clock, ["interval_minutes", "interval_start"])
    grouped = rows.group_by(SHAPE_KEYS).agg(shape=rows.value.mean().round(DIGITS), days=rows.count())
    method = ibis.ifelse(grouped.days > 1, int(Method.AVERAGE_LIKE_DAY), int(Method.LIKE_DAY))
    return grouped.mutate(shape_method=method.cast("int32")).drop("days")


def _from_class(engine: Engine, none: ir.Table, t: ir.Table, slots: ir.Table, raw: ReadRaw) -> ir.Table | None:
    """Mean profile of the class that day, times the point's capacity over the class's mean capacity.

    Of a large class every n-th point speaks for all: CLASS_PEERS points say what 100,000 would.
    """
    dates = dates_in(engine, none, "business_date")
    rows = raw(dates) if dates else None
    if rows is None:
        return None
    group = ["class_code", "channel", "business_date", "interval_minutes"]
    peers = t.filter(t.day_bits == 0, t.is_due, t.readings == t.due)
    peers = peers.semi_join(none.select(group).distinct(), group).select(
        "point_no", *group, capacity=ibis.coalesce(peers.capacity_kva, 0.0)
    )
    place = ibis.row_number().over(ibis.window(group_by=group, order_by="point_no"))
    of = ibis.window(group_by=group)
    peers = peers.mutate(place=place, step=engine.whole(peers.count().over(of) + CLASS_PEERS - 1, CLASS_PEERS))
    peers = engine.keep(peers.filter(peers.place % peers.step == 0).drop("place", "step"))
    rows = rows.select("point_no", "channel", "business_date", "interval_start", "value").join(
        peers, ["point_no", "channel", "business_date"]
    )
    rows = rows.filter(rows.value.notnull())
    # by start first: the clock is looked up once an interval, not once a reading
    starts = rows.group_by([*group, "interval_start"]).agg(
        seen=rows.count(), energy=rows.value.sum(), capacities=rows.capacity.sum()
    )
    clock = slots.select("business_date", "interval_minutes", "interval_start", "minute_of_day")
    starts = starts.join(clock, ["business_date", "interval_minutes", "interval_start"])
    seen = starts.seen.sum()
    profile = starts.group_by([*group, "minute_of_day"]).agg(
        profile=(starts.energy.sum() / seen).round(DIGITS), mean_capacity=(starts.capacities.sum() / seen).round(DIGITS)
    )
    own = none.select("point_no", *group, "capacity_kva").join(profile, group)
    known = (own.capacity_kva > 0) & (own.mean_capacity > 0)
    scale = ibis.ifelse(known.fill_null(False), own.capacity_kva / own.mean_capacity, 1.0)
    return own.select(
        *SHAPE_KEYS,
        shape=(own.profile * scale).round(DIGITS),
        shape_method=ibis.literal(int(Method.CLASS_PROFILE), "int32"),
    )
