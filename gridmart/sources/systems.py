"""Tables of a source database into landing_<source>, by increments (dlt).

Safe to run again at any time, also after a kill: dlt's cursors are restored from the warehouse, where
they are stored together with the rows they speak of, and a row lands by its primary key.
"""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gridmart.errors import GridmartError
from gridmart.settings import settings
from gridmart.sources import schema_watch
from gridmart.sources.catalog import Source, Table
from gridmart.warehouse.database import connect, url

if TYPE_CHECKING:
    import sqlalchemy as sa

EXIT_SOURCE = 3  # the source, not gridmart, has to be repaired
CONNECT_SECONDS = 10
CHUNK_ROWS = 50_000
EXTRACTED_AT = "_extracted_at"

Progress = Callable[[str], None]


def connection_url(source: Source) -> str:
    """SQLAlchemy URL of the source: its setting, else the demo's database."""
    given = getattr(settings(), source.connection, "")
    if given:
        return str(given)
    if not source.demo_database:
        raise GridmartError(
            f"source '{source.name}' has no connection",
            f"Set GRIDMART_{source.connection.upper()} to the SQLAlchemy URL of the source.",
            EXIT_SOURCE,
        )
    return url(source.demo_role, source.demo_database, "postgresql+psycopg2")


def schema_of(source: Source) -> str | None:
    """Schema of the source's tables; None is the default of the connection's user."""
    return getattr(settings(), source.connection.replace("_url", "_schema"), "") or None


def engine_of(source: Source) -> "sa.Engine":
    """Engine of the source, of two connections at most: a guest takes few. Nothing is connected yet."""
    import sqlalchemy as sa

    address = sa.make_url(connection_url(source))
    timeout = {"connect_timeout": CONNECT_SECONDS} if address.get_backend_name() in ("postgresql", "mysql") else {}
    return sa.create_engine(address, connect_args=timeout, pool_pre_ping=True, pool_size=2, max_overflow=0)


def unreachable(source: Source, engine: "sa.Engine", error: Exception) -> GridmartError:
    """The error of a source that cannot be read: cause without the password, next step."""
    cause = str(getattr(error, "orig", error)).strip().splitlines()[0]
    where = engine.url.render_as_string(hide_password=True)
    return GridmartError(
        f"source '{source.name}' cannot be read at {where}: {cause}",
        f"Start or repair that database, or correct GRIDMART_{source.connection.upper()}, then run "
        f"'gridmart extract {source.name}' again. The last good data stays in use.",
        EXIT_SOURCE,
    )


def reflect(source: Source, engine: "sa.Engine") -> schema_watch.Schema:
    """Columns and types of the source's tables as they are now; tables and cursors must be there."""
    import sqlalchemy as sa

    schema: schema_watch.Schema = {}
    try:
        inspector = sa.inspect(engine)
        for table in source.tables:
            try:
                columns = inspector.get_columns(table.name, schema=schema_of(source))
            except sa.exc.NoSuchTableError:
                raise GridmartError(
                    f"source '{source.name}' has no table '{table.name}', or its user may not read it",
                    "Ask the owner of the source to restore or grant it, or correct gridmart/sources/catalog.yml.",
                    EXIT_SOURCE,
                ) from None
            schema[table.name] = {c["name"]: c["type"].compile(dialect=engine.dialect) for c in columns}
    except sa.exc.DBAPIError as error:
        raise unreachable(source, engine, error) from error
    return schema


def check_needed_columns(source: Source, schema: schema_watch.Schema) -> None:
    """Without its cursor or key a table cannot be extracted by increments."""
    for table in source.tables:
        for role, column in [("cursor", source.cursor), *(("primary key", key) for key in table.key)]:
            if column not in schema[table.name]:
                raise GridmartError(
                    f"table '{table.name}' of source '{source.name}' has no {role} column '{column}'",
                    "Ask the owner of the source to bring the column back, or name another one in "
                    "gridmart/sources/catalog.yml. The last good data stays in use.",
                    EXIT_SOURCE,
                )


def watch_schema(source: Source, schema: schema_watch.Schema, run_id: str, reload: str | None, say: Progress) -> None:
    """Report what changed since the last good extraction; stop on a changed type."""
    with connect("loader") as connection:
        changes = schema_watch.compare(schema_watch.last_seen(connection, source.name), schema)
        schema_watch.report(connection, source.name, changes, run_id)
    for change in changes:
        say(f"schema change in {source.name}: {change}")
    changed = [change for change in changes if change.change == "type_changed" and change.table != reload]
    if changed:
        raise GridmartError(
            f"the schema of source '{source.name}' changed: " + "; ".join(map(str, changed)),
            f"If the new type is right, run 'gridmart extract {source.name} --reload {changed[0].table}': it takes the "
            "table in anew with its new type. Otherwise ask the owner of the source. The last good data stays in use.",
            EXIT_SOURCE,
        )


def quiet_dlt() -> Any:
    """The dlt module, quiet, with its files under var/dlt and nothing called home."""
    home = settings().var_dir / "dlt"
    os.environ |= {
        "DLT_DATA_DIR": str(home),
        "DLT_PROJECT_DIR": str(home),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
        "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
        # table after table: in turns, every table would hold a connection to the source of its own
        "EXTRACT__NEXT_ITEM_MODE": "fifo",
        "LOAD__WORKERS": "4",
    }
    home.mkdir(parents=True, exist_ok=True)
    import dlt

    logging.getLogger("dlt").setLevel(logging.ERROR)
    return dlt


def _resources(dlt: Any, source: Source, table: Table, engine: "sa.Engine", at: datetime) -> list[Any]:
    """What dlt loads of one table: its new rows, and its shape, so that an empty table lands as an empty table."""
    import pyarrow as pa
    from dlt.sources.sql_database import sql_table
    from dlt.sources.sql_database.arrow_helpers import row_tuples_to_arrow

    def stamp(rows: pa.Table) -> pa.Table:
        # one moment for the whole extraction: promotion takes over what is newer than the last
        column = pa.array([at] * rows.num_rows, pa.timestamp("us", "UTC"))
        return rows.append_column(EXTRACTED_AT, column)

    rows = sql_table(
        credentials=engine,
        table=table.name,
        schema=schema_of(source),
        incremental=dlt.sources.incremental(source.cursor, lag=source.lag_seconds, on_cursor_value_missing="include"),
        backend="pyarrow",
        chunk_size=CHUNK_ROWS,
        reflection_level="full_with_precision",
        write_disposition="merge",
        primary_key=list(table.key),
    )
    columns = rows.compute_table_schema()["columns"]

    def shape() -> Iterator[pa.Table]:
        yield stamp(row_tuples_to_arrow([], columns, tz="UTC"))

    empty = dlt.resource(
        shape,
        name=f"{table.name}_shape",
        table_name=table.name,
        columns=columns,
        write_disposition="merge",
        primary_key=list(table.key),
    )
    return [empty, rows.add_map(stamp)]


def extract(source: Source, run_id: str, say: Progress, reload: str | None = None) -> int:
    """Bring what changed at the source into landing_<source>; returns the rows that landed.

    With `reload`, that table alone is taken in anew and in full. Raises GridmartError (exit code 3)
    if the source is down, a table or its cursor is missing, or a type changed.
    """
    if reload and reload not in source.keys:
        raise GridmartError(f"source '{source.name}' has no table '{reload}' in its catalogue", exit_code=2)
    engine = engine_of(source)
    try:
        schema = reflect(source, engine)
        check_needed_columns(source, schema)
        watch_schema(source, schema, run_id, reload, say)
        rows = _load(source, engine, reload, say)
    finally:
        engine.dispose()
    with connect("loader") as connection:
        schema_watch.remember(connection, source.name, schema)
    return rows


def _load(source: Source, engine: "sa.Engine", reload: str | None, say: Progress) -> int:
    import sqlalchemy as sa

    dlt = quiet_dlt()
    from dlt.pipeline.exceptions import PipelineStepFailed

    at = datetime.now(UTC)
    folder = settings().var_dir / "dlt" / "pipelines" / source.name
    # what a killed run left here is ahead of the warehouse; the warehouse is what counts
    shutil.rmtree(folder, ignore_errors=True)
    pipeline = dlt.pipeline(
        pipeline_name=source.name,
        pipelines_dir=str(folder.parent),
        destination=dlt.destinations.postgres(credentials=url("loader")),
        dataset_name=source.landing,
    )
    pipeline.sync_destination()
    tables = [table for table in source.tables if reload in (None, table.name)]
    resources = [each for table in tables for each in _resources(dlt, source, table, engine, at)]
    try:
        pipeline.run(resources, loader_file_format="csv", refresh="drop_resources" if reload else None)
    except PipelineStepFailed as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, sa.exc.DBAPIError):
                raise unreachable(source, engine, cause) from error
            cause = cause.__cause__ or cause.__context__
        raise GridmartError(
            f"loading of source '{source.name}' failed: {str(error).strip().splitlines()[-1]}",
            f"Run 'gridmart extract {source.name}' again; nothing is lost or doubled by that.",
        ) from error
    counts: dict[str, int] = pipeline.last_trace.last_normalize_info.row_counts
    for table in tables:
        say(f"{source.name}.{table.name}: {counts.get(table.name, 0):,} rows")
    return sum(counts.get(table.name, 0) for table in tables)
