"""What a file delivers, by point and channel, for a person to look at."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from gridmart.sources.meter_files.model import Parsed
from gridmart.sources.meter_files.times import day_start_s


def summaries(file: str, parsed: Parsed, zone: ZoneInfo) -> Iterator[dict[str, object]]:
    """One object per point and channel, as delivered: counts, total in the file's unit, first and last, flags."""
    rows = parsed.days.select(["point_no", "stream", "unit"]).to_pylist()
    groups: dict[tuple[str, str], list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault((row["point_no"], row["stream"]), []).append(number)
    for (point, stream), numbers in groups.items():
        part = parsed.days.take(numbers)
        counts, total, starts, ends = 0, 0.0, [], []
        letters: set[str] = set()
        for row in part.to_pylist():
            values = np.array(row["values"], dtype=float)
            present = np.flatnonzero(~np.isnan(values))
            if not len(present):
                continue
            counts += len(present)
            total += float(values[present].sum())
            start, step = day_start_s(row["business_date"], zone), row["interval_minutes"] * 60
            starts.append(start + int(present[0]) * step)
            ends.append(start + (int(present[-1]) + 1) * step)
            letters |= {flag[0] for flag in (row["flags"] or [row["flag"]])}
        yield {
            "file": file,
            "point": point,
            "channel": stream,
            "unit": rows[numbers[0]]["unit"],
            "readings": counts,
            "total": round(total, 6),
            "first": _iso(min(starts), zone) if starts else None,
            "last": _iso(max(ends), zone) if ends else None,
            "qualities": "".join(sorted(letters)),
        }


def reasons(parsed: Parsed) -> Counter[str]:
    """How many records were refused, by rule."""
    return Counter(reject.rule for reject in parsed.rejects)


def _iso(seconds: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(seconds, zone).isoformat()
