"""Gate 2, between layers: results of dbt's tests, from its artifacts into supervision.quality_result."""

import json
import uuid
from pathlib import Path
from typing import Any

from gridmart.errors import GridmartError
from gridmart.quality import results
from gridmart.quality.results import Result
from gridmart.settings import settings

TESTS = ("test", "unit_test")
PASSED, FAILED = ("pass", "success"), ("fail", "warn", "error", "runtime error")


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GridmartError(f"dbt left no readable {path}: {error}", "Run 'gridmart dbt build' first.") from error
    return content


def _result(outcome: dict[str, Any], manifest: dict[str, Any]) -> Result | None:
    name = outcome["unique_id"]
    node = manifest["nodes"].get(name) or manifest.get("unit_tests", {}).get(name)
    if not node or node["resource_type"] not in TESTS or outcome["status"] not in PASSED + FAILED:
        return None  # models and seeds; tests skipped because what they test was not built
    parents = node.get("depends_on", {}).get("nodes", [])
    tested = node.get("attached_node") or (parents[0] if parents else name)
    kind = (node.get("test_metadata") or {}).get("name") or node["name"]
    return Result(
        gate="between_layers",
        suite=f"dbt.{tested.split('.')[-1]}",
        table=tested.split(".")[-1],
        column=node.get("column_name"),
        expectation=node["name"] if node["resource_type"] == "unit_test" else kind,
        severity="warning" if outcome["status"] == "warn" else "critical",
        is_success=outcome["status"] in PASSED,
        observed=outcome.get("message"),
        unexpected_count=outcome.get("failures"),
        details={"test": node["name"], "type": node["resource_type"], "why": node.get("description") or None},
    )


def store() -> tuple[int, int]:
    """Store the test results of dbt's last run; returns how many there were and how many were not met.

    The run's id is dbt's invocation id: storing the same run twice changes nothing.
    """
    folder = settings().var_dir / "dbt" / "target"
    run, manifest = _read(folder / "run_results.json"), _read(folder / "manifest.json")
    run_id = run["metadata"].get("invocation_id") or uuid.uuid4().hex
    found = [result for outcome in run["results"] if (result := _result(outcome, manifest))]
    if not results.is_stored(run_id):
        results.store(run_id, found)
    return len(found), sum(not result.is_success for result in found)
