"""A simulated utility as validation takes it, without a database: its files parsed, its register read from dumps."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridmart.lake.register import Register
from gridmart.lake.vee import clean
from gridmart.lake.vee.clocks import Clocks
from gridmart.lake.vee.rules import CONTEXT_DAYS, SPAN_DAYS
from gridmart.settings import settings
from gridmart.simulator import run
from gridmart.simulator.home import Home
from gridmart.simulator.plan import Plan
from gridmart.sources.contract import ENTITIES, decoded
from gridmart.sources.meter_files import flatten, registry

SYSTEMS = ("cis", "network")


@dataclass
class Utility:
    """Files of raw readings and of register reads by date, the point register, and where the truth is."""

    first: date
    last: date
    raw_paths: dict[date, list[str]]
    register_paths: dict[date, list[str]]
    register: Register
    clocks: Clocks
    refused: int
    truth: Path

    def inputs(self, first: date, last: date) -> clean.Inputs:
        """What VEE of these dates is given."""
        reach, since = timedelta(days=SPAN_DAYS), first - timedelta(days=CONTEXT_DAYS)
        return clean.Inputs(
            first,
            last,
            settings().timezone,
            {at: paths for at, paths in self.raw_paths.items() if since <= at <= last + reach},
            {},
            [
                path
                for at, paths in self.register_paths.items()
                if first - reach <= at <= last + reach
                for path in paths
            ],
            self.register.point_days(first, last),
            off_days=self.register.off_days(since, last),
            clock_days=self.clocks.days(first, last),
            point_days_of=self.register.point_days,
        )


def make(plan: Plan, folder: Path) -> Utility:
    """Simulate the utility below `folder`, and take in everything that it delivered."""
    home = Home.of(folder / "utility")
    run.make(plan, home, workers=2)
    parsed = _parse(home.inbox)
    raw, registers = _write(parsed, folder / "lake", plan)
    refused = sum(p[2] for p in parsed)
    clocks = _clocks(home.head_end, folder / "lake")
    return Utility(plan.first, plan.end, raw, registers, register_of(home.systems), clocks, refused, home.truth)


def _clocks(head_end: Path, folder: Path) -> Clocks:
    """What the head-end reported of clocks."""
    zone = ZoneInfo(settings().timezone)
    path = folder / "event.parquet"
    parts = [registry.parse_file(sent, zone).events for sent in sorted(head_end.glob("events_*"))]
    pq.write_table(pa.concat_tables(parts), path)
    return Clocks([str(path)])


def register_of(systems: Path) -> Register:
    """The point register from the dumps of the source systems, by the queries of the input contract."""
    with duckdb.connect() as session:
        for system in SYSTEMS:
            session.execute(f"create schema raw_{system}")
            for path in sorted((systems / system).glob("*.parquet")):
                session.execute(f"create view raw_{system}.{path.stem} as from '{path}'")
        return Register({name: decoded(name, session.execute(about.query).df()) for name, about in ENTITIES.items()})


def _parse(inbox: Path) -> list[tuple[pa.Table, pa.Table, int]]:
    """Days, registers and the number of refused records of every file; the same bytes count once."""
    zone, arrived_at = ZoneInfo(settings().timezone), datetime.now(UTC)
    seen: set[str] = set()
    found = []
    for path in sorted(inbox.iterdir()):
        file_id = hashlib.sha256(path.read_bytes()).hexdigest()
        if file_id in seen:
            continue
        seen.add(file_id)
        parsed = flatten.screen(registry.parse_file(path, zone), arrived_at, zone)
        found.append(
            (_of(parsed.days, file_id, arrived_at), _of(parsed.registers, file_id, arrived_at), len(parsed.rejects))
        )
    return found


def _of(rows: pa.Table, file_id: str, arrived_at: datetime) -> pa.Table:
    at = pa.array([arrived_at] * rows.num_rows, pa.timestamp("us", "UTC"))
    rows = rows.append_column("file_id", pa.array([file_id] * rows.num_rows, pa.string()))
    return rows.append_column("arrived_at", at)


def _write(
    parsed: list[tuple[pa.Table, pa.Table, int]], folder: Path, plan: Plan
) -> tuple[dict[date, list[str]], dict[date, list[str]]]:
    """Parquet files of raw readings and of registers, one a date."""
    zone = ZoneInfo(settings().timezone)
    folder.mkdir(parents=True)
    paths: tuple[dict[date, list[str]], dict[date, list[str]]] = {}, {}
    for kind in (0, 1):
        rows = pa.concat_tables([of[kind] for of in parsed]).sort_by("business_date")
        dates = rows["business_date"].to_numpy()
        for day in plan.dates():
            low, high = np.searchsorted(dates, [np.datetime64(day), np.datetime64(day) + 1])
            if high == low:
                continue
            path = folder / f"{('reading_raw', 'register_read')[kind]}_{day}.parquet"
            here = rows.slice(low, high - low)
            if kind == 0:
                here = flatten.readings(here.combine_chunks(), day, zone).select(list(clean.RAW_TYPES))
            pq.write_table(here.select(list(clean.RAW_TYPES if kind == 0 else clean.REGISTER_TYPES)), path)
            paths[kind][day] = [str(path)]
    return paths


def days_between(rows: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """Instances of faults with one row a date (`business_date`), of the dates first…last."""
    begin = rows["from_date"].map(lambda day: max(day, first))
    end = rows["to_date"].map(lambda day: last if pd.isna(day) else min(day, last))
    sizes = np.maximum([(b - a).days + 1 for a, b in zip(begin, end, strict=True)], 0).astype(int)
    made = rows.loc[rows.index.repeat(sizes)].copy()
    offset = np.arange(len(made)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    starts = np.repeat(np.array(begin, "datetime64[D]"), sizes)
    made["business_date"] = (starts + offset).astype(object) if len(made) else pd.Series(dtype=object)
    made["day_no"] = (starts + offset - np.array(made["from_date"], "datetime64[D]")).astype(int) if len(made) else 0
    return made.reset_index(drop=True)
