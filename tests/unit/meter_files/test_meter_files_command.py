"""`gridmart parse`: what it prints, what it writes, how it ends."""

import json
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from format_samples import SAMPLES
from meter_file_samples import csv_file, csv_row, nem12_file, record_200, record_300
from typer.testing import CliRunner, Result

from gridmart.cli import app
from gridmart.errors import GridmartError


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["parse", *map(str, words)])


def printed(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_it_prints_one_object_per_point_and_channel_and_one_of_what_is_refused(tmp_path: Path):
    (tmp_path / "b.csv").write_bytes(csv_file(csv_row(unit="Wh", values=["", *[2] * 95]), csv_row(values=["x"] * 96)))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "c.nem").write_bytes(nem12_file(record_200(suffix="E2"), record_300()))
    result = run(tmp_path, "--json")
    assert result.exit_code == 3
    assert printed(result) == [
        {
            "file": f"{tmp_path}/a/c.nem", "point": "P000000001", "channel": "E2", "unit": "kWh", "readings": 48,
            "total": 24.0, "first": "2026-10-01T00:00:00+08:00", "last": "2026-10-02T00:00:00+08:00", "qualities": "A",
            "total_kwh": 24.0,
        },
        {
            "file": f"{tmp_path}/b.csv", "point": "P000000001", "channel": "import_kwh", "unit": "Wh", "readings": 95,
            "total": 190.0, "first": "2026-10-01T00:15:00+08:00", "last": "2026-10-02T00:00:00+08:00", "qualities": "A",
            "total_kwh": 0.19,
        },
        {"rejected": 1, "reasons": {"bad_number": 1}},
    ]  # fmt: skip


def test_volts_have_no_kwh(tmp_path: Path):
    (tmp_path / "a.csv").write_bytes(csv_file(csv_row(channel="voltage_v", unit="V")))
    assert "total_kwh" not in printed(run(tmp_path, "--json"))[0]


@pytest.mark.parametrize(
    ("content", "code"),
    [(csv_file(csv_row()), 0), (csv_file(csv_row(), csv_row(day="x")), 3), (b"hello\n", 2), (b"", 2)],
)
def test_it_ends_with_an_honest_code(content: bytes, code: int, tmp_path: Path):
    (tmp_path / "a").write_bytes(content)
    assert run(tmp_path / "a", "--json").exit_code == code
    assert run(tmp_path / "a").exit_code == code


def test_a_file_that_is_not_there_is_counted(tmp_path: Path):
    result = run(tmp_path / "no.csv", "--json")
    assert (result.exit_code, printed(result)) == (2, [{"rejected": 1, "reasons": {"not_found": 1}}])


def test_a_format_may_be_named_and_must_exist(tmp_path: Path):
    (tmp_path / "a").write_bytes(SAMPLES["nem12"])
    assert run(tmp_path / "a", "--format", "nem12", "--json").exit_code == 0
    result = run(tmp_path / "a", "--format", "gridmart_csv", "--json")
    assert (result.exit_code, printed(result)[-1]["reasons"]) == (2, {"missing_header": 1})
    missing = run(tmp_path / "a", "--format", "steam")
    assert isinstance(missing.exception, GridmartError)
    assert (missing.exception.exit_code, "nem12" in missing.exception.next_step) == (2, True)


def test_out_holds_every_reading_with_its_own_time_flag_and_kwh(tmp_path: Path):
    for name, content in SAMPLES.items():
        (tmp_path / name).write_bytes(content)
    out = tmp_path / "out" / "readings.parquet"
    out.parent.mkdir()
    result = run(*(tmp_path / name for name in SAMPLES), "--json", "--out", out)
    assert result.exit_code == 0
    rows = pq.read_table(out).to_pylist()
    for summary in printed(result)[:-1]:
        keys = ("file", "point", "channel", "unit")
        mine = [row for row in rows if all(row[key] == summary[key] for key in keys)]
        assert len(mine) == summary["readings"]
        values = [row["index_end"] if row["value"] is None else row["value"] for row in mine]
        assert sum(values) == pytest.approx(summary["total"])
        assert min(row["start"] for row in mine).timestamp() == datetime.fromisoformat(summary["first"]).timestamp()
        assert max(row["end"] for row in mine).timestamp() == datetime.fromisoformat(summary["last"]).timestamp()
        assert {row["quality"][0] for row in mine} == set(summary["qualities"])
    nem12 = [row for row in rows if row["file"].endswith("/nem12")]
    assert [row["quality"] for row in nem12 if row["row_number"] == 4] == ["A"] * 20 + ["S14"] * 28
    said = pq.read_table(tmp_path / "out" / "readings.details.parquet").to_pylist()
    assert {"SRV1", "SRV-1"} <= {row["text"] for row in said}
    assert sorted(path.name for path in out.parent.iterdir()) == ["readings.details.parquet", "readings.parquet"]


def test_a_folder_that_is_not_there_is_no_place_to_write(tmp_path: Path):
    (tmp_path / "a").write_bytes(SAMPLES["nem12"])
    result = run(tmp_path / "a", "--out", tmp_path / "no" / "x.parquet")
    assert isinstance(result.exception, GridmartError)
    assert result.exception.exit_code == 2
