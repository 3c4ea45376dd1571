"""A small demo on a real PostgreSQL: same bytes, healed after a kill, bills and meters as the CIS believes."""

import hashlib
import json
import os
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from gridmart.errors import GridmartError
from gridmart.settings import PROJECT_DIR, Settings, settings
from gridmart.simulator import cis, demo, faults, utility
from gridmart.warehouse.database import connect

PLAN = demo.Plan(40, date(2026, 5, 28), date(2026, 7, 4), 7)
TABLES = ("account", "contract", "meter", "metering_point", "bill", "bill_line", "payment", "customer", "transformer")


@pytest.fixture
def installation(warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The session's PostgreSQL with drop folders and truth of this test alone."""
    secrets = tmp_path / "var" / "secrets.json"
    secrets.parent.mkdir()
    secrets.write_bytes(warehouse.secrets_file.read_bytes())
    monkeypatch.setenv("GRIDMART_VAR_DIR", str(tmp_path / "var"))
    settings.cache_clear()
    yield settings()
    settings.cache_clear()


def _folder(s: Settings) -> dict[str, str]:
    return {
        path.relative_to(s.var_dir).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in (s.inbox, s.weather_inbox)
        for path in folder.rglob("*")
    }


def _tables() -> dict[str, str]:
    with connect("cis_reader", cis.DATABASE) as connection:
        return {
            name: connection.execute(
                f"select md5(string_agg(t::text, '|' order by t::text)) from {name} t"  # type: ignore[arg-type]
            ).fetchone()[0]  # type: ignore[index]
            for name in TABLES
        }


def _command(pid: str) -> str:
    path = Path(f"/proc/{pid}/cmdline")
    return path.read_text() if path.exists() else ""


def _forget(s: Settings) -> None:
    (s.var_dir / "demo.json").unlink()
    for folder in (s.inbox, s.weather_inbox):
        for path in folder.iterdir():
            path.unlink()


def test_same_seed_same_bytes_and_another_seed_others(installation: Settings) -> None:
    assert demo.build(PLAN, 1)
    files, tables = _folder(installation), _tables()
    times = {path: path.stat().st_mtime_ns for path in installation.inbox.iterdir()}
    assert not demo.build(PLAN, 2)
    assert {path: path.stat().st_mtime_ns for path in installation.inbox.iterdir()} == times
    other = demo.Plan(PLAN.accounts, PLAN.first, PLAN.last, 8)
    with pytest.raises(GridmartError, match="another demo") as refused:
        demo.build(other)
    assert refused.value.exit_code == 2
    assert _folder(installation) == files
    _forget(installation)
    assert demo.build(PLAN, 2)
    assert (_folder(installation), _tables()) == (files, tables)
    _forget(installation)
    assert demo.build(other, 2)
    assert set(_folder(installation)) == set(files)
    assert not [name for name, digest in _folder(installation).items() if files[name] == digest]
    assert _tables()["bill"] != tables["bill"]


def test_a_killed_run_is_healed_by_the_next(installation: Settings) -> None:
    command = [sys.executable, "-c", "from gridmart.cli import app; app()", "simulate", "demo", "--accounts", "40"]
    command += ["--from", f"{PLAN.first}", "--to", f"{PLAN.last}", "--seed", "7", "--workers", "1"]
    with subprocess.Popen(command, cwd=PROJECT_DIR, env=os.environ, stderr=subprocess.DEVNULL) as child:
        until = time.monotonic() + 60
        while child.poll() is None and time.monotonic() < until:
            if any(installation.inbox.glob("*.csv")):
                break
            time.sleep(0.02)
        workers = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        child.kill()
    assert child.returncode == -9
    assert not json.loads((installation.var_dir / "demo.json").read_text())["is_complete"]
    with pytest.raises(GridmartError, match="another demo"):
        demo.build(demo.Plan(PLAN.accounts, PLAN.first, PLAN.last, 8))
    assert list(installation.var_dir.glob("simulate-*"))
    assert demo.build(PLAN, 1)
    assert workers and not [pid for pid in workers if "spawn_main" in _command(pid)]
    healed = _folder(installation)
    assert not list(installation.var_dir.glob("simulate-*"))
    _forget(installation)
    assert demo.build(PLAN, 1)
    assert _folder(installation) == healed


def test_bills_meters_and_truth(installation: Settings) -> None:
    demo.build(PLAN, 2)
    made = utility.build(PLAN.accounts, PLAN.first, PLAN.last, PLAN.seed)
    energy = pd.read_parquet(installation.var_dir / demo.TRUTH / "energy_day.parquet")
    june = energy[energy["business_date"].between(date(2026, 6, 1), date(2026, 6, 30))]
    used = june.groupby("point_no")["import_kwh"].sum()
    wrong = faults.wrong_multipliers(made)
    point_of = dict(zip(made.points["account_no"], made.points["point_no"], strict=True))
    true_ct = dict(zip(made.points["point_no"], made.points["ct_ratio"], strict=True))
    with connect("cis_reader", cis.DATABASE) as connection:
        bills = connection.execute("select account_no, bill_month, energy_kwh, issued_date from bill").fetchall()
        swapped = connection.execute(
            "select point_no, min(removed_date), max(installed_date), count(*) from meter"
            " group by 1 having count(*) > 1"
        ).fetchall()
        unequal = connection.execute(
            "select bill_no from bill join bill_line l using (bill_no) group by bill_no, bill.amount_yuan"
            " having bill.amount_yuan <> sum(l.amount_yuan)"
        ).fetchall()
        late = connection.execute("select count(*) from payment where paid_at > %s", [PLAN.last + timedelta(days=1)])
        assert late.fetchone() == (0,)
    assert unequal == [] and len(bills) == PLAN.accounts
    for account, month, kwh, issued in bills:
        point = point_of[account]
        ratio = wrong.get(point, true_ct[point]) / true_ct[point]
        assert month == date(2026, 6, 1) and issued == date(2026, 7, 2)
        assert float(kwh) == pytest.approx(used[point] * ratio, abs=0.03)
    assert len(wrong) == 1 and all(ct == true_ct[point] * 3 // 2 for point, ct in wrong.items())
    assert {(row[0], row[1], row[3]) for row in swapped} == {(p, d, 2) for p, d in faults.swaps(made).items()}
    assert all(row[1] == row[2] for row in swapped)
    last = "".join(p.read_text() for p in installation.inbox.glob(f"readings_*_{PLAN.last:%Y%m%d}.csv"))
    assert f"{faults.UNKNOWN_POINT},import_kwh" in last
