"""`gridmart validate`: VEE, roll-ups and load for the dates whose inputs changed.

The result of a date is a function of: the raw readings of the date and of the four weeks before, the
registers and the point register of the date and of SPAN_DAYS before, the temperatures of the date and of the
four weeks before, who was cut off in these, whose clocks were off on the date, the rules and the time zone. Where
an end index can only come with a later day, or a gap waits for the index after it, also of what is delivered for
so many days ahead. A fingerprint of all of these is stored with the date's roll-ups; a date is validated again
when it differs. So a late file for a date makes that date and those up to four weeks after it be validated
again, and the order of arrival never matters.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gridmart.errors import GridmartError
from gridmart.lake import checksums, load, retention, tables, temperature
from gridmart.lake.compaction import content
from gridmart.lake.engine import Engine, engine
from gridmart.lake.register import Register
from gridmart.lake.rollups import Rollups, roll_up
from gridmart.lake.vee import clean, quarantine
from gridmart.lake.vee.clocks import Clocks
from gridmart.lake.vee.days import dates_between
from gridmart.lake.vee.rules import CONTEXT_DAYS, SPAN_DAYS, VERSION, threshold_columns
from gridmart.settings import settings

INPUTS = ("reading_raw", "register_read", "edit", "event")  # lake tables that validation reads
MADE_FROM = "gridmart.made-from"  # property of a snapshot of ami.reading: `Validation.made_from` as JSON
CHECKSUMS = "gridmart.rollups"  # another: what `checksums.of_dates` gave of the roll-ups made with it, as JSON
CHUNK_DATES = 56  # long chunks share one pass over the context
MIRROR_DAYS = 7  # arrival dates whose refused records are compared with their mirror at each run
CHUNK_READINGS = 6_000_000  # about 1.5 GB in the engine

STATE_TYPES = {
    "business_date": pa.date32(), "fingerprint": pa.string(), "next_fingerprint": pa.string(),
    "raw_fingerprint": pa.string(), "readings": pa.int64(), "rule_version": pa.int32(),
}  # fmt: skip
Progress = Callable[[int, int], None]


@dataclass
class Files:
    """Data files of one lake table by business date."""

    paths: dict[date, list[str]]
    rows: dict[date, int]

    @classmethod
    def of(cls, name: str, first: date, last: date, snapshot_id: int | None) -> "Files":
        """The files of ami.<name> of the dates first…last in a snapshot (None: there is none); no older history."""
        if snapshot_id is None:
            return cls({}, {})
        paths: dict[date, list[str]] = {}
        rows: dict[date, int] = {}
        for file in tables.files_between(name, first, last, snapshot_id):
            day = tables.day_of(file)
            paths.setdefault(day, []).append(file.file_path.removeprefix("file://"))
            rows[day] = rows.get(day, 0) + file.record_count
        return cls({day: sorted(found) for day, found in paths.items()}, rows)

    def between(self, first: date, last: date) -> dict[date, list[str]]:
        """Paths by date of the dates that have any."""
        return {day: self.paths[day] for day in dates_between(first, last) if day in self.paths}

    def digest(self, first: date, last: date) -> str:
        """Hash of the content of these dates, however it is cut into files."""
        return _digest([(str(day), content(paths)) for day, paths in self.between(first, last).items()])


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


@dataclass
class State:
    """What a date was validated from. next_fingerprint: `Validation.ahead`, None where it hangs on no later day."""

    fingerprint: str
    next_fingerprint: str | None
    raw_fingerprint: str


class Validation:
    """One run over a range of dates."""

    def __init__(
        self, first: date, last: date, every: bool = False, inputs: Mapping[str, int | None] | None = None
    ) -> None:
        """every: validate also the dates whose inputs are unchanged; inputs: snapshot ids of INPUTS, if not those of
        now."""
        tables.ensure_tables()
        self.first, self.last, self.every = first, last, every
        self.register = Register.load()
        # dates that hang on the range, and what these read before and ahead
        reach = timedelta(days=CONTEXT_DAYS + SPAN_DAYS + 1)
        around = first - reach, last + reach
        self.inputs = inputs or {name: tables.current_snapshot_id(name) for name in INPUTS}
        # a snapshot that was made before validation read a table does not name it
        files = [Files.of(name, *around, self.inputs.get(name)) for name in INPUTS]
        self.raw, self.registers, self.edits, events = files
        self.clocks = Clocks(chain.from_iterable(events.paths.values()))
        self.temperatures = temperature.means(*around, settings().timezone)
        self.states = {day: State(*values) for day, values in load.states(*around).items()}
        self._fingerprints: dict[date, str] = {}
        self.readings = 0
        self.seconds = dict.fromkeys(("vee", "rollups", "commit", "load"), 0.0)

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[what] += time.perf_counter() - started

    def fingerprint(self, day: date) -> str:
        """Hash of everything that the result of a date depends on, what lies ahead apart."""
        if day not in self._fingerprints:  # asked before a date is validated, and after
            self._fingerprints[day] = self._fingerprint(day)
        return self._fingerprints[day]

    def _fingerprint(self, day: date) -> str:
        return _digest(
            [
                VERSION,
                threshold_columns(),
                settings().timezone,
                self.register.fingerprint(day),
                self.register.changes(day - timedelta(days=SPAN_DAYS), day),
                self.raw.digest(day - timedelta(days=CONTEXT_DAYS), day),
                self.registers.digest(day - timedelta(days=SPAN_DAYS), day),
                self.edits.digest(day, day),
                self.clocks.wrong_on(day),
                self._weather(day - timedelta(days=CONTEXT_DAYS), day),
            ]
        )

    def ahead(self, day: date, days: int) -> str:
        """So many days and, after a blank, the hash of their indexes, and of the readings and points up to these."""
        first, end = day + timedelta(days=1), day + timedelta(days=days)
        last = end - timedelta(days=1)
        delivered = [self.registers.digest(first, end), self.raw.digest(first, last)]
        return f"{days} {_digest([*delivered, self._changes_ahead(first, last), self._weather(first, last)])}"

    def _weather(self, first: date, last: date) -> list[float | None]:
        return [self.temperatures.get(day) for day in dates_between(first, last)]

    def _changes_ahead(self, first: date, last: date) -> str:
        """What changes in the register up to the last date delivered: of later ones it does not say all yet."""
        return self.register.changes(first, max(self.registers.between(first, last), default=first - timedelta(days=1)))

    def basis(self, first: date, last: date) -> str:
        """Hash of what the result of dates depends on beside the lake and the weather: rules, time zone, points."""
        registered = [self.register.fingerprint(day) for day in dates_between(first, last)]
        registered.append(self.register.changes(first - timedelta(days=SPAN_DAYS), first))
        registered.append(self._changes_ahead(last + timedelta(days=1), last + timedelta(days=SPAN_DAYS)))
        return _digest([VERSION, threshold_columns(), settings().timezone, registered])

    def made_from(self, first: date, last: date) -> dict[str, Any]:
        """What a snapshot of ami.reading says of its origin, so that it can be worked out again."""
        around = dates_between(first - timedelta(days=CONTEXT_DAYS), last + timedelta(days=SPAN_DAYS))
        known = {str(day): self.temperatures[day] for day in around if day in self.temperatures}
        basis = self.basis(first, last)
        return {"from": str(first), "to": str(last), "basis": basis, "inputs": dict(self.inputs), "temperatures": known}

    def is_stale(self, day: date) -> bool:
        """Whether a date was never validated, or from other inputs than now."""
        state = self.states.get(day)
        if state is None or state.fingerprint != self.fingerprint(day):
            return True
        if state.next_fingerprint is None:
            return False
        return state.next_fingerprint != self.ahead(day, int(state.next_fingerprint.partition(" ")[0]))

    def stale_dates(self) -> list[date]:
        """Dates to validate: of the range, and those validated before whose result hangs on the range.

        A date of which nothing was delivered is left out: its day may simply not have been collected yet. So is one
        whose four weeks before have left by age: its result stays as it is.
        """
        wanted = set(dates_between(self.first, self.last))
        oldest = retention.oldest_validated()
        around = dates_between(self.first - timedelta(days=SPAN_DAYS), self.last + timedelta(days=CONTEXT_DAYS))
        dependents = {day for day in around if day in self.states} - wanted
        return sorted(
            day
            for day in wanted | dependents
            if day in self.raw.paths and day >= oldest and ((self.every and day in wanted) or self.is_stale(day))
        )

    def chunks(self, dates: list[date]) -> list[list[date]]:
        """Unbroken runs of dates, each small enough for the engine's memory."""
        found: list[list[date]] = []
        rows = 0
        for day in dates:
            count = self.raw.rows.get(day, 0)
            joins = found and day == found[-1][-1] + timedelta(days=1)
            if joins and len(found[-1]) < CHUNK_DATES and rows + count <= CHUNK_READINGS:
                found[-1].append(day)
                rows += count
            else:
                found.append([day])
                rows = count
        return found

    def run(self, progress: Progress) -> list[date]:
        """Validate, commit and load chunk after chunk; the dates done. progress(done, all) is called for each."""
        dates = self.stale_dates()
        scratch = settings().var_dir / "tmp"
        done: list[date] = []
        if dates:
            with engine(scratch) as session:
                for chunk in self.chunks(dates):
                    self._chunk(session, chunk)
                    session.forget()
                    done += chunk
                    progress(len(done), len(dates))
        self._mirror()
        return done

    def _mirror(self) -> None:
        """Bring raw_ami.quarantine up to date with what validation refused; a crash is made good by the next run."""
        today = datetime.now(UTC).date()
        arrived = tables.files_between("quarantine", today - timedelta(days=MIRROR_DAYS), today)
        rows = [pq.read_table(file.file_path.removeprefix("file://"), partitioning=None) for file in arrived]
        if rows:
            load.mirror(tables.arrow_schema("file").empty_table(), pa.concat_tables(rows, promote_options="permissive"))

    def _inputs(self, first: date, last: date) -> clean.Inputs:
        before = first - timedelta(days=CONTEXT_DAYS)
        summaries = Files.of(
            "day_summary", before, first - timedelta(days=1), tables.current_snapshot_id("day_summary")
        ).paths
        fresh = {
            day: paths
            for day, paths in summaries.items()
            if day in self.states and self.states[day].raw_fingerprint == self.raw.digest(day, day)
        }
        reach = timedelta(days=SPAN_DAYS)
        around = self.registers.between(first - reach, last + reach)
        return clean.Inputs(
            first=first,
            last=last,
            timezone=settings().timezone,
            raw_paths=self.raw.between(before, last + reach),
            summary_paths=fresh,
            register_paths=[path for paths in around.values() for path in paths],
            point_days=self.register.point_days(first, last),
            off_days=self.register.off_days(before, last),
            clock_days=self.clocks.days(first, last),
            edit_paths=[path for paths in self.edits.between(first, last).values() for path in paths],
            point_days_of=self.register.point_days,
            temperatures=self.temperatures,
        )

    def _chunk(self, session: Engine, dates: list[date]) -> None:
        first, last = dates[0], dates[-1]
        run_id = uuid.uuid4().hex
        with self._timed("vee"):
            inputs = self._inputs(first, last)
            result = clean.run(session, inputs)
            rollups = _roll_up(session, result, inputs)  # before writing: the engine works them out meanwhile
            written = clean.write(
                session, result, dates, tables.folder("reading") / run_id, tables.folder("day_summary") / run_id
            )

        with self._timed("rollups"):
            arrow = _collected(session, rollups)
            states = self._states(session, result, written.readings, dates)

        with self._timed("commit"):
            quarantine.report(session, result)
            snapshots = tables.replace_dates(
                {
                    "reading": (dates, chain.from_iterable(written.readings.values())),
                    "day_summary": (dates, chain.from_iterable(written.summaries.values())),
                },
                {
                    MADE_FROM: json.dumps(self.made_from(first, last)),
                    CHECKSUMS: json.dumps(checksums.of_dates(arrow, dates)),
                },
            )
        with self._timed("load"):
            load.load_rollups(arrow, states, snapshots["reading"] or 0)
        for row in states.to_pylist():
            state = State(row["fingerprint"], row["next_fingerprint"], row["raw_fingerprint"])
            self.states[row["business_date"]] = state
            self.readings += row["readings"]

    def _states(
        self, session: Engine, result: clean.Result, written: dict[date, list[Path]], dates: list[date]
    ) -> pa.Table:
        hanging = session.arrow(result.ahead).to_pydict()
        ahead = dict(zip(hanging["business_date"], hanging["ahead_days"], strict=True))
        counts = {day: sum(pq.read_metadata(path).num_rows for path in paths) for day, paths in written.items()}
        rows = [
            {
                "business_date": day,
                "fingerprint": self.fingerprint(day),
                "next_fingerprint": self.ahead(day, ahead[day]) if day in ahead else None,
                "raw_fingerprint": self.raw.digest(day, day),
                "readings": counts.get(day, 0),
                "rule_version": VERSION,
            }
            for day in dates
        ]
        return pa.Table.from_pylist(rows, pa.schema(list(STATE_TYPES.items())))


def _roll_up(session: Engine, result: clean.Result, inputs: clean.Inputs) -> Rollups:
    return roll_up(
        session, result.profiles, result.points, result.point_days, inputs.first, inputs.last, inputs.timezone
    )


def _collected(session: Engine, rollups: Rollups) -> dict[str, pa.Table]:
    return {name: session.arrow(getattr(rollups, name)) for name in load.ROLLUP_TABLES}


def rollups_again(dates: list[date], made_from: dict[str, Any]) -> dict[str, pa.Table]:
    """The roll-ups of dates by name of load.ROLLUP_TABLES, worked out again from what `Validation.made_from` told.

    The same bytes as were loaded then. A GridmartError when rules, time zone or register are no longer those of then.
    """
    run = Validation(dates[0], dates[-1], inputs=made_from["inputs"])
    run.states = {}  # summaries of now may hold later deliveries
    run.temperatures = {date.fromisoformat(day): mean for day, mean in made_from.get("temperatures", {}).items()}
    if run.basis(date.fromisoformat(made_from["from"]), date.fromisoformat(made_from["to"])) != made_from["basis"]:
        of = str(dates[0]) if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
        raise GridmartError(
            f"the roll-ups of {of} cannot be worked out again: the rules, the time zone or the register of points "
            "are no longer those of then",
            "use the version of the rules and the extract of the sources of that time",
        )
    found: dict[str, list[pa.Table]] = {name: [] for name in load.ROLLUP_TABLES}
    with engine(settings().var_dir / "tmp") as session:
        for chunk in run.chunks(dates):
            inputs = run._inputs(chunk[0], chunk[-1])
            for name, rows in _collected(session, _roll_up(session, clean.run(session, inputs), inputs)).items():
                found[name].append(rows)
            session.forget()
    return {name: pa.concat_tables(parts) for name, parts in found.items()}


def validate(first: date, last: date, every: bool = False, progress: Progress = lambda done, all_: None) -> dict:
    """Validate the dates first…last and what hangs on them.

    Returns what was done: {"from", "to", "dates", "readings", "seconds" by part, "vee_readings_per_second"}.
    """
    run = Validation(first, last, every)
    done = run.run(progress)
    touched = (done[0], done[-1]) if done else (first, last)
    return {
        "from": touched[0].isoformat(),
        "to": touched[1].isoformat(),
        "dates": len(done),
        "readings": run.readings,
        "seconds": {name: round(seconds, 2) for name, seconds in run.seconds.items()},
        "vee_readings_per_second": round(run.readings / run.seconds["vee"]) if run.readings else 0,
    }
