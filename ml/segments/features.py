"""Features of an account's load shape, from its hourly energy of the last weeks."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from ml.arrow import query, reading
from ml.errors import InsufficientHistoryError

WINDOW_DAYS = 90
MIN_DAYS = 14  # fewer days than this of hourly energy: no shape
MIN_KWH = 1.0  # less energy than this in the window: nobody is there
WORK, OFF = slice(0, 24), slice(24, 48)
DESCRIPTORS = ("night_share", "evening_share", "day_share", "weekend_ratio", "flatness", "seasonality", "export_share")
CATEGORIES = ("residential", "commercial", "large_industrial", "agricultural")
DESCRIPTOR_WEIGHT = 2.0  # 7 descriptors beside 48 hours


@dataclass(frozen=True)
class Accounts:
    """Accounts [n]: hourly shares of a mean workday and weekend day [n, 48], descriptors [n, 7], and what they are.

    A row with too little data holds NaN. `category` is a position in CATEGORIES, -1 if unknown.
    """

    numbers: list[str]
    profile: np.ndarray
    descriptors: np.ndarray
    category: np.ndarray
    last_date: date
    snapshot: str

    @property
    def usable(self) -> np.ndarray:
        """Positions of the accounts that have a shape."""
        return np.flatnonzero(~np.isnan(self.profile).any(axis=1) & ~np.isnan(self.descriptors).any(axis=1))

    def matrix(self) -> np.ndarray:
        """Input of the pipeline, [n, 48 + 7]: mean is 1 within each day's profile; ratios on a log scale."""
        ratios = self.descriptors.copy()
        ratios[:, 3] = np.log(np.clip(ratios[:, 3], 0.1, 10))
        ratios[:, 5] = np.log(np.clip(ratios[:, 5], 1, 12))
        return np.column_stack([self.profile * 24, ratios])


def describe(
    work: np.ndarray, off: np.ndarray, days: np.ndarray, months: np.ndarray, export: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Profiles [n, 48] and descriptors [n, 7] from mean hourly kWh of workdays and other days [n, 24] each.

    `days` is the number of days behind them, `months` the daily energy of the highest month over the mean month,
    `export` the exported share of all energy that passed. Night is 22-6, evening 18-22, day 9-17 local time;
    flatness is mean / highest hour of the workday.
    """
    total_work, total_off = work.sum(1), off.sum(1)
    enough = (days >= MIN_DAYS) & (total_work > 0) & (total_off > 0) & ((total_work + total_off) * days / 2 >= MIN_KWH)
    with np.errstate(invalid="ignore", divide="ignore"):
        profile = np.column_stack([work / total_work[:, None], off / total_off[:, None]])
        week = (5 * work + 2 * off) / 7
        share = week / week.sum(1, keepdims=True)
        descriptors = np.column_stack(
            [
                share[:, [22, 23, 0, 1, 2, 3, 4, 5]].sum(1),
                share[:, 18:22].sum(1),
                share[:, 9:17].sum(1),
                total_off / total_work,
                work.mean(1) / work.max(1),
                months,
                export,
            ]
        )
    profile[~enough] = np.nan
    return profile, descriptors


def from_tables(shapes: pa.Table, months: pa.Table, last_date: date, lake: str) -> Accounts:
    """Accounts from the two aggregates that `read` asks for."""
    numbers = months["account_no"].to_pylist()
    position = {number: k for k, number in enumerate(numbers)}
    hours = {True: np.zeros((len(numbers), 24)), False: np.zeros((len(numbers), 24))}
    days = np.zeros(len(numbers))
    columns = np.column_stack([shapes[f"h{h}"].to_numpy() for h in range(24)]) if shapes.num_rows else np.zeros((0, 24))
    for row, number, is_work, n in zip(
        columns,
        shapes["account_no"].to_pylist(),
        shapes["is_workday"].to_pylist(),
        shapes["days"].to_pylist(),
        strict=True,
    ):
        hours[is_work][position[number]] = np.maximum(np.nan_to_num(row) / n, 0)
        days[position[number]] += n
    profile, descriptors = describe(
        hours[True], hours[False], days, months["seasonality"].to_numpy(), months["export_share"].to_numpy()
    )
    category = np.array([CATEGORIES.index(c) if c in CATEGORIES else -1 for c in months["usage_category"].to_pylist()])
    content = np.nan_to_num(np.round(np.column_stack([profile, descriptors]), 4), nan=-1).astype("float32").tobytes()
    return Accounts(numbers, profile, descriptors, category, last_date, _snapshot(last_date, lake, numbers, content))


def _snapshot(last_date: date, lake: str, numbers: list[str], content: bytes) -> str:
    digest = hashlib.sha256(repr(numbers).encode() + content).hexdigest()[:10]
    return f"{last_date:%Y%m%d}-{lake}-{digest}"


def read(until: date | None = None, window_days: int = WINDOW_DAYS) -> Accounts:
    """Accounts as seen at the end of business date `until` (default: the last one).

    Raises InsufficientHistoryError if the mart is empty.
    """
    with reading() as connection:
        last = query(connection, "select max(business_date) as d from marts_candidate.fct_point_day").to_pylist()[0][
            "d"
        ]
        last = until or last
        if last is None:
            raise InsufficientHistoryError(
                "the marts hold no day of any point", "run the pipeline for some dates first"
            )
        sums = ", ".join(f"sum(p.hourly_kwh[{h + 1}])::float8 as h{h}" for h in range(24))
        shapes = query(
            connection,
            f"""select p.account_no, coalesce(d.is_workday, extract(isodow from p.business_date) < 6) as is_workday,
                count(distinct p.business_date)::float8 as days, {sums}
            from marts_candidate.fct_point_day as p
            left join marts_candidate.dim_date as d using (business_date)
            where p.business_date between $1 and $2 and p.account_no is not null and p.hourly_kwh is not null
            group by 1, 2 order by 1, 2""",
            (last - timedelta(days=window_days - 1), last),
        )
        # a month counts by its mean day, so that a part of a month does not look like a season
        months = query(
            connection,
            """with months as (
                select account_no, date_trunc('month', business_date) as month,
                    sum(import_kwh)::float8 / count(distinct business_date) as day_kwh,
                    sum(import_kwh)::float8 as import_kwh, sum(export_kwh)::float8 as export_kwh,
                    count(distinct business_date) as days
                from marts_candidate.fct_point_day
                where business_date between $1 and $2 and account_no is not null
                group by 1, 2
            ), accounts as (
                select account_no,
                    coalesce(
                        max(day_kwh) filter (where days >= 7) / nullif(avg(day_kwh) filter (where days >= 7), 0), 1.0)
                        as seasonality,
                    coalesce(sum(export_kwh) / nullif(sum(coalesce(export_kwh, 0) + coalesce(import_kwh, 0)), 0), 0.0)
                        as export_share
                from months group by 1
            )
            select a.account_no, a.usage_category, coalesce(s.seasonality, 1.0) as seasonality,
                coalesce(s.export_share, 0.0) as export_share
            from (select distinct account_no, usage_category from marts_candidate.dim_account where is_current) as a
            left join accounts as s using (account_no) order by 1""",
            (last - timedelta(days=364), last),
        )
        lake = query(
            connection,
            "select coalesce(max(lake_snapshot_id), 0)::text as lake from marts_candidate.fct_point_day"
            " where business_date = $1",
            (last,),
        ).to_pylist()[0]["lake"]
    known = set(months["account_no"].to_pylist())
    return from_tables(
        shapes.filter(pa.array([a in known for a in shapes["account_no"].to_pylist()], pa.bool_())), months, last, lake
    )
