"""Gate 1, arrival: what landed of one source is checked, then let in, or kept out with the last good data left."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from gridmart.errors import GridmartError
from gridmart.quality import gate, reconcile, results, suites
from gridmart.sources import catalog, status
from gridmart.warehouse import landing
from gridmart.warehouse.database import connect

METERING = "ami"
EXIT_GATE = 4


@dataclass(frozen=True)
class Outcome:
    """What one arrival gate found and let in."""

    checks: int
    failures: int
    warnings: int
    rows: int
    first: date | None
    last: date | None


def _is_empty(schema: str, tables: list[str]) -> bool:
    with connect("loader") as connection:
        for table in tables:
            name = sql.Identifier(schema, table)
            if connection.execute(sql.SQL("select exists (select from {})").format(name)).fetchone() == (True,):
                return False
    return True


def _promote(name: str) -> tuple[int, date | None, date | None]:
    try:
        if name == METERING:
            return landing.promote_dates(name)
        return landing.promote_rows(catalog.source(name)), None, None
    except psycopg.Error as error:
        status.record(name, f"promotion failed: {error}")
        raise GridmartError(
            f"what landed of '{name}' does not fit into raw_{name}: {error}",
            "If a column's type was changed on purpose, drop that table of raw (the runbook onboard_a_source says "
            f"how) and run 'gridmart quality arrival {name}' again. The last good data stays in use.",
            EXIT_GATE,
        ) from error


def run(name: str, start: date | None, end: date | None, say: Callable[[str], None]) -> Outcome:
    """Check landing_<name>; promote it to raw_<name> if no critical expectation is broken.

    Raises GridmartError (exit code 4) on a critical failure: the source is marked failed, its last
    good data stays, other sources go on.
    """
    if name != METERING:
        catalog.source(name)
    chosen = suites.arrival(name)
    schema = f"landing_{name}"
    if name == METERING and _is_empty(schema, [suite.table for suite in chosen]):
        say("nothing new has landed")
        return Outcome(0, 0, 0, 0, start, end)
    target = gate.Target("arrival", "loader", schema, {})
    found = gate.run(chosen, target, say)
    all_there = all(r.is_success for r in found if r.expectation == "expect_table_to_exist")
    if name != METERING and catalog.source(name).kind == "system" and all_there:
        try:
            reconciled = reconcile.check(catalog.source(name))
        except GridmartError as error:
            status.record(name, error.cause)
            raise
        for result in reconciled:
            if not result.is_success:
                say(f"  {result.severity}: {result}")
        found += reconciled
    results.store(uuid.uuid4().hex, found)
    failures = [r for r in found if r.is_failure]
    if failures:
        reason = f"arrival gate: {failures[0]}" + (f" and {len(failures) - 1} more" if len(failures) > 1 else "")
        status.record(name, reason)
        raise GridmartError(
            f"the arrival gate of '{name}' stopped it: {reason}",
            f"Repair the source and extract it again, or correct the suite in expectations/arrival/{name}/. "
            f"raw_{name} keeps its last good data; other sources go on.",
            EXIT_GATE,
        )
    rows, first, last = _promote(name)
    status.record(name, rows=rows if name == METERING else None)
    return Outcome(len(found), 0, sum(r.is_warning for r in found), rows, first or start, last or end)
