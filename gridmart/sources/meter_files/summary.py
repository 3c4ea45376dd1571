"""What a file delivers, by point and channel, for a person to look at; and its readings one by one."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gridmart.sources.meter_files import model
from gridmart.sources.meter_files.model import Parsed
from gridmart.sources.meter_files.times import day_start_s

READINGS = pa.schema(
    {
        "file": pa.string(),
        "point": pa.string(),
        "channel": pa.string(),
        "unit": pa.string(),
        "start": pa.timestamp("s", "UTC"),
        "end": pa.timestamp("s", "UTC"),
        "value": pa.float64(),
        "value_kwh": pa.float64(),
        "index_start": pa.float64(),
        "index_end": pa.float64(),
        "quality": pa.string(),
        "version": pa.int64(),
        "row_number": pa.int64(),
    }
)


class _Group:
    """Accounts of one point, channel and unit."""

    def __init__(self) -> None:
        self.count, self.total, self.kwh = 0, 0.0, 0.0
        self.first: int | None = None
        self.last: int | None = None
        self.letters: set[str] = set()
        self.indexes: list[tuple[int, float]] = []

    def span(self, start: int, end: int) -> None:
        """Reach from start to end, seconds since 1970."""
        self.first = start if self.first is None else min(self.first, start)
        self.last = end if self.last is None else max(self.last, end)


def _is_energy(unit: str, channel: str | None) -> bool:
    """Whether values × scale are kWh: by channel (also mean power of an interval), without one by unit."""
    if channel in model.CHANNELS:
        return model.CHANNELS[channel] == "energy"
    return unit.lower().endswith("wh")


def _scaled(value: float, scale: int) -> float:
    return value / -scale if scale < 0 else value * scale


def summaries(file: str, parsed: Parsed, zone: ZoneInfo) -> Iterator[dict[str, object]]:
    """One object per point and channel, as delivered: counts, total in the file's unit, first and last, flags.

    total: the sum of the values as delivered; of an index, which is no amount, the sum is a check of the reading
    alone, and total_kwh is its advance from first to last.
    """
    groups: dict[tuple[str, str, str], _Group] = {}
    energy: dict[tuple[str, str, str], bool] = {}
    _of_days(parsed, zone, groups, energy)
    _of_reads(parsed, groups, energy)
    for key, found in groups.items():
        point, stream, unit = key
        local = parsed.zones.get(point, zone)
        summary: dict[str, object] = {
            "file": file,
            "point": point,
            "channel": stream,
            "unit": unit,
            "readings": found.count,
            "total": round(found.total, 6),
            "first": _iso(found.first, local),
            "last": _iso(found.last, local),
            "qualities": "".join(sorted(found.letters)),
        }
        if energy[key]:
            if len(found.indexes) > 1:
                found.kwh += max(found.indexes)[1] - min(found.indexes)[1]
            if len(found.indexes) != 1:
                summary["total_kwh"] = round(found.kwh, 6)
        yield summary


def _of_days(
    parsed: Parsed, zone: ZoneInfo, groups: dict[tuple[str, str, str], _Group], energy: dict[tuple[str, str, str], bool]
) -> None:
    days = parsed.days.combine_chunks()
    if not days.num_rows:
        return
    row, slot, values = _flat(days)
    here = np.flatnonzero(~np.isnan(values))
    counts = np.bincount(row[here], minlength=days.num_rows).tolist()
    totals = np.bincount(row[here], weights=values[here], minlength=days.num_rows).tolist()
    low = np.zeros(days.num_rows, dtype=np.int64)
    high = np.zeros(days.num_rows, dtype=np.int64)
    high[row[here]] = slot[here]
    low[row[here[::-1]]] = slot[here[::-1]]
    names = ("point_no", "stream", "unit", "channel", "scale", "business_date", "interval_minutes", "flag", "flags")
    columns = zip(*(days[name].to_pylist() for name in names), low.tolist(), high.tolist(), strict=True)
    for n, (point, stream, unit, channel, scale, day, minutes, flag, flags, first, last) in enumerate(columns):
        key = point, stream, unit
        found = groups.setdefault(key, _Group())
        energy[key] = _is_energy(unit, channel)
        if not counts[n]:
            continue
        found.count += counts[n]
        found.total += totals[n]
        found.kwh += _scaled(totals[n], scale)
        start = day_start_s(day, zone)
        found.span(start + first * minutes * 60, start + (last + 1) * minutes * 60)
        found.letters |= {each[:1] for each in flags} if flags else {flag[:1]}


def _of_reads(
    parsed: Parsed, groups: dict[tuple[str, str, str], _Group], energy: dict[tuple[str, str, str], bool]
) -> None:
    for read in parsed.reads.to_pylist():
        key = read["point_no"], read["stream"], read["unit"]
        found = groups.setdefault(key, _Group())
        base = _base(read["channel"])
        energy[key] = _is_energy(read["unit"], base)
        found.count += 1
        found.span(read["start_s"], read["end_s"])
        found.letters.add(read["flag"][:1])
        if read["value"] is not None:
            found.total += read["value"]
            found.kwh += _scaled(read["value"], read["scale"])
        else:
            found.total += read["index_end"]
            found.indexes.append((read["end_s"], _scaled(read["index_end"], read["scale"])))


def _base(channel: str | None) -> str | None:
    """The channel of a register, without its tariff."""
    return next((name for name in model.CHANNELS if channel and channel.startswith(name)), channel)


def _flat(days: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, place in its row and value of every value of `days`, NaN where there is none."""
    lists = days["values"].combine_chunks()
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    values = pc.list_flatten(lists).to_numpy(zero_copy_only=False)
    row = np.repeat(np.arange(len(lengths)), lengths)
    return row, np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths), values


def readings(file: str, parsed: Parsed, zone: ZoneInfo) -> pa.Table:
    """Every reading that is there, one a row: READINGS. value_kwh: null where it is no energy or an index."""
    parts = [_day_readings(parsed, zone), _read_readings(parsed)]
    table = pa.concat_tables(parts)
    return table.add_column(0, "file", pa.array([file], pa.string()).take(pa.array(np.zeros(table.num_rows, np.int32))))


def _day_readings(parsed: Parsed, zone: ZoneInfo) -> pa.Table:
    days = parsed.days.combine_chunks()
    row, slot, values = _flat(days)
    keep = ~np.isnan(values)
    row, slot, values = row[keep], slot[keep], values[keep]
    begins = np.array([day_start_s(day, zone) for day in days["business_date"].to_pylist()], dtype=np.int64)
    step = days["interval_minutes"].to_numpy().astype(np.int64) * 60
    start = begins[row] + slot * step[row]
    taken = pa.array(row)
    scale = days["scale"].to_numpy().astype(np.float64)[row]
    units, channels = days["unit"].to_pylist(), days["channel"].to_pylist()
    energy = np.array([_is_energy(unit, name) for unit, name in zip(units, channels, strict=True)], dtype=bool)
    kwh = np.where(scale < 0, values / np.abs(scale), values * scale)
    flags = days["flag"].take(taken).to_pylist()
    for n in np.flatnonzero(pc.is_valid(days["flags"]).to_numpy()).tolist():
        each = days["flags"][n].as_py()
        for place in np.flatnonzero(row == n).tolist():
            flags[place] = each[slot[place]]
    nothing = pa.nulls(len(row), pa.float64())
    return pa.table(
        {
            "point": days["point_no"].take(taken),
            "channel": days["stream"].take(taken),
            "unit": days["unit"].take(taken),
            "start": pa.array(start, pa.timestamp("s", "UTC")),
            "end": pa.array(start + step[row], pa.timestamp("s", "UTC")),
            "value": pa.array(values),
            "value_kwh": pa.array(np.where(energy[row], kwh, np.nan) if len(row) else kwh, from_pandas=True),
            "index_start": nothing,
            "index_end": nothing,
            "quality": pa.array(flags, pa.string()),
            "version": days["version"].take(taken),
            "row_number": days["row_number"].take(taken),
        }
    )


def _read_readings(parsed: Parsed) -> pa.Table:
    reads = parsed.reads
    rows = reads.select(["value", "scale", "unit", "channel"]).to_pylist()
    kwh = [
        None if row["value"] is None or not _is_energy(row["unit"], _base(row["channel"]))
        else _scaled(row["value"], row["scale"])
        for row in rows
    ]  # fmt: skip
    return pa.table(
        {
            "point": reads["point_no"],
            "channel": reads["stream"],
            "unit": reads["unit"],
            "start": reads["start_s"].cast(pa.timestamp("s", "UTC")),
            "end": reads["end_s"].cast(pa.timestamp("s", "UTC")),
            "value": reads["value"],
            "value_kwh": pa.array(kwh, pa.float64()),
            "index_start": reads["index_start"],
            "index_end": reads["index_end"],
            "quality": reads["flag"],
            "version": reads["version"],
            "row_number": reads["row_number"],
        }
    )


def reasons(parsed: Parsed) -> Counter[str]:
    """How many records were refused, by rule."""
    return Counter(reject.rule for reject in parsed.rejects)


def _iso(seconds: int | None, zone: tzinfo) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, zone).isoformat()
