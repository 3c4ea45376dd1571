"""Roll-ups of clean readings: by point and day, by transformer and feeder hour, by collection day."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from gridmart import tariffs
from gridmart.lake.engine import Engine
from gridmart.lake.vee.days import dates_between, day_minutes, day_start, day_table, start_of
from gridmart.lake.vee.rules import CATALOGUE, Rule
from gridmart.lake.vee.summary import DIGITS

PERIODS = ("sharp", "peak", "flat", "valley", "deep_valley")
BITS = [int(info.rule) for info in CATALOGUE]
# the highest power and its earliest minute travel through the aggregations as one whole number:
# watts × 10,000 + (9,999 − minute since the start of the local day)
PLACE = 10_000


@dataclass
class Rollups:
    """Lazy tables with the columns of raw_ami (without lake_snapshot_id, loaded_at)."""

    point_day: ir.Table
    transformer_hour: ir.Table
    feeder_hour: ir.Table
    collection_day: ir.Table


def hour_table(first: date, last: date, timezone: str) -> pa.Table:
    """Hours of each local day: business_date, hour_no (since its start), hour_start (UTC), local_hour."""
    zone = ZoneInfo(timezone)
    rows = []
    for day in dates_between(first, last):
        start = day_start(day, zone)
        for hour in range(-(-day_minutes(day, zone) // 60)):
            at = start + timedelta(hours=hour)
            rows.append((day, hour, at, at.astimezone(zone).hour))
    types = (pa.date32(), pa.int32(), pa.timestamp("us", "UTC"), pa.int32())
    names = ("business_date", "hour_no", "hour_start", "local_hour")
    columns = list(zip(*rows, strict=True))
    return pa.table({name: pa.array(values, kind) for name, values, kind in zip(names, columns, types, strict=True)})


def _tou(first: date, last: date) -> pa.Table:
    table = tariffs.tou_hours(first, last).select(["calendar_code", "business_date", "local_hour", "period_code"])
    types = (pa.string(), pa.date32(), pa.int32(), pa.string())
    return table.cast(pa.schema(list(zip(table.column_names, types, strict=True))))


def hourly(engine: Engine, readings: ir.Table, calendar: pa.Table) -> ir.Table:
    """Energy by point, date and hour of the local day, with estimated energy and the highest power."""
    since = engine.micros(readings.interval_start) - start_of(readings.business_date, calendar) * 1_000_000
    rows = readings.mutate(minute=engine.whole(since, 60_000_000))
    watts = (rows.value * 60_000.0 / rows.interval_minutes).round(0).cast("int64")
    rows = rows.mutate(
        hour_no=engine.whole(rows.minute, 60).cast("int32"), rank=watts * PLACE + (PLACE - 1 - rows.minute)
    )
    is_import, is_estimated = rows.channel == "import_kwh", rows.quality_code == "E"
    return rows.group_by("point_no", "business_date", "hour_no").agg(
        import_kwh=rows.value.sum(where=is_import),
        export_kwh=rows.value.sum(where=rows.channel == "export_kwh"),
        import_kvarh=rows.value.sum(where=rows.channel == "import_kvarh"),
        estimated_kwh=rows.value.sum(where=is_import & is_estimated),
        peak_rank=rows["rank"].max(where=is_import),
        actual=rows.count(where=is_import & ~is_estimated),
        estimated=rows.count(where=is_import & is_estimated),
    )


def roll_up(
    engine: Engine, readings: ir.Table, points: ir.Table, days: ir.Table, first: date, last: date, timezone: str
) -> Rollups:
    """The four roll-ups of the dates first…last.

    readings: ami.reading; points: point register by date; days: point-days of VEE (due, day_bits, advance).
    """
    calendar = day_table(first, last, timezone)
    hours = engine.table(hour_table(first, last, timezone))
    tou = engine.table(_tou(first, last))
    place = points.select(
        "point_no", "business_date", "point_kind", "calendar_code", "transformer_no", "feeder_no", "is_due"
    )
    by_hour = engine.keep(hourly(engine, readings, calendar))
    point_day = engine.keep(_point_day(by_hour.join(hours, ["business_date", "hour_no"]), place, tou, days, calendar))
    by_place = engine.keep(_by_place(by_hour, place).join(hours, ["business_date", "hour_no"]))
    return Rollups(
        point_day=point_day,
        transformer_hour=_area_hour(by_place, "transformer_no", "transformer_boundary"),
        feeder_hour=_area_hour(by_place, "feeder_no", "feeder_boundary"),
        collection_day=_collection_day(point_day, place),
    )


def _by_place(by_hour: ir.Table, place: ir.Table) -> ir.Table:
    """Points of one kind at one place added up: few rows, for the areas of both sizes."""
    rows = by_hour.join(place, ["point_no", "business_date"])
    return rows.group_by("transformer_no", "feeder_no", "point_kind", "business_date", "hour_no").agg(
        import_kwh=rows.import_kwh.sum(),
        export_kwh=rows.export_kwh.sum(),
        estimated_kwh=rows.estimated_kwh.sum(),
        points=rows.count(),
    )


def _point_day(by_hour: ir.Table, place: ir.Table, tou: ir.Table, days: ir.Table, calendar: pa.Table) -> ir.Table:
    rows = by_hour.join(place.select("point_no", "business_date", "calendar_code"), ["point_no", "business_date"])
    rows = rows.left_join(tou, ["calendar_code", "business_date", "local_hour"])
    energy = rows.import_kwh
    day = rows.group_by("point_no", "business_date").agg(
        import_kwh=energy.sum().round(DIGITS),
        export_kwh=rows.export_kwh.sum().round(DIGITS),
        import_kvarh=rows.import_kvarh.sum().round(DIGITS),
        **{
            f"{period}_kwh": energy.sum(where=rows.period_code == period).round(DIGITS).fill_null(0.0)
            for period in PERIODS
        },
        **{f"h{hour}": energy.sum(where=rows.local_hour == hour).round(DIGITS) for hour in range(24)},
        peak_rank=rows.peak_rank.max(),
        intervals_actual=rows.actual.sum(),
        intervals_estimated=rows.estimated.sum(),
    )
    # duplicates of one value are a finding of the day, not of its readings: the value is certain
    doubled = ibis.ifelse(days.duplicates > 0, int(Rule.DUPLICATE), 0)
    of_day = days.mutate(bits=(days.day_bits.cast("int32") | doubled.cast("int32")))
    is_import = of_day.channel == "import_kwh"
    of_day = of_day.group_by("point_no", "business_date").agg(
        intervals_due=ibis.ifelse(is_import & of_day.is_due, of_day.due, 0).sum(),
        register_advance_kwh=of_day.advance.max(where=is_import),
        **{f"bit{bit}": (of_day.bits & bit).max() for bit in BITS},
    )
    joined = day.join(of_day, ["point_no", "business_date"])
    minute = PLACE - 1 - joined.peak_rank % PLACE
    peak_s = (start_of(joined.business_date, calendar) + minute * 60).cast("int64")
    return joined.select(
        "point_no", "business_date", "import_kwh", "export_kwh", "import_kvarh",
        *[f"{period}_kwh" for period in PERIODS],
        peak_kw=(joined.peak_rank // PLACE).cast("float64") / 1000.0,
        peak_at=peak_s.as_timestamp("s").cast("timestamp('UTC')"),
        hourly_kwh=ibis.array([joined[f"h{hour}"].cast("float32") for hour in range(24)]),
        intervals_due=joined.intervals_due.cast("int32"),
        intervals_actual=joined.intervals_actual.cast("int32"),
        intervals_estimated=joined.intervals_estimated.cast("int32"),
        rule_bits=sum((joined[f"bit{bit}"] for bit in BITS[1:]), joined[f"bit{BITS[0]}"]).cast("int32"),
        register_advance_kwh=joined.register_advance_kwh,
    )  # fmt: skip


def _area_hour(by_place: ir.Table, area: str, boundary: str) -> ir.Table:
    rows = by_place.filter(by_place[area].notnull())
    supply, sold = rows.point_kind == boundary, rows.point_kind == "customer"
    return rows.group_by([area, "hour_start", "business_date"]).agg(
        supplied_kwh=rows.import_kwh.sum(where=supply).round(DIGITS),
        sold_kwh=rows.import_kwh.sum(where=sold).round(DIGITS).fill_null(0.0),
        generation_kwh=rows.export_kwh.sum(where=sold).round(DIGITS).fill_null(0.0),
        supplied_estimated_kwh=rows.estimated_kwh.sum(where=supply).round(DIGITS).fill_null(0.0),
        sold_estimated_kwh=rows.estimated_kwh.sum(where=sold).round(DIGITS).fill_null(0.0),
        points=rows.points.sum(where=sold).fill_null(0).cast("int32"),
    )


def _collection_day(point_day: ir.Table, place: ir.Table) -> ir.Table:
    due = place.filter(place.is_due).select("point_no", "business_date", "transformer_no")
    rows = due.join(point_day, ["point_no", "business_date"])
    rows = rows.mutate(transformer_no=rows.transformer_no.fill_null(""))
    return rows.group_by(["business_date", "transformer_no"]).agg(
        points_due=rows.count().cast("int32"),
        points_read=rows.count(where=rows.intervals_actual > 0).cast("int32"),
        points_complete=rows.count(where=rows.intervals_actual >= rows.intervals_due).cast("int32"),
        intervals_due=rows.intervals_due.sum().cast("int32"),
        intervals_actual=rows.intervals_actual.sum().cast("int32"),
        intervals_estimated=rows.intervals_estimated.sum().cast("int32"),
    )
