"""The quality report: one self-contained page about whether the numbers can be trusted, and why."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from gridmart.settings import settings
from gridmart.warehouse.database import connect

TEMPLATE = Path(__file__).with_name("report.html.j2")

QUERIES = {
    "publication": """
        select status, reason, data_as_of, published_at as checked_at from supervision.publication
        order by publication_id desc limit 1
    """,
    "good": """
        select data_as_of, published_at from supervision.publication where status <> 'red'
        order by publication_id desc limit 1
    """,
    "history": """
        select status, reason, data_as_of, published_at from supervision.publication
        order by publication_id desc limit 10
    """,
    "sources": "select * from supervision.source_status order by source",
    "changes": "select * from supervision.schema_change order by detected_at desc limit 20",
    "gates": """
        with latest as (
            select *, max(checked_at) over (partition by gate, suite) as last_at from supervision.quality_result
        )
        select
            gate, suite, max(checked_at) as checked_at, count(*) as checks,
            count(*) filter (where not is_success and severity = 'critical') as failures,
            count(*) filter (where not is_success and severity = 'warning') as warnings
        from latest where checked_at = last_at group by gate, suite order by gate, suite
    """,
    "findings": """
        with latest as (
            select *, max(checked_at) over (partition by gate, suite) as last_at from supervision.quality_result
        )
        select gate, suite, table_name, column_name, expectation, severity, observed, details ->> 'why' as why
        from latest where checked_at = last_at and not is_success
        order by severity, gate, suite, expectation limit 200
    """,
    "quarantine": """
        select rule, count(*) as records, count(distinct file_id) as files, max(arrived_date) as last_arrived
        from raw_ami.quarantine group by rule order by 2 desc
    """,
}

# of the candidate: the report is also read when the gate kept it from being published
EXCEPTIONS = """
    select rule_code, name_zh, name_en, next_step_zh, next_step_en, source_table, count(*) as facts,
        min(business_date) as since
    from marts_candidate.fct_exception group by 1, 2, 3, 4, 5, 6 order by facts desc, rule_code, source_table
"""


def facts() -> dict[str, Any]:
    """What the report tells, read as auditor: lists of rows by topic."""
    from psycopg.rows import dict_row

    with connect("auditor") as connection, connection.cursor(row_factory=dict_row) as cursor:
        found: dict[str, Any] = {name: cursor.execute(query).fetchall() for name, query in QUERIES.items()}
        built = cursor.execute("select 1 where to_regclass('marts_candidate.fct_exception') is not null").fetchall()
        found["exceptions"] = cursor.execute(EXCEPTIONS).fetchall() if built else []
    for single in ("publication", "good"):
        found[single] = found[single][0] if found[single] else None
    return found


def write() -> Path:
    """Write var/quality/report.html from the latest results; returns its path."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template(TEMPLATE.name).render(**facts(), timezone=settings().timezone)
    target = settings().var_dir / "quality" / "report.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_text(page, encoding="utf-8")
    partial.replace(target)
    return target
