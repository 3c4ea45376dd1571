"""The whole of VEE for a range of dates: pass 1, the rules of the day, estimation, the clean readings."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from gridmart.lake.engine import Engine
from gridmart.lake.vee import checks, days, estimate, history, profile
from gridmart.lake.vee.rules import CONTEXT_DAYS, ENERGY_CHANNELS, IMPORT_CHANNELS, QUALITY_CODES, Rule
from gridmart.lake.vee.summary import KEYS, SUMMARY_COLUMNS, Summary, summarise, with_slot

READING_COLUMNS = [
    "point_no", "channel", "interval_start", "business_date", "interval_minutes", "value", "quality_code",
    "method_code", "rule_bits",
]  # fmt: skip


@dataclass
class Inputs:
    """What VEE of the dates first…last needs.

    raw_paths: Parquet files of ami.reading_raw by date, of the dates and of the four weeks before.
    summary_paths: files of ami.day_summary by date, of those of the four weeks before that are up to date;
    pass 1 is done again for the others.
    register_paths: files of ami.register_read from the day before to the day after.
    point_days: the point register, one row a registered point and date (`register.point_days`).
    """

    first: date
    last: date
    timezone: str
    raw_paths: dict[date, list[str]]
    summary_paths: dict[date, list[str]]
    register_paths: list[str]
    point_days: pa.Table


@dataclass
class Result:
    """Lazy tables of the validated dates.

    readings: ami.reading; summaries: ami.day_summary; point_days: one row per point, channel and date with
    day_bits, advance (kWh) and what was due; points: the register of `Inputs`; profiles: `profile.COLUMNS` of every
    point-day in `readings`; unknown: first rows of points that no register knows; channels: all that occur.
    """

    readings: ir.Table
    summaries: ir.Table
    point_days: ir.Table
    points: ir.Table
    profiles: ir.Table
    unknown: ir.Table
    off_grid: ir.Table
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


def run(engine: Engine, inputs: Inputs) -> Result:
    """Validate, estimate and assemble; everything returned is lazy over rows kept in the engine."""
    first, last, zone = inputs.first, inputs.last, inputs.timezone
    dates = days.day_table(first - timedelta(days=CONTEXT_DAYS + 1), last + timedelta(days=1), zone)
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
    clean = engine.keep(checks.clean_days(summaries, calendar))

    indexes = checks.advances(_read(engine, inputs.register_paths, REGISTER_TYPES), calendar)
    indexes = indexes.filter(indexes.business_date.between(first, last))
    t = _point_days(engine, found.days, summaries, known, calendar)
    t = engine.keep(checks.with_register(t, engine.keep(indexes)))
    t = engine.keep(checks.judge(engine, t, clean))

    def raw_of(dates: list[date]) -> ir.Table | None:
        paths = [path for day in dates for path in inputs.raw_paths.get(day, [])]
        return _read(engine, paths, RAW_TYPES) if paths else None

    unknown = found.days.anti_join(points, ["point_no", "business_date"])
    touched = engine.keep(
        t.filter(t.day_bits != 0).select(KEYS).union(found.doubtful).union(unknown.select(KEYS)).distinct()
    )
    worked = _worked_out(engine, raw, found, t, clean, slots, touched, raw_of)
    first_rows = raw.semi_join(unknown, KEYS).group_by("point_no", "channel", "business_date", "file_id")
    return Result(
        readings=_untouched(raw, touched).union(worked.select(READING_COLUMNS)),
        summaries=found.days,
        point_days=t,
        points=points,
        profiles=profile.of_untouched(found.plain.anti_join(touched, KEYS)).union(
            profile.of_readings(with_slot(engine, worked, dates))
        ),
        unknown=first_rows.agg(row_number=lambda r: r.row_number.min(), readings=lambda r: r.count()),
        off_grid=found.off_grid,
        channels=sorted(
            engine.arrow(t.select("channel").union(found.days.select("channel")).distinct())["channel"].to_pylist()
        ),
    )


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
    kinds = calendar.select("business_date", "minutes", "is_workday")
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
    return both.mutate(is_due=both.is_due & both.channel.isin(ENERGY_CHANNELS))


def _untouched(raw: ir.Table, touched: ir.Table) -> ir.Table:
    """Readings of point-days without a finding pass straight through."""
    rows = raw.anti_join(touched, KEYS).filter(lambda r: r.value.notnull())
    return rows.select(
        "point_no", "channel", "interval_start", "business_date",
        interval_minutes=rows.interval_minutes.cast("int32"),
        value=rows.value,
        quality_code=ibis.literal("A"),
        method_code=ibis.null("int32"),
        rule_bits=ibis.literal(0, "int32"),
    )  # fmt: skip


def _worked_out(
    engine: Engine,
    raw: ir.Table,
    found: Summary,
    t: ir.Table,
    clean: ir.Table,
    slots: ir.Table,
    touched: ir.Table,
    raw_of: history.ReadRaw,
) -> ir.Table:
    """Readings of the touched point-days, interval by interval (READING_COLUMNS)."""
    detail = engine.keep(_intervals(raw, found, t, touched, slots))
    replaces = int(Rule.MISSING | Rule.NEGATIVE | Rule.SPIKE)
    wanted = engine.keep(t.filter(t.is_due, (t.day_bits.cast("int64") & replaces) != 0))
    shapes = history.shapes(engine, wanted, t, clean, slots, raw_of)
    to_fill = detail.semi_join(wanted, KEYS).left_join(shapes, [*KEYS, "minute_of_day"])
    filled = estimate.estimate(engine, to_fill.drop([f"{name}_right" for name in (*KEYS, "minute_of_day")]))
    filled = filled.select(
        *READING_COLUMNS[:5],
        value=ibis.coalesce(filled.estimate, filled.value),
        quality_code=ibis.ifelse(filled.method_code.notnull(), "E", "A"),
        method_code=filled.method_code,
        rule_bits=filled.rule_bits,
    )
    kept = detail.anti_join(wanted, KEYS).filter(lambda r: r.value.notnull())
    kept = kept.select(
        *READING_COLUMNS[:5],
        value=kept.value,
        quality_code=ibis.literal("A"),
        method_code=ibis.null("int32"),
        rule_bits=kept.rule_bits,
    )
    return engine.keep(filled.select(READING_COLUMNS).union(kept.select(READING_COLUMNS)))


def _intervals(raw: ir.Table, found: Summary, t: ir.Table, touched: ir.Table, slots: ir.Table) -> ir.Table:
    """Every slot of the touched point-days with the value delivered, the value kept, and the rule bits."""
    columns = [*KEYS, "interval_start", "value"]
    values = found.resolved.select(*columns, "is_differing")
    single = raw.semi_join(touched.anti_join(found.doubtful, KEYS), KEYS)
    values = values.union(single.select(columns).mutate(is_differing=ibis.literal(False)))
    spiky = (t.day_bits & int(Rule.SPIKE)) != 0
    point_days = t.semi_join(touched, KEYS)
    point_days = point_days.select(
        *KEYS, "interval_minutes", "is_due", "day_bits", "advance", "unit_kwh", "register_share",
        spike_above=ibis.ifelse(spiky, checks.spike_limit(t), ibis.null("float64")),
    )  # fmt: skip
    grid = point_days.join(slots, ["business_date", "interval_minutes"])
    rows = grid.left_join(values, [*KEYS, "interval_start"])
    rows = rows.drop([f"{name}_right" for name in (*KEYS, "interval_start")])
    is_missing = rows.value.isnull() & rows.is_due
    is_negative = (rows.channel.isin(IMPORT_CHANNELS) & (rows.value < 0)).fill_null(False)
    is_spike = (rows.value > rows.spike_above).fill_null(False)
    of_day = rows.day_bits & int(Rule.HIGH_LOW | Rule.REGISTER_SUM)
    bits = (
        of_day
        + ibis.ifelse(is_missing, int(Rule.MISSING), 0)
        + ibis.ifelse(is_negative, int(Rule.NEGATIVE), 0)
        + ibis.ifelse(is_spike, int(Rule.SPIKE), 0)
        + ibis.ifelse(rows.is_differing.fill_null(False), int(Rule.DUPLICATE), 0)
    )
    replaced = is_missing | ((is_negative | is_spike) & rows.is_due)
    return rows.mutate(rule_bits=bits.cast("int32"), kept=ibis.ifelse(replaced, ibis.null("float64"), rows.value)).drop(
        "spike_above", "is_differing"
    )
