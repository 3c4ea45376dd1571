"""Gaps whose registers are missing too: the advance between the last index before and the first after, by day.

A span are the days between two indexes that are known, with none known between them. It has at most SPAN_DAYS days, so
that each of its days sees the whole of it, and the SPAN_LIKE_DAYS before it, within the four weeks that a date reads:
all days of a span are worked out from the same, whichever of them is validated, and their sum meets the advance.
"""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from gridmart.lake.engine import Engine
from gridmart.lake.vee import checks, history, registers
from gridmart.lake.vee.levels import like_days, nearest
from gridmart.lake.vee.rules import (
    CONTEXT_DAYS,
    IMPORT_CHANNELS,
    LIKE_DAYS,
    REGISTER_PLAUSIBLE_FACTOR,
    SPAN_CHANNELS,
    SPAN_DAYS,
)
from gridmart.lake.vee.summary import DIGITS, KEYS, SUMMARY_COLUMNS, summarise

SPAN_LIKE_DAYS = CONTEXT_DAYS + 1 - SPAN_DAYS
SPAN = ["point_no", "channel", "begin"]
NO_NUMBER = ibis.null("float64")


def _indexes(reads: ir.Table) -> ir.Table:
    """Every index that is known at a local 00:00: point_no, channel, at (day of the epoch), opening, closing.

    opening: told as the start of the day that begins; closing: as the end of the day before.
    """
    latest = registers.latest(reads)
    day = latest.business_date.epoch_days()
    keys = ["point_no", "channel"]
    starts = latest.select(*keys, at=day, opening=latest.index_start, closing=NO_NUMBER)
    ends = latest.select(*keys, at=day + 1, opening=NO_NUMBER, closing=latest.index_end)
    rows = starts.filter(starts.opening.notnull()).union(ends.filter(ends.closing.notnull()))
    return rows.group_by([*keys, "at"]).agg(opening=rows.opening.max(), closing=rows.closing.max())


def find(engine: Engine, wanted: ir.Table, reads: ir.Table) -> ir.Table:
    """Point-days that wait for an index of another day, or have found one.

    wanted: point-days with something to replace; reads: ami.register_read of them, SPAN_DAYS before and after.
    Columns: KEYS; begin, end (days of the epoch at whose 00:00 an index is known; end null where none is known yet);
    opening, closing (index at begin and end); ahead_days: how many days ahead the result hangs on.
    """
    lacking = wanted.filter(wanted.advance.isnull(), wanted.channel.isin(SPAN_CHANNELS))
    lacking = engine.keep(lacking.select(*KEYS, day=lacking.business_date.epoch_days()))
    known = engine.keep(_indexes(reads.semi_join(lacking, ["point_no", "channel"])))
    pairs = lacking.join(known, ["point_no", "channel"])
    is_before = (pairs["day"] - pairs["at"]).between(0, SPAN_DAYS - 1)
    near = pairs.group_by([*KEYS, "day"]).agg(
        begin=pairs["at"].max(where=is_before), following=pairs["at"].min(where=pairs["at"] > pairs["day"])
    )
    near = near.filter(near.begin.notnull())
    latest = near.begin + SPAN_DAYS
    near = near.mutate(
        end=ibis.ifelse(near.following <= latest, near.following, ibis.null("int32")),
        ahead_days=(ibis.least(ibis.coalesce(near.following, latest), latest) - near["day"]).cast("int32"),
    )
    # a day with both of its own indexes is no longer span
    near = near.filter(~(near.end - near.begin == 1).fill_null(False)).drop("day", "following")
    first = known.select("point_no", "channel", begin=known["at"], opening=ibis.coalesce(known.opening, known.closing))
    last = known.select("point_no", "channel", end=known["at"], closing=ibis.coalesce(known.closing, known.opening))
    near = near.join(first, SPAN).left_join(last, ["point_no", "channel", "end"])
    return engine.keep(near.select(*KEYS, "begin", "end", "opening", "closing", "ahead_days"))


def shares(
    engine: Engine,
    found: ir.Table,
    points: pa.Table,
    summaries: ir.Table,
    clean: ir.Table,
    calendar: pa.Table,
    raw: history.ReadRaw,
) -> ir.Table:
    """What the intervals of a day that are replaced share of the advance of their span: KEYS, span_kwh.

    found: `find`; points: the point register of its points, from SPAN_DAYS before to SPAN_DAYS after; summaries: pass 1
    of the days up to the last one validated (raw readings of later ones are summarised here); clean: `clean_days`.

    The advance less what was measured in the span is shared in proportion to the days' like-day totals before the
    span, each times the share of its day that is gone; by time alone where nothing is known of like days. None where a
    day of the span is not due, the advance is not known (two meter swaps), is less than what was measured, or would
    need intervals far above anything seen: what `estimate.register_share` asks of a day.
    """
    spans = found.filter(found.end.notnull()).select(*SPAN, "end", "opening", "closing").distinct()
    points_there = engine.table(points)
    rows = spans.join(points_there.mutate(day=points_there.business_date.epoch_days()), "point_no")
    rows = rows.filter(rows["day"] >= rows.begin, rows["day"] < rows.end)
    kinds = engine.table(calendar).select("business_date", "is_workday", "minutes", "temperature_c")
    rows = rows.mutate(declared_minutes=rows.interval_minutes).drop("interval_minutes").join(kinds, "business_date")
    rows = engine.keep(rows)
    rows = engine.keep(_measured(engine, rows, _with_later(engine, rows, summaries, calendar, raw), calendar, raw))
    rows = _with_usual(engine, rows, clean)
    gone = (rows.due - rows.kept).cast("float64")
    minutes = gone / rows.due * rows.minutes
    rows = rows.mutate(gone=gone, by_time=minutes, by_usual=(rows.usual_kwh * minutes / 1440.0).round(DIGITS))
    return engine.keep(_shared(rows.join(_advances(rows), SPAN)))


def _with_later(
    engine: Engine, rows: ir.Table, summaries: ir.Table, calendar: pa.Table, raw: history.ReadRaw
) -> ir.Table:
    """Summaries of the days of spans, also of those after the dates validated."""
    known = summaries.semi_join(rows, KEYS).select(SUMMARY_COLUMNS)
    until = engine.arrow(summaries.agg(last=summaries.business_date.max()))["last"].to_pylist()[0]
    dates = [day for day in history.dates_in(engine, rows, "business_date") if until is None or day > until]
    delivered = raw(dates) if dates else None
    if delivered is None:
        return engine.keep(known)
    delivered = engine.keep(delivered.semi_join(rows, KEYS))
    return engine.keep(known.union(summarise(engine, delivered, calendar, _shortest(engine, delivered)).days))


def _shortest(engine: Engine, rows: ir.Table) -> int:
    return engine.arrow(rows.agg(shortest=rows.interval_minutes.min()))["shortest"].to_pylist()[0] or 60


def _measured(
    engine: Engine, rows: ir.Table, summaries: ir.Table, calendar: pa.Table, raw: history.ReadRaw
) -> ir.Table:
    """Add `due` (intervals), `kept` (intervals that stand as measured), their energy and highest, kWh."""
    rows = rows.left_join(summaries, KEYS).drop([f"{key}_right" for key in KEYS])
    declared = rows.declared_minutes.nullif(0)
    due = ibis.coalesce(rows.due, ibis.ifelse(declared.notnull(), engine.whole(rows.minutes, declared), 0))
    spike = checks.spike(rows).fill_null(False)
    negative = (rows.channel.isin(IMPORT_CHANNELS) & (rows.lowest < 0)).fill_null(False)
    rows = engine.keep(rows.mutate(due=due.cast("int32"), is_spiky=spike, is_odd=spike | negative))
    odd = rows.filter(rows.is_odd)
    odd = engine.keep(odd.select(*KEYS, spike_above=ibis.ifelse(odd.is_spiky, checks.spike_limit(odd), NO_NUMBER)))
    dates = history.dates_in(engine, odd, "business_date")
    delivered = raw(dates) if dates else None
    if delivered is None:
        rows = rows.mutate(odd_kept=ibis.null("int64"), odd_kwh=NO_NUMBER, odd_highest=NO_NUMBER)
    else:
        delivered = engine.keep(delivered.semi_join(odd, KEYS).filter(lambda r: r.value.notnull()))
        found = summarise(engine, delivered, calendar, _shortest(engine, delivered))
        columns = [*KEYS, "value"]
        values = found.resolved.select(columns).union(delivered.anti_join(found.doubtful, KEYS).select(columns))
        values = values.join(odd, KEYS)
        is_gone = (values.channel.isin(IMPORT_CHANNELS) & (values.value < 0)) | (values.value > values.spike_above)
        values = values.filter(~is_gone.fill_null(False))
        kept = values.group_by(KEYS).agg(
            odd_kept=values.count(), odd_kwh=values.value.sum().round(DIGITS), odd_highest=values.value.max()
        )
        rows = rows.left_join(kept, KEYS).drop([f"{key}_right" for key in KEYS])
    return rows.mutate(
        kept=ibis.ifelse(rows.is_odd, rows.odd_kept, rows.intervals).fill_null(0),
        kept_kwh=ibis.ifelse(rows.is_odd, rows.odd_kwh, rows.total).fill_null(0.0),
        kept_highest=ibis.ifelse(rows.is_odd, rows.odd_highest, rows.highest).fill_null(0.0),
    ).drop("is_odd", "is_spiky", "odd_kept", "odd_kwh", "odd_highest")


def _with_usual(engine: Engine, rows: ir.Table, clean: ir.Table) -> ir.Table:
    """Add `usual_kwh` and `usual_highest`: mean total and highest interval of like days before the span, or null."""
    few = rows.select(*KEYS, "begin", "is_workday", "temperature_c", "spike_ratio", "spike_floor_kw")
    near = clean.semi_join(few, ["point_no", "channel"])

    def pairs(same_kind: bool) -> ir.Table:
        found = like_days(few, near, same_kind)
        age = found.begin - found.like_date.epoch_days()
        return found.filter(age.between(1, SPAN_LIKE_DAYS))

    def usual(found: ir.Table) -> ir.Table:
        return found.group_by(KEYS).agg(
            usual_kwh=found.like_total.mean().round(DIGITS), usual_highest=found.like_highest.max()
        )

    same = engine.keep(usual(nearest(pairs(same_kind=True), LIKE_DAYS)))
    rest = usual(pairs(same_kind=False).anti_join(same, KEYS))
    both = engine.keep(same.union(rest))
    return engine.keep(rows.left_join(both, KEYS).drop([f"{key}_right" for key in KEYS]))


def _advances(rows: ir.Table) -> ir.Table:
    """One row a span: SPAN, advance (kWh, null where it is not known), and sums over its days."""
    is_fit = rows.is_due & ((rows.channel == "import_kwh") | rows.has_generation)
    spans = rows.group_by([*SPAN, "end", "opening", "closing"]).agg(
        days=rows.count(),
        fit_days=is_fit.cast("int64").sum(),
        swaps=rows.is_swap.cast("int64").sum(),
        swap_day=rows["day"].max(where=rows.is_swap),
        least_multiplier=rows.multiplier.min(),
        most_multiplier=rows.multiplier.max(),
        new_multiplier=rows.multiplier.max(where=rows.is_swap),
        removed_multiplier=rows.removed_multiplier.max(where=rows.is_swap),
        removal_index=rows.removal_index.max(where=rows.is_swap),
        install_index=rows.install_index.max(where=rows.is_swap),
        digits=rows.digits.min(),
        unit_kwh=(rows.register_unit * rows.multiplier).max(),
        tolerance_share=rows.register_share.max(),
        kept_kwh_sum=rows.kept_kwh.sum().round(DIGITS),
        gone_sum=rows.gone.sum().round(DIGITS),
        time_sum=rows.by_time.sum().round(DIGITS),
        usual_sum=rows.by_usual.sum().round(DIGITS),
        usual_days=rows.by_usual.count(),
        seen=ibis.greatest(rows.kept_highest.max(), rows.usual_highest.max().fill_null(0.0)),
    )
    steady, _ = registers.step(spans.opening, spans.closing, spans.digits)
    steady = ibis.ifelse(spans.least_multiplier == spans.most_multiplier, steady * spans.least_multiplier, NO_NUMBER)
    is_new = (spans.swap_day == spans.begin) & (spans.opening == spans.install_index)
    across = registers.across_swap(spans, spans.opening, spans.closing, is_new, spans.new_multiplier)
    advance = ibis.cases((spans.swaps == 0, steady), (spans.swaps == 1, across))
    whole = (spans.days == spans.end - spans.begin) & (spans.fit_days == spans.days) & (spans.gone_sum > 0)
    return spans.mutate(advance=ibis.ifelse(whole, advance.round(DIGITS), NO_NUMBER)).select(
        *SPAN, "advance", "unit_kwh", "tolerance_share", "kept_kwh_sum", "gone_sum", "time_sum", "usual_sum", "seen",
        is_usual=(spans.usual_days == spans.days) & (spans.usual_sum > 0),
    )  # fmt: skip


def _shared(rows: ir.Table) -> ir.Table:
    """The days' shares to DIGITS; the largest takes what rounding left."""
    residual = (rows.advance - rows.kept_kwh_sum).round(DIGITS)
    enough = residual >= -(rows.unit_kwh + rows.tolerance_share * rows.advance)
    believed = (rows.seen <= 0) | (residual / rows.gone_sum <= REGISTER_PLAUSIBLE_FACTOR * rows.seen + rows.unit_kwh)
    rows = rows.mutate(residual=ibis.greatest(residual, 0.0)).filter(rows.advance.notnull(), enough, believed)
    part = ibis.ifelse(rows.is_usual, rows.by_usual / rows.usual_sum.nullif(0.0), rows.by_time / rows.time_sum)
    rows = rows.mutate(share=(rows.residual * part).round(DIGITS))
    span = ibis.window(group_by=SPAN)
    order = ibis.window(group_by=SPAN, order_by=[ibis.desc(rows.share), ibis.desc(rows.gone), rows.business_date])
    rows = rows.mutate(given=rows.share.sum().over(span).round(DIGITS), place=ibis.row_number().over(order))
    rest = ibis.ifelse(rows.place == 0, rows.residual - rows.given, 0.0)
    rows = rows.mutate(span_kwh=(rows.share + rest).round(DIGITS))
    return rows.filter(rows.gone > 0).select(*KEYS, "span_kwh")
