"""The whole of VEE for a range of dates: pass 1, the rules of the day, estimation, the clean readings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from gridmart.lake.engine import Engine, writing
from gridmart.lake.register import OFF_TYPES
from gridmart.lake.vee import checks, clocks, days, edits, estimate, history, levels, profile, registers, runs, spans
from gridmart.lake.vee.intervals import intervals, joined
from gridmart.lake.vee.rules import (
    CONTEXT_DAYS,
    ENERGY_CHANNELS,
    QUALITY_CODES,
    SPAN_DAYS,
    SPIKE_CHANNELS,
    Method,
    On,
    Rule,
    bits,
)
from gridmart.lake.vee.summary import KEYS, SUMMARY_COLUMNS, Summary, summarise, with_slot

READING_COLUMNS = [
    "point_no", "channel", "interval_start", "business_date", "interval_minutes", "value", "quality_code",
    "method_code", "rule_bits",
]  # fmt: skip


@dataclass
class Inputs:
    """What VEE of the dates first…last needs.

    raw_paths: Parquet files of ami.reading_raw by date, of the dates, the four weeks before and SPAN_DAYS after.
    summary_paths: files of ami.day_summary by date, of those of the four weeks before that are up to date;
    pass 1 is done again for the others.
    register_paths: files of ami.register_read from SPAN_DAYS before to SPAN_DAYS after.
    point_days: the point register, one row a registered point and date (`register.point_days`).
    off_days: who is cut off, of the dates and of the four weeks before (`register.off_days`).
    edit_paths: files of ami.edit of the dates.
    clock_days: points and dates of which the head-end says that the meter's clock is off (`clocks.Clocks.days`).
    point_days_of: the point register of some points for any dates (first, last, points); without it no gap is scaled
    to an advance over several days.
    temperatures: means of the dates, the four weeks before and SPAN_DAYS after, °C, as far as they are known.
    methods: of estimation that may be used; the benchmark leaves some out to measure what follows them.
    """

    first: date
    last: date
    timezone: str
    raw_paths: dict[date, list[str]]
    summary_paths: dict[date, list[str]]
    register_paths: list[str]
    point_days: pa.Table
    edit_paths: list[str] = field(default_factory=list)
    off_days: pa.Table = field(default_factory=lambda: empty(OFF_TYPES))
    clock_days: pa.Table = field(default_factory=lambda: empty(clocks.CLOCK_TYPES))
    methods: tuple[Method, ...] = tuple(Method)
    point_days_of: Callable[[date, date, list[str]], pa.Table] | None = None
    temperatures: dict[date, float] = field(default_factory=dict)


@dataclass
class Result:
    """Lazy tables of the validated dates.

    readings: ami.reading; summaries: ami.day_summary; point_days: one row per point, channel and date with day_bits,
    advance (kWh) and what was due; ahead: dates whose result hangs on later ones, with how many days ahead
    (business_date, ahead_days); points: the register of `Inputs`; profiles: `profile.COLUMNS` of every point-day in
    `readings`; unknown: first rows of points that no register knows; refused_edits: manual edits of values that are not
    there; channels: all that occur.
    """

    readings: ir.Table
    summaries: ir.Table
    point_days: ir.Table
    ahead: ir.Table
    points: ir.Table
    profiles: ir.Table
    unknown: ir.Table
    off_grid: ir.Table
    refused_edits: ir.Table
    channels: list[str]


@dataclass
class Written:
    """Parquet files by date."""

    readings: dict[date, list[Path]]
    summaries: dict[date, list[Path]]


def write(engine: Engine, result: Result, dates: list[date], readings: Path, summaries: Path) -> Written:
    """Write ami.reading and ami.day_summary of the dates as Parquet files below two folders; their paths by date."""
    channels = {"channel": result.channels}
    codes = {**channels, "quality_code": QUALITY_CODES}
    return Written(
        engine.write(result.readings, readings, dates, codes),
        engine.write(result.summaries, summaries, dates, channels),
    )


def empty(columns: dict[str, pa.DataType]) -> pa.Table:
    """An Arrow table of these columns without rows."""
    return pa.schema(list(columns.items())).empty_table()


RAW_TYPES = {
    "point_no": pa.string(), "channel": pa.string(), "interval_start": pa.timestamp("us", "UTC"),
    "business_date": pa.date32(), "interval_minutes": pa.int32(), "value": pa.float64(), "version": pa.int64(),
    "arrived_at": pa.timestamp("us", "UTC"), "file_id": pa.string(), "row_number": pa.int64(),
}  # fmt: skip
REGISTER_TYPES = {
    "point_no": pa.string(), "channel": pa.string(), "business_date": pa.date32(), "index_start": pa.float64(),
    "index_end": pa.float64(), "version": pa.int64(), "arrived_at": pa.timestamp("us", "UTC"),
    "file_id": pa.string(), "row_number": pa.int64(),
}  # fmt: skip


def _read(engine: Engine, paths: list[str], types: dict[str, pa.DataType]) -> ir.Table:
    return (engine.read(paths) if paths else engine.table(empty(types))).select(*types)


@writing()
def run(engine: Engine, inputs: Inputs) -> Result:
    """Validate, estimate and assemble; everything returned is lazy over rows kept in the engine."""
    first, last, zone = inputs.first, inputs.last, inputs.timezone
    since, until = first - timedelta(days=CONTEXT_DAYS + 1), last + timedelta(days=SPAN_DAYS)
    dates = days.day_table(since, until, zone, inputs.temperatures)
    calendar = engine.table(dates)
    points = engine.table(inputs.point_days)
    known = points.drop("point_kind", "usage_category", "calendar_code", "transformer_no", "feeder_no")
    raw = _read(
        engine, [p for day, paths in inputs.raw_paths.items() if first <= day <= last for p in paths], RAW_TYPES
    )
    raw = raw.filter(raw.business_date.between(first, last))
    unsummarised = [
        path
        for day, paths in inputs.raw_paths.items()
        if first - timedelta(days=CONTEXT_DAYS) <= day < first and day not in inputs.summary_paths
        for path in paths
    ]
    lengths = _lengths(engine, raw, inputs.point_days)
    slots = engine.keep(engine.table(days.slot_table(first - timedelta(days=CONTEXT_DAYS), last, zone, lengths)))

    found = summarise(engine, raw, dates, min(lengths), profiles=True)
    summaries = found.days
    if inputs.summary_paths:
        earlier = engine.read([path for paths in inputs.summary_paths.values() for path in paths])
        summaries = summaries.union(earlier.select(SUMMARY_COLUMNS))
    if unsummarised:
        before = _read(engine, unsummarised, RAW_TYPES)
        summaries = summaries.union(summarise(engine, before, dates, min(lengths)).days)
    off = engine.table(inputs.off_days)
    off_days = off.select("point_no", like_date=off.business_date)
    clean = engine.keep(levels.clean_days(summaries, calendar).anti_join(off_days, ["point_no", "like_date"]))

    reads = _read(engine, inputs.register_paths, REGISTER_TYPES)
    near = reads.filter(reads.business_date.between(first - timedelta(days=1), last + timedelta(days=1)))
    indexes = registers.advances(near, calendar)
    indexes = indexes.filter(indexes.business_date.between(first, last))
    t = _point_days(engine, found.days, summaries, known, calendar)
    t = _with_off(t, off)
    t = engine.keep(registers.with_register(t, engine.keep(indexes)))
    flat = engine.keep(_flat(engine, raw, found, known, dates))
    is_reported = t.semi_join(engine.table(inputs.clock_days), ["point_no", "business_date"])
    off_time = found.off_grid.select(KEYS).union(is_reported.filter(t.readings > 0).select(KEYS)).distinct()
    t = engine.keep(checks.judge(engine, t, clean, summaries, flat.select(KEYS).distinct(), off_time))

    def raw_of(dates: list[date]) -> ir.Table | None:
        paths = [path for day in dates for path in inputs.raw_paths.get(day, [])]
        return _read(engine, paths, RAW_TYPES) if paths else None

    unknown = found.days.anti_join(points, ["point_no", "business_date"])
    on_intervals = (t.day_bits & bits(On.INTERVAL)) != 0
    manual = engine.keep(edits.latest(_read(engine, inputs.edit_paths, edits.TYPES)))
    touched = t.filter(on_intervals).select(KEYS).union(found.doubtful).union(unknown.select(KEYS))
    touched = touched.union(manual.select(KEYS))
    touched = engine.keep(touched.distinct())
    of_day = t.filter((t.day_bits & bits(On.DAY)) != 0).select(*KEYS, rule_bits=t.day_bits & bits(On.DAY))
    marked = engine.keep(of_day.anti_join(touched, KEYS))
    replaces = int(Rule.MISSING | Rule.NEGATIVE | Rule.SPIKE)
    wanted = engine.keep(t.filter(t.is_due, (t.day_bits.cast("int64") & replaces) != 0))
    across = spans.find(engine, wanted, reads)
    shares = _span_shares(engine, inputs, across, summaries, clean, dates, raw_of)
    wanted = engine.keep(joined(wanted, shares, KEYS))
    worked = _worked_out(engine, raw, found, t, clean, slots, touched, flat, wanted, raw_of, inputs.methods)
    if inputs.edit_paths:
        edited = engine.keep(edits.apply(worked, manual))
        worked, refused = edited.select(READING_COLUMNS), edits.refused(edited, manual)
    else:
        refused = manual
    first_rows = raw.semi_join(unknown, KEYS).group_by("point_no", "channel", "business_date", "file_id")
    return Result(
        readings=_untouched(raw, touched, marked).union(worked.select(READING_COLUMNS)),
        summaries=found.days,
        point_days=t,
        ahead=_ahead(t, across),
        points=points,
        profiles=profile.of_untouched(found.plain.anti_join(touched, KEYS)).union(
            profile.of_readings(with_slot(engine, worked, dates))
        ),
        unknown=first_rows.agg(row_number=lambda r: r.row_number.min(), readings=lambda r: r.count()),
        off_grid=found.off_grid,
        refused_edits=refused,
        channels=sorted(
            engine.arrow(t.select("channel").union(found.days.select("channel")).distinct())["channel"].to_pylist()
        ),
    )


def _span_shares(
    engine: Engine,
    inputs: Inputs,
    across: ir.Table,
    summaries: ir.Table,
    clean: ir.Table,
    calendar: pa.Table,
    raw_of: history.ReadRaw,
) -> ir.Table:
    """`spans.shares` of the spans that have both indexes; nothing is read where there is none."""
    whole = across.filter(across.end.notnull()).select("point_no").distinct()
    named = engine.arrow(whole)["point_no"].to_pylist() if inputs.point_days_of else []
    if not named or not inputs.point_days_of:
        return engine.table(empty({**{key: RAW_TYPES[key] for key in KEYS}, "span_kwh": pa.float64()}))
    reach = timedelta(days=SPAN_DAYS)
    points = inputs.point_days_of(inputs.first - reach, inputs.last + reach, sorted(named))
    return spans.shares(engine, across, points, summaries, clean, calendar, raw_of)


def _ahead(t: ir.Table, across: ir.Table) -> ir.Table:
    by_next = t.filter(t.needs_next).select("business_date", ahead_days=ibis.literal(1, "int32"))
    rows = by_next.union(across.select("business_date", "ahead_days"))
    return rows.group_by("business_date").agg(ahead_days=rows.ahead_days.max())


def _lengths(engine: Engine, raw: ir.Table, point_days: pa.Table) -> list[int]:
    delivered = engine.arrow(raw.select("interval_minutes").distinct())["interval_minutes"].to_pylist()
    declared = point_days["interval_minutes"].unique().to_pylist()
    return sorted({int(length) for length in [*delivered, *declared] if length})


def _point_days(
    engine: Engine, summary: ir.Table, summaries: ir.Table, points: ir.Table, calendar: ir.Table
) -> ir.Table:
    """Pass 1's rows of known points with their register, and a row for each point and channel that is due.

    Due are: import energy of every active point, export energy where generation is registered, and any other
    energy channel that the point delivered in the four weeks before.
    """
    kinds = calendar.select("business_date", "minutes", "is_workday", "temperature_c")
    points = (
        points.mutate(declared_minutes=points.interval_minutes).drop("interval_minutes").join(kinds, "business_date")
    )
    due = points.filter(points.is_due)
    keys = due.select("point_no", "business_date", "has_generation")
    expected = keys.select("point_no", "business_date").mutate(channel=ibis.literal("import_kwh"))
    export = keys.filter(keys.has_generation).select("point_no", "business_date")
    expected = expected.union(export.mutate(channel=ibis.literal("export_kwh")))
    expected = expected.select(KEYS).anti_join(summary, KEYS)

    others = summaries.filter(summaries.channel.isin(ENERGY_CHANNELS)).select(
        "point_no", "channel", seen_date=summaries.business_date
    )
    candidates = others.select("point_no", "channel").distinct().join(keys, "point_no").select(KEYS)
    silent = engine.keep(candidates.anti_join(summary, KEYS).anti_join(expected, KEYS))
    seen = silent.join(others, ["point_no", "channel"])
    seen = seen.filter((seen.business_date.epoch_days() - seen.seen_date.epoch_days()).between(1, CONTEXT_DAYS))
    nothing = expected.union(seen.select(KEYS).distinct()).join(
        due.select("point_no", "business_date", "minutes", "declared_minutes"), ["point_no", "business_date"]
    )
    zero, no_number = ibis.literal(0, "int32"), ibis.null("float64")
    absent = nothing.select(
        *KEYS,
        interval_minutes=nothing.declared_minutes.cast("int32"),
        due=(nothing.minutes // nothing.declared_minutes).cast("int32"),
        readings=zero,
        intervals=zero,
        total=no_number,
        lowest=no_number,
        highest=no_number,
        third_highest=no_number,
        duplicates=zero,
        duplicates_differing=zero,
    ).select(SUMMARY_COLUMNS)
    both = summary.select(SUMMARY_COLUMNS).union(absent).join(points, ["point_no", "business_date"])
    return both.mutate(is_active=both.is_due, is_due=both.is_due & both.channel.isin(ENERGY_CHANNELS))


def _with_off(t: ir.Table, off: ir.Table) -> ir.Table:
    """Add off_from_minute and off_to_minute, both 0 where the point is not cut off."""
    t = joined(t, off, ["point_no", "business_date"])
    return t.mutate(off_from_minute=t.off_from_minute.fill_null(0), off_to_minute=t.off_to_minute.fill_null(0))


def _flat(engine: Engine, raw: ir.Table, found: Summary, points: ir.Table, dates: pa.Table) -> ir.Table:
    """Intervals in flat runs: `runs.flatline` of the point-days that may hold one."""
    columns = [*KEYS, "slot", "interval_minutes", "value"]
    perhaps = engine.keep(runs.perhaps_flat(found.plain))
    rows = found.resolved.filter(found.resolved.channel.isin(SPIKE_CHANNELS)).select(columns)
    if engine.arrow(perhaps.limit(1)).num_rows:
        rows = rows.union(with_slot(engine, raw.semi_join(perhaps, KEYS), dates).select(columns))
    floors = points.select("point_no", "business_date", "flat_floor_kw")
    return runs.flatline(rows.join(floors, ["point_no", "business_date"]))


def _untouched(raw: ir.Table, touched: ir.Table, marked: ir.Table) -> ir.Table:
    """Readings of the other point-days pass straight through, some with the bits of their day (`marked`)."""
    rows = raw.filter(raw.value.notnull())
    none = ibis.literal(0, "int32")
    plain = rows.anti_join(touched.union(marked.select(KEYS)), KEYS).mutate(rule_bits=none)
    with_bits = rows.join(marked, KEYS)
    both = plain.union(with_bits.select(plain.columns))
    return both.select(
        "point_no", "channel", "interval_start", "business_date",
        interval_minutes=both.interval_minutes.cast("int32"),
        value=both.value,
        quality_code=ibis.literal("A"),
        method_code=ibis.null("int32"),
        rule_bits=both.rule_bits.cast("int32"),
    )  # fmt: skip


def _worked_out(
    engine: Engine,
    raw: ir.Table,
    found: Summary,
    t: ir.Table,
    clean: ir.Table,
    slots: ir.Table,
    touched: ir.Table,
    flat: ir.Table,
    wanted: ir.Table,
    raw_of: history.ReadRaw,
    methods: tuple[Method, ...],
) -> ir.Table:
    """Readings of the touched point-days, interval by interval (READING_COLUMNS).

    wanted: those of them with something to replace, with `span_kwh`.
    """
    detail = engine.keep(intervals(raw, found, t, touched, flat, slots))
    shapes = history.shapes(engine, wanted, t, clean, slots, raw_of, methods)
    to_fill = detail.join(wanted.select(*KEYS, "span_kwh"), KEYS)
    to_fill = joined(to_fill, shapes, [*KEYS, "minute_of_day"])
    filled = estimate.estimate(engine, to_fill, methods)
    filled = filled.select(
        *READING_COLUMNS[:5],
        value=ibis.coalesce(filled.estimate, filled.value),
        quality_code=ibis.ifelse(filled.method_code.notnull(), "E", "A"),
        method_code=filled.method_code,
        rule_bits=filled.rule_bits,
    )
    kept = detail.anti_join(wanted, KEYS).filter(lambda r: r.value.notnull())
    is_zero = kept.kept.isnull()
    kept = kept.select(
        *READING_COLUMNS[:5],
        value=ibis.ifelse(is_zero, 0.0, kept.value),
        quality_code=ibis.ifelse(is_zero, "E", "A"),
        method_code=ibis.ifelse(is_zero, int(Method.ZERO), ibis.null("int32")).cast("int32"),
        rule_bits=kept.rule_bits,
    )
    return engine.keep(filled.select(READING_COLUMNS).union(kept.select(READING_COLUMNS)))
