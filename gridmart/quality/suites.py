"""Expectation suites as files: expectations/<gate>/…/<table>.json, in Great Expectations' own form.

Each expectation carries in `meta` its severity (critical, warning), since when it stands, and why.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridmart.errors import GridmartError
from gridmart.settings import PROJECT_DIR

FOLDER = PROJECT_DIR / "expectations"
SEVERITIES = ("critical", "warning")


@dataclass(frozen=True)
class Suite:
    """The expectations of one table.

    `personal` marks a table of personal data: values that broke an expectation are not stored.
    `date_column` lets a big table be checked for a range of dates alone.
    """

    name: str
    table: str
    expectations: tuple[dict[str, Any], ...] = field(repr=False)
    source: str | None = None
    date_column: str | None = None
    personal: bool = False


def read(path: Path) -> Suite:
    """The suite in one file; a mistake in it names file and expectation."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        meta = content.get("meta", {})
        for expectation in content["expectations"]:
            about = expectation["meta"]
            if about["severity"] not in SEVERITIES or not about["since"] or not about["why"]:
                raise ValueError(f"{expectation['type']} needs meta: severity ({' or '.join(SEVERITIES)}), since, why")
    except (ValueError, KeyError) as error:
        raise GridmartError(f"suite {path} is not valid: {error!r}", "See docs/quality.md for the form.") from error
    return Suite(
        name=content["name"],
        table=path.stem,
        expectations=tuple(content["expectations"]),
        source=meta.get("source"),
        date_column=meta.get("date_column"),
        personal=meta.get("personal", False),
    )


def arrival(source: str, folder: Path = FOLDER) -> list[Suite]:
    """Arrival suites of a source, by table."""
    found = [read(path) for path in sorted((folder / "arrival" / source).glob("*.json"))]
    if not found:
        raise GridmartError(
            f"source '{source}' has no arrival suites in {folder / 'arrival' / source}",
            "Write one file a table; the runbook onboard_a_source shows how.",
            2,
        )
    return found


def publication(folder: Path = FOLDER) -> list[Suite]:
    """Publication suites, by mart."""
    return [read(path) for path in sorted((folder / "publication").glob("*.json"))]
