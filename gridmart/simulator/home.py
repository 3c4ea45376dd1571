"""Where a simulated utility lives: its files, its state, and what is known of how far it was made."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from gridmart.errors import GridmartError
from gridmart.simulator.plan import Plan

STAGING = ".simulating"


@dataclass(frozen=True)
class Note:
    """What a folder holds: the plan of the utility that is whole, its files, and the files that a run under way moves
    into place (None: no run is under way)."""

    plan: Plan | None = None
    files: list[str] = field(default_factory=list)
    pending: list[str] | None = None


@dataclass(frozen=True)
class Home:
    """Folders of a utility. `has_databases`: its systems are databases of this installation, else Parquet dumps."""

    root: Path
    inbox: Path
    weather: Path
    has_databases: bool

    @classmethod
    def of(cls, into: Path | None) -> "Home":
        """The utility in `into`; None: the installation's own."""
        from gridmart.settings import settings

        s = settings()
        if into is None or into.resolve() == s.var_dir.resolve():
            return cls(s.var_dir, s.inbox, s.weather_inbox, True)
        return cls(into, into / "inbox" / "meter", into / "inbox" / "weather", False)

    @property
    def head_end(self) -> Path:
        """Frozen registers, events and collection tasks."""
        return self.root / "inbox" / "head_end"

    @property
    def systems(self) -> Path:
        """Dumps of the source systems."""
        return self.root / "systems"

    @property
    def truth(self) -> Path:
        """What is known to the simulator alone."""
        return self.root / "truth"

    @property
    def state(self) -> Path:
        """What the next day needs: registers, uses of the month, late records."""
        return self.root / "simulator"

    @property
    def staging(self) -> Path:
        """Files on their way; nobody reads them there."""
        return self.root / STAGING

    def note(self) -> Note:
        """What was written of this utility; an empty note when there is nothing."""
        path = self.state / "plan.json"
        if not path.exists():
            return Note()
        found = json.loads(path.read_text())
        return Note(Plan.read(found["plan"]) if found["plan"] else None, found["files"], found["pending"])

    def _write(self, note: Note) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        partial = self.state / ".plan.json"
        plan = note.plan.document() if note.plan else None
        partial.write_text(json.dumps({"plan": plan, "files": note.files, "pending": note.pending}, indent=1))
        partial.replace(self.state / "plan.json")

    def plan(self) -> Plan:
        """The plan of the whole utility that is here.

        Raises GridmartError (exit code 2) when there is none, or only half of one.
        """
        found = self.note()
        if found.plan is not None:
            return found.plan
        if found.pending is not None:
            raise GridmartError(
                f"the utility in {self.root} is not complete: its making was interrupted",
                "run `gridmart simulate` again with the same parameters: it makes it whole",
                2,
            )
        raise GridmartError(f"no simulated utility is in {self.root}", "make one first: `gridmart simulate`", 2)

    def clear_unfinished(self) -> None:
        """Take away what an interrupted run left: half a utility, or half a day, must not look whole."""
        shutil.rmtree(self.staging, ignore_errors=True)
        found = self.note()
        for name in set(found.pending or ()) - set(found.files):
            (self.root / name).unlink(missing_ok=True)
        if found.pending is not None and found.plan is not None:
            self._write(Note(found.plan, found.files))

    def begin(self) -> None:
        """Say that something is under way, before its first file."""
        found = self.note()
        self._write(Note(found.plan, found.files, []))
        self.staging.mkdir(parents=True, exist_ok=True)

    def place(self, staged: Path) -> Path:
        """Where a staged file belongs: <staging>/meter|weather|head_end|systems|truth|simulator/…"""
        kind, *rest = staged.relative_to(self.staging).parts
        top = {
            "meter": self.inbox, "weather": self.weather, "head_end": self.head_end, "systems": self.systems,
            "truth": self.truth, "simulator": self.state,
        }[kind]  # fmt: skip
        return top.joinpath(*rest)

    def deliver(self, plan: Plan) -> None:
        """Move every staged file to its place, then say that the utility is whole as `plan` names it.

        The names are noted first: what a killed run has moved is then known to the next.
        """
        staged = sorted(path for path in self.staging.rglob("*") if path.is_file())
        targets = {path: self.place(path) for path in staged}
        names = sorted(self._name(target) for target in targets.values())
        found = self.note()
        self._write(Note(found.plan, found.files, names))
        for path, target in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            _move(path, target)
        self._write(Note(plan, sorted({*found.files, *names})))
        shutil.rmtree(self.staging, ignore_errors=True)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()


def _move(path: Path, target: Path) -> None:
    """A file appears whole under its name, also on another file system."""
    try:
        path.replace(target)
    except OSError:  # another file system
        partial = target.with_name(f".{target.name}.part")
        shutil.copyfile(path, partial)
        partial.replace(target)
        path.unlink()
