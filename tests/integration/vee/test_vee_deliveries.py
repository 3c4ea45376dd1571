"""However the same records are delivered, the clean readings are the same, and every file's account balances."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gridmart.lake import ingest, tables
from gridmart.lake.validate import validate
from gridmart.settings import Settings, settings
from gridmart.warehouse.database import connect
from tests.integration.files.lake_reset import empty_lake
from tests.integration.vee.small_utility import FIRST, SHAPE, forget_rollups, make_register, readings
from tests.unit.meter_files.meter_file_samples import csv_file, csv_row

LAST = FIRST + timedelta(days=4)
REFUSED = (csv_row("A", FIRST, ["x"] * 24, minutes=60), csv_row("B", "2026-02-30", SHAPE, minutes=60))


def record(point: str, day: date, values: list, version: int = 1, start: object = "", end: object = "") -> str:
    return csv_row(point, day, ["" if v is None else v for v in values], minutes=60, version=version, start=start,
                   end=end)  # fmt: skip


def delivered() -> list[str]:
    """Five days of two points: a gap between registers, and one of two days without any between; a negative value;
    corrections of a day and of two hours."""
    days = [FIRST + timedelta(days=n) for n in range(5)]
    gap = [None if n in (9, 10, 11, 12, 13) else value for n, value in enumerate(SHAPE)]
    rows = [record("A", FIRST, SHAPE)] + [record("B", day, SHAPE) for day in days[:4]]
    rows += [record("A", days[1], SHAPE, end=500), record("A", LAST, SHAPE, start=530)]
    rows.append(record("B", LAST, gap, start=100, end=112))
    rows.append(record("A", days[1], [-0.1 if n == 3 else value for n, value in enumerate(SHAPE)], version=2))
    rows.append(record("A", days[1], [0.9 if n in (5, 6) else None for n in range(24)], version=3))
    rows.append(record("B", FIRST, SHAPE[::-1], version=7))
    return [*rows, *REFUSED]


def cut(row: str, hour: int) -> list[str]:
    """A record as two: the hours before, and the others."""
    head, values = row.split(",")[:8], row.split(",")[8:]
    parts = (values[:hour] + [""] * (24 - hour), [""] * hour + values[hour:])
    return [",".join([*head, *part]) for part in parts if any(part)]


@dataclass
class Delivery:
    """Files by run, each a list of records; `between`: validate after every run, not only at the end."""

    runs: list[list[list[str]]] = field(default_factory=list)
    between: bool = False


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    """The records of `delivered`, each at least once, some cut in two, over one to three runs of one to three files."""
    rows: list[str] = []
    for row in delivered():
        hour = draw(st.integers(0, 23)) if row not in REFUSED else 0
        rows += cut(row, hour) if hour and draw(st.booleans()) else [row]
    rows += draw(st.lists(st.sampled_from(rows), max_size=6))
    rows = draw(st.permutations(rows))
    places = st.tuples(st.integers(0, 2), st.integers(0, 2))
    runs: list[list[list[str]]] = [[[] for _ in range(3)] for _ in range(3)]
    for row in rows:
        run, file = draw(places)
        runs[run][file].append(row)
    found = [[file for file in files if file] for files in runs]
    found = [files for files in found if files]
    if draw(st.booleans()):
        found[-1].append(found[0][0])  # the first file comes once more, under another name
    return Delivery(found, draw(st.booleans()))


@pytest.fixture
def inbox(warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The drop folder of a lake of this test alone."""
    monkeypatch.setenv("GRIDMART_INBOX_DIR", str(tmp_path / "inbox"))
    monkeypatch.setenv("GRIDMART_LAKE_DIR", str(tmp_path / "lake"))
    settings.cache_clear()
    make_register()
    start_again()
    yield settings().inbox
    start_again()
    monkeypatch.undo()
    settings.cache_clear()


def start_again() -> None:
    empty_lake()
    forget_rollups()
    for folder in (settings().inbox, settings().lake):
        shutil.rmtree(folder, ignore_errors=True)
    settings().inbox.mkdir(parents=True)


def rows_of(table: str) -> list[dict]:
    return [row for path in tables.data_files(table) for row in pq.read_table(path, partitioning=None).to_pylist()]


def accounts_balance(contents: dict[str, list[str]]) -> None:
    """ami.file against the records that were written into each file, ami.quarantine, and the readings in the lake."""
    refused = Counter(row["file_id"] for row in rows_of("quarantine"))
    taken = Counter(row["file_id"] for row in rows_of("reading_raw"))
    files = rows_of("file")
    assert {row["file_id"] for row in files} == set(contents) and len(files) == len(contents)
    for row in files:
        records = contents[row["file_id"]]
        values = [value for line in records if line not in REFUSED for value in line.split(",")[8:] if value]
        assert row["delivered_records"] == len(records) == row["accepted_records"] + row["quarantined_records"]
        assert row["quarantined_records"] == refused[row["file_id"]] == sum(line in REFUSED for line in records)
        assert row["readings"] == taken[row["file_id"]] == len(values)
    with connect("auditor") as connection:
        mirrored = connection.execute("select sum(delivered_records), sum(quarantined_records) from raw_ami.file")
        expected = sum(map(len, contents.values())), sum(refused.values())
        assert mirrored.fetchone() == expected


def come_in(delivery: Delivery, inbox: Path) -> str:
    """Checksum of the clean readings after a delivery, from an empty lake on."""
    start_again()
    contents: dict[str, list[str]] = {}
    for number, files in enumerate(delivery.runs):
        for place, rows in enumerate(files):
            content = csv_file(*rows, width=24)
            (inbox / f"{number}_{place}.csv").write_bytes(content)
            contents[hashlib.sha256(content).hexdigest()] = rows
        ingest.ingest().done()
        accounts_balance(contents)
        if delivery.between or number == len(delivery.runs) - 1:
            validate(FIRST, LAST)
    return hashlib.sha256("\n".join(readings()).encode()).hexdigest()


def test_however_the_same_records_come_the_clean_readings_are_the_same(inbox: Path) -> None:
    wanted = come_in(Delivery([[delivered()]]), inbox)
    values = {(row["point_no"], row["business_date"], row["interval_start"]): row for row in rows_of("reading")}
    assert len(values) == 2 * 5 * 24, "no interval twice, none missing"
    estimated = [row for row in values.values() if row["quality_code"] == "E"]
    assert len(estimated) == 5 + 1 + 48, "the gaps and the negative value"
    assert sum(r["value"] for r in estimated if r["business_date"] > FIRST + timedelta(days=1)) == pytest.approx(
        30.0 + sum(r["value"] for r in estimated if r["point_no"] == "B")
    )
    assert sum(row["value"] == 0.9 for row in values.values()) == 2, "the latest version"

    @hypothesis_settings(max_examples=4, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
                         suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])  # fmt: skip
    @given(deliveries())
    def same(delivery: Delivery) -> None:
        assert come_in(delivery, inbox) == wanted

    same()
