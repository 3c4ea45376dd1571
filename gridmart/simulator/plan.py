"""What is to be simulated: the parameters that name a utility, and how its work is cut."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta

from gridmart.errors import GridmartError

VERSION = 3  # raised when the same parameters give other bytes
SLOTS = 96  # intervals of 15 minutes a day
MINUTES = 15
DEFAULT_FORMATS = ("gridmart_csv", "gridmart_parquet", "nem12")  # the fast ones
FORMATS = (*DEFAULT_FORMATS, "nem13", "chinese_csv", "green_button", "mscons", "prime", "iec61968")
ALL = "all"
FEWEST_ACCOUNTS = 20
MOST_ACCOUNTS = 2_000_000
MOST_DAYS = 3_660
POINT_DAYS_A_FILE = 60_000  # a unit of work, and a file, holds at most about this many: memory stays bounded
DAILY_FILES = 7  # the last days arrive as one file a day
USAGE = 2


def formats_of(text: str) -> tuple[str, ...]:
    """Formats as they are asked for: names, `all` of them, or nothing for the default."""
    names = tuple(text.replace(",", " ").split())
    return FORMATS if names == (ALL,) else names or DEFAULT_FORMATS


@dataclass(frozen=True)
class Plan:
    """Parameters of a utility. The same parameters give the same bytes.

    `first` and `last` are the history that lasting faults and behaviour are drawn for; `through` is the last date
    that is made: `last`, or a later date when days were added. `rates`: fault name and rate, by name. Stations take
    the `formats` in turn (`units.format_of`).
    """

    accounts: int
    first: date
    last: date
    seed: int
    rates: tuple[tuple[str, float], ...] = ()
    formats: tuple[str, ...] = DEFAULT_FORMATS
    through: date | None = None

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise GridmartError(f"--from {self.first} is after --to {self.last}", "swap the two dates", USAGE)
        if not FEWEST_ACCOUNTS <= self.accounts <= MOST_ACCOUNTS:
            raise GridmartError(
                f"--accounts {self.accounts} is not a utility",
                f"ask for {FEWEST_ACCOUNTS} to {MOST_ACCOUNTS:,} accounts",
                USAGE,
            )
        if (self.last - self.first).days >= MOST_DAYS:
            raise GridmartError(f"{self.first} to {self.last} is too long", f"ask for at most {MOST_DAYS} days", USAGE)
        unknown = [name for name in self.formats if name not in FORMATS]
        if unknown or not self.formats:
            cause = f"there is no format {unknown[0] if unknown else ''!r}"
            raise GridmartError(cause, f"use {', '.join(FORMATS)}, or {ALL}", USAGE)

    @property
    def end(self) -> date:
        """The last date that is made."""
        return self.through or self.last

    @property
    def days(self) -> int:
        """Number of dates from `first` to `end`."""
        return (self.end - self.first).days + 1

    def rate(self, fault: str) -> float:
        """Rate of a fault; 0 if it is not planted."""
        return dict(self.rates).get(fault, 0.0)

    def until(self, through: date) -> "Plan":
        """The same utility, made up to another date."""
        return replace(self, through=through)

    def document(self) -> dict:
        """The parameters as JSON types."""
        made = asdict(self) | {"version": VERSION, "rates": dict(self.rates), "formats": list(self.formats)}
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in made.items()}

    @classmethod
    def read(cls, document: dict) -> "Plan":
        """The plan that `document` was made of."""
        return cls(
            document["accounts"],
            date.fromisoformat(document["first"]),
            date.fromisoformat(document["last"]),
            document["seed"],
            tuple(sorted(document["rates"].items())),
            tuple(document["formats"]),
            date.fromisoformat(document["through"]) if document["through"] else None,
        )

    def stamp(self) -> str:
        """A word that names exactly this utility, whatever date it is made up to."""
        text = json.dumps(self.document() | {"through": None}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def dates(self) -> list[date]:
        """All dates that are made."""
        return [self.first + timedelta(days=k) for k in range(self.days)]
