"""The engine that runs the lake's expressions: DuckDB, embedded, or Spark, local or a cluster.

The only module that knows which. Everything else writes Ibis expressions and moves data by Parquet
paths or small Arrow tables.
"""

import gc
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from gridmart.errors import GridmartError
from gridmart.settings import settings

DUCKDB_MEMORY = "2GB"  # of the whole process 3 GB: Arrow tables on their way to PostgreSQL need the rest
WAITING = 8  # statements of VEE that are under way or wait for another
Codes = Mapping[str, Sequence[str]]

# engines merge nested selects themselves, cheaper than Ibis does it for them
ibis.options.sql.fuse_selects = False


@contextmanager
def writing() -> Iterator[None]:
    """Expressions are written in here: millions of small objects that live until the end, nothing to collect between.

    Searching them for garbage again and again costs a fifth of the time that Ibis takes.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Engine(ABC):
    """One session of an engine with a scratch folder; close it (or use `with`) to free both."""

    backend: Any

    def __init__(self, scratch: Path | None = None) -> None:
        if scratch is not None:
            scratch.mkdir(parents=True, exist_ok=True)
        self.scratch = Path(tempfile.mkdtemp(prefix="engine_", dir=scratch))
        self._names = (f"rows_{n}" for n in count())  # not t1, t2…: Ibis calls its subqueries so
        self._kept: list[str] = []

    def __enter__(self) -> "Engine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session and remove its scratch folder."""
        self.backend.disconnect()
        shutil.rmtree(self.scratch, ignore_errors=True)

    @abstractmethod
    def read(self, paths: Iterable[str | Path]) -> ir.Table:
        """A lazy table over Parquet files of one schema."""

    @abstractmethod
    def table(self, data: pa.Table) -> ir.Table:
        """A small Arrow table, usable beside `read` tables."""

    @abstractmethod
    def keep(self, expr: ir.Table) -> ir.Table:
        """The rows of `expr`, worked out once, perhaps in the background, and kept until `forget`."""

    @abstractmethod
    def forget(self) -> None:
        """Free everything kept and read so far."""

    @abstractmethod
    def write(self, expr: ir.Table, folder: Path, dates: Sequence[date], codes: Codes) -> dict[date, list[Path]]:
        """Write `expr` as Parquet files under `folder`, none with two business dates; files by date.

        dates: the business dates that `expr` may hold; codes: columns of few values, with all of them.
        """

    @abstractmethod
    def arrow(self, expr: ir.Table) -> pa.Table:
        """The rows of `expr` as Arrow; for results that fit in memory."""

    @abstractmethod
    def third_highest(self, column: ir.NumericColumn) -> ir.NumericScalar:
        """Aggregate: the third highest value, null when there are fewer than three."""

    @abstractmethod
    def any_bit(self, column: ir.IntegerValue, where: ir.BooleanValue | None = None) -> ir.IntegerScalar:
        """Aggregate: the bits set in any of the values, of the rows of `where`; 0 or null when there are none."""

    @abstractmethod
    def micros(self, column: ir.TimestampValue) -> ir.IntegerValue:
        """Microseconds since the epoch, without a detour by local time."""

    @abstractmethod
    def whole(self, dividend: ir.IntegerValue, divisor: ir.IntegerValue | int) -> ir.IntegerValue:
        """Integer division; which way a negative quotient with a remainder rounds is the engine's."""


@ibis.udf.scalar.builtin
def bit_count(mask: int) -> int:  # type: ignore[empty-body]
    """How many bits of a whole number are set: both engines have it under this name."""


def _by_date(folder: Path) -> dict[date, list[Path]]:
    found: dict[date, list[Path]] = {}
    for path in sorted(folder.rglob("*.parquet")):
        day = date.fromisoformat(path.parent.name.split("=", 1)[1])
        found.setdefault(day, []).append(path)
    return found


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _coded(column: str, values: Sequence[str]) -> str:
    """SQL of a column as an enumeration of its values, which is written as the dictionary that it is.

    A text is looked up row by row, by a cast too; a comparison looks at each text of a file's dictionary once.
    """
    kind = f"enum({', '.join(map(_quoted, values))})"
    cases = " ".join(f"when {_quoted(value)} then {_quoted(value)}::{kind}" for value in values)
    return f"case {column} {cases} else {column}::{kind} end"


@ibis.udf.agg.builtin(name="max")
def _duckdb_highest(value: float, n: int) -> list[float]:  # type: ignore[empty-body]
    """DuckDB's own `max(value, n)`: the n highest values, highest first."""


@ibis.udf.scalar.builtin(name="epoch_us")
def _duckdb_micros(at: dt.timestamp) -> int:  # type: ignore[empty-body]
    """DuckDB's `epoch_us`: a timestamp with time zone is this number inside."""


@ibis.udf.scalar.builtin(name="divide")
def _duckdb_whole(dividend: int, divisor: int) -> int:  # type: ignore[empty-body]
    """DuckDB's `//`; Ibis' own goes by floating point."""


class DuckDBEngine(Engine):
    """DuckDB inside this process.

    What is kept is worked out in the background, as soon as the tables that it is made from are there: Ibis writes the
    next statements meanwhile, and statements on few rows, which DuckDB runs on one core, run side by side.
    """

    def __init__(self, scratch: Path | None = None, threads: int | None = None, memory: str = DUCKDB_MEMORY) -> None:
        super().__init__(scratch)
        self.backend = ibis.duckdb.connect(
            threads=threads or settings().lake_workers,
            memory_limit=memory,
            temp_directory=str(self.scratch / "spill"),
            preserve_insertion_order=False,
        )
        self._prepare(self.backend.con)
        self._coming: dict[str, Future[None]] = {}
        # more than the cores: some only wait for others
        self._workers = ThreadPoolExecutor(WAITING, thread_name_prefix="duckdb")

    @staticmethod
    def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")  # it would stand among a command's own lines

    def close(self) -> None:
        self._workers.shutdown(cancel_futures=True)
        super().close()

    def read(self, paths: Iterable[str | Path]) -> ir.Table:
        name = next(self._names)
        self._kept.append(name)
        files = ", ".join(_quoted(path) for path in paths)
        # not Ibis' own view, which only one connection sees
        self.backend.raw_sql(f"create view {name} as select * from read_parquet([{files}])")
        return self.backend.table(name)

    def table(self, data: pa.Table) -> ir.Table:
        name = next(self._names)
        self._kept.append(name)
        return self.backend.create_table(name, data)

    def keep(self, expr: ir.Table) -> ir.Table:
        # Ibis' own create_table asks the database four times; VEE keeps some thirty tables
        name, schema = next(self._names), expr.schema()
        self._kept.append(name)
        kind = self.backend.compiler.type_mapper.to_string
        columns = ", ".join(f'"{column}" {kind(of)}' for column, of in schema.items())
        rows = self.backend.compile(expr)
        self._coming[name] = self._workers.submit(
            self._work_out, self._awaited(expr), f"create table {name} ({columns})", f"insert into {name} {rows}"
        )
        return ops.DatabaseTable(name, schema, self.backend, ops.Namespace()).to_expr()

    def _awaited(self, expr: ir.Table) -> list[Future[None]]:
        named = {table.name for table in expr.op().find(ops.DatabaseTable)}
        return [self._coming[name] for name in named if name in self._coming]

    def _work_out(self, awaited: list[Future[None]], *statements: str) -> None:
        for each in awaited:
            each.result()
        with self.backend.con.cursor() as connection:
            self._prepare(connection)
            for statement in statements:
                connection.execute(statement)

    def forget(self) -> None:
        wait(self._coming.values())
        self._coming = {}
        for name in reversed(self._kept):
            kind = self.backend.raw_sql(
                f"select table_type from information_schema.tables where table_name = '{name}'"
            ).fetchone()
            if kind is not None:
                self.backend.raw_sql(f"drop {'view' if kind[0] == 'VIEW' else 'table'} {name}")
        self._kept = []

    def write(self, expr: ir.Table, folder: Path, dates: Sequence[date], codes: Codes) -> dict[date, list[Path]]:
        coded = [f"{_coded(name, values)} as {name}" for name, values in codes.items()]
        replace = f"replace ({', '.join(coded)})" if coded else ""
        rows = f"select * {replace} from ({self.backend.compile(expr)})"
        if len(dates) == 1:  # a partitioned write costs twice as much
            place = folder / f"business_date={dates[0]}"
            options = ""
        else:
            place = folder
            options = ", partition_by (business_date), write_partition_columns true"
        place.mkdir(parents=True, exist_ok=True)
        to = place / "data.parquet" if len(dates) == 1 else place
        self._work_out(
            self._awaited(expr), f"copy ({rows}) to {_quoted(to)} (format parquet, compression zstd{options})"
        )
        return _by_date(folder)

    def arrow(self, expr: ir.Table) -> pa.Table:
        for each in self._awaited(expr):
            each.result()
        return self.backend.to_pyarrow(expr)

    def third_highest(self, column: ir.NumericColumn) -> ir.NumericScalar:
        return _duckdb_highest(column, 3)[2]

    def any_bit(self, column: ir.IntegerValue, where: ir.BooleanValue | None = None) -> ir.IntegerScalar:
        return column.bit_or(where=where)

    def micros(self, column: ir.TimestampValue) -> ir.IntegerValue:
        return _duckdb_micros(column)

    def whole(self, dividend: ir.IntegerValue, divisor: ir.IntegerValue | int) -> ir.IntegerValue:
        return _duckdb_whole(dividend, divisor)


@ibis.udf.scalar.builtin(name="unix_micros")
def _spark_micros(at: dt.timestamp) -> int:  # type: ignore[empty-body]
    """Spark's `unix_micros`."""


@ibis.udf.agg.builtin(name="bit_or")
def _spark_any_bit(column: int) -> int:  # type: ignore[empty-body]
    """Spark's `bit_or`, which Ibis does not know."""


class SparkEngine(Engine):
    """Spark, in this process (`local[N]`) or on a cluster (`spark://host:port`)."""

    def __init__(self, master: str, scratch: Path | None = None) -> None:
        super().__init__(scratch)
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise GridmartError(
                f"the lake engine {master!r} needs Spark, which is not installed",
                "run 'make setup-spark', or set GRIDMART_LAKE_ENGINE=duckdb",
            ) from error
        self.session = (
            SparkSession.builder.master(master)
            .appName("gridmart lake")
            .config("spark.driver.host", settings().lake_driver_host)
            .config("spark.driver.bindAddress", settings().lake_driver_host)
            .config("spark.ui.enabled", "false")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.ansi.enabled", "true")
            .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
            .config("spark.sql.shuffle.partitions", "4")
            .config("spark.sql.warehouse.dir", str(self.scratch / "warehouse"))
            .getOrCreate()
        )
        self.session.sparkContext.setLogLevel("ERROR")
        self.backend = ibis.pyspark.connect(self.session)

    def close(self) -> None:
        self.session.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def read(self, paths: Iterable[str | Path]) -> ir.Table:
        name = next(self._names)
        self.session.read.parquet(*[str(path) for path in paths]).createOrReplaceTempView(name)
        return self.backend.table(name)

    def table(self, data: pa.Table) -> ir.Table:
        path = self.scratch / f"{next(self._names)}.parquet"
        pq.write_table(data, path, coerce_timestamps="us")
        return self.read([path])

    def _frame(self, expr: ir.Table) -> Any:
        frame = self.session.sql(self.backend.compile(expr))
        # Spark reads a number such as 0.5 in SQL as a decimal; everything here is floating point
        decimals = [field.name for field in frame.schema if field.dataType.typeName() == "decimal"]
        return frame.withColumns({name: frame[name].cast("double") for name in decimals}) if decimals else frame

    def keep(self, expr: ir.Table) -> ir.Table:
        path = self.scratch / next(self._names)
        self._frame(expr).write.parquet(str(path))
        return self.read([path])

    def forget(self) -> None:
        for path in self.scratch.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def write(self, expr: ir.Table, folder: Path, dates: Sequence[date], codes: Codes) -> dict[date, list[Path]]:
        from pyspark.sql import functions

        frame = self._frame(expr).withColumn("_date", functions.col("business_date"))
        frame.repartition("_date").write.mode("append").partitionBy("_date").option("compression", "zstd").parquet(
            str(folder)
        )
        return _by_date(folder)

    def arrow(self, expr: ir.Table) -> pa.Table:
        path = self.scratch / next(self._names)
        self._frame(expr).write.parquet(str(path))
        return pq.read_table(path)

    def third_highest(self, column: ir.NumericColumn) -> ir.NumericScalar:
        values = column.collect().sort()
        return ibis.ifelse(values.length() >= 3, values[values.length() - 3], ibis.null("float64"))

    def any_bit(self, column: ir.IntegerValue, where: ir.BooleanValue | None = None) -> ir.IntegerScalar:
        zero = ibis.literal(0, "int32").cast("int64")
        return _spark_any_bit(column if where is None else ibis.ifelse(where, column, zero))

    def micros(self, column: ir.TimestampValue) -> ir.IntegerValue:
        return _spark_micros(column)

    def whole(self, dividend: ir.IntegerValue, divisor: ir.IntegerValue | int) -> ir.IntegerValue:
        return (dividend // divisor).cast("int64")


def engine(scratch: Path | None = None, name: str = "") -> Engine:
    """The engine of the settings (or `name`: duckdb, local[N], spark://host:port), with scratch under `scratch`."""
    name = name or settings().lake_engine
    if name == "duckdb":
        return DuckDBEngine(scratch)
    if name.startswith(("local", "spark://")):
        return SparkEngine(name, scratch)
    raise GridmartError(
        f"unknown lake engine {name!r}", "set GRIDMART_LAKE_ENGINE to duckdb, local[N] or spark://host:port"
    )
