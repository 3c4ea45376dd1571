"""Applications (业扩报装): new connections, more or less capacity, suspension, each through its stages.

A new account's stages end on the day it is opened. Changes of capacity are drawn month by month; they count from the
first of the month after the last stage, and the contract then gets its next version. Some are withdrawn. Limits are
working days, of the size that utilities promise (invented); about one stage in ten is late.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.calendar import days
from gridmart.simulator.keys import generator
from gridmart.simulator.month_use import following, last_day
from gridmart.simulator.population import Population
from gridmart.simulator.systems import cis_columns as c
from gridmart.simulator.systems.cis_register import Register
from gridmart.simulator.systems.model import Facts, Table

TABLES = {
    "s_app": Table(
        {"app_id": "bigint", "app_no": "text", "app_type_code": "text", "cons_no": "text", "org_no": "text",
         "orgn_cap": "numeric(12,2)", "req_cap": "numeric(12,2)", "app_time": "timestamptz", "end_time": "timestamptz",
         "status_code": "text", "upd_time": "timestamptz"},
        ("app_id",),
    ),
    "s_app_stage": Table(
        {"app_id": "bigint", "stage_seq": "int", "stage_code": "text", "stage_name": "text", "limit_days": "int",
         "begin_time": "timestamptz", "end_time": "timestamptz", "upd_time": "timestamptz"},
        ("app_id", "stage_seq"),
    ),
}  # fmt: skip

NEW_HOME, NEW_LOW, NEW_HIGH, INCREASE, DECREASE, SUSPENSION = range(6)
TYPE_CODES = ("101", "102", "103", "201", "202", "301")
RUNNING, DONE, WITHDRAWN = "0", "1", "9"
# code, name, limit in working days
LOW_STAGES = (("10", "受理申请", 1), ("20", "现场勘查", 3), ("30", "答复供电方案", 3), ("60", "装表接电", 5),
              ("70", "资料归档", 2))  # fmt: skip
HIGH_STAGES = (("10", "受理申请", 1), ("20", "现场勘查", 5), ("30", "答复供电方案", 10), ("40", "设计文件审查", 5),
               ("50", "竣工检验", 5), ("60", "装表接电", 5), ("70", "资料归档", 2))  # fmt: skip
CHANGE_STAGES = (("10", "受理申请", 1), ("20", "现场勘查", 3), ("30", "答复方案", 5), ("65", "变更合同", 3),
                 ("70", "资料归档", 2))  # fmt: skip
STAGES_OF = (LOW_STAGES, LOW_STAGES, HIGH_STAGES, CHANGE_STAGES, CHANGE_STAGES, CHANGE_STAGES)
MOST_STAGES = max(map(len, STAGES_OF))
LATE_SHARE = 0.11
WITHDRAWN_SHARE = 0.08
# share of accounts that apply for another capacity, a month
RATES = {"residential": 0.0005, "commercial": 0.004, "agricultural": 0.002, "large_industrial": 0.03}
SPARE_SHARE = 0.3  # mean load over capacity below which a large customer has capacity to spare
LONGEST_DAYS = 150  # calendar days that all stages of an application take at most


@dataclass(frozen=True)
class Applications:
    """Arrays, one element an application.

    row of the account; kind; ends [applications, MOST_STAGES]: local end of each stage, NaT beyond the last that it
    reaches; applied_at; capacities in hundredths of a kVA; stages: how many it has; withdrawn_at: NaT if it is not;
    resumes_at: first day after a suspension.
    """

    row: np.ndarray
    kind: np.ndarray
    applied_at: np.ndarray
    ends: np.ndarray
    before: np.ndarray
    wanted: np.ndarray
    stages: np.ndarray
    withdrawn_at: np.ndarray
    resumes_at: np.ndarray

    @property
    def finished_at(self) -> np.ndarray:
        """End of the last stage; NaT if it was withdrawn."""
        return self.ends[np.arange(len(self.row)), self.stages - 1]


@dataclass(frozen=True)
class _Workdays:
    """Working days around the history, by number."""

    dates: np.ndarray

    @classmethod
    def around(cls, first: date, today: date) -> "_Workdays":
        table = days(first - timedelta(days=LONGEST_DAYS + 30), today + timedelta(days=LONGEST_DAYS + 60))
        dates = table["business_date"].to_numpy().astype("datetime64[D]")
        return cls(dates[table["is_workday"].to_numpy(zero_copy_only=False)])

    def last_by(self, day: np.ndarray) -> np.ndarray:
        """Number of the last working day up to each date."""
        return np.searchsorted(self.dates, day.astype("datetime64[D]"), side="right") - 1


def draw(population: Population, register: Register, first: date, today: date) -> Applications:
    """All applications begun by today, with stages that may lie later; ordered by month of application."""
    calendar = _Workdays.around(first, max(today, population.last))
    parts = [_new(population, register, calendar, first)]
    seen = np.zeros(len(register.opened), bool)
    month = first.replace(day=1)
    while month <= today:
        parts.append(_changed(population, register, calendar, month, first, seen))
        month = following(month)
    made = Applications(*(np.concatenate([getattr(p, name) for p in parts]) for name in Applications.__annotations__))
    return _some(made, c.known(made.applied_at, today))


def _some(made: Applications, here: np.ndarray) -> Applications:
    return Applications(*(getattr(made, name)[here] for name in Applications.__annotations__))


def _limits(kind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Limit of each stage [applications, MOST_STAGES] in working days, 0 where there is none; number of stages."""
    table = np.zeros((len(STAGES_OF), MOST_STAGES), np.int64)
    for k, stages in enumerate(STAGES_OF):
        table[k, : len(stages)] = [limit for _, _, limit in stages]
    return table[kind], (table > 0).sum(axis=1)[kind]


def _taken(rng: np.random.Generator, limits: np.ndarray) -> np.ndarray:
    """Working days that each stage takes: mostly within its limit."""
    late, share = rng.random((2, *limits.shape))
    within = 1 + np.floor(share * limits).astype(np.int64)
    beyond = limits + 1 + np.floor(share * limits).astype(np.int64)
    return np.where(limits == 0, 0, np.where(late < LATE_SHARE, beyond, np.minimum(within, limits)))


def _clock(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A time of day in office hours."""
    return ((9 * 60 + np.floor(rng.random(shape) * 470)) * 60).astype("timedelta64[s]")


def _new(population: Population, register: Register, calendar: _Workdays, first: date) -> Applications:
    """New connections: stages are counted back from the day on which the account is opened."""
    row = np.flatnonzero(register.opened >= np.datetime64(first))
    rng = generator(population.seed, "application", "new")
    category = register.category[row]
    kind = np.select([category == "residential", category == "large_industrial"], [NEW_HOME, NEW_HIGH], NEW_LOW)
    limits, stages = _limits(kind)
    taken = _taken(rng, limits)
    opened = register.opened[row]
    # working days from the end of each stage, and from the application, to the end of the last
    to_end = taken.sum(axis=1)[:, None] - np.cumsum(taken, axis=1)
    number = calendar.last_by(opened)
    ends = calendar.dates[number[:, None] - to_end]
    ends = np.where(np.arange(MOST_STAGES) == stages[:, None] - 1, opened[:, None], ends)
    ends = np.where(limits > 0, ends, np.datetime64("NaT")).astype("datetime64[s]") + _clock(rng, ends.shape)
    applied = calendar.dates[number - taken.sum(axis=1)].astype("datetime64[s]") + _clock(rng, row.shape)
    never = np.full(row.size, np.datetime64("NaT", "s"))
    nothing = np.zeros(row.size, np.int64)
    return Applications(row, kind, applied, ends, nothing, _capacity(population, row), stages, never, never)


def _capacity(population: Population, row: np.ndarray) -> np.ndarray:
    return np.rint(population.accounts["capacity_kva"].to_numpy(float)[row] * 100).astype(np.int64)


def _changed(
    population: Population, register: Register, calendar: _Workdays, month: date, first: date, seen: np.ndarray
) -> Applications:
    """Changes of capacity applied for in a month, by accounts that are older than the history and stay; each but once.

    `seen` are those that have applied before; it is brought up to date.
    """
    rng = generator(population.seed, "application", month)
    rate = pd.Series(RATES).reindex(register.category).to_numpy(float)
    wish, size, when, leaves = rng.random((4, rate.size))
    used = (population.accounts["mean_kw"] / population.accounts["capacity_kva"]).to_numpy(float)
    large = register.category == "large_industrial"
    may = (register.opened < np.datetime64(first)) & np.isnat(register.gone) & ~seen
    may &= ~large | (used < SPARE_SHARE)  # a large customer's transformer is not made larger
    row = np.flatnonzero(may & (wish < rate))
    seen[row] = True

    kind = np.where(~large[row], INCREASE, np.where(size[row] < 0.5, DECREASE, SUSPENSION))
    times = np.select([kind == INCREASE, kind == DECREASE], [np.where(size[row] < 0.7, 1.25, 1.6), 0.8], 0.6)
    before = _capacity(population, row)
    wanted = np.rint(before * times / 100).astype(np.int64) * 100
    limits, stages = _limits(kind)
    taken = _taken(rng, limits)
    inside = np.flatnonzero(
        (calendar.dates >= np.datetime64(month)) & (calendar.dates <= np.datetime64(last_day(month)))
    )
    number = inside[np.floor(when[row] * inside.size).astype(np.int64)]
    applied = calendar.dates[number].astype("datetime64[s]") + _clock(rng, row.shape)
    days_on = calendar.dates[number[:, None] + np.cumsum(taken, axis=1)]
    ends = np.where(limits > 0, days_on, np.datetime64("NaT")).astype("datetime64[s]") + _clock(rng, days_on.shape)
    # after how many stages it is withdrawn, if it is
    after = 1 + np.floor(leaves[row] / WITHDRAWN_SHARE * (stages - 1)).astype(np.int64)
    is_withdrawn = leaves[row] < WITHDRAWN_SHARE
    last = ends[np.arange(row.size), np.minimum(after, stages) - 1]
    withdrawn = np.where(is_withdrawn, last + np.timedelta64(86_400, "s"), np.datetime64("NaT"))
    ends = np.where(is_withdrawn[:, None] & (np.arange(MOST_STAGES) >= after[:, None]), np.datetime64("NaT"), ends)
    # suspended for three to six months
    until = _next_month(ends[np.arange(row.size), stages - 1]) + 3 + np.floor(when[row] * 4).astype(np.int64)
    resumes = np.where(kind == SUSPENSION, until, np.datetime64("NaT")).astype("datetime64[s]")
    return Applications(row, kind, applied, ends, before, wanted, stages, withdrawn, resumes)


def _next_month(times: np.ndarray) -> np.ndarray:
    return times.astype("datetime64[M]") + 1


def changes(made: Applications) -> pd.DataFrame:
    """Changes of contracts: row (of the account), eff_date (datetime64[D]), capacity (hundredths of a kVA)."""
    done = np.flatnonzero((made.kind >= INCREASE) & ~np.isnat(made.finished_at))
    begins = _next_month(made.finished_at[done]).astype("datetime64[D]")
    begun = pd.DataFrame({"row": made.row[done], "eff_date": begins, "capacity": made.wanted[done]})
    back = done[~np.isnat(made.resumes_at[done])]
    resumed = pd.DataFrame(
        {
            "row": made.row[back],
            "eff_date": made.resumes_at[back].astype("datetime64[D]"),
            "capacity": made.before[back],
        }
    )
    return pd.concat([begun, resumed], ignore_index=True)


def tables(facts: Facts, register: Register, made: Applications) -> dict[str, pa.Table]:
    """Applications and their stages as known today."""
    today = facts.today
    number = c.row_ids(made.applied_at, made.row, made.kind)
    order = np.argsort(number)
    withdrawn, finished = c.until(made.withdrawn_at, today), c.until(made.finished_at, today)
    ended = np.where(np.isnat(withdrawn), finished, withdrawn)
    status = np.select([~np.isnat(withdrawn), ~np.isnat(finished)], [2, 1], 0)
    has_account = register.is_known[made.row]
    org_no = facts.population.accounts["org_no"].to_numpy(object)[made.row]
    columns = {
        "app_id": c.whole(number),
        "app_no": c.text([f"YK{k}" for k in number.tolist()]),
        "app_type_code": c.codes(made.kind, TYPE_CODES),
        "cons_no": c.text(np.where(has_account, register.account_no[made.row], None)),
        "org_no": c.text(org_no),
        "orgn_cap": c.decimals(made.before, 12, 2),
        "req_cap": c.decimals(made.wanted, 12, 2),
        "app_time": c.times(made.applied_at),
        "end_time": c.times(ended),
        "status_code": c.codes(status, (RUNNING, DONE, WITHDRAWN)),
        "upd_time": c.times(np.where(np.isnat(ended), made.applied_at, ended)),
    }
    found = {"s_app": c.table(TABLES["s_app"], columns).take(pa.array(order))}
    return found | {"s_app_stage": _stages(_some(made, order), number[order], today)}


def _stages(made: Applications, number: np.ndarray, today: date) -> pa.Table:
    """Stages that have begun: the next begins when one ends."""
    begins = np.column_stack([made.applied_at, made.ends[:, :-1]])
    has = np.arange(MOST_STAGES) < made.stages[:, None]
    here, place = np.nonzero(has & c.known(begins, today))
    begin, end = begins[here, place], c.until(made.ends[here, place], today)
    of = [stages[min(k, len(stages) - 1)] for stages in STAGES_OF for k in range(MOST_STAGES)]
    which = made.kind[here] * MOST_STAGES + place
    columns = {
        "app_id": c.whole(number[here]),
        "stage_seq": c.whole(place + 1),
        "stage_code": c.codes(which, [code for code, _, _ in of]),
        "stage_name": c.codes(which, [name for _, name, _ in of]),
        "limit_days": c.whole(np.array([limit for _, _, limit in of])[which]),
        "begin_time": c.times(begin),
        "end_time": c.times(end),
        "upd_time": c.times(np.where(np.isnat(end), begin, end)),
    }
    return c.table(TABLES["s_app_stage"], columns)
