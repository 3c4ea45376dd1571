"""Make a utility, or its next day: draw it, let workers write its files, fill its systems, keep the truth apart.

Two passes over the units, so that memory stays bounded: energies first (kept in a scratch folder), then files, which
need the registers that all earlier days add up to. Everything is written to a staging folder and moved to its place
at the end; an interrupted run leaves a note, and the next run takes away what it left and makes it again.
"""

import errno
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from gridmart.errors import GridmartError
from gridmart.simulator import (
    campaigns,
    changes,
    collection,
    demand_response,
    effects,
    faults,
    month_use,
    network_events,
    population,
    registers,
    truth,
    weather,
    weather_files,
    work,
)
from gridmart.simulator.delivery import Record
from gridmart.simulator.faults import schema_change, transformer_ageing
from gridmart.simulator.home import Home
from gridmart.simulator.plan import Plan
from gridmart.simulator.population import Population
from gridmart.simulator.state import State, folder_of
from gridmart.simulator.systems import database
from gridmart.simulator.systems.model import Facts
from gridmart.simulator.systems.registry import SYSTEMS
from gridmart.simulator.units import cut, format_of
from gridmart.tariffs import PERIODS

INERTIA_DAYS = 7  # days of weather before the first that its load and its climate's files look back on
Advance = Callable[[str, int, int], None]  # what, done, of
Result = TypeVar("Result")


@dataclass(frozen=True)
class Made:
    """What a run has made; `is_new` is False when all was there."""

    first: date
    last: date
    is_new: bool
    files: int = 0
    readings: int = 0
    bytes: int = 0


def make(plan: Plan, home: Home, workers: int = 2, advance: Advance = lambda *_: None) -> Made:
    """Make a utility; nothing is done when exactly this one is there. The number of workers does not change a byte.

    Raises GridmartError: exit code 2 when another utility is there, 1 when the disk is full.
    """
    there = home.note().plan
    if there is not None and there.stamp() != plan.stamp():
        raise GridmartError(
            f"another utility is in {home.root}: {there.accounts} accounts, {there.first} to {there.last}, "
            f"seed {there.seed}",
            "use another folder (--into DIR), or remove that one (its stack first: `make down`)",
            2,
        )
    if there is not None and _has_systems(home, plan):
        return Made(plan.first, there.end, False)
    return _Run(plan, home, workers, advance).go(plan.first, None)


def next_day(home: Home, workers: int = 2, advance: Advance = lambda *_: None) -> Made:
    """Add the day after the last one that was made: files, weather, and what changed in every system.

    Raises GridmartError (exit code 2) when no whole utility is there.
    """
    plan = home.plan()
    day = plan.end + timedelta(days=1)
    return _Run(plan.until(day), home, workers, advance).go(day, State.read(home.state / folder_of(plan.end)))


def _has_systems(home: Home, plan: Plan) -> bool:
    return not home.has_databases or all(database.stamp(system) == plan.stamp() for system in SYSTEMS)


class _Run:
    """One run; what it draws at its start follows from the plan alone."""

    def __init__(self, plan: Plan, home: Home, workers: int, advance: Advance) -> None:
        self.plan, self.home, self.workers, self.advance = plan, home, workers, advance

    def go(self, first: date, state: State | None) -> Made:
        """Make the dates from `first` to the plan's end; `state` is that of the day before, None at the beginning."""
        home = self.home
        home.root.mkdir(parents=True, exist_ok=True)
        home.clear_unfinished()
        home.begin()
        scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=home.staging))
        try:
            made = self._make(first, state, scratch)
            shutil.rmtree(scratch)
            self._fill_databases(is_new=state is None)
            home.deliver(self.plan)
            if state is not None:
                shutil.rmtree(home.state / folder_of(first - timedelta(days=1)), ignore_errors=True)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            home.clear_unfinished()
            raise GridmartError(
                f"the disk of {home.root} is full", "free some space or choose another folder (--into), then repeat"
            ) from error
        except BaseException:
            with suppress(OSError):  # the reason of the failure counts, not that its remains could not be removed
                home.clear_unfinished()
            raise
        return made

    def _draw(self, first: date) -> None:
        plan = self.plan
        self.advance("drawing the utility", 0, 1)
        self.people: Population = population.build(plan.accounts, plan.first, plan.last, plan.seed)
        since = min(first, plan.end - timedelta(days=work.DEVICE_DAYS)) - timedelta(days=INERTIA_DAYS)
        self.climate = weather.climate(self.people, since, plan.end)
        anchor = (plan.first, plan.last)
        scopes = {fault.name: fault.scope for fault in faults.catalogue()}
        daily = tuple(r for r in plan.rates if scopes[r[0]] == "day")
        others = tuple(r for r in plan.rates if scopes[r[0]] != "day")
        self.instances = faults.draw(plan.seed, self.people, others, plan.first, plan.end, anchor)
        self.instances |= faults.draw(plan.seed, self.people, daily, first, plan.end, anchor)
        ageing = self.instances.get("transformer_ageing")
        if ageing is not None:
            self.people = transformer_ageing.aged(self.people, ageing)
        self.timeline = collection.timeline(self.people, plan.first, plan.end)
        self.effects = effects.together(
            [
                changes.draw(self.people),
                collection.effects(self.timeline),
                network_events.effects(self.people, plan.first, plan.end),
                campaigns.effects(self.people, plan.end),
                demand_response.effects(self.people, self.climate, plan.first, plan.end),
                *self._load_faults(anchor),
            ]
        )
        self.advance("drawing the utility", 1, 1)

    def _load_faults(self, anchor: tuple[date, date]) -> list[pd.DataFrame]:
        found = []
        for name, rows in self.instances.items():
            module = faults.modules()[name]
            if module.FAULT.stage == "load" and len(rows):
                drawing = faults.Drawing(self.plan.seed, self.people, *anchor, anchor)
                found.append(module.effects(drawing, rows))
        return found

    def _make(self, first: date, state: State | None, scratch: Path) -> Made:
        self._draw(first)
        plan, people, staging = self.plan, self.people, self.home.staging
        (staging / "meter").mkdir(parents=True)
        context = scratch / "context.pickle"
        with context.open("wb") as out:
            pickle.dump(self._context(first, scratch), out, protocol=5)
        units = cut(plan, people, first)
        with _workers(context, min(self.workers, len(units))) as submit:
            energies = self._each("energies", [submit(work.first_pass, unit) for unit in units])
            self.state = self._add_up(first, state, energies)
            before = state.registers if state else None
            lines = registers.lines(people, self.instances, before, self.daily, self.by_period, first)
            self.state.registers = lines.at_end
            written = self._each("files", [submit(work.second_pass, unit, *lines.of(people, unit)) for unit in units])
        late = [*(state.late if state else []), *((w.unit.station, *record) for w in written for record in w.late)]
        files, size = self._late_files(late)
        self.advance("weather, systems, truth", 0, 1)
        self._weather(first, is_added=state is not None)
        self._systems()
        self._truth(first, is_added=state is not None)
        self.state.write(staging / "simulator" / folder_of(plan.end))
        self.advance("weather, systems, truth", 1, 1)
        return Made(
            first, plan.end, True, files + sum(w.files for w in written), sum(w.readings for w in written),
            size + sum(w.bytes for w in written),
        )  # fmt: skip

    def _context(self, first: date, scratch: Path) -> work.Context:
        people = self.people
        stations = people.stations
        place = dict(zip(people.points["point_no"], people.points["org_no"], strict=True))
        home_of = dict(zip(people.accounts["account_no"], people.accounts["org_no"], strict=True))
        moved = self.effects.groupby(self.effects["account_no"].map(home_of)) if len(self.effects) else {}
        by_station = {str(station): rows.reset_index(drop=True) for station, rows in moved}
        here: dict[str, dict[str, pd.DataFrame]] = {station: {} for station in stations}
        for name, rows in self.instances.items():
            if faults.modules()[name].FAULT.stage in ("load", "system") or not len(rows):
                continue
            station = rows["point_no"].map(place).fillna(rows["entity_no"].where(rows["entity_no"].isin(stations)))
            for org_no, part in rows.groupby(station):
                here[str(org_no)][name] = part.reset_index(drop=True)
        slim = replace(
            people, accounts=people.accounts.drop(columns=["customer_name", "phone", "id_number", "address"])
        )
        return work.Context(
            self.plan, slim, self.climate, {s: by_station.get(s, effects.none()) for s in stations}, here, scratch,
            self.home.staging,
        )  # fmt: skip

    def _each(self, what: str, results: list[Callable[[], Result]]) -> list[Result]:
        done = []
        for number, result in enumerate(results, 1):
            done.append(result())
            self.advance(what, number, len(results))
        return done

    def _add_up(self, first: date, state: State | None, parts: list[work.Energies]) -> State:
        """Daily energies of all points, and the state at the end but for its registers."""
        people = self.people
        shape = (len(people.points), (self.plan.end - first).days + 1)
        self.daily, self.used = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self.by_period = np.zeros((len(people.accounts), shape[1], len(PERIODS)), np.int32)
        for part in parts:
            k = (part.unit.start - first).days
            rows = people.points_of(part.unit.station)
            self.daily[rows, k : k + part.unit.days] = part.metered_wh
            self.used[rows, k : k + part.unit.days] = part.used_wh
            self.by_period[people.rows_of(part.unit.station), k : k + part.unit.days] = part.period_wh
        uses = [state.month_use] if state else []
        hours = [state.device_hours] if state else []
        hours += [part.device_hours for part in parts if part.device_hours is not None]
        oldest = pd.Timestamp(self.plan.end) - pd.Timedelta(days=work.DEVICE_DAYS - 1)
        recent = pd.concat(hours, ignore_index=True)
        recent = recent[recent["at"] >= oldest].sort_values(["device_no", "at"], ignore_index=True)
        return State(pd.DataFrame(), month_use.together(uses + [part.month_use for part in parts]), recent, [])

    def _late_files(self, late: list[tuple[str, date, Record]]) -> tuple[int, int]:
        """Records that come late: those due by now get a file a station and date, the others wait in the state."""
        due: dict[tuple[date, str], list[Record]] = {}
        for station, day, record in sorted(late, key=lambda r: (r[1], r[0], r[2].day, r[2].point_no, r[2].channel)):
            if day <= self.plan.end:
                due.setdefault((day, station), []).append(record)
            else:
                self.state.late.append((station, day, record))
        size = 0
        for (day, station), records in due.items():
            writer = work.WRITERS[format_of(self.plan, self.people.stations, station, day)]
            path = self.home.staging / "meter" / f"{writer.PREFIX}_{station}_{day:%Y%m%d}_late{writer.SUFFIX}"
            writer.write_records(path, records)
            size += path.stat().st_size
        return len(due), size

    def _weather(self, first: date, is_added: bool) -> None:
        """Actuals, and the forecast as it is issued after the last date."""
        folder = self.home.staging / "weather"
        if is_added:
            weather_files.write_day(self.climate, folder, first)
        else:
            weather_files.write_actuals(self.climate, folder, first, self.plan.end)
        issued = self.plan.end + timedelta(days=1)
        weather_files.write_forecast(weather.forecast(self.people, issued), folder)

    def _systems(self) -> None:
        """Rows of every source system, as dumps if they are no databases."""
        removed = self.state.registers.dropna(subset=["removal_index"])
        facts = Facts(
            self.plan,
            self.people,
            self.climate,
            self.instances,
            self.timeline,
            month_use.complete(self.state.month_use, self.plan.first, self.plan.end),
            dict(zip(removed["point_no"], removed["removal_index"], strict=True)),
            self.state.device_hours,
        )
        self.tables, self.rows = {}, {}
        for system in SYSTEMS:
            tables, rows = schema_change.extend(
                system.NAME, system.TABLES, system.rows(facts), facts.drawn("schema_change"), facts.today
            )
            self.tables[system.NAME], self.rows[system.NAME] = tables, rows
            if not self.home.has_databases:
                database.dump(system, tables, rows, self.home.staging / "systems")

    def _truth(self, first: date, is_added: bool) -> None:
        """All instances of the first dates; of an added date what it alone drew, lasting ones are there already."""
        folder = self.home.staging / "truth"
        told = self.instances
        if is_added:
            day = f"-{first:%Y%m%d}-"  # instances are named by what they were drawn for: a date, or a month's first
            told = {name: rows[rows["instance"].str.contains(day, regex=False)] for name, rows in told.items()}
        truth.write_faults(folder, told, f"{first:%Y%m%d}" if is_added else "history")
        truth.write_energy(folder, self.people, first, self.used, self.daily)
        truth.write_causes(folder, self.people, self.effects, campaigns.truth(self.people, self.plan.end))

    def _fill_databases(self, is_new: bool) -> None:
        if not self.home.has_databases:
            return
        fill = database.replace if is_new else database.update
        for number, system in enumerate(SYSTEMS, 1):
            fill(system, self.tables[system.NAME], self.rows[system.NAME], self.plan.stamp())
            self.advance("databases", number, len(SYSTEMS))


@contextmanager
def _workers(context: Path, count: int) -> Iterator[Callable[..., Callable]]:
    """Something that starts a function and returns a way to wait for its result; one worker is this process."""
    if count == 1:
        work.take(context)
        yield lambda function, *words: lambda: function(*words)
        return
    pool = ProcessPoolExecutor(count, get_context("spawn"), work.begin, (str(context),))
    try:
        yield lambda function, *words: pool.submit(function, *words).result
    finally:
        pool.shutdown(cancel_futures=True)
