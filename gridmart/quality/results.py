"""Results of gates: one row per expectation or test, in supervision.quality_result."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gridmart.warehouse.database import connect

OBSERVED_LENGTH = 500


@dataclass(frozen=True)
class Result:
    """Outcome of one expectation on one table; `observed` is for people, `details` for machines."""

    gate: str
    suite: str
    table: str
    expectation: str
    severity: str
    is_success: bool
    source: str | None = None
    column: str | None = None
    observed: str | None = None
    unexpected_count: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    range_from: date | None = None
    range_to: date | None = None

    @property
    def is_failure(self) -> bool:
        """True if it must stop the gate."""
        return not self.is_success and self.severity == "critical"

    @property
    def is_warning(self) -> bool:
        """True if it failed without stopping the gate."""
        return not self.is_success and self.severity == "warning"

    def __str__(self) -> str:
        where = f"{self.table}.{self.column}" if self.column else self.table
        name = self.details.get("title") or self.expectation
        return f"{self.suite}: {where}: {name}" + (f" ({self.observed})" if self.observed else "")


def store(run_id: str, results: Iterable[Result]) -> None:
    """Insert the results of one run."""
    with connect("loader") as connection, connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into supervision.quality_result (
                run_id, gate, suite, source, table_name, column_name, expectation, severity, is_success,
                observed, unexpected_count, details, range_from, range_to
            ) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (
                    run_id, r.gate, r.suite, r.source, r.table, r.column, r.expectation, r.severity, r.is_success,
                    r.observed[:OBSERVED_LENGTH] if r.observed else None, r.unexpected_count,
                    json.dumps(r.details, ensure_ascii=False, default=str), r.range_from, r.range_to,
                )
                for r in results
            ],
        )  # fmt: skip
