"""Roll-ups of clean readings: by point and day, by transformer and feeder hour, by collection day.

They start from `profile` rows, one a point, channel and date with 25 hours side by side.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import add
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from gridmart import tariffs
from gridmart.lake.engine import Engine, writing
from gridmart.lake.vee.days import dates_between, day_minutes, day_start, day_table, start_of
from gridmart.lake.vee.profile import ESTIMATED, HOUR_COLUMNS
from gridmart.lake.vee.rules import CATALOGUE, Rule
from gridmart.lake.vee.summary import DIGITS, HOURS, PLACE

PERIODS = ("sharp", "peak", "flat", "valley", "deep_valley")
BITS = [int(info.rule) for info in CATALOGUE]
POINT_DAY = ["point_no", "business_date"]


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


def period_table(hours: pa.Table, first: date, last: date) -> pa.Table:
    """One row per calendar and date: calendar_code, business_date, `peak_0`… 1.0 where hour 0 lies in that period."""
    tou = tariffs.tou_hours(first, last).to_pydict()
    period = dict(
        zip(
            zip(tou["calendar_code"], tou["business_date"], tou["local_hour"], strict=True),
            tou["period_code"],
            strict=True,
        )
    )
    rows: dict[tuple[str, date], dict] = {}
    for code in sorted(set(tou["calendar_code"])):
        for hour in hours.to_pylist():
            day = hour["business_date"]
            row = rows.setdefault((code, day), {"calendar_code": code, "business_date": day})
            row[f"{period[code, day, hour['local_hour']]}_{hour['hour_no']}"] = 1.0
    flags = [f"{name}_{n}" for name in PERIODS for n in range(HOURS)]
    schema = pa.schema(
        [("calendar_code", pa.string()), ("business_date", pa.date32()), *[(name, pa.float64()) for name in flags]]
    )
    return pa.Table.from_pylist([{**dict.fromkeys(flags, 0.0), **row} for row in rows.values()], schema)


@writing()
def roll_up(
    engine: Engine, profiles: ir.Table, points: ir.Table, days: ir.Table, first: date, last: date, timezone: str
) -> Rollups:
    """The four roll-ups of the dates first…last.

    profiles: `profile.COLUMNS`; points: point register by date; days: point-days of VEE (due, day_bits, advance).
    """
    calendar = day_table(first, last, timezone)
    hours = hour_table(first, last, timezone)
    place = points.select(*POINT_DAY, "point_kind", "calendar_code", "transformer_no", "feeder_no", "is_due")
    profiles = engine.keep(profiles.join(place, POINT_DAY))
    energies = engine.keep(_energies(profiles, engine.table(period_table(hours, first, last)), hours))
    point_day = engine.keep(_point_day(profiles, energies, engine.keep(_findings(days)), calendar))
    by_place = engine.keep(_by_hour(engine.keep(_by_place(profiles)), engine.table(hours)))
    return Rollups(
        point_day=point_day,
        transformer_hour=_area_hour(by_place, "transformer_no", "transformer_boundary"),
        feeder_hour=_area_hour(by_place, "feeder_no", "feeder_boundary"),
        collection_day=_collection_day(point_day, place),
    )


def _energies(profiles: ir.Table, periods: ir.Table, hours: pa.Table) -> ir.Table:
    """Import energy by point and date: by period (kWh), and by local hour as `hourly_kwh`."""
    rows = profiles.filter(profiles.channel == "import_kwh").join(periods, ["calendar_code", "business_date"])
    by_period = {
        f"{period}_kwh": reduce(add, [rows[name] * rows[f"{period}_{n}"] for n, name in enumerate(HOUR_COLUMNS)])
        for period in PERIODS
    }
    by_hour = [_local(rows, hour, hours).round(DIGITS).cast("float32") for hour in range(24)]
    return rows.select(*POINT_DAY, **by_period, hourly_kwh=ibis.array(by_hour))


def _local(rows: ir.Table, hour: int, hours: pa.Table) -> ir.FloatingValue:
    """Energy of a local hour: of one hour of the day, save where the clocks changed; null where there is none."""
    found: dict[int, list[date]] = {}
    for row in hours.filter(pc.equal(hours["local_hour"], hour)).to_pylist():
        found.setdefault(row["hour_no"], []).append(row["business_date"])
    every = len(set(hours["business_date"].to_pylist()))
    if list(found) == [hour] and len(found[hour]) == every:
        return rows[f"h{hour}"]
    nothing = ibis.null("float64")
    parts = [ibis.ifelse(rows.business_date.isin(dates), rows[f"h{n}"], nothing) for n, dates in found.items()]
    if not parts:
        return nothing
    energy = reduce(add, [part.fill_null(0.0) for part in parts])
    return ibis.ifelse(ibis.coalesce(*parts).isnull(), nothing, energy)


def _findings(days: ir.Table) -> ir.Table:
    """What VEE found by point and date, over its channels: intervals_due, register_advance_kwh, rule_bits."""
    # duplicates of one value are a finding of the day, not of its readings: the value is certain
    doubled = ibis.ifelse(days.duplicates > 0, int(Rule.DUPLICATE), 0)
    of_day = days.mutate(bits=days.day_bits.cast("int64") | doubled.cast("int64"))
    is_import = of_day.channel == "import_kwh"
    found = of_day.group_by(POINT_DAY).agg(
        intervals_due=ibis.ifelse(is_import & of_day.is_due, of_day.due, 0).sum(),
        register_advance_kwh=of_day.advance.max(where=is_import),
        **{f"bit{bit}": (of_day.bits & bit).max() for bit in BITS},
    )
    return found.select(
        *POINT_DAY,
        "register_advance_kwh",
        intervals_due=found.intervals_due.cast("int32"),
        rule_bits=reduce(add, [found[f"bit{bit}"] for bit in BITS]).cast("int32"),
    )


def _point_day(profiles: ir.Table, energies: ir.Table, findings: ir.Table, calendar: pa.Table) -> ir.Table:
    is_import = profiles.channel == "import_kwh"
    day = profiles.group_by(POINT_DAY).agg(
        import_kwh=profiles.total.sum(where=is_import).round(DIGITS),
        export_kwh=profiles.total.sum(where=profiles.channel == "export_kwh").round(DIGITS),
        import_kvarh=profiles.total.sum(where=profiles.channel == "import_kvarh").round(DIGITS),
        peak_rank=profiles.peak_rank.max(where=is_import),
        actual=profiles.actual.sum(where=is_import).fill_null(0),
        estimated=profiles.estimated.sum(where=is_import).fill_null(0),
    )
    joined = day.join(findings, POINT_DAY).left_join(energies, POINT_DAY)
    minute = PLACE - 1 - joined.peak_rank % PLACE
    peak_s = (start_of(joined.business_date, calendar) + minute * 60).cast("int64")
    return joined.select(
        *POINT_DAY, "import_kwh", "export_kwh", "import_kvarh",
        **{f"{period}_kwh": joined[f"{period}_kwh"].round(DIGITS).fill_null(0.0) for period in PERIODS},
        peak_kw=(joined.peak_rank // PLACE).cast("float64") / 1000.0,
        peak_at=peak_s.as_timestamp("s").cast("timestamp('UTC')"),
        hourly_kwh=joined.hourly_kwh,
        intervals_due=joined.intervals_due,
        intervals_actual=joined.actual.cast("int32"),
        intervals_estimated=joined.estimated.cast("int32"),
        rule_bits=joined.rule_bits,
        register_advance_kwh=joined.register_advance_kwh,
    )  # fmt: skip


def _by_place(profiles: ir.Table) -> ir.Table:
    """Points of one kind at one place added up, hours side by side: few rows, for the areas of both sizes."""
    return profiles.group_by("transformer_no", "feeder_no", "point_kind", "channel", "business_date").agg(
        points=profiles.count(), **{name: profiles[name].sum() for name in HOUR_COLUMNS}
    )


def _by_hour(by_place: ir.Table, clock: ir.Table) -> ir.Table:
    """`_by_place` with one row an hour that the day has: hour_start, energy (kWh)."""
    rows = by_place.join(clock, "business_date")
    energy = ibis.cases(*[(rows.hour_no == n, rows[name]) for n, name in enumerate(HOUR_COLUMNS)])
    return rows.mutate(energy=energy).drop(*HOUR_COLUMNS, "hour_no", "local_hour")


def _area_hour(by_hour: ir.Table, area: str, boundary: str) -> ir.Table:
    rows = by_hour.filter(by_hour[area].notnull())
    supply, sold = rows.point_kind == boundary, rows.point_kind == "customer"
    energy = {
        "supplied_kwh": (supply, "import_kwh"),
        "sold_kwh": (sold, "import_kwh"),
        "generation_kwh": (sold, "export_kwh"),
        "supplied_estimated_kwh": (supply, ESTIMATED),
        "sold_estimated_kwh": (sold, ESTIMATED),
    }
    sums = {
        name: rows.energy.sum(where=kind & (rows.channel == channel)).round(DIGITS)
        for name, (kind, channel) in energy.items()
    }
    return rows.group_by([area, "hour_start", "business_date"]).agg(
        supplied_kwh=sums.pop("supplied_kwh"),  # null where no boundary is measured
        **{name: value.fill_null(0.0) for name, value in sums.items()},
        points=rows.points.sum(where=sold & (rows.channel == "import_kwh")).fill_null(0).cast("int32"),
    )


def _collection_day(point_day: ir.Table, place: ir.Table) -> ir.Table:
    due = place.filter(place.is_due).select(*POINT_DAY, "transformer_no")
    rows = due.join(point_day, POINT_DAY)
    rows = rows.mutate(transformer_no=rows.transformer_no.fill_null(""))
    return rows.group_by(["business_date", "transformer_no"]).agg(
        points_due=rows.count().cast("int32"),
        points_read=rows.count(where=rows.intervals_actual > 0).cast("int32"),
        points_complete=rows.count(where=rows.intervals_actual >= rows.intervals_due).cast("int32"),
        intervals_due=rows.intervals_due.sum().cast("int32"),
        intervals_actual=rows.intervals_actual.sum().cast("int32"),
        intervals_estimated=rows.intervals_estimated.sum().cast("int32"),
    )
