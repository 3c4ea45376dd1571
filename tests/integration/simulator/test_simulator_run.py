"""A utility in a folder by the command line: same bytes, healed after a kill, honest about what is wrong."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from gridmart.settings import PROJECT_DIR
from ml.evaluation import truth

FIRST, LAST = date(2026, 5, 28), date(2026, 7, 4)
SIZE = ("--accounts", "60", "--from", str(FIRST), "--to", str(LAST))


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "gridmart", "simulate", *words]


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(*words), cwd=PROJECT_DIR, capture_output=True, text=True, timeout=300)


def _made(*words: str) -> dict:
    done = _run(*words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _bytes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def utility(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small utility with every fault at its default rate."""
    folder = tmp_path_factory.mktemp("utility")
    _made(*SIZE, "--seed", "7", "--into", str(folder), "--workers", "1")
    return folder


def test_workers_change_no_byte_and_another_seed_changes_them(utility: Path, tmp_path: Path) -> None:
    _made(*SIZE, "--seed", "7", "--into", str(tmp_path / "same"), "--workers", "2")
    assert _bytes(tmp_path / "same") == _bytes(utility)
    _made(*SIZE, "--seed", "8", "--into", str(tmp_path / "other"), "--workers", "2")
    mine, other = _bytes(utility), _bytes(tmp_path / "other")
    equal = {name for name in mine if name in other and mine[name] == other[name]}
    assert not [name for name in equal if name.startswith(("inbox/meter", "systems/cis/c_cust", "truth/energy"))]


def test_every_part_is_there(utility: Path) -> None:
    names = set(_bytes(utility))
    assert {f"systems/{s}" for s in ("cis", "crm", "network", "market")} <= {n.rsplit("/", 1)[0] for n in names}
    meter = {n for n in names if n.startswith("inbox/meter/")}
    assert {Path(n).suffix for n in meter} == {".csv", ".parquet"} and any("/nem12_" in n for n in meter)
    assert any(n.startswith("inbox/weather/weather_2026") for n in names)
    assert any(n.startswith("inbox/head_end/") for n in names)
    assert not (utility / ".simulating").exists()


def test_the_same_utility_is_left_as_it_is_and_another_is_refused(utility: Path) -> None:
    times = {path: path.stat().st_mtime_ns for path in utility.rglob("*")}
    assert _made(*SIZE, "--seed", "7", "--into", str(utility))["made"] is False
    refused = _run(*SIZE, "--seed", "9", "--into", str(utility))
    assert refused.returncode == 2 and "another utility" in refused.stderr and "next:" in refused.stderr
    assert {path: path.stat().st_mtime_ns for path in utility.rglob("*")} == times


def _begun(folder: Path) -> subprocess.Popen[str]:
    """A run that has begun to write files."""
    words = _command(*SIZE, "--seed", "7", "--into", str(folder), "--workers", "2")
    child = subprocess.Popen(words, cwd=PROJECT_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while child.poll() is None and time.monotonic() < until:
        if any((folder / ".simulating" / "meter").glob("*")):
            return child
        time.sleep(0.01)
    raise AssertionError(f"no file was begun: {child.communicate()[1]}")


def _gone(pids: list[str]) -> bool:
    def alive(pid: str) -> bool:
        path = Path(f"/proc/{pid}/cmdline")
        return path.exists() and "spawn_main" in path.read_text()

    until = time.monotonic() + 20
    while any(map(alive, pids)) and time.monotonic() < until:
        time.sleep(0.1)
    return not any(map(alive, pids))


def test_a_killed_run_looks_like_nothing_and_is_healed(utility: Path, tmp_path: Path) -> None:
    child = _begun(tmp_path)
    workers = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    child.kill()
    child.communicate()
    assert workers and _gone(workers)
    assert not list(tmp_path.glob("inbox/**/*.csv")) and not (tmp_path / "systems").exists()
    half = _run("next-day", "--into", str(tmp_path))
    assert half.returncode == 2 and "not complete" in half.stderr
    _made(*SIZE, "--seed", "7", "--into", str(tmp_path))
    assert _bytes(tmp_path) == _bytes(utility)


def test_an_interrupted_run_tidies_up_and_says_so(tmp_path: Path) -> None:
    child = _begun(tmp_path)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=60)
    assert child.returncode == 130 and "interrupted" in told and "Traceback" not in told
    assert not (tmp_path / ".simulating").exists() and not list(tmp_path.glob("inbox/**/*.*"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "2026-07-04", "--to", "2026-05-28", "--accounts", "60"), "is after"),
        (("--accounts", "0"), "--accounts 0"),
        (("--accounts", "-1"), "--accounts -1"),
        (("--accounts", "60", "--faults", "/nowhere.yml"), "cannot be read"),
    ],
)
def test_wrong_parameters_are_refused(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = _run(*words, "--into", str(tmp_path / "none"))
    assert done.returncode == 2, done.stderr
    assert told in done.stderr and "next:" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()


def test_no_faults_and_a_fault_file(tmp_path: Path) -> None:
    few = ("--accounts", "30", "--from", "2026-06-01", "--to", "2026-06-10", "--workers", "1")
    _made(*few, "--faults", "none", "--into", str(tmp_path / "clean"))
    assert truth.faults(tmp_path / "clean" / "truth").empty
    listed = _run("faults")
    assert listed.returncode == 0 and "spike:" in listed.stdout
    path = tmp_path / "faults.yml"
    path.write_text("spike: 0.05\n")
    _made(*few, "--faults", str(path), "--into", str(tmp_path / "spikes"))
    found = truth.faults(tmp_path / "spikes" / "truth")
    assert set(found["fault"]) == {"spike"} and len(found) > 5


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "gridmart-test", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine does not let tests mount a disk")
    try:
        asked = _run("--accounts", "2000", *SIZE[2:], "--into", str(disk / "utility"))
        assert asked.returncode == 1 and "free" in asked.stderr and not (disk / "utility").exists()
        # an estimate can be too small: then the disk fills up while files are written
        code = "from gridmart.simulator import estimate; estimate.SCRATCH_BYTES = 0.01; "
        code += "estimate.BYTES_A_READING = dict.fromkeys(estimate.BYTES_A_READING, 0.01); "
        code += "from gridmart.cli import main; main()"
        words = ["simulate", *SIZE, "--into", str(disk / "utility")]
        full = subprocess.run(
            [sys.executable, "-c", code, *words], cwd=PROJECT_DIR, capture_output=True, text=True, timeout=300
        )
        assert full.returncode == 1 and "is full" in full.stderr and "Traceback" not in full.stderr, full.stderr
        assert not list((disk / "utility").glob("inbox/**/*.*"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_days_are_added_one_by_one(utility: Path, tmp_path: Path) -> None:
    """Two added days: their own files and truth; earlier files stay, systems move on, nothing is from tomorrow."""
    folder = tmp_path / "utility"
    subprocess.run(["cp", "-r", str(utility), str(folder)], check=True)
    before = _bytes(folder)
    for k in (1, 2):
        day = LAST + timedelta(days=k)
        assert _made("next-day", "--into", str(folder))["to"] == str(day)
    after = _bytes(folder)
    gone = {n for n in before if n not in after}
    assert all(n.startswith("simulator/") for n in gone)
    kept = [n for n in before if n.startswith(("inbox/meter", "truth/fault", "truth/energy_day", "inbox/head_end"))]
    assert kept and all(after[n] == before[n] for n in kept)
    for k in (1, 2):
        label = f"{LAST + timedelta(days=k):%Y%m%d}"
        assert sum(label in n for n in after if n.startswith("inbox/meter")) >= 3
        energy = truth.energy_day(folder / "truth")
        assert (energy["business_date"] == LAST + timedelta(days=k)).sum() > 60
    payments = pd.read_parquet(folder / "systems" / "cis" / "a_pay_flow.parquet")
    assert len(payments) >= len(pd.read_parquet(utility / "systems" / "cis" / "a_pay_flow.parquet"))
    latest = max(
        pd.to_datetime(pd.read_parquet(path).iloc[:, -1], utc=True).max()
        for path in (folder / "systems").rglob("*.parquet")
        if len(pd.read_parquet(path))
    )
    assert latest <= pd.Timestamp(LAST + timedelta(days=3), tz="Asia/Shanghai")


def test_registers_go_on_over_added_days(utility: Path, tmp_path: Path) -> None:
    """The index at the end of the history is the index at the begin of the added day."""
    from zoneinfo import ZoneInfo

    from gridmart.sources.meter_files import registry

    folder = tmp_path / "utility"
    subprocess.run(["cp", "-r", str(utility), str(folder)], check=True)
    _made("next-day", "--into", str(folder))

    def registers(day: date) -> pd.DataFrame:
        parts = []
        for path in (folder / "inbox" / "meter").glob(f"readings_*_{day:%Y%m%d}.*"):
            parts.append(registry.parse_file(path, ZoneInfo("Asia/Shanghai")).registers.to_pandas())
        return pd.concat(parts).drop_duplicates("point_no").set_index("point_no")

    last, added = registers(LAST), registers(LAST + timedelta(days=1))
    both = last.index.intersection(added.index)
    assert len(both) > 30
    assert (last.loc[both, "index_end"] - added.loc[both, "index_start"]).abs().max() < 1e-9


def test_what_comes_late_comes_in_the_end_with_the_same_values(tmp_path: Path) -> None:
    """Rows withheld on their day wait in the state, also over several added days, and are delivered when due."""
    from zoneinfo import ZoneInfo

    from gridmart.simulator import run
    from gridmart.simulator.home import Home
    from gridmart.simulator.plan import Plan
    from gridmart.sources.meter_files import registry

    first, last = date(2026, 6, 1), date(2026, 6, 4)

    def rows(folder: Path) -> dict[tuple, list]:
        made = {}
        for path in sorted((folder / "inbox" / "meter").iterdir()):
            days = registry.parse_file(path, ZoneInfo("Asia/Shanghai")).days.to_pylist()
            for row in days:
                if row["business_date"] <= last:
                    made[row["point_no"], row["channel"], row["business_date"]] = row["values"]
        return made

    run.make(Plan(30, first, last, 5), Home.of(tmp_path / "punctual"), 1)
    late = Home.of(tmp_path / "late")
    run.make(Plan(30, first, last, 5, (("late_row", 0.4),)), late, 1)
    wanted, early = rows(tmp_path / "punctual"), rows(tmp_path / "late")
    assert len(early) < len(wanted)
    for _ in range(6):  # the longest delay
        run.next_day(late, 1)
    assert rows(tmp_path / "late") == wanted
