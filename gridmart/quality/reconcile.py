"""What landed, compared with the source's own counts and sums."""

from decimal import Decimal
from typing import Any

from psycopg import sql

from gridmart.quality.results import Result
from gridmart.sources import systems
from gridmart.sources.catalog import Source, Table
from gridmart.warehouse.database import connect


def _landed(source: Source, table: Table) -> tuple[int, dict[str, Decimal], Any]:
    name = sql.Identifier(source.landing, table.name)
    sums = [sql.SQL("coalesce(sum({}), 0)").format(sql.Identifier(column)) for column in table.reconcile]
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join([sql.SQL("count(*), max({})").format(sql.Identifier(source.cursor)), *sums]), name
    )
    with connect("loader") as connection:
        count, cursor, *totals = connection.execute(query).fetchone() or (0, None)
    return count, dict(zip(table.reconcile, totals, strict=True)), cursor


def _at_source(engine: Any, source: Source, table: Table, until: Any) -> tuple[int, int, dict[str, Decimal]]:
    """Rows that the source held when it was extracted (cursor up to `until`), rows now, and sums of the former."""
    import sqlalchemy as sa

    columns: dict[str, Any] = {name: sa.column(name) for name in (source.cursor, *table.reconcile)}
    what = sa.table(table.name, *columns.values(), schema=systems.schema_of(source))
    everything = sa.select(sa.func.count()).select_from(what)
    then = sa.select(sa.func.count(), *(sa.func.coalesce(sa.func.sum(columns[c]), 0) for c in table.reconcile))
    then = then.select_from(what).where(columns[source.cursor] <= until)
    with engine.connect() as connection:
        count, *totals = connection.execute(then).one()
        now = connection.execute(everything).scalar_one()
    return count, now, {c: Decimal(str(v)) for c, v in zip(table.reconcile, totals, strict=True)}


def _result(source: Source, table: Table, name: str, ok: bool, observed: str, **more: Any) -> Result:
    return Result(
        gate="arrival",
        suite=f"arrival.{source.name}.reconciliation",
        source=source.name,
        table=table.name,
        expectation=name,
        is_success=ok,
        observed=observed,
        **more,
    )


def check(source: Source) -> list[Result]:
    """Rows and amounts of every table against the source.

    Fewer rows than the source had is a critical failure. More is a warning: rows deleted at the source
    stay in the warehouse. Amounts are compared while the source did not change since its extraction.
    """
    import sqlalchemy as sa

    engine = systems.engine_of(source)
    results: list[Result] = []
    try:
        for table in source.tables:
            landed, sums, until = _landed(source, table)
            then, now, source_sums = _at_source(engine, source, table, until) if until else (0, 0, {})
            if not until:
                with engine.connect() as connection:
                    now = connection.execute(
                        sa.select(sa.func.count()).select_from(sa.table(table.name, schema=systems.schema_of(source)))
                    ).scalar_one()
                then = now
            seen = f"{landed:,} rows landed, {then:,} at the source"
            results.append(
                _result(source, table, "expect_no_row_of_the_source_missing", landed >= then, seen,
                        severity="critical", unexpected_count=max(then - landed, 0))
            )  # fmt: skip
            results.append(
                _result(source, table, "expect_no_row_deleted_at_the_source", landed <= now, seen,
                        severity="warning", unexpected_count=max(landed - now, 0))
            )  # fmt: skip
            # rows were added or changed since the extraction: sums of different moments say nothing
            is_still = landed == now == then
            for column, total in source_sums.items():
                seen = f"{sums[column]:,} landed, {total:,} at the source" + ("" if is_still else "; it changed since")
                results.append(
                    _result(source, table, "expect_sum_to_equal_the_source", not is_still or sums[column] == total,
                            seen, column=column, severity="critical")
                )  # fmt: skip
    except sa.exc.DBAPIError as error:
        raise systems.unreachable(source, engine, error) from error
    finally:
        engine.dispose()
    return results
