"""Gate 3, publication: the candidate marts are checked, then published whole, or not at all."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import sql

from gridmart.errors import GridmartError
from gridmart.quality import gate, results, suites
from gridmart.quality.results import Result
from gridmart.warehouse import publish
from gridmart.warehouse.database import connect

EXIT_GATE = 4
AS_OF = ("fct_point_day", "business_date")
NAMED = 3  # findings named in a reason; the rest are counted

Say = Callable[[str], None]


@dataclass(frozen=True)
class Checked:
    """What the gate found on the candidate as it was then."""

    run_id: str
    results: list[Result]
    state: dict[str, Any]
    data_as_of: date | None


def _data_as_of(connection: Any, present: set[str]) -> date | None:
    table, column = AS_OF
    if table not in present:
        return None
    query = sql.SQL("select max({}) from {}").format(sql.Identifier(column), sql.Identifier(publish.CANDIDATE, table))
    found: date | None = connection.execute(query).fetchone()[0]
    return found


def check(start: date | None, end: date | None, say: Say) -> Checked:
    """Run the publication suites on the candidate and store their results.

    Of a mart published by date, exactly the span of dates that would be published is checked: neither the
    run's range, which may leave out what an earlier red gate kept back, nor years that are published already.
    """
    with connect("builder") as connection:
        marts = [mart for mart in publish.candidates(connection, say) if mart.mode != "always"]
        if not marts:
            raise GridmartError(
                f"there are no marts in {publish.CANDIDATE}", "Build them: run 'gridmart dbt build' first."
            )
        state = publish.state(connection, marts)
        as_of = _data_as_of(connection, {mart.name for mart in marts})
    spans: dict[str, gate.Range] = {n: (min(s), max(s)) for n, s in state.items() if isinstance(s, list) and s}
    target = gate.Target("publication", "builder", publish.CANDIDATE, spans)
    found = gate.run(suites.publication(), target, say)
    run_id = uuid.uuid4().hex
    results.store(run_id, found)
    return Checked(run_id, found, state, as_of)


def _named(findings: list[str]) -> str:
    more = len(findings) - NAMED
    return "; ".join(findings[:NAMED]) + (f"; and {more} more" if more > 0 else "")


def _concerns(found: list[Result]) -> list[str]:
    """What does not stop publication but has to be said: failed sources, failed tests, warnings of every gate."""
    with connect("auditor") as connection:
        failed = connection.execute(
            "select source, reason from supervision.source_status where status = 'failed' order by 1"
        ).fetchall()
        earlier = connection.execute(
            """
            with latest as (
                select *, max(checked_at) over (partition by gate, suite) as last_at
                from supervision.quality_result where gate <> 'publication'
            )
            select gate, suite, table_name, expectation, observed from latest
            where checked_at = last_at and not is_success
                -- the critical failure of a source is told by its status
                and (gate = 'between_layers' or severity = 'warning')
            order by gate, suite, expectation
            """
        ).fetchall()
    concerns = [f"source {source} keeps its last good data: {reason}" for source, reason in failed]
    concerns += [str(result) for result in found if result.is_warning]
    concerns += [
        f"{suite}: {table}: {expectation}" + (f" ({observed})" if observed else "")
        for _gate, suite, table, expectation, observed in earlier
    ]
    return concerns


def run(start: date | None, end: date | None, say: Say) -> tuple[publish.Decision, int]:
    """Gate, copy, badge. Returns the decision and the rows written.

    Raises GridmartError (exit code 4) when the gate is red: marts stay as they were, the badge says why.
    """
    checked = check(start, end, say)
    failures = [str(result) for result in checked.results if result.is_failure]
    if failures:
        reason = _named(failures)
        publish.refuse(publish.Decision(checked.run_id, "red", reason, start, end), say)
        raise GridmartError(
            f"the publication gate is red, dashboards keep their last good data: {reason}",
            "Repair the data or the model and build again ('gridmart dbt build', 'gridmart publish'), or correct the "
            "suite in expectations/publication/. 'gridmart quality report' shows every result.",
            EXIT_GATE,
        )
    concerns = _concerns(checked.results)
    decision = publish.Decision(
        checked.run_id, "amber" if concerns else "green", _named(concerns) or None, start, end, checked.data_as_of
    )
    return decision, publish.publish(decision, checked.state, say)
