"""What the forecast knows: load, temperature and calendar of every series on one hourly axis."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.settings import settings
from ml.arrow import query, reading
from ml.errors import InsufficientHistoryError

HORIZON_H = 168
LEVELS = ("company", "feeder", "transformer")
WEATHER_GAP_H = 6  # a hole in the temperature up to this long is bridged by a straight line


@dataclass(frozen=True)
class Panel:
    """Series on one axis of T = K + 168 hours: K known ones up to the last business date, then the horizon.

    `load` and `temperature` are [series, T] in kW and °C, NaN where unknown (load: the whole horizon). Arrays
    of the calendar are [T]. `day` counts local days from the first; the horizon starts a local day.
    """

    first_at: pd.Timestamp
    keys: tuple[tuple[str, str], ...]  # (level_code, level_no)
    load: np.ndarray
    temperature: np.ndarray
    hour: np.ndarray
    day: np.ndarray
    weekday: np.ndarray
    is_workday: np.ndarray
    holiday: np.ndarray  # 0 none, 1 holiday, 2 Spring Festival
    last_date: date
    lake_snapshot: str = ""

    @property
    def known(self) -> int:
        """Number of hours whose load is known."""
        return self.load.shape[1] - HORIZON_H

    @property
    def level(self) -> np.ndarray:
        """Level of each series as a number: position in LEVELS."""
        return np.array([LEVELS.index(code) for code, _ in self.keys])

    @property
    def origin_day(self) -> int:
        """Day on which the horizon starts."""
        return int(self.day[self.known])

    def date_of(self, day: int) -> date:
        """Local date of a day number."""
        return self.last_date - timedelta(days=self.origin_day - 1 - day)

    def scale(self, series: np.ndarray, day: int) -> np.ndarray:
        """Mean size of the load in the 7 days before `day`, in kW, [series]; NaN without a known hour."""
        start = int(np.searchsorted(self.day, day))
        week = self.load[series][:, int(np.searchsorted(self.day, day - 7)) : start]
        known = (~np.isnan(week)).sum(axis=1)
        return np.where(known > 0, np.nansum(np.abs(week), axis=1) / np.maximum(known, 1), np.nan)

    def never_negative(self, series: np.ndarray, day: int) -> np.ndarray:
        """Whether no load before `day` is below zero (nothing flows back there), [series]."""
        past = self.load[series][:, : int(np.searchsorted(self.day, day))]
        return ~(past < 0).any(axis=1)

    def snapshot(self) -> str:
        """Identifier of the data: last business date, lake snapshot, and a hash of every value used."""
        digest = hashlib.sha256(repr((self.keys, self.first_at)).encode())
        for values in (self.load, self.temperature):
            digest.update(np.nan_to_num(np.round(values, 3), nan=-999.0).astype("float32").tobytes())
        digest.update(self.is_workday.tobytes() + self.holiday.tobytes())
        return f"{self.last_date:%Y%m%d}-{self.lake_snapshot or 'lake'}-{digest.hexdigest()[:10]}"

    def with_load(self, load: np.ndarray) -> "Panel":
        """The same panel with other load."""
        return replace(self, load=load)


def calendar(
    first_at: pd.Timestamp, hours: int, timezone: str, days: dict[date, tuple[bool, bool, str]]
) -> dict[str, np.ndarray]:
    """Calendar arrays of an hourly axis; `days` maps date -> (is_workday, is_holiday, holiday name zh).

    A date that the calendar does not know is a workday from Monday to Friday, and no holiday.
    """
    local = pd.date_range(first_at, periods=hours, freq="h").tz_convert(timezone)
    dates = local.date
    day = (pd.DatetimeIndex(dates) - pd.Timestamp(dates[0])).days.to_numpy()
    known = [days.get(d, (d.weekday() < 5, False, "")) for d in dates]
    return {
        "hour": local.hour.to_numpy(),
        "day": day,
        "weekday": local.weekday.to_numpy(),
        "is_workday": np.array([k[0] for k in known]),
        "holiday": np.array([(2 if "春节" in (k[2] or "") else 1) if k[1] else 0 for k in known], dtype="int8"),
    }


def company_load(feeders: np.ndarray) -> np.ndarray:
    """Sum over feeders [F, T] -> [T]; NaN where a feeder that is in service (between its ends) is missing."""
    seen = ~np.isnan(feeders)
    in_service = np.maximum.accumulate(seen, axis=1) & np.maximum.accumulate(seen[:, ::-1], axis=1)[:, ::-1]
    # the newest hours count for every feeder: a feeder that is late must not look like one that was closed
    in_service[:, -24:] |= seen[:, -192:-24].any(axis=1, keepdims=True)
    total = np.nansum(feeders, axis=0)
    total[(in_service & ~seen).any(axis=0) | ~seen.any(axis=0)] = np.nan
    return total


def _matrix(table: pa.Table, key: str, value: str, first: int, hours: int) -> tuple[list[str], np.ndarray]:
    codes = table[key].combine_chunks().dictionary_encode()
    column = (table["at"].to_numpy() - first) // 3600
    inside = (column >= 0) & (column < hours)
    values = np.full((len(codes.dictionary), hours), np.nan)
    values[codes.indices.to_numpy()[inside], column[inside]] = table[value].to_numpy()[inside]
    return codes.dictionary.to_pylist(), values


def _fill(temperature: np.ndarray) -> np.ndarray:
    frame = pd.DataFrame(temperature.T).interpolate(limit=WEATHER_GAP_H, limit_area="inside")
    return frame.to_numpy().T


HOUR = "extract(epoch from hour_start_at)::bigint as at"


def read(max_days: int = 800) -> Panel:
    """The panel of all feeders, transformers and the company, from the marts; at most the last `max_days` days.

    Raises InsufficientHistoryError if there is no load at all.
    """
    timezone = settings().timezone
    with reading() as connection:
        last = query(
            connection,
            "select max(business_date) as last, min(business_date) as first from marts_candidate.fct_feeder_load_hour"
            " where load_kw is not null",
        ).to_pylist()[0]
        if last["last"] is None:
            raise InsufficientHistoryError(
                "the marts hold no load of any feeder", "run the pipeline for some dates first"
            )
        last_date = last["last"]
        first_date = max(last["first"], last_date - timedelta(days=max_days - 1))
        first_at = pd.Timestamp(first_date, tz=timezone).tz_convert("UTC")
        end_at = pd.Timestamp(last_date + timedelta(days=1), tz=timezone).tz_convert("UTC")
        first, known = int(first_at.timestamp()), int((end_at - first_at).total_seconds() // 3600)
        hours = known + HORIZON_H
        loads = {
            name: query(
                connection,
                f"select {name}_no as no, org_no, {HOUR}, load_kw::float8 as kw"
                f" from marts_candidate.fct_{name}_load_hour where business_date between $1 and $2 order by no, at",
                (first_date, last_date),
            )
            for name in ("feeder", "transformer")
        }
        weather = query(
            connection,
            f"select station_code as no, {HOUR}, temperature_c::float8 as c from marts_candidate.fct_weather_hour"
            " where business_date between $1 and $2 order by is_forecast desc, no, at",
            (first_date, last_date + timedelta(days=8)),
        )
        districts = query(
            connection, "select org_no, org_type, district_no from marts_candidate.dim_organisation order by org_no"
        ).to_pylist()
        days = query(
            connection,
            "select business_date, is_workday, is_holiday, holiday_name_zh from marts_candidate.dim_date"
            " where business_date between $1 and $2",
            (first_date, last_date + timedelta(days=8)),
        ).to_pylist()
        lake = query(
            connection,
            "select coalesce(max(lake_snapshot_id), 0)::text as lake from marts_candidate.fct_point_day"
            " where business_date = $1",
            (last_date,),
        ).to_pylist()[0]["lake"]
    company = next((row["org_no"] for row in districts if row["org_type"] == "company"), "company")
    district_of = {row["org_no"]: row["district_no"] for row in districts}
    stations, by_station = _matrix(weather, "no", "c", first, hours)
    by_station = _fill(by_station)
    with np.errstate(invalid="ignore"):
        count = (~np.isnan(by_station)).sum(axis=0)
        everywhere = np.where(count > 0, np.nansum(by_station, axis=0) / np.maximum(count, 1), np.nan)
    keys: list[tuple[str, str]] = []
    load_rows, temperature_rows = [], []
    for name, table in loads.items():
        numbers, values = _matrix(table, "no", "kw", first, hours)
        orgs = dict(zip(table["no"].to_pylist(), table["org_no"].to_pylist(), strict=True))
        if name == "feeder":
            keys.append(("company", company))
            load_rows.append(np.append(company_load(values[:, :known]), np.full(HORIZON_H, np.nan)))
            temperature_rows.append(everywhere)
        for number, row in zip(numbers, values, strict=True):
            station = district_of.get(orgs[number], orgs[number])
            local = by_station[stations.index(station)] if station in stations else everywhere
            keys.append((name, number))
            load_rows.append(row)
            temperature_rows.append(np.where(np.isnan(local), everywhere, local))
    known_days = {d["business_date"]: (d["is_workday"], d["is_holiday"], d["holiday_name_zh"]) for d in days}
    return Panel(
        first_at=first_at,
        keys=tuple(keys),
        load=np.array(load_rows),
        temperature=np.array(temperature_rows),
        last_date=last_date,
        lake_snapshot=lake,
        **calendar(first_at, hours, timezone, known_days),
    )
