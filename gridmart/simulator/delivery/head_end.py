"""What a head-end sends besides curves: daily frozen registers, meter events, collection tasks; one file each a unit.

| file | one row |
|---|---|
| frozen_<station>_<label>.parquet | point and date: index (secondary) at local 00:00 of the next date, by period |
| events_<station>_<label>.parquet | event that a meter, or the head-end about it, reports |
| collection_<station>_<label>.parquet | task of collecting and result: points, by the try at which it came |

Times are UTC. A date on which a point sent nothing has no frozen register, nor has one on which the feed stood still.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridmart.simulator.delivery import Delivery
from gridmart.simulator.delivery.events import events, utc
from gridmart.simulator.keys import generator
from gridmart.simulator.plan import SLOTS
from gridmart.simulator.population import Population
from gridmart.tariffs import CALENDAR_OF, PERIODS

Instances = Mapping[str, pd.DataFrame]

FROZEN = pa.schema(
    [
        ("point_no", pa.string()),
        ("business_date", pa.date32()),
        ("frozen_at", pa.timestamp("us", "UTC")),
        ("total_index", pa.float64()),
        *((f"{period}_index", pa.float64()) for period in PERIODS),
    ]
)
COLLECTION = pa.schema(
    [
        ("org_no", pa.string()),
        ("business_date", pa.date32()),
        ("task_code", pa.string()),
        ("planned_at", pa.timestamp("us", "UTC")),
        ("result_code", pa.string()),
        ("tries", pa.int32()),
        ("points", pa.int64()),
    ]
)
TASKS = 4  # collections of curves a day, each of the quarter of the day before it
FAILURES = ("terminal_offline", "no_response", "incomplete")  # a curve of which some points are missing
OFFLINE = ("gap_concentrator", "gap_area")  # faults of the terminal of an area
ANSWER_SHARE = 0.975  # of the points that can be read, at each try
TRIES = 3
START_SHARES = np.array([0.04, 0.30, 0.34, 0.32, 0.0])  # of an index at the start of the history, by period
TOU = tuple(category for category, code in CALENDAR_OF.items() if code != "single")


def write(
    folder: Path,
    label: str,
    delivery: Delivery,
    population: Population,
    instances: Instances,
    period_index: np.ndarray | None = None,
) -> None:
    """Write the three files of a unit. `instances`: the station's, by fault; `period_index`: see `frozen`."""
    folder.mkdir(parents=True, exist_ok=True)
    days = _working_days(delivery, instances)
    made = {
        "frozen": frozen(delivery, population, days, period_index),
        "events": events(delivery.station, days, population, instances),
        "collection": collection(delivery, days, population.seed, instances),
    }
    for name, table in made.items():
        path = folder / f"{name}_{delivery.station}_{label}.parquet"
        pq.write_table(table, path, compression="zstd", compression_level=1, version="2.6", store_schema=False)


def _working_days(delivery: Delivery, instances: Instances) -> list[date]:
    """Dates on which the head-end was at work."""
    stopped = {
        k
        for row in instances.get("feed_stop", pd.DataFrame()).itertuples(index=False)
        for k in delivery.days_of(row.from_date, row.to_date)
    }
    return [delivery.start + timedelta(days=k) for k in range(delivery.days) if k not in stopped]


def period_starts(index: np.ndarray, is_tou: np.ndarray) -> np.ndarray:
    """Indexes by period at the start of the history [points, periods] that add up to those in all [points], 2
    decimals; `is_tou` False: a meter of one price, whose energy is all flat."""
    made = np.round(index[:, None] * START_SHARES, 2)
    made[~is_tou] = 0.0
    flat = PERIODS.index("flat")
    made[:, flat] = np.round(index - np.delete(made, flat, axis=1).sum(axis=1), 2)
    return made


def frozen(
    delivery: Delivery, population: Population, days: list[date], period_index: np.ndarray | None = None
) -> pa.Table:
    """Frozen registers of the given dates, ordered by date and point.

    `period_index` [import rows of the delivery, its days, periods]: index by period at the end of each day, NaN where
    there is none. Without it, only meters of one price have theirs: all is flat.
    """
    rows = np.flatnonzero(delivery.channels == "import_kwh")
    sends = np.isfinite(delivery.values[rows]).reshape(rows.size, delivery.days, SLOTS).any(axis=2)
    total = delivery.registers[rows, :, 1]
    if period_index is None:
        period_index = np.full((*total.shape, len(PERIODS)), np.nan)
        accounts = population.accounts.iloc[population.rows_of(delivery.station)]
        single = accounts.loc[~accounts["usage_category"].isin(TOU), "point_no"]
        flat = pd.Index(single).get_indexer(delivery.points[rows]) >= 0
        period_index[flat] = 0.0
        period_index[flat, :, PERIODS.index("flat")] = total[flat]
    positions = np.array([delivery.day_index(day) for day in days], np.int64)
    day, point = np.nonzero((sends & np.isfinite(total))[:, positions].T)
    day = positions[day]
    business = np.datetime64(delivery.start, "D") + day
    columns = [
        pa.array(delivery.points[rows][point].tolist(), pa.string()),
        pa.array(business),
        utc(business.astype("datetime64[s]") + np.timedelta64(1, "D")),
        pa.array(total[point, day]),
        *(pa.array(np.ascontiguousarray(period_index[point, day, k]), from_pandas=True) for k in range(len(PERIODS))),
    ]
    return pa.table(columns, schema=FROZEN)


def collection(delivery: Delivery, days: list[date], seed: int, instances: Instances) -> pa.Table:
    """Results of the tasks of the given dates: four of curves (06:00, 12:00, 18:00, 24:00), one of frozen registers.

    A task asks every point. One that could be read answers at the first try or a later one; one that could not is tried
    as often as there are tries, and its reason told. Rows without a point are left out.
    """
    rows = np.flatnonzero(delivery.channels == "import_kwh")
    shape = rows.size, delivery.days, TASKS
    finite = np.isfinite(delivery.values[rows]).reshape(*shape, SLOTS // TASKS)
    offline = _offline(delivery, rows, instances)
    curves = _results(finite.all(axis=3), finite.any(axis=3), offline)
    sent = finite.any(axis=(2, 3))[:, :, None]
    frozen_too = _results(sent, sent, np.asarray(offline.any(axis=2, keepdims=True)))
    found: list[tuple[date, str, np.datetime64, str, int, int]] = []
    for day in days:
        k, midnight = delivery.day_index(day), np.datetime64(day, "s")
        rng = generator(seed, "collection_task", delivery.station, day)
        for task in range(TASKS):
            planned = midnight + np.timedelta64(6 * (task + 1), "h")
            found += [(day, "curve", planned, *result) for result in _told(curves[:, k, task], rng)]
        planned = midnight + np.timedelta64(24 * 60 + 30, "m")
        found += [(day, "frozen", planned, *result) for result in _told(frozen_too[:, k, 0], rng)]
    business, codes, times, results, tries, counts = zip(*found, strict=True) if found else ((),) * 6
    columns = [
        pa.array([delivery.station] * len(found), pa.string()),
        pa.array(business, pa.date32()),
        pa.array(codes, pa.string()),
        utc(np.array(times, "datetime64[s]")),
        pa.array(results, pa.string()),
        pa.array(tries, pa.int32()),
        pa.array(counts, pa.int64()),
    ]
    return pa.table(columns, schema=COLLECTION)


def _offline(delivery: Delivery, rows: np.ndarray, instances: Instances) -> np.ndarray:
    """Where the terminal of a point was silent in a part of a quarter of a day [rows, days, TASKS]."""
    found = np.zeros((rows.size, delivery.days, TASKS), bool)
    place = {row: n for n, row in enumerate(rows.tolist())}
    for name in OFFLINE:
        for gap in instances.get(name, pd.DataFrame()).itertuples(index=False):
            n = place.get(delivery.row_of.get((gap.point_no, "import_kwh"), -1))
            first, last = (slot * TASKS // SLOTS for slot in (gap.first_slot, gap.first_slot + gap.slots - 1))
            for k in delivery.days_of(gap.from_date, gap.to_date) if n is not None else ():
                found[n, k, first : last + 1] = True
    return found


def _results(is_read: np.ndarray, is_there: np.ndarray, offline: np.ndarray) -> np.ndarray:
    """Points of each task [1 + FAILURES, days, tasks]: those read in full, then those that failed, by reason."""
    failed = ~is_read
    reasons = failed & offline, failed & ~offline & ~is_there, failed & ~offline & is_there
    return np.array([part.sum(axis=0) for part in (is_read, *reasons)])


def _told(counts: np.ndarray, rng: np.random.Generator) -> list[tuple[str, int, int]]:
    """Rows of a task: result, tries, points. `counts`: points by result."""
    left, found = int(counts[0]), []
    for tried in range(1, TRIES + 1):
        answered = left if tried == TRIES else int(rng.binomial(left, ANSWER_SHARE))
        found.append(("read", tried, answered))
        left -= answered
    found += [(code, TRIES, int(count)) for code, count in zip(FAILURES, counts[1:], strict=True)]
    return [row for row in found if row[2]]
