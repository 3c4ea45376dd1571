"""How good the rules of validation are: a simulated utility with its faults, judged against the simulator's truth.

A rule is judged by what it can see: a fault that another one took away (a spike in hours that never came), or that a
later file set right before the end, was not delivered and does not count as planted. Rules of intervals are judged
by interval of import energy, the others by point and date. A day that is unusual in truth (a family is away, the power
was off) is no fault: where `high_low` finds it, it is neither right nor wrong. Nor is a later day of a step that lasts
(a theft): after STEP_DAYS it has begun to be what is usual, and need not be found, but it is no error to find it.
"""

import json
import os
import platform
import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import markdown, utility
from benchmarks.utility import Utility, days_between
from gridmart.lake.engine import engine
from gridmart.lake.vee import clean
from gridmart.lake.vee.rules import CATALOGUE, CONTEXT_DAYS, HIGH_LOW_MIN_DAYS, Rule
from gridmart.settings import settings
from gridmart.simulator import faults, population
from gridmart.simulator.plan import MINUTES, SLOTS, Plan
from ml.evaluation import truth

FIRST = date(2026, 3, 1)
KEYS = ["point_no", "business_date"]
INTERVAL = [*KEYS, "slot"]
BY_INTERVAL = (Rule.MISSING, Rule.NEGATIVE, Rule.SPIKE)
GAPS = ("gap_meter", "gap_concentrator", "gap_area", "feed_stop")
TOO_MUCH = ("spike", "corrected_file")  # more than the register's advance, whatever else is missing
STEPS = ("theft_bypass", "theft_constant_share", "theft_hours", "theft_night_zero", "theft_random_share",
         "theft_reversed_phase", "unit_mixup", "stuck_register")  # fmt: skip
STEP_DAYS = 7  # of a change that lasts, in which the weeks before it are still what is usual
USUAL_DAYS = 7 * HIGH_LOW_MIN_DAYS // 2  # days before which weekends are too few to say what is usual
MATCH: dict[Rule, tuple[str, ...]] = {
    Rule.MISSING: (*GAPS, "late_row", "out_of_order_file"),
    Rule.NEGATIVE: ("negative",),
    Rule.SPIKE: ("spike", "corrected_file"),
    Rule.DUPLICATE: ("duplicate_row",),
    Rule.REGISTER_SUM: ("unit_mixup", "wrong_ct_ratio", "spike", "corrected_file", "negative"),
    Rule.UNIT_MISMATCH: ("unit_mixup",),
    Rule.MULTIPLIER_MISMATCH: ("wrong_ct_ratio",),
    Rule.HIGH_LOW: STEPS,
    Rule.ZERO_RUN: ("stuck_register",),
    Rule.FLATLINE: ("stuck_register",),
    Rule.ROLLOVER: ("register_rollover",),
    Rule.METER_SWAP: ("meter_swap",),
    Rule.CLOCK_DRIFT: ("clock_drift",),
    Rule.UNKNOWN_POINT: ("unknown_meter",),
}
EVEN_IF_INACTIVE = (Rule.DUPLICATE, Rule.NEGATIVE, Rule.SPIKE, Rule.REGISTER_SUM)  # where no account is open too
NEEDS_REGISTER = (Rule.REGISTER_SUM, Rule.MULTIPLIER_MISMATCH)
NEEDS_WHOLE_DAY = (Rule.REGISTER_SUM, Rule.UNIT_MISMATCH, Rule.MULTIPLIER_MISMATCH, Rule.HIGH_LOW, Rule.ZERO_RUN)


@dataclass
class Found:
    """What validation found: by rule its keys (`KEYS`, or `INTERVAL`), and the point-days that it knew.

    known: KEYS, is_due, zero_run_days, multiplier, digits, has_register (its advance is known); of import energy.
    """

    by_rule: dict[Rule, pd.DataFrame]
    known: pd.DataFrame


def validate(made: Utility, folder: Path) -> Found:
    """Run VEE on DuckDB over all dates."""
    with engine(folder / "scratch", "duckdb") as session:
        result = clean.run(session, made.inputs(made.first, made.last))
        t = result.point_days
        marked = t.filter((t.day_bits != 0) | (t.duplicates > 0))
        days = session.arrow(marked.select(*KEYS, "day_bits", "duplicates")).to_pandas()
        mains = t.filter(t.channel == "import_kwh")
        mains = mains.select(
            *KEYS, "is_due", "zero_run_days", "multiplier", "digits", has_register=mains.advance.notnull()
        )
        known = session.arrow(mains).to_pandas()
        wanted = sum(BY_INTERVAL)
        rows = result.readings.filter(
            result.readings.channel == "import_kwh", (result.readings.rule_bits.cast("int64") & int(wanted)) != 0
        )
        intervals = session.arrow(rows.select(*KEYS, "interval_start", "rule_bits")).to_pandas()
        unknown = session.arrow(result.unknown.select(*KEYS).distinct()).to_pandas()
    local = intervals["interval_start"].dt.tz_convert(settings().timezone)
    intervals["slot"] = (local.dt.hour * 60 + local.dt.minute) // MINUTES
    found = {}
    for info in CATALOGUE:
        rule = info.rule
        source, bits = (intervals, "rule_bits") if rule in BY_INTERVAL else (days, "day_bits")
        keys = INTERVAL if rule in BY_INTERVAL else KEYS
        hit = (source[bits] & int(rule)) != 0
        if rule == Rule.DUPLICATE:  # equal repetitions are counted, not flagged on their intervals
            hit |= source["duplicates"] > 0
        found[rule] = source.loc[hit, keys].drop_duplicates()
    found[Rule.UNKNOWN_POINT] = unknown
    return Found(found, known)


def _moment(name: str) -> tuple[bool, int, str]:
    """Place of a fault in the order in which the simulator applies them: those of readings before those of files."""
    module = faults.modules()[name]
    return (module.FAULT.stage == "file", getattr(module, "ORDER", 0), name)


def _due_date(detail: str) -> date:
    return date.fromisoformat(json.loads(detail)["due_date"])


class _Truth:
    """The truth of a utility, as point-days and intervals that could be seen."""

    def __init__(self, made: Utility, plan: Plan, found: Found) -> None:
        self.made, self.known = made, found.known
        self.due = found.known.loc[found.known["is_due"], KEYS]
        with_register = found.known.loc[found.known["has_register"], KEYS]
        self.has_register = pd.MultiIndex.from_frame(with_register)
        self.registered = set(with_register["point_no"])
        rows = truth.faults(made.truth)
        self.instances = {str(name): len(part) for name, part in rows.groupby("fault")}
        people = population.build(plan.accounts, plan.first, plan.last, plan.seed)
        points, self.accounts = people.points, people.accounts[["account_no", "point_no"]]
        station = rows["fault"].isin(["feed_stop", "out_of_order_file"])
        spread = (
            rows[station]
            .drop(columns="point_no")
            .merge(points[["point_no", "org_no"]], left_on="entity_no", right_on="org_no")
        )
        rows = pd.concat([rows[~station & rows["point_no"].notna()], spread.drop(columns="org_no")])
        days = days_between(rows.reset_index(drop=True), made.first, made.last)
        self.of = {str(name): part.reset_index(drop=True) for name, part in days.groupby("fault")}
        self.replaced = self._replaced()
        self.gone = self._gone()
        whole = self.gone.groupby(KEYS).size()
        self.has_gap = pd.MultiIndex.from_frame(self.gone[KEYS].drop_duplicates())
        self.silent = whole.index[whole == SLOTS]

    def rows(self, name: str) -> pd.DataFrame:
        """Point-days of a fault."""
        none = pd.DataFrame(columns=[*faults.TRUTH, "business_date", "day_no"])
        return self.of.get(name, none)

    def _replaced(self) -> pd.DataFrame:
        """Point-days that came anew in a later file, with the moment at which their values were taken aside."""
        parts = []
        for name in ("corrected_file", "late_row", "out_of_order_file"):
            part = self.rows(name)
            part = part.loc[part["detail"].map(_due_date) <= self.made.last, KEYS]
            parts.append(part.assign(moment=pd.Series([_moment(name)] * len(part), part.index, object)))
        return pd.concat(parts).groupby(KEYS, as_index=False)["moment"].min()

    def _stands(self, rows: pd.DataFrame, name: str) -> pd.DataFrame:
        """Those point-days of a fault that no later file set right."""
        both = rows.merge(self.replaced, on=KEYS, how="left")
        stands = [not (isinstance(at, tuple) and at < _moment(name)) for at in both["moment"]]
        return both[np.array(stands, bool)].drop(columns="moment")

    def _still_due(self, name: str) -> pd.DataFrame:
        part = self.rows(name)
        return part[part["detail"].map(_due_date) > self.made.last]

    def _gone(self) -> pd.DataFrame:
        """Intervals of due points that never came: fault and INTERVAL."""
        parts = []
        for name in GAPS:
            part = self._stands(self.rows(name), name)
            parts.append(part if name != "feed_stop" else part.assign(first_slot=0, slots=SLOTS))
        parts += [self._still_due(n).assign(first_slot=0, slots=SLOTS) for n in ("late_row", "out_of_order_file")]
        rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True).merge(self.due, on=KEYS)
        return _slots(rows)

    def visible(self, rule: Rule, name: str) -> pd.DataFrame:
        """What a rule could find of a fault: fault and the rule's keys."""
        if rule == Rule.MISSING:
            return self.gone[self.gone["fault"].eq(name)]
        rows = self._still_due(name) if name == "corrected_file" else self._stands(self.rows(name), name)
        if rule == Rule.UNKNOWN_POINT:
            station = ["entity_no", "business_date"]
            return rows[~_in(rows, pd.MultiIndex.from_frame(self.rows("feed_stop")[station]), station)]
        rows = rows.merge(self.known[KEYS] if rule in EVEN_IF_INACTIVE else self.due, on=KEYS)
        rows = rows[~_in(rows, self.silent)]
        if rule in NEEDS_WHOLE_DAY and name not in TOO_MUCH:
            rows = rows[~_in(rows, self.has_gap)]
        if rule in NEEDS_REGISTER:
            rows = rows[_in(rows, self.has_register)]
        if name in (*TOO_MUCH, "negative"):
            slots = _slots(rows)
            return slots[~_in(slots, pd.MultiIndex.from_frame(self.gone[INTERVAL]), INTERVAL)]
        if name == "stuck_register":
            is_flat = rows["factor"].astype(float) > 0
            if rule == Rule.ZERO_RUN:
                long_enough = rows["day_no"] + 1 >= rows.merge(self.known, on=KEYS)["zero_run_days"].to_numpy()
                return rows[~is_flat & long_enough]
            if rule == Rule.FLATLINE:
                return rows[is_flat]
        since = self.made.first + timedelta(days=USUAL_DAYS)
        if rule == Rule.UNIT_MISMATCH:
            return rows[_in(rows, self.has_register) | (rows["business_date"] >= since)]
        if rule == Rule.HIGH_LOW:
            return rows[(rows["day_no"] < STEP_DAYS) & (rows["from_date"] >= since)]
        if rule == Rule.ROLLOVER:
            return self._rolled(rows[rows["point_no"].isin(self.registered)])
        return rows

    def unexplained(self, hits: pd.DataFrame, planted: pd.DataFrame) -> pd.DataFrame:
        """Without what is not planted, and on a day of an effect, in the weeks after one that lasts began, or on a
        later day of a step."""
        effects = pd.read_parquet(self.made.truth / "effect.parquet").merge(self.accounts, on="account_no")
        end = effects["end"].fillna(effects["start"] + pd.Timedelta(days=CONTEXT_DAYS))
        spans = effects.assign(from_date=effects["start"].dt.date, to_date=(end - pd.Timedelta(seconds=1)).dt.date)
        days = days_between(spans.reset_index(drop=True), self.made.first, self.made.last)
        days = pd.concat([days[KEYS], *(self.rows(name)[KEYS] for name in STEPS)])
        true = pd.MultiIndex.from_frame(days).difference(pd.MultiIndex.from_frame(planted[KEYS]))
        return hits[~_in(hits, true)]

    def _rolled(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Of the days of a register that rolls over that on which its index comes back to 0."""
        energy = truth.energy_day(self.made.truth).merge(rows[["point_no", "detail"]].drop_duplicates(), on="point_no")
        energy = energy.merge(self.known, on=KEYS).sort_values(KEYS)
        start = energy["detail"].map(lambda text: json.loads(text)["start_index"])
        index = start + (energy["metered_kwh"] / energy["multiplier"]).groupby(energy["point_no"]).cumsum()
        over = energy[index >= 10.0 ** energy["digits"]].groupby("point_no", as_index=False)["business_date"].min()
        return rows.merge(over, on=KEYS)


def _in(rows: pd.DataFrame, among: pd.MultiIndex, keys: list[str] = KEYS) -> np.ndarray:
    """Which rows have keys that are `among` those."""
    return pd.MultiIndex.from_frame(rows[keys]).isin(among)


def _slots(rows: pd.DataFrame) -> pd.DataFrame:
    """One row an interval of rows with first_slot and slots."""
    sizes = rows["slots"].astype(int)
    made = rows.loc[rows.index.repeat(sizes)].copy()
    made["slot"] = made.groupby(level=0).cumcount() + made["first_slot"].astype(int)
    return made[["fault", *INTERVAL]].drop_duplicates(ignore_index=True)


def judge(made: Utility, plan: Plan, found: Found) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    """One row a rule, one a fault that a rule is meant to find, and the planted faults of which no rule finds any."""
    known = _Truth(made, plan, found)
    rules, kinds = [], []
    for info in CATALOGUE:
        by_interval = info.rule in BY_INTERVAL
        keys, hits = INTERVAL if by_interval else KEYS, found.by_rule[info.rule]
        parts = [(name, known.visible(info.rule, name)) for name in MATCH.get(info.rule, ())]
        planted = pd.concat([part[keys] for _, part in parts]) if parts else pd.DataFrame(columns=keys)
        if info.rule == Rule.HIGH_LOW:
            hits = known.unexplained(hits, planted)
        whole = truth.precision_recall(hits, planted, keys)
        rules.append({"rule": info.name_en, "by": "interval" if by_interval else "point-day", **_rounded(whole)})
        for name, part in parts:
            one = _rounded(truth.precision_recall(hits, part, keys))
            numbers = {key: one[key] for key in ("planted", "right", "recall")}
            kinds.append({"fault": name, "rule": info.name_en, "instances": known.instances.get(name, 0), **numbers})
    seen = {row["fault"] for row in kinds if row["right"]}
    return rules, kinds, sorted(known.instances.keys() - seen)


def _rounded(found: dict[str, float]) -> dict[str, float | None]:
    """Counts, and shares with four decimals; None where there is nothing to divide by."""
    shares = {name: None if np.isnan(found[name]) else round(found[name], 4) for name in ("precision", "recall")}
    return {name: int(found[name]) for name in ("planted", "found", "right")} | shares


def text(found: dict[str, Any]) -> str:
    """The result as Markdown: rules that something was planted for or that found something, faults, and the rest."""
    silent = [row["rule"] for row in found["rules"] if not row["planted"] and not row["found"]]
    rules = [row for row in found["rules"] if row["rule"] not in silent]
    parts = [
        markdown.table(rules),
        f"Nothing planted, nothing found: {', '.join(silent)}.",
        markdown.table(found["faults"]),
        f"Planted, and no rule finds it: {', '.join(found['no_rule_finds'])}.",
    ]
    return "\n\n".join(parts)


def run(accounts: int, days: int, seed: int) -> dict[str, Any]:
    """Make a utility with default faults in a temporary folder, validate all its dates, judge every rule."""
    folder = Path(tempfile.mkdtemp(prefix="bench_validation_"))
    started = time.perf_counter()
    try:
        plan = Plan(accounts, FIRST, FIRST + timedelta(days=days - 1), seed, faults.default_rates())
        made = utility.make(plan, folder)
        rules, kinds, unseen = judge(made, plan, validate(made, folder))
        return {
            "rules": rules,
            "faults": kinds,
            "no_rule_finds": unseen,
            "refused_records": made.refused,
            "accounts": accounts,
            "days": days,
            "seed": seed,
            "seconds": round(time.perf_counter() - started, 1),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
