"""One VEE, two engines: every row that DuckDB and a Spark cluster give for the same deliveries is the same."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridmart.lake.engine import engine
from gridmart.lake.load import ROLLUP_TABLES
from gridmart.lake.rollups import roll_up
from gridmart.lake.vee import clean
from gridmart.lake.vee.rules import Rule
from tests.conftest import free_port
from tests.scenarios.vee.scenario import Case, Outcome

DAY = date(2026, 3, 27)
SHAPE = [0.2] * 6 + [0.4] * 6 + [0.6] * 6 + [1.0] * 4 + [0.3] * 2


def everything() -> Case:
    """Points that between them need every rule, every method, and both ways through pass 1."""
    case = Case()
    for point in ("GAP", "LONG", "REG", "NEG", "SPIKE", "HIGH", "SUM", "DUP", "PLAIN"):
        case.point(point).days(point, DAY - timedelta(days=14), DAY - timedelta(days=1), SHAPE)
    case.point("QUARTER", interval_minutes=15).day("QUARTER", DAY, [0.1 + n / 100 for n in range(96)])
    case.point("NEW", capacity_kva=20.0).day("NEW", DAY, [None] * 23 + [0.6])
    case.point("SILENT", usage_category="agricultural")
    case.point("SUN", has_generation=True).day("SUN", DAY, SHAPE).day("SUN", DAY, SHAPE, channel="export_kwh")
    gap = {5: None, 6: None}
    case.day("GAP", DAY, [gap.get(n, v) if n in gap else v for n, v in enumerate(SHAPE)])
    case.day("LONG", DAY, [None if 10 <= n < 17 else v for n, v in enumerate(SHAPE)])
    case.day("REG", DAY, [None if 10 <= n < 17 else v for n, v in enumerate(SHAPE)], (100.0, 113.337))
    case.point("ONCE").day("ONCE", DAY - timedelta(days=1), SHAPE)
    case.day("ONCE", DAY, [None if 10 <= n < 17 else v for n, v in enumerate(SHAPE)])
    case.point("SWAP").meter("SWAP", date(2020, 1, 1), DAY, removal_index=105.0)
    case.meter("SWAP", DAY, ct_ratio=10, install_index=0.0)
    case.day("SWAP", DAY, [None if 10 <= n < 17 else v for n, v in enumerate(SHAPE)], (100.0, 0.7))
    case.day("NEG", DAY, [-0.5 if n == 3 else v for n, v in enumerate(SHAPE)])
    case.day("SPIKE", DAY, [70.0 if n == 3 else v for n, v in enumerate(SHAPE)])
    case.day("HIGH", DAY, [v * 6 for v in SHAPE])
    case.day("SUM", DAY, SHAPE, (100.0, 130.0))
    case.day("DUP", DAY, SHAPE).day("DUP", DAY, [0.3, *SHAPE[1:]]).day("PLAIN", DAY, SHAPE)
    case.day("STRANGER", DAY, SHAPE)
    for point in ("FLAT", "FELL", "UNIT", "BACK", "VOLT", "LATE", "EDIT", "OVER"):
        case.point(point)
    case.point("CLOSED", closed=DAY - timedelta(days=1)).day("CLOSED", DAY, SHAPE)
    case.point("HALF").day("HALF", DAY, [v / 2 for v in SHAPE for _ in range(2)], interval_minutes=30)
    case.point("ZERO").days("ZERO", DAY - timedelta(days=7), DAY, [0.0] * 24)
    case.point("RATIO").meter("RATIO", date(2020, 1, 1), ct_ratio=30).day("RATIO", DAY, SHAPE, (100.0, 111.8))
    case.day("FLAT", DAY, [0.7] * 24).day("FELL", DAY, SHAPE, (500.0, 400.0))
    case.day("UNIT", DAY, [v * 1000 for v in SHAPE], (100.0, 111.8))
    case.day("BACK", DAY, SHAPE).day("BACK", DAY, SHAPE, channel="export_kwh")
    case.day("VOLT", DAY, SHAPE).day("VOLT", DAY, [236.0, 120.0, *[225.0] * 22], channel="voltage_v")
    case.day("VOLT", DAY, [0.0] * 24, channel="current_a")
    case.day("LATE", DAY, [None, *SHAPE[1:]]).day("LATE", DAY, [0.2, *[None] * 23], late_minutes=4)
    case.day("OVER", DAY, [12.5 if n in (18, 19, 20) else v for n, v in enumerate(SHAPE)])
    case.day("EDIT", DAY, SHAPE).edit("EDIT", DAY, 3, 0.2, 0.25).edit("EDIT", DAY, 4, 0.9, 0.25)
    return case


def validated(case: Case, folder: Path, name: str) -> tuple[Outcome, dict[str, pd.DataFrame]]:
    """Results of VEE on an engine, and what it writes and rolls up."""
    inputs = case.inputs(folder / "when", DAY, DAY)
    with engine(folder, name) as session:
        result = clean.run(session, inputs)
        outcome = Outcome.of(session, result)
        written = clean.write(session, result, [DAY], folder / "reading", folder / "summary")
        rollups = roll_up(session, result.profiles, result.points, result.point_days, DAY, DAY, case.timezone)
        tables = {table: getattr(rollups, table) for table in ROLLUP_TABLES}
        tables |= {"written": session.read(written.readings[DAY]), "summary": session.read(written.summaries[DAY])}
        frames = {table: session.arrow(rows).to_pandas() for table, rows in tables.items()}
    keys = ("point_no", "transformer_no", "feeder_no", "channel", "hour_start", "interval_start")
    return outcome, {
        table: frame.sort_values([key for key in keys if key in frame], ignore_index=True)
        for table, frame in frames.items()
    }


@contextmanager
def spark_process(role: str, arguments: list[str], log: Path) -> Iterator[None]:
    """A Spark daemon of a standalone cluster (Master or Worker) on loopback; stopped at the end."""
    import pyspark

    home = Path(pyspark.__file__).parent
    # SPARK_LOCAL_IP: its pages too are bound there
    environment = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_PUBLIC_DNS": "127.0.0.1"}
    words = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{role.lower()}.{role}"]
    with log.open("w") as output:
        daemon = subprocess.Popen(
            [*words, "--host", "127.0.0.1", "--webui-port", str(free_port()), *arguments],
            env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield
    finally:
        daemon.terminate()
        daemon.wait(timeout=30)


def wait_for(text: str, times: int, log: Path) -> None:
    """Until a text stands in a log so many times."""
    end = time.monotonic() + 60
    while log.read_text().count(text) < times:
        assert time.monotonic() < end, f"no {text!r} in {log.read_text()}"
        time.sleep(0.1)


# no code of the test runs long enough for the second compiler of the JVM to pay
QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Spark standalone cluster of a master and two workers, all on loopback: its address."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", QUICK_START)  # of the driver too
    port, log = free_port(), tmp_path / "master.log"
    master = f"spark://127.0.0.1:{port}"
    with ExitStack() as running:
        running.enter_context(spark_process("Master", ["--port", str(port)], log))
        wait_for("I have been elected leader", 1, log)
        for n in (1, 2):
            place = tmp_path / f"worker{n}"
            limits = ["--cores", "1", "--memory", "1g", "--work-dir", str(place), master]
            running.enter_context(spark_process("Worker", limits, tmp_path / f"worker{n}.log"))
        wait_for("Registering worker", 2, log)
        yield master


@pytest.mark.spark
def test_duckdb_and_a_spark_cluster_give_the_same_rows(tmp_path: Path, cluster: str) -> None:
    here, tables_here = validated(everything(), tmp_path / "duckdb", "duckdb")
    there, tables_there = validated(everything(), tmp_path / "spark", cluster)
    ran_on = {path.name for n in (1, 2) for path in (tmp_path / f"worker{n}").glob("*/*") if path.is_dir()}
    assert ran_on == {"0", "1"}, "both workers ran an executor"
    for name, one in tables_here.items():
        assert len(one)
        other = tables_there[name][one.columns]
        pd.testing.assert_frame_equal(one, other, check_dtype=False, check_exact=name == "written", obj=name)
    assert len(here.readings) > 300
    assert {14, 15, 17, 19, 90, 91} <= set(here.readings["method_code"].dropna().astype(int))
    bits = Rule(int(np.bitwise_or.reduce(here.days["day_bits"])))
    assert set(Rule) - set(bits) == {
        Rule.FUTURE, Rule.STALE, Rule.UNKNOWN_POINT, Rule.EDIT_MISMATCH, Rule.ROLLOVER,
    }  # fmt: skip
    for name in ("readings", "days", "summaries", "unknown", "off_grid", "refused_edits"):
        one, other = getattr(here, name), getattr(there, name)
        pd.testing.assert_frame_equal(one, other[one.columns], check_dtype=False, check_exact=True, obj=name)
