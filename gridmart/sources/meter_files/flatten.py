"""From delivered days to rows of the lake: what is out of its time is refused, what is left becomes readings."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gridmart.sources.meter_files import model
from gridmart.sources.meter_files.model import Parsed, Reject
from gridmart.sources.meter_files.times import day_start_s

STALE_AFTER = timedelta(days=5 * 366)
NO_DATA = "N"  # NEM12: the value is null data, whatever number stands there
US = 1_000_000
EVENT_SHOWN = ("point_no", "meter_no", "occurred_at", "event_code")  # what quarantine keeps of a refused row
TASK_SHOWN = ("org_no", "business_date", "task_code", "planned_at", "result_code")


def screen(parsed: Parsed, arrived_at: datetime, zone: ZoneInfo) -> Parsed:
    """Refuse what lies after its arrival, is older than five years, has no channel, or is no interval.

    Of `reads`, the indexes at local 00:00 become registers, as all of `frozen` do; a read without one is
    refused, since the lake keeps intervals of the local day and indexes between days.
    """
    today = arrived_at.astimezone(zone).date()
    parsed = _screen_rows(parsed, "tasks", "task", TASK_SHOWN, today) if parsed.tasks.num_rows else parsed
    parsed = _screen_rows(parsed, "events", "event", EVENT_SHOWN, today) if parsed.events.num_rows else parsed
    parsed = _screen_days(parsed, arrived_at, zone) if parsed.days.num_rows else parsed
    parsed = _screen_reads(parsed, arrived_at, zone) if parsed.reads.num_rows else parsed
    return _screen_frozen(parsed, arrived_at, zone) if parsed.frozen.num_rows else parsed


def _screen_days(parsed: Parsed, arrived_at: datetime, zone: ZoneInfo) -> Parsed:
    days = parsed.days
    today = arrived_at.astimezone(zone).date()
    latest, earliest = today + timedelta(days=1), today - STALE_AFTER
    dates = days["business_date"].to_numpy()
    late, early = dates > np.datetime64(latest), dates < np.datetime64(earliest)
    checks = (
        ("unknown_channel", pc.is_null(days["channel"]).to_numpy(), "register {stream} has no channel"),
        ("future", late, "date {business_date} is after the day of arrival {today}"),
        ("stale", early, "date {business_date} is more than five years before {today}"),
    )
    good = np.ones(days.num_rows, dtype=bool)
    rejects = list(parsed.rejects)
    for rule, found, reason in checks:
        bad = found & good
        good &= ~bad
        for row in days.filter(pa.array(bad)).to_pylist() if bad.any() else ():
            values = ",".join("" if value is None else f"{value:g}" for value in row["values"][:12])
            content = f"{row['point_no']},{row['stream']},{row['unit']},{row['business_date']},{values},…"
            rejects.append(
                Reject(
                    row["row_number"], rule, reason.format(today=today, **row), row["point_no"],
                    row["channel"] or row["stream"], row["business_date"], content,
                )
            )  # fmt: skip
    if good.all():
        return parsed
    kept = days.filter(pa.array(good))
    registers = parsed.registers
    if registers.num_rows:
        registers = registers.filter(pc.is_in(registers["row_number"], kept["row_number"].combine_chunks()))
    rejects.sort(key=lambda reject: reject.row_number)
    return replace(parsed, days=kept, registers=registers, rejects=rejects)


def _screen_frozen(parsed: Parsed, arrived_at: datetime, zone: ZoneInfo) -> Parsed:
    today = arrived_at.astimezone(zone).date()
    bad = _out_of_time(parsed.frozen, today)
    rejects = list(parsed.rejects)
    records = {row["row_number"]: row for row in parsed.frozen.filter(bad).to_pylist()}
    for number, row in records.items():
        is_future, day = row["business_date"] > today, row["business_date"]
        reason = f"the registers' date {day} is " + _side(is_future, today)
        content = f"{row['point_no']},{day},{row['index_end']:g}"
        rule = "future" if is_future else "stale"
        rejects.append(Reject(number, rule, reason, row["point_no"], None, day, content))
    rejects.sort(key=lambda reject: reject.row_number)
    kept = parsed.frozen.filter(pc.invert(bad))
    return replace(parsed, frozen=kept, registers=pa.concat_tables([parsed.registers, kept]), rejects=rejects)


def _out_of_time(rows: pa.Table, today: date) -> pa.ChunkedArray:
    late, early = pa.scalar(today + timedelta(days=1)), pa.scalar(today - STALE_AFTER)
    return pc.or_(pc.greater(rows["business_date"], late), pc.less(rows["business_date"], early))


def _side(is_future: bool, today: date) -> str:
    return f"{'after the day of arrival' if is_future else 'more than five years before'} {today}"


def _screen_rows(parsed: Parsed, name: str, what: str, shown: tuple[str, ...], today: date) -> Parsed:
    """Refuse rows of parsed.<name> whose date is out of time; `shown`: columns that quarantine keeps of one."""
    rows = getattr(parsed, name)
    bad = _out_of_time(rows, today)
    refused = rows.filter(bad).to_pylist()
    if not refused:
        return parsed
    rejects = list(parsed.rejects)
    for row in refused:
        day, is_future = row["business_date"], row["business_date"] > today
        content = ",".join(part.isoformat() if isinstance(part, date) else str(part) for part in map(row.get, shown))
        reason = f"the {what}'s date {day} is {_side(is_future, today)}"
        rule = "future" if is_future else "stale"
        rejects.append(Reject(row["row_number"], rule, reason, row.get("point_no"), None, day, content))
    rejects.sort(key=lambda reject: reject.row_number)
    return replace(parsed, rejects=rejects, **{name: rows.filter(pc.invert(bad))})


def _screen_reads(parsed: Parsed, arrived_at: datetime, zone: ZoneInfo) -> Parsed:
    reads = parsed.reads.combine_chunks()
    today = arrived_at.astimezone(zone).date()
    earliest = np.datetime64(today - STALE_AFTER)
    has_channel = pc.is_valid(reads["channel"]).to_numpy(zero_copy_only=False)
    days, stored = {}, {}
    for end in ("start", "end"):
        days[end], is_midnight = _local_days(reads[f"{end}_s"].to_numpy(), zone)
        found = pc.is_valid(reads[f"index_{end}"]).to_numpy(zero_copy_only=False)
        stored[end] = found & is_midnight & has_channel
    checks = (
        ("unknown_channel", ~has_channel, "register {stream} has no channel"),
        ("future", days["end"] > np.datetime64(today + timedelta(days=1)), "it ends after the day of arrival {today}"),
        ("stale", days["end"] < earliest, "it ends more than five years before {today}"),
        ("not_an_interval", ~(stored["start"] | stored["end"]), "{kind}: the lake keeps no such value"),
    )
    good = np.ones(reads.num_rows, dtype=bool)
    rejects = list(parsed.rejects)
    for rule, bad, reason in checks:
        for n in np.flatnonzero(bad & good).tolist():
            row = reads.slice(n, 1).to_pylist()[0]
            kind = "an energy over a time of its own" if row["value"] is not None else "an index away from local 00:00"
            moments = [datetime.fromtimestamp(row[name], zone).isoformat() for name in ("start_s", "end_s")]
            numbers = (row["value"], row["index_start"], row["index_end"])
            texts = [row["point_no"], row["stream"], row["unit"], *moments]
            texts += ["" if number is None else f"{number:g}" for number in numbers]
            rejects.append(
                Reject(
                    row["row_number"], rule, reason.format(today=today, kind=kind, **row), row["point_no"],
                    row["channel"] or row["stream"], days["end"][n].item(), ",".join(texts),
                )
            )  # fmt: skip
        good &= ~bad
    rejects.sort(key=lambda reject: reject.row_number)
    registers = [parsed.registers]
    scale = reads["scale"].to_numpy().astype(np.float64)
    for end in ("start", "end"):
        keep = stored[end] & good
        index = reads[f"index_{end}"].to_numpy(zero_copy_only=False)
        columns = {name: reads[name] for name in ("point_no", "channel", "version", "row_number")}
        columns["business_date"] = pa.array(days[end])
        columns["index_start"] = pa.array(np.where(scale < 0, index / np.abs(scale), index * scale), from_pandas=True)
        columns["index_end"] = pa.nulls(reads.num_rows, pa.float64())
        table = pa.table({name: columns[name] for name in model.REGISTERS.names}, schema=model.REGISTERS)
        registers.append(table.filter(pa.array(keep)))
    return replace(
        parsed, reads=reads.filter(pa.array(good)), registers=pa.concat_tables(registers), rejects=rejects
    )  # fmt: skip


def _local_days(seconds: np.ndarray, zone: ZoneInfo) -> tuple[np.ndarray, np.ndarray]:
    """Local date of each moment, and whether it is 00:00."""
    unique, place = np.unique(seconds, return_inverse=True)
    days = [datetime.fromtimestamp(second, zone).date() for second in unique.tolist()]
    midnight = [second == day_start_s(day, zone) for second, day in zip(unique.tolist(), days, strict=True)]
    return np.array(days, dtype="datetime64[D]")[place], np.array(midnight, dtype=bool)[place]


def count_readings(days: pa.Table) -> int:
    """Values that are there and are not flagged as no data."""
    flags, by_day = days["flags"], pc.starts_with(days["flag"], NO_DATA).to_numpy()
    count = _count(days["values"])
    if flags.null_count < len(flags):
        by_value = flags.is_valid()
        values, flags = (pc.list_flatten(part.filter(by_value)) for part in (days["values"], flags))
        count -= pc.sum(pc.and_(values.is_valid(), pc.starts_with(flags, NO_DATA)), min_count=0).as_py()
        by_day = by_day & ~by_value.to_numpy()
    return count - _count(days["values"].filter(pa.array(by_day))) if by_day.any() else count


def _count(lists: pa.ChunkedArray) -> int:
    values = pc.list_flatten(lists)
    return len(values) - values.null_count


def readings(days: pa.Table, day: date, zone: ZoneInfo) -> pa.Table:
    """Rows of ami.reading_raw, sorted by point, channel and interval, of the delivered days of one date.

    days: columns of model.DAYS and file_id, arrived_at.
    """
    days = days.sort_by([(name, "ascending") for name in ("point_no", "channel", "version", "file_id", "row_number")])
    lists = days["values"].combine_chunks()
    lengths = pc.list_value_length(lists).to_numpy()
    values = pc.list_flatten(lists).to_numpy(zero_copy_only=False)
    row = np.repeat(np.arange(len(lengths)), lengths)
    slot = np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    flag = pc.dictionary_encode(days["flag"].combine_chunks())
    names, codes = flag.dictionary.to_pylist(), flag.indices.to_numpy()[row]
    _spread_flags(days, np.cumsum(lengths) - lengths, names, codes)
    absent = np.isnan(values)
    no_data = [place for place, name in enumerate(names) if name.startswith(NO_DATA)]
    if no_data:
        absent |= np.isin(codes, no_data)
    if absent.any():
        row, slot, values, codes = (part[~absent] for part in (row, slot, values, codes))
    scale = days["scale"].to_numpy()[row]
    if (scale != 1).any():
        values = np.where(scale < 0, values / np.abs(scale), values * scale)
    minutes = days["interval_minutes"].to_numpy()[row]
    start = (day_start_s(day, zone) + slot * minutes.astype(np.int64) * 60) * US

    def spread(name: str) -> pa.Array:
        column = days[name].combine_chunks()
        if pa.types.is_string(column.type):
            encoded = pc.dictionary_encode(column)
            return pa.DictionaryArray.from_arrays(pa.array(encoded.indices.to_numpy()[row]), encoded.dictionary)
        return pa.array(column.to_numpy(zero_copy_only=False)[row], column.type)

    return pa.table(
        {
            "point_no": spread("point_no"),
            "channel": spread("channel"),
            "interval_start": pa.array(start, pa.timestamp("us", "UTC")),
            "business_date": pa.array(np.full(len(row), day, dtype="datetime64[D]")),
            "interval_minutes": pa.array(minutes, pa.int32()),
            "value": pa.array(values),
            "quality_flag": pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string())),
            "version": spread("version"),
            "arrived_at": spread("arrived_at"),
            "file_id": spread("file_id"),
            "row_number": spread("row_number"),
        }
    )


def _spread_flags(days: pa.Table, starts: np.ndarray, names: list[str], codes: np.ndarray) -> None:
    """Put the flags of days that have one a value into `codes`; `names` grows by what is new."""
    for place in np.flatnonzero(pc.is_valid(days["flags"]).to_numpy()).tolist():
        for offset, name in enumerate(days["flags"][place].as_py()):
            if name not in names:
                names.append(name)
            codes[starts[place] + offset] = names.index(name)
