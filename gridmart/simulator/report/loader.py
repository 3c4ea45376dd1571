"""What a simulated utility delivered, as arrays: hourly energy by account from its meter files, classes from its CIS.

Only what a head-end, a CIS and a weather provider send is read. The layout of a utility's folder is known here alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from gridmart.calendar import days as calendar_days
from gridmart.errors import GridmartError
from gridmart.settings import settings
from gridmart.simulator.home import Home
from gridmart.sources.meter_files import registry
from gridmart.sources.meter_files.model import Parsed

MOST_ACCOUNTS, MOST_DAYS = 2_000, 800
SEED = (42, 900)  # of the sample: stream 900 is the report's
SPIKE_RATIO, SPIKE_FLOOR_KW = 1.8, 0.5  # (highest - third highest) / third highest of a day, as in VEE
CLASSES = ("residential", "commercial", "large_industrial", "agricultural")

# tables of the CIS with the columns that matter here, and what its codes mean
CIS = {
    "c_mp": {"mp_no": "point_no", "cons_no": "account_no", "mp_attr_code": "kind"},
    "c_cons": {"cons_no": "account_no", "org_no": "org_no", "elec_type_code": "category",
               "build_date": "opened", "cancel_date": "closed"},
}  # fmt: skip
CODES = {
    "01": "customer", "02": "transformer_boundary", "03": "feeder_boundary",
    "100": "large_industrial", "200": "residential", "300": "agricultural", "400": "commercial",
}  # fmt: skip


@dataclass(frozen=True)
class Delivered:
    """A simulated utility as delivered; D days from `first`, hours are local.

    `accounts`: one row an account (account_no, category, org_no); `kwh` [account, D, 24], NaN where not known;
    `system` [D, 24] kWh into all (or the sampled) feeders; `temperature` [D, 24] °C, mean of the stations;
    `missing` [D] and `due` [D] count intervals of the accounts; `is_workday`, `is_holiday` [D].
    """

    accounts: pd.DataFrame
    kwh: np.ndarray
    system: np.ndarray
    temperature: np.ndarray
    missing: np.ndarray
    due: np.ndarray
    is_workday: np.ndarray
    is_holiday: np.ndarray
    first: date
    accounts_in_all: int
    taken_out: int  # values below zero, or spikes
    files: int
    notes: list[str] = field(default_factory=list)

    def of(self, category: str) -> np.ndarray:
        """Energies of one class: [account, D, 24]."""
        return self.kwh[self.accounts["category"].eq(category).to_numpy()]


def _tables(into: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Points and accounts of the CIS, as the folder's Parquet files or the installation's database hold them."""
    folder = into / "systems" / "cis"
    paths = [folder / f"{table}.parquet" for table in CIS]
    found: list[pd.DataFrame] = []
    if all(path.is_file() for path in paths):
        found = [
            pd.read_parquet(path, columns=list(columns)).rename(columns=columns)
            for path, columns in zip(paths, CIS.values(), strict=True)
        ]
    elif Home.of(into).has_databases:
        found = _database()
    if len(found) != 2:
        raise GridmartError(
            f"no marketing system (CIS) of a simulated utility is in {into}",
            "make one with `gridmart simulate`; the installation's own needs its PostgreSQL running",
            2,
        )
    return found[0], found[1]


def _database() -> list[pd.DataFrame]:
    from gridmart.warehouse.database import connect

    try:
        with connect("cis_reader", "demo_cis") as connection:
            return [
                pd.DataFrame(
                    connection.execute(f"select {', '.join(columns)} from {table}").fetchall(),
                    columns=list(columns.values()),
                )
                for table, columns in CIS.items()
            ]
    except psycopg.errors.UndefinedTable:
        return []
    except psycopg.Error as error:
        raise GridmartError(
            f"the demo's CIS cannot be read: {str(error).splitlines()[0]}", "start PostgreSQL: `gridmart up`", 1
        ) from error


def register(into: Path, most: int = MOST_ACCOUNTS) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Accounts with their point (at most `most`, drawn with a fixed seed), feeder boundaries, and accounts in all.

    Accounts: point_no, account_no, category, org_no, opened, closed; ordered by account number.
    """
    points, accounts = _tables(into)
    points = points.assign(kind=points["kind"].replace(CODES))
    accounts = accounts.assign(category=accounts["category"].astype(str).replace(CODES))
    customers = points[points["kind"].eq("customer") & points["account_no"].notna()]
    frame = customers.merge(accounts, on="account_no").sort_values(["account_no", "point_no"], ignore_index=True)
    boundaries = points[points["kind"].eq("feeder_boundary")].sort_values("point_no", ignore_index=True)
    if frame.empty:
        raise GridmartError(f"the CIS of {into} has no account with a metering point", "make the utility again", 2)
    total = len(frame)
    if total > most:
        chosen = np.sort(np.random.default_rng(SEED).choice(total, most, replace=False))
        frame = frame.iloc[chosen].reset_index(drop=True)
    if len(boundaries) > most // 10:
        chosen = np.sort(np.random.default_rng([*SEED, 1]).choice(len(boundaries), most // 10, replace=False))
        boundaries = boundaries.iloc[chosen].reset_index(drop=True)
    return frame, boundaries, total


def meter_files(into: Path) -> list[Path]:
    """Meter files of the utility, in the order of their names."""
    inbox = Home.of(into).inbox
    paths = [p for p in inbox.rglob("*") if p.is_file()]
    return sorted(p for p in paths if not any(part.startswith(".") for part in p.relative_to(inbox).parts))


@dataclass
class _Days:
    """Days of some points: row of the point, ordinal of the date, hourly kWh, known and due intervals, version."""

    row: np.ndarray
    day: np.ndarray
    kwh: np.ndarray
    known: np.ndarray
    due: np.ndarray
    version: np.ndarray


def _days(parsed: Parsed, wanted: pa.Array) -> Iterator[tuple[_Days, int]]:
    """Import of the wanted points in a file by length of interval, and how many values were taken out."""
    table = parsed.days
    row = pc.index_in(table["point_no"], value_set=wanted)
    table = table.append_column("row", row).filter(pc.and_(pc.is_valid(row), pc.equal(table["channel"], "import_kwh")))
    flagged = pc.or_kleene(pc.starts_with(table["flag"], "N"), pc.is_valid(table["flags"])).to_numpy()
    shape = np.stack([table["interval_minutes"].to_numpy(), pc.list_value_length(table["values"]).to_numpy()], axis=1)
    for minutes, width in np.unique(shape, axis=0).tolist():
        here = (shape == (minutes, width)).all(axis=1)
        part = table.filter(pa.array(here))
        lists = pa.concat_arrays(part["values"].chunks) if part["values"].num_chunks != 1 else part["values"].chunk(0)
        values = lists.flatten().to_numpy(zero_copy_only=False).reshape(-1, width).astype(np.float32)
        values = _without_null_data(part, values, flagged[here])
        scale = part["scale"].to_numpy().astype(np.float32)[:, None]
        values = np.where(scale < 0, values / np.abs(scale), values * scale)
        known = (~np.isnan(values)).sum(axis=1)
        values, taken = _plausible(values, minutes)
        hour = np.minimum(np.arange(width) * minutes // 60, 23)
        kwh = np.stack([values[:, hour == h].sum(axis=1) for h in range(24)], axis=1)  # NaN where one is missing
        yield _Days(
            part["row"].to_numpy().astype(np.int32), part["business_date"].cast(pa.int32()).to_numpy(), kwh,
            known.astype(np.int16), np.full(len(kwh), width, np.int16), part["version"].to_numpy(),
        ), taken  # fmt: skip


def _without_null_data(part: pa.Table, values: np.ndarray, flagged: np.ndarray) -> np.ndarray:
    """Values whose flag says null data (NEM12: N) are NaN."""
    if not flagged.any():
        return values
    values = values.copy()
    for i in np.flatnonzero(flagged).tolist():
        flags = part["flags"][i].as_py() or [part["flag"][i].as_py()] * values.shape[1]
        values[i, [flag.startswith("N") for flag in flags]] = np.nan
    return values


def _plausible(values: np.ndarray, minutes: int) -> tuple[np.ndarray, int]:
    """Without negatives and spikes [rows, intervals]; and how many they were. A spike stands far above the third
    highest value of its day."""
    bad = values < 0
    third = np.partition(np.nan_to_num(values, nan=-1.0), -3, axis=1)[:, -3][:, None]
    above = values - third
    with np.errstate(invalid="ignore"):
        bad |= (above > SPIKE_RATIO * np.maximum(third, 0)) & (above * 60 / minutes > SPIKE_FLOOR_KW) & (third >= 0)
    return np.where(bad, np.nan, values), int(bad.sum())


def load(
    into: Path, most: int = MOST_ACCOUNTS, advance: Callable[[int, int], None] = lambda done, of: None
) -> Delivered:
    """Read the utility in `into`; `advance` hears of (files done, files).

    Raises GridmartError (exit code 2) if there is no complete utility.
    """
    paths = meter_files(into)
    if not paths:
        raise GridmartError(f"no meter file is in the inbox of {into}", "make a utility first: `gridmart simulate`", 2)
    frame, boundaries, total = register(into, most)
    zone = ZoneInfo(settings().timezone)
    wanted = pa.array([*frame["point_no"], *boundaries["point_no"]], pa.string())
    found: list[_Days] = []
    taken, refused = 0, 0
    for number, path in enumerate(paths, 1):
        parsed = registry.parse_file(path, zone)
        refused += len(parsed.rejects)
        for part, count in _days(parsed, wanted):
            found.append(part)
            taken += count
        del parsed
        found = _newest(found)
        advance(number, len(paths))
    if not found:
        raise GridmartError(
            f"the meter files of {into} hold no reading of an account in its CIS", "are both of one utility?", 2
        )
    kwh, known, due, first = _assembled(found, len(wanted))
    notes = [f"{refused} records of the files could not be read"] if refused else []
    last = first + timedelta(days=kwh.shape[1] - 1)
    calendar = calendar_days(first, last).to_pandas()
    customers, feeders = kwh[: len(frame)], kwh[len(frame) :]
    missing, expected = _missing(frame, known[: len(frame)], due[: len(frame)], first)
    if total > len(frame):
        notes.append(f"{len(frame)} of {total} accounts, drawn with a fixed seed")
    system = _system(feeders)
    if system is None:
        notes.append("no feeder boundary delivers: the system is the sum of the accounts")
        system = np.nansum(customers, axis=0)
    return Delivered(
        accounts=frame[["account_no", "category", "org_no"]], kwh=customers, system=system,
        temperature=_temperature(into, first, kwh.shape[1], zone), missing=missing, due=expected,
        is_workday=calendar["is_workday"].to_numpy(bool), is_holiday=calendar["is_holiday"].to_numpy(bool),
        first=first, accounts_in_all=total, taken_out=taken, files=len(paths), notes=notes,
    )  # fmt: skip


def _newest(found: list[_Days]) -> list[_Days]:
    """Without days that are more than MOST_DAYS older than the newest: memory stays bounded."""
    if not found:
        return found
    oldest = max(int(part.day.max(initial=0)) for part in found) - MOST_DAYS + 1
    if min(int(part.day.min(initial=oldest)) for part in found) >= oldest:
        return found
    kept = []
    for part in found:
        good = part.day >= oldest
        if good.any():
            kept.append(_Days(*(getattr(part, name)[good] for name in _Days.__dataclass_fields__)))
    return kept


def _assembled(found: list[_Days], points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, date]:
    """Arrays [point, day, …]: a higher version wins hour by hour, then the later file."""
    row, day, known, due, version = (
        np.concatenate([getattr(part, name) for part in found]) for name in ("row", "day", "known", "due", "version")
    )
    kwh = np.concatenate([part.kwh for part in found])
    first, last = int(day.min()), int(day.max())
    size = last - first + 1
    made = np.full((points, size, 24), np.nan, np.float32)
    seen, expected = np.zeros((points, size), np.int16), np.zeros((points, size), np.int16)
    order = np.argsort(version, kind="stable")
    cell = (row[order].astype(np.int64) * size) + day[order] - first
    turn = pd.Series(cell).groupby(cell).cumcount().to_numpy()
    flat, flat_seen, flat_due = made.reshape(-1, 24), seen.reshape(-1), expected.reshape(-1)
    for number in range(int(turn.max(initial=0)) + 1):
        mine = turn == number
        at, source = cell[mine], order[mine]
        flat[at] = np.where(np.isnan(kwh[source]), flat[at], kwh[source])
        flat_seen[at] = np.maximum(flat_seen[at], known[source])
        flat_due[at] = due[source]
    return made, seen, expected, date(1970, 1, 1) + timedelta(days=first)


def _missing(frame: pd.DataFrame, known: np.ndarray, due: np.ndarray, first: date) -> tuple[np.ndarray, np.ndarray]:
    """Intervals missing and due by day: an account is due from its opening to its closing, in its usual length."""
    usual = due.max(axis=1, initial=0)
    days = np.datetime64(first, "D") + np.arange(known.shape[1])
    opened = pd.to_datetime(frame["opened"]).to_numpy("datetime64[D]")
    closed = pd.to_datetime(frame["closed"]).to_numpy("datetime64[D]")
    is_due = (np.isnat(opened)[:, None] | (days >= opened[:, None])) & (
        np.isnat(closed)[:, None] | (days < closed[:, None])
    )
    expected = np.where(due > 0, due, usual[:, None]) * is_due
    return np.clip(expected - known, 0, None).sum(axis=0), expected.sum(axis=0)


def _system(feeders: np.ndarray) -> np.ndarray | None:
    """Sum of feeders [D, 24]; hours that one of them lacks are bridged up to six hours, else NaN."""
    if not len(feeders) or np.isnan(feeders).all():
        return None
    hours = pd.DataFrame(feeders.reshape(len(feeders), -1).T)
    hours = hours.loc[:, hours.notna().any()].interpolate(limit=6, limit_area="inside")
    return hours.sum(axis=1, skipna=False).to_numpy().reshape(-1, 24)


def _temperature(into: Path, first: date, days: int, zone: ZoneInfo) -> np.ndarray:
    """Actual temperature [D, 24] in °C, mean over stations; NaN where no station says."""
    made = np.full((days, 24), np.nan)
    folder = Home.of(into).weather
    parts = [pd.read_csv(path, usecols=["station_code", "valid_at", "kind", "temperature_c"])
             for path in sorted(folder.glob("*.csv"))] if folder.is_dir() else []  # fmt: skip
    if not parts:
        return made
    rows = pd.concat(parts, ignore_index=True).query("kind == 'actual'")
    rows = rows.drop_duplicates(["station_code", "valid_at"], keep="last")
    local = pd.to_datetime(rows["valid_at"], utc=True).dt.tz_convert(zone)
    offset = (local.dt.tz_localize(None).dt.normalize() - pd.Timestamp(first)).dt.days.to_numpy()
    means = rows.groupby([offset, local.dt.hour.to_numpy()])["temperature_c"].mean()
    at = means.index.to_frame().to_numpy()
    inside = (at[:, 0] >= 0) & (at[:, 0] < days)
    made[at[inside, 0], at[inside, 1]] = means.to_numpy()[inside]
    return made
