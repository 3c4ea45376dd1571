"""The one wrapper around Great Expectations: suites in, one Result per expectation out. Checks run as SQL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import sql

from gridmart.quality import context as gx_context
from gridmart.quality.results import Result
from gridmart.quality.suites import Suite
from gridmart.warehouse.database import connect, url

EXAMPLES = 5  # values or rows shown of those that broke an expectation
KEY_COLUMNS = 3  # of a row that is shown
Range = tuple[date | None, date | None]
NO_RANGE: Range = (None, None)


@dataclass(frozen=True)
class Target:
    """Where the suites' tables are, and who reads them; `ranges` narrows a table with a date column."""

    gate: str
    role: str
    schema: str
    ranges: Mapping[str, Range]


def _present(target: Target) -> set[str]:
    with connect(target.role) as connection:
        rows = connection.execute(
            "select relname from pg_class where relnamespace = %s::regnamespace", (target.schema,)
        )
        return {name for (name,) in rows}


def _dates(suite: Suite, target: Target, span: Range) -> sql.Composed:
    return sql.SQL("select * from {} where {} between {} and {}").format(
        sql.Identifier(target.schema, suite.table), sql.Identifier(suite.date_column or ""), *map(sql.Literal, span)
    )


def _asset(source: Any, suite: Suite, target: Target, span: Range) -> Any:
    if span == NO_RANGE:
        return source.add_table_asset(suite.table, table_name=suite.table, schema_name=target.schema)
    with connect(target.role) as connection:
        return source.add_query_asset(suite.table, query=_dates(suite, target, span).as_string(connection))


def _named(query: str, suite: Suite, target: Target, span: Range) -> list[str]:
    """Rows that a query of a suite finds, by their first columns: so that a message names them."""
    batch: sql.Composable = sql.Identifier(target.schema, suite.table)
    if span != NO_RANGE:
        batch = sql.SQL("({}) as batch").format(_dates(suite, target, span))
    with connect(target.role) as connection:
        text = query.replace("{batch}", batch.as_string(connection))
        found = connection.execute(f"select * from ({text}) as broken order by 1 limit {EXAMPLES}".encode())
        names = [column.name for column in found.description or []][:KEY_COLUMNS]
        rows = found.fetchall()
    if "?column?" in names:  # the query counts, it names no row
        return []
    return [" ".join(f"{name}={value}" for name, value in zip(names, row, strict=False)) for row in rows]


def _observed(outcome: Any, personal: bool) -> tuple[str | None, int | None, dict[str, Any]]:
    result = dict(outcome.result or {})
    failure = outcome.exception_info or {}
    messages = [failure] if "raised_exception" in failure else list(failure.values())
    errors = [m["exception_message"] for m in messages if m.get("raised_exception")]
    if errors:
        return "the check itself failed: " + " ".join(errors[0].split("[SQL:")[0].split()), None, {}
    details = {k: result[k] for k in ("element_count", "unexpected_percent", "missing_count") if k in result}
    examples = result.get("partial_unexpected_list") or []
    if examples and not personal:
        details["examples"] = [str(value) for value in examples[:EXAMPLES]]
    count = result.get("unexpected_count")
    text: str | None
    if "observed_value" in result:
        value = result["observed_value"]
        if outcome.expectation_config.type == "unexpected_rows_expectation":
            count = value
            text = f"{value} rows"
        else:
            text = str(value)
    else:
        text = f"{count} of {result.get('element_count')} values" if count is not None else None
        if text and details.get("examples"):
            text += ", for example " + ", ".join(details["examples"])
    return text, count, details


def _result(suite: Suite, target: Target, span: Range, outcome: Any) -> Result:
    config = outcome.expectation_config
    about = dict(config.meta or {})
    kwargs = {k: v for k, v in config.kwargs.items() if k != "batch_id"}
    observed, count, details = _observed(outcome, suite.personal)
    if config.type == "unexpected_rows_expectation" and count and not suite.personal:
        examples = _named(kwargs["unexpected_rows_query"], suite, target, span)
        if examples:
            details["examples"] = examples
            observed = f"{observed}, for example {', '.join(examples)}"
    columns = kwargs.get("column") or kwargs.get("column_list") or kwargs.get("column_set")
    return Result(
        gate=target.gate,
        suite=suite.name,
        source=suite.source,
        table=suite.table,
        column=", ".join(columns) if isinstance(columns, list) else columns,
        expectation=about.get("name", config.type),
        severity=about["severity"],
        is_success=bool(outcome.success),
        observed=observed,
        unexpected_count=count,
        details={**details, "type": config.type, "why": about["why"], "since": about["since"], "kwargs": kwargs},
        range_from=span[0],
        range_to=span[1],
    )


def _existence(suite: Suite, target: Target, exists: bool) -> Result:
    """That the table is there is always a result of its own, so that a failure is known to have healed."""
    return Result(
        gate=target.gate,
        suite=suite.name,
        source=suite.source,
        table=suite.table,
        expectation="expect_table_to_exist",
        severity="critical",
        is_success=exists,
        observed=None if exists else f"{target.schema}.{suite.table} does not exist",
    )


def run(suites: list[Suite], target: Target, say: Callable[[str], None]) -> list[Result]:
    """Check every suite; a missing table and a check that cannot run are failures, not errors."""
    present = _present(target)
    results = [_existence(suite, target, suite.table in present) for suite in suites]
    for result in results:
        if not result.is_success:
            say(f"  {result.severity}: {result}")
    checked = [suite for suite in suites if suite.table in present]
    if not checked:
        return results
    gx = gx_context.gx()
    made = gx_context.context()
    # a subquery, never a temporary table: a query asset would be copied before each check
    source = made.data_sources.add_postgres(
        f"{target.gate}_{target.schema}",
        connection_string=url(target.role, scheme="postgresql+psycopg2"),
        create_temp_table=False,
    )
    for suite in checked:
        span = target.ranges.get(suite.table, NO_RANGE) if suite.date_column else NO_RANGE
        batch = _asset(source, suite, target, span).add_batch_definition_whole_table("whole")
        expectations = [
            {"type": e["type"], "kwargs": e["kwargs"], "meta": e["meta"], "severity": e["meta"]["severity"]}
            for e in suite.expectations
        ]
        stored = made.suites.add_or_update(gx.ExpectationSuite(name=suite.name, expectations=expectations))
        definition = made.validation_definitions.add(gx.ValidationDefinition(name=suite.name, data=batch, suite=stored))
        outcome = definition.run(result_format={"result_format": "BASIC", "partial_unexpected_count": EXAMPLES})
        found = [_result(suite, target, span, each) for each in outcome.results]
        bad = [result for result in found if not result.is_success]
        say(f"{suite.name}: {len(found)} checks" + (f", {len(bad)} not met" if bad else ""))
        for result in bad:
            say(f"  {result.severity}: {result}")
        results += found
    return results
