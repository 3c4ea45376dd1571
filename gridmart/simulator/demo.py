"""The demo utility: draw it, write its meter files, weather and CIS, keep the truth apart.

Two passes over months, so that memory stays bounded: energies first (kept in a scratch folder), then files,
which need the registers that all earlier months add up to. Every file is complete before it gets its name; a
stamp at the end says what is there, so an interrupted run is simply made again.
"""

import calendar as months
import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context, parent_process
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from gridmart.errors import GridmartError
from gridmart.settings import settings
from gridmart.simulator import billing, cis, faults, files, loads, utility
from gridmart.simulator.loads import SLOTS
from gridmart.tariffs import CALENDAR_OF, PERIODS, tou_hours

VERSION = 1  # raised when the same parameters give other bytes
DAILY_FILES = 7  # the last days arrive as one file a day
TRUTH = "truth"


@dataclass(frozen=True)
class Plan:
    """Parameters of a demo."""

    accounts: int
    first: date
    last: date
    seed: int

    def stamp(self) -> str:
        """A word that names exactly these bytes."""
        text = json.dumps([VERSION, self.accounts, self.first.isoformat(), self.last.isoformat(), self.seed])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def spans(self) -> list[tuple[date, int]]:
        """Spans of one file: calendar months, then single days."""
        made: list[tuple[date, int]] = []
        day, daily_from = self.first, max(self.first, self.last - timedelta(days=DAILY_FILES - 1))
        while day < daily_from:
            month_end = day.replace(day=months.monthrange(day.year, day.month)[1])
            end = min(month_end, daily_from - timedelta(days=1))
            made.append((day, (end - day).days + 1))
            day = end + timedelta(days=1)
        while day <= self.last:
            made.append((day, 1))
            day += timedelta(days=1)
        return made


def _draw(plan: Plan) -> tuple[utility.Utility, loads.Weather, pd.DataFrame]:
    made = utility.build(plan.accounts, plan.first, plan.last, plan.seed)
    return made, loads.weather(made), faults.plan(made)


def _energies(plan: Plan, start: date, count: int, scratch: Path) -> tuple[np.ndarray, ...]:
    """First pass of a span: keep its energies; return what registers and bills need.

    Daily Wh by point; and by account and day: Wh by period, varh, highest W of an interval.
    Energies are drawn in whole weeks from the first date, so that they do not depend on the spans of files.
    """
    made, climate, _ = _draw(plan)
    stolen = faults.thieves(made)
    blocks, day = [], start
    while day < start + timedelta(days=count):
        week = plan.first + timedelta(days=(day - plan.first).days // 7 * 7)
        whole = loads.block(made, climate, week, 7, stolen)
        skip = (day - week).days
        take = min(7 - skip, (start + timedelta(days=count) - day).days)
        cut = slice(skip * SLOTS, (skip + take) * SLOTS)
        blocks.append((whole.import_wh[:, cut], whole.export_wh[:, cut], whole.import_varh[:, cut]))
        day += timedelta(days=take)
    imported, exported, reactive = (np.concatenate([b[k] for b in blocks], axis=1) for k in range(3))
    np.savez(scratch / f"{start}.npz", imported=imported, exported=exported, reactive=reactive)

    n = len(made.accounts)
    daily = imported.reshape(len(made.points), count, SLOTS).sum(axis=2, dtype=np.int64)
    hours = tou_hours(start, start + timedelta(days=count - 1)).to_pandas()
    use = np.zeros((n, count, len(PERIODS)), np.int64)
    hourly = imported[:n].reshape(n, count, 24, 4).sum(axis=3, dtype=np.int64)
    calendars = made.accounts["usage_category"].map(CALENDAR_OF)
    for code, rows in calendars.groupby(calendars).groups.items():
        period = hours.loc[hours["calendar_code"] == code, "period_code"].to_numpy().reshape(count, 24)
        for k, name in enumerate(PERIODS):
            use[rows, :, k] = (hourly[rows] * (period == name)[None]).sum(axis=2)
    varh = np.zeros((n, count), np.int64)
    industrial = made.accounts["usage_category"].eq("large_industrial").to_numpy()
    varh[industrial] = reactive.reshape(-1, count, SLOTS).sum(axis=2, dtype=np.int64)
    demand = imported[:n].reshape(n, count, SLOTS).max(axis=2) * 4
    return daily, use, varh, demand


def _write(plan: Plan, start: date, count: int, scratch: Path, registers: np.ndarray, inbox: Path) -> list[str]:
    """Second pass of a span: its files into the inbox; returns their names."""
    made, _, planned = _draw(plan)
    with np.load(scratch / f"{start}.npz") as kept:
        imported, exported, reactive = kept["imported"], kept["exported"], kept["reactive"]
    points, accounts = made.points, made.accounts
    delivered = faults.apply(imported, points["point_no"].tolist(), start, count, planned)
    others = {"export_kwh": (accounts["has_generation"].to_numpy(), exported),
              "import_kvarh": (accounts["usage_category"].eq("large_industrial").to_numpy(), reactive)}  # fmt: skip
    doubled = np.zeros((len(points), count), bool)
    row_of = {point: i for i, point in enumerate(points["point_no"])}
    for fault in planned[planned["fault"] == "duplicate_row"].itertuples():
        if 0 <= (fault.business_date - start).days < count:
            doubled[row_of[fault.point_no], (fault.business_date - start).days] = True
    label = f"{start:%Y%m%d}" if count == 1 else f"{start:%Y%m}"
    names: list[str] = []
    for station, _, _, _ in utility.STATIONS:
        here = np.flatnonzero(points["org_no"].eq(station).to_numpy())
        rows = [(int(i), "import_kwh", delivered[i]) for i in here]
        for channel, (mask, values) in others.items():
            numbers = np.flatnonzero(mask)
            rows += [(int(i), channel, values[k] / 1000.0) for k, i in enumerate(numbers) if i in set(here.tolist())]
        rows.sort(key=lambda r: r[0])
        names_of = [points["point_no"].iat[i] for i, _, _ in rows]
        channels = [channel for _, channel, _ in rows]
        values = np.stack([v for _, _, v in rows])
        repeated = np.stack([doubled[i] & (channel == "import_kwh") for i, channel, _ in rows])
        if station == utility.NEM12_STATION:
            name = f"nem12_{station}_{label}.csv"
            files.nem12(scratch / name, names_of, channels, start, values, repeated)
        else:
            name = f"readings_{station}_{label}.csv"
            ends = np.stack(
                [registers[i] if channel == "import_kwh" else np.full((count, 2), np.nan) for i, channel, _ in rows]
            )
            extra = _extra(plan, planned, made, start, count, station, imported)
            files.gridmart_csv(scratch / name, names_of, channels, start, values, ends, repeated, extra)
        (scratch / name).replace(inbox / name)
        names.append(name)
    return names


def _extra(
    plan: Plan,
    planned: pd.DataFrame,
    made: utility.Utility,
    start: date,
    count: int,
    station: str,
    imported: np.ndarray,
) -> bytes:
    """Further lines of the last day's files: an unknown meter, and corrections (version 2) of its own spikes."""
    if start + timedelta(days=count - 1) != plan.last:
        return b""
    lines = []
    if station == utility.STATIONS[0][0]:
        lines.append(f"{faults.UNKNOWN_POINT},import_kwh,kWh,{plan.last},15,1,,," + ",".join(["0.1"] * SLOTS))
    stations = dict(zip(made.points["point_no"], made.points["org_no"], strict=True))
    row_of = {point: i for i, point in enumerate(made.points["point_no"])}
    for fault in planned[planned["fault"].eq("spike") & planned["business_date"].eq(plan.last)].itertuples():
        if stations[fault.point_no] == station:
            true = imported[row_of[fault.point_no]][-SLOTS:] / 1000.0
            lines.append(f"{fault.point_no},import_kwh,kWh,{plan.last},15,2,,," + ",".join(f"{v:.3f}" for v in true))
    return "".join(line + "\n" for line in lines).encode()


def _registers(made: utility.Utility, daily_wh: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """Secondary index at each day's start and end, points x days x 2, and the last index of removed meters."""
    points = made.points
    multiplier = (points["ct_ratio"] * points["pt_ratio"]).to_numpy(float)
    used = np.cumsum(daily_wh, axis=1) / 1000.0 / multiplier[:, None]
    ends = points["start_index"].to_numpy()[:, None] + used
    starts = np.concatenate([points["start_index"].to_numpy()[:, None], ends[:, :-1]], axis=1)
    removal: dict[str, float] = {}
    for point, day in faults.swaps(made).items():
        row = int(np.flatnonzero(points["point_no"].eq(point).to_numpy())[0])
        k = (day - made.first).days  # the new meter starts at 0 at the day's begin
        removal[point] = round(float(starts[row, k]), 2)
        ends[row, k:] -= starts[row, k]
        starts[row, k + 1 :] = ends[row, k:-1]
        starts[row, k] = 0.0
    return np.round(np.stack([starts, ends], axis=2), 2), removal


def _weather_files(plan: Plan, climate: loads.Weather, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    hours = climate.temperature.shape[1]
    local = datetime.combine(plan.first, datetime.min.time(), tzinfo=billing.ZONE)
    at = [(local + timedelta(hours=h)).astimezone(UTC) for h in range(hours)]
    issued = datetime.combine(plan.last + timedelta(days=1), datetime.min.time(), tzinfo=billing.ZONE).astimezone(UTC)
    known = ((plan.last - plan.first).days + 1) * 24
    stamps = [t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in at]

    def table(begin: int, end: int, kind: str, values: np.ndarray, issued_at: str | None) -> pa.Table:
        size = end - begin
        parts = [
            pa.table(
                {
                    "station_code": [station] * size,
                    "valid_at": stamps[begin:end],
                    "kind": [kind] * size,
                    "issued_at": stamps[begin:end] if issued_at is None else [issued_at] * size,
                    "temperature_c": values[k, begin:end],
                    "humidity_pct": climate.humidity[k, begin:end],
                }
            )
            for k, station in enumerate(loads.STATION_CODES)
        ]
        return pa.concat_tables(parts)

    issued_at = f"{issued:%Y-%m-%dT%H:%M:%SZ}"
    written = {"weather_forecast.csv": table(known, hours, "forecast", climate.forecast, issued_at)}
    month_of = [f"{(local + timedelta(hours=h)):%Y%m}" for h in range(known)]
    for month in sorted(set(month_of)):
        begin = month_of.index(month)
        end = begin + month_of.count(month)
        written[f"weather_{month}.csv"] = table(begin, end, "actual", climate.temperature, None)
    for name, rows in written.items():
        partial = folder / f".{name}.part"
        csv.write_csv(rows, partial, csv.WriteOptions(quoting_style="none"))
        partial.replace(folder / name)


def _month_uses(made: utility.Utility, use: np.ndarray, varh: np.ndarray, demand: np.ndarray) -> list[billing.MonthUse]:
    """Use of every complete month, as the CIS sees it: a wrong multiplier makes it wrong."""
    points = made.points.iloc[: len(made.accounts)]
    wrong = faults.wrong_multipliers(made)
    believed = np.array([wrong.get(p, ct) / ct for p, ct in zip(points["point_no"], points["ct_ratio"], strict=True)])
    month_of = np.array([d.replace(day=1) for d in made.dates()])
    uses = []
    for month in sorted(set(month_of)):
        here = month_of == month
        if here.sum() == months.monthrange(month.year, month.month)[1]:
            uses.append(
                billing.MonthUse(
                    month,
                    use[:, here].sum(axis=1) / 1000.0 * believed[:, None],
                    varh[:, here].sum(axis=1) / 1000.0 * believed,
                    demand[:, here].max(axis=1) / 1000.0 * believed,
                )
            )
    return uses


def _truth(made: utility.Utility, planned: pd.DataFrame, daily_wh: np.ndarray, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pd.concat([planned, faults.lasting(made)], ignore_index=True).to_parquet(folder / "fault.parquet", index=False)
    energy = pd.DataFrame(
        {
            "point_no": np.repeat(made.points["point_no"].to_numpy(), made.days),
            "business_date": np.tile(np.array(made.dates()), len(made.points)),
            "import_kwh": daily_wh.reshape(-1) / 1000.0,
        }
    )
    energy.to_parquet(folder / "energy_day.parquet", index=False)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def is_made(plan: Plan) -> bool:
    """Whether exactly this demo is there, files and database.

    Raises GridmartError (exit code 2) when another demo is.
    """
    stamp_file = settings().var_dir / "demo.json"
    if not stamp_file.exists():
        return False
    found = json.loads(stamp_file.read_text())
    if found["stamp"] != plan.stamp():
        raise GridmartError(
            f"another demo is in {settings().var_dir}: {found['accounts']} accounts, {found['first']} to "
            f"{found['last']}, seed {found['seed']}",
            "use another GRIDMART_VAR_DIR, or stop the stack with `make down` and remove that folder",
            2,
        )
    return bool(found["is_complete"]) and cis.stamp() == plan.stamp()


def _note(plan: Plan, is_complete: bool) -> None:
    """Say which demo this folder holds, from the first file on: another one is refused, a killed one made again."""
    what = {"accounts": plan.accounts, "first": str(plan.first), "last": str(plan.last), "seed": plan.seed}
    partial = settings().var_dir / ".demo.json"
    partial.write_text(json.dumps({"stamp": plan.stamp(), "is_complete": is_complete, **what}))
    partial.replace(settings().var_dir / "demo.json")


def build(plan: Plan, workers: int = 2, advance: Callable[[str], None] = lambda _: None) -> bool:
    """Make the demo; returns False when it was there already. The number of workers does not change a byte."""
    s = settings()
    made, climate, planned = _draw(plan)
    if is_made(plan):
        return False
    s.var_dir.mkdir(parents=True, exist_ok=True)
    s.inbox.mkdir(parents=True, exist_ok=True)
    for left in s.var_dir.glob("simulate-*"):  # a killed run could not tidy up
        shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix="simulate-", dir=s.var_dir))
    _note(plan, is_complete=False)
    try:
        with ProcessPoolExecutor(workers, get_context("spawn"), _end_with_parent) as pool:
            spans = plan.spans()
            first = [pool.submit(_energies, plan, start, count, scratch) for start, count in spans]
            parts = []
            for future in first:
                parts.append(future.result())
                advance("energies")
            daily, use, varh, demand = (np.concatenate([p[k] for p in parts], axis=1) for k in range(4))
            registers, removal = _registers(made, daily)
            second = []
            for start, count in spans:
                k = (start - plan.first).days
                second.append(pool.submit(_write, plan, start, count, scratch, registers[:, k : k + count], s.inbox))
            _weather_files(plan, climate, s.weather_inbox)
            uses = _month_uses(made, use, varh, demand)
            bills = billing.issue(made, uses, cis.tariffs_of(made))
            cis.replace(cis.tables(made, removal, bills), plan.stamp())
            advance("CIS")
            for written in second:
                written.result()
                advance("files")
        again = min(s.inbox.glob("readings_*.csv"))
        shutil.copyfile(again, scratch / "copy")
        (scratch / "copy").replace(s.inbox / f"{again.stem}_again.csv")  # delivered twice under another name
        _truth(made, planned, daily, s.var_dir / TRUTH)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _note(plan, is_complete=True)
    return True
