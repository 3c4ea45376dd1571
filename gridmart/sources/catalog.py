"""The catalogue of sources: which tables each delivers, their keys and cursor. The data is in catalog.yml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from gridmart.errors import GridmartError

CATALOG_FILE = Path(__file__).with_name("catalog.yml")
KINDS = ("system", "weather", "calendar")


@dataclass(frozen=True)
class Tally:
    """By which parts a raw table is kept as one number each, for whoever asks which have changed.

    part   SQL over a row `r`: the part that it belongs to
    apart  columns that do not count
    """

    part: str
    apart: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of a source.

    key        its primary key
    reconcile  the amounts whose sums are compared with the source's
    lookup     columns by which the warehouse looks its rows up, besides the key
    tally      where the warehouse asks which parts of the table have changed
    """

    name: str
    key: tuple[str, ...]
    reconcile: tuple[str, ...] = ()
    lookup: tuple[str, ...] = ()
    tally: Tally | None = None


@dataclass(frozen=True)
class Source:
    """A source of data; connection, cursor and lag matter to systems only."""

    name: str
    kind: str
    tables: tuple[Table, ...]
    connection: str = ""
    demo_database: str = ""
    demo_role: str = ""
    cursor: str = ""
    lag_seconds: int = 0

    @property
    def landing(self) -> str:
        """Schema where its data arrives."""
        return f"landing_{self.name}"

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """Primary key by table."""
        return {table.name: table.key for table in self.tables}


def _table(
    name: str,
    key: Sequence[str],
    reconcile: Sequence[str] = (),
    lookup: Sequence[str] = (),
    tally: Mapping[str, Any] | None = None,
) -> Table:
    kept = Tally(tally["part"], tuple(tally.get("apart", ()))) if tally else None
    return Table(name, tuple(key), tuple(reconcile), tuple(lookup), kept)


def read(path: Path = CATALOG_FILE) -> dict[str, Source]:
    """Sources by name, in the order of the file; a mistake in it names the source."""
    found = {}
    for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        given = dict(entry)
        if given.get("kind") not in KINDS:
            raise GridmartError(
                f"source '{name}' in {path.name} has kind {given.get('kind')!r}", f"Use one of: {', '.join(KINDS)}."
            )
        tables = tuple(_table(table, **about) for table, about in given.pop("tables", {}).items())
        if given["kind"] == "system" and not (given.get("cursor") and given.get("connection") and tables):
            raise GridmartError(
                f"source '{name}' in {path.name} lacks connection, cursor or tables",
                "Give all three; the runbook onboard_a_source shows an example.",
            )
        found[name] = Source(name=name, tables=tables, **given)
    return found


@lru_cache(maxsize=1)
def sources() -> dict[str, Source]:
    """All sources of this installation, by name."""
    return read()


def source(name: str) -> Source:
    """One source by name."""
    try:
        return sources()[name]
    except KeyError:
        raise GridmartError(
            f"there is no source '{name}'", f"Sources are: {', '.join(sources())} (gridmart/sources/catalog.yml).", 2
        ) from None
