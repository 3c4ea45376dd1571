"""The point register: what is known of every metering point on every date, from the CIS and the network system."""

from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa

from gridmart.errors import GridmartError
from gridmart.lake.vee.days import dates_between, day_start
from gridmart.lake.vee.rules import CONTEXT_DAYS, threshold_columns
from gridmart.settings import settings
from gridmart.sources.contract import ENTITIES, read
from gridmart.tariffs import CALENDAR_OF, calendars_on
from gridmart.tariffs import changes as tariff_changes
from gridmart.warehouse.database import connect

DATE_COLUMNS = ("valid_from", "valid_to", "installed_date", "removed_date", "opened_date", "closed_date")

POINT_DAY_TYPES = {
    "point_no": pa.string(), "business_date": pa.date32(), "point_kind": pa.string(), "usage_category": pa.string(),
    "class_code": pa.string(), "calendar_code": pa.string(), "capacity_kva": pa.float64(),
    "transformer_no": pa.string(), "feeder_no": pa.string(), "interval_minutes": pa.int32(),
    "has_generation": pa.bool_(), "multiplier": pa.float64(), "digits": pa.int32(), "is_swap": pa.bool_(),
    "is_due": pa.bool_(), "spike_ratio": pa.float64(), "spike_floor_kw": pa.float64(),
    "spike_capacity_share": pa.float64(), "high_low_k": pa.float64(), "high_low_floor": pa.float64(),
    "high_low_least_kwh": pa.float64(), "register_share": pa.float64(), "register_unit": pa.float64(),
    "capacity_share": pa.float64(), "flat_floor_kw": pa.float64(), "zero_run_days": pa.float64(),
    "ct_ratio": pa.float64(), "pt_ratio": pa.float64(), "install_index": pa.float64(),
    "removal_index": pa.float64(), "removed_multiplier": pa.float64(),
}  # fmt: skip

# minutes since local 00:00 between which a point is cut off: from the first, up to the second
OFF_TYPES = {
    "point_no": pa.string(), "business_date": pa.date32(), "off_from_minute": pa.int32(), "off_to_minute": pa.int32(),
}  # fmt: skip


class Register:
    """The entities at one moment; `point_days`, `off_days` and `fingerprint` answer for any date."""

    def __init__(self, tables: dict[str, pd.DataFrame], timezone: str | None = None) -> None:
        """tables: one frame a name of contract.ENTITIES, with its columns; timezone: if not that of the settings."""
        self.zone = ZoneInfo(timezone or settings().timezone)
        self.tables = {name: frame.copy() for name, frame in tables.items()}
        for frame in self.tables.values():
            for column in frame.columns.intersection(list(DATE_COLUMNS)):
                frame[column] = pd.to_datetime(frame[column]).astype("datetime64[s]")
        self._segments: dict[int, tuple[pd.DataFrame, str]] = {}
        self._off: dict[date, pd.DataFrame] = {}
        self._off_hashes: dict[date, int] = {}
        self._change_hashes: dict[date, int] = {}

    @classmethod
    def load(cls) -> "Register":
        """Read the register from the raw tables as role loader; a GridmartError when it is not there or empty."""
        try:
            with connect("loader") as connection:
                tables = {name: read(connection, name) for name in ENTITIES}
        except psycopg.errors.UndefinedTable as error:
            raise _no_register(f"a table of the register is missing: {error.diag.message_primary}") from error
        except psycopg.OperationalError as error:
            raise GridmartError(
                f"PostgreSQL does not answer: {error}".strip(), "start it ('gridmart up'), then run this again"
            ) from error
        if tables["point"].empty:
            raise _no_register("raw_cis.c_mp is empty: no point is registered")
        return cls(tables)

    @cached_property
    def _changes(self) -> np.ndarray:
        """Dates on which anything in the register, or a tariff and with it a calendar, changes; sorted."""
        found = [
            frame[column].dropna().to_numpy(dtype="datetime64[s]")
            for frame in self.tables.values()
            for column in frame.columns.intersection(list(DATE_COLUMNS))
        ]
        found.append(np.array(tariff_changes(), dtype="datetime64[s]"))
        dates = np.concatenate(found)
        # the day after too: a swap marks its own day only
        return np.unique(np.concatenate([dates, dates + np.timedelta64(1, "D")]))

    def _on(self, day: date) -> tuple[pd.DataFrame, str]:
        """Register on a date and its fingerprint; worked out once between two changes."""
        at = np.datetime64(day, "s")
        segment = int(np.searchsorted(self._changes, at, side="right"))
        if segment not in self._segments:
            frame = _typed(self._valid(pd.Timestamp(day)))
            self._segments[segment] = frame, f"{_hash_sum(frame):016x}"
        return self._segments[segment]

    def _valid(self, at: pd.Timestamp) -> pd.DataFrame:
        def valid(name: str, start: str, end: str) -> pd.DataFrame:
            frame = self.tables[name]
            frame = frame[(frame[start] <= at) & (frame[end].isna() | (frame[end] > at))]
            return frame.sort_values(start, kind="stable")

        meters = self.tables["meter"]
        installed = meters.loc[meters["installed_date"] == at, "point_no"]
        # a new connection's first meter is none that takes another's place
        had_one = meters.loc[meters["installed_date"] < at, "point_no"]
        removed = meters[meters["removed_date"] == at].drop_duplicates("point_no", keep="last")
        removed = removed[["point_no", "removal_index", "ct_ratio", "pt_ratio"]]
        changed = pd.concat([installed[installed.isin(had_one)], removed["point_no"]]).unique()
        meter = valid("meter", "installed_date", "removed_date").drop_duplicates("point_no", keep="last")
        place = valid("place", "valid_from", "valid_to").drop_duplicates("point_no", keep="last")
        contract = valid("contract", "valid_from", "valid_to").drop_duplicates("account_no", keep="last")
        frame = (
            self.tables["point"]
            .drop_duplicates("point_no")
            .merge(place[["point_no", "transformer_no"]], on="point_no", how="left")
            .merge(
                meter[["point_no", "meter_no", "ct_ratio", "pt_ratio", "digits", "install_index"]],
                on="point_no",
                how="left",
            )
            .merge(removed, on="point_no", how="left", suffixes=("", "_removed"))
            .merge(self.tables["account"], on="account_no", how="left")
            .merge(contract[["account_no", "tariff_code", "contract_capacity_kva"]], on="account_no", how="left")
            .merge(self.tables["transformer"], on="transformer_no", how="left")
            .sort_values("point_no", ignore_index=True)
        )
        is_customer = frame["point_kind"] == "customer"
        opened = (frame["opened_date"] <= at) & (frame["closed_date"].isna() | (frame["closed_date"] > at))
        frame["is_due"] = frame["meter_no"].notna() & (~is_customer | opened)
        frame["is_swap"] = frame["point_no"].isin(changed)
        ratio = frame["ct_ratio"].astype("float64") * frame["pt_ratio"].astype("float64")
        frame["multiplier"] = ratio.fillna(1.0)
        frame["removed_multiplier"] = frame["ct_ratio_removed"].astype("float64") * frame["pt_ratio_removed"]
        frame["install_index"] = frame["install_index"].where(frame["is_swap"])
        limits = threshold_columns()
        named = frame["usage_category"].where(is_customer, frame["point_kind"])
        frame["class_code"] = named.where(named.isin(list(limits)), "other")
        of_tariff = frame["tariff_code"].map(calendars_on(at.date()))
        frame["calendar_code"] = of_tariff.fillna(frame["usage_category"].map(CALENDAR_OF)).fillna("single")
        frame["capacity_kva"] = frame["contract_capacity_kva"].where(is_customer, frame["rated_kva"]).astype("float64")
        boundary = frame["point_kind"] == "feeder_boundary"
        frame["transformer_no"] = frame["transformer_no"].where(~boundary, None)
        frame["feeder_no"] = frame["feeder_no"].where(frame["feeder_no"].notna(), frame["transformer_feeder_no"])
        for column in limits["other"]:
            frame[column] = frame["class_code"].map({name: row[column] for name, row in limits.items()})
        return frame

    def point_days(self, first: date, last: date, points: list[str] | None = None) -> pa.Table:
        """One row per registered point (of `points`) and date: POINT_DAY_TYPES.

        capacity_kva: contract, or rated for a boundary.
        """
        parts = []
        for n in range((last - first).days + 1):
            day = first + timedelta(days=n)
            frame = self._on(day)[0]
            frame = frame if points is None else frame[frame["point_no"].isin(points)]
            part = pa.Table.from_pandas(frame, preserve_index=False)
            dates = pa.array(np.full(part.num_rows, day, dtype="datetime64[D]"), pa.date32())
            parts.append(part.append_column("business_date", dates).select(list(POINT_DAY_TYPES)))
        return pa.concat_tables(parts).cast(pa.schema(list(POINT_DAY_TYPES.items())))

    def off_days(self, first: date, last: date) -> pa.Table:
        """One row per point and date on which it is cut off, wholly or for some time: OFF_TYPES.

        Cut off is who is disconnected, by the times in the CIS, and whose contract is suspended: its capacity went
        down to nothing. Of two times on one date the longer counts.
        """
        schema = pa.schema(list(OFF_TYPES.items()))
        parts = [pa.Table.from_pandas(self._off_on(day), schema, False) for day in dates_between(first, last)]
        return pa.concat_tables([schema.empty_table(), *parts])

    @cached_property
    def _off_spells(self) -> pd.DataFrame:
        """Every time for which a point is cut off: point_no, begin, end (UTC; NaT: it still is)."""
        cut = self.tables["disconnection"]
        contract = self.tables["contract"].sort_values(["account_no", "valid_from"], kind="stable")
        of = contract["account_no"]
        capacity = contract["contract_capacity_kva"].astype("float64")
        contract = contract.assign(next_from=contract.groupby("account_no")["valid_from"].shift(-1))
        # no capacity from the beginning on is one that was not told
        contract = contract[(capacity == 0) & (capacity > 0).groupby(of).cummax()]
        ends = contract[["valid_to", "next_from"]].min(axis=1)
        disconnected = pd.DataFrame(
            {
                "account_no": cut["account_no"],
                "begin": pd.to_datetime(cut["disconnected_at"], utc=True),
                "end": pd.to_datetime(cut["reconnected_at"], utc=True),
            }
        )
        suspended = pd.DataFrame(
            {
                "account_no": contract["account_no"],
                "begin": self._midnights(contract["valid_from"]),
                "end": self._midnights(ends),
            }
        )
        points = self.tables["point"][["point_no", "account_no"]].drop_duplicates("point_no")
        parts = [part for part in (disconnected, suspended) if len(part)] or [suspended]
        return points.merge(pd.concat(parts), on="account_no").drop(columns="account_no")

    def _midnights(self, dates: pd.Series) -> pd.Series:
        at = [None if pd.isna(day) else day_start(day.date(), self.zone) for day in dates]
        return pd.Series(pd.to_datetime(at, utc=True), dates.index)

    def _off_on(self, day: date) -> pd.DataFrame:
        """`off_days` of one date, kept."""
        if day not in self._off:
            spells, since = self._off_spells, pd.Timestamp(day_start(day, self.zone))
            length = pd.Timestamp(day_start(day + timedelta(days=1), self.zone)) - since
            begin = (spells["begin"] - since).clip(lower=pd.Timedelta(0)).dt.ceil("min")
            end = (spells["end"] - since).fillna(length).clip(upper=length).dt.floor("min")
            minute = pd.Timedelta(minutes=1)
            rows = pd.DataFrame(
                {
                    "point_no": spells["point_no"],
                    "business_date": day,
                    "off_from_minute": begin // minute,
                    "off_to_minute": end // minute,
                    "minutes": (end - begin) // minute,
                }
            )
            rows = rows[rows["minutes"] > 0].sort_values(["point_no", "minutes"], kind="stable")
            rows = rows.drop_duplicates("point_no", keep="last").drop(columns="minutes")
            # times that nobody knows have made the columns floating
            self._off[day] = rows.astype({"off_from_minute": "int32", "off_to_minute": "int32"})
        return self._off[day]

    def fingerprint(self, day: date) -> str:
        """Hash of what the register tells of a date, and of who was cut off in the four weeks before: equal hashes
        mean equal rows."""
        off = sum(self._off_hash(day - timedelta(days=n)) for n in range(CONTEXT_DAYS + 1))
        return f"{self._on(day)[1]}{off % 2**64:016x}"

    def _off_hash(self, day: date) -> int:
        """Sum of the hashes of `off_days` of one date, kept."""
        if day not in self._off_hashes:
            self._off_hashes[day] = _hash_sum(self._off_on(day).astype({"business_date": str}))
        return self._off_hashes[day]

    def changes(self, first: date, last: date) -> str:
        """Hash of the rows in which something begins or ends on the dates first…last.

        With the fingerprint of one of these dates, or of a neighbour, it stands for the fingerprints of all.
        """
        return f"{sum(self._changes_on(day) for day in dates_between(first, last)) % 2**64:016x}"

    def _changes_on(self, day: date) -> int:
        """Sum of the hashes of the rows in which something begins or ends on one date, kept."""
        if day not in self._change_hashes:
            found = 0
            for name, frame in self.tables.items():
                dated = frame[frame.columns.intersection(list(DATE_COLUMNS))]
                rows = frame[(dated == pd.Timestamp(day)).any(axis=1)]
                if len(rows):
                    found += _hash_sum(rows.assign(table=name).astype(str))
            self._change_hashes[day] = found
        return self._change_hashes[day]


def _hash_sum(rows: pd.DataFrame) -> int:
    hashes = pd.util.hash_pandas_object(rows, index=False).to_numpy(dtype="uint64")
    return int(np.add.reduce(hashes, dtype="uint64"))


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of POINT_DAY_TYPES but the date, with None for what is not known."""
    columns = {}
    for name, kind in POINT_DAY_TYPES.items():
        if name == "business_date":
            continue
        values = frame[name]
        if kind == pa.string():
            columns[name] = values.astype(object).where(values.notna(), None)
        elif kind == pa.bool_():
            columns[name] = values.astype(object).where(values.notna(), False).astype(bool)
        elif kind == pa.int32():
            columns[name] = values.astype("float64").fillna(0).astype("int32")
        else:
            columns[name] = values.astype("float64")
    return pd.DataFrame(columns)


def _no_register(cause: str) -> GridmartError:
    return GridmartError(cause, "extract the CIS and the network first: gridmart extract cis, gridmart extract network")
