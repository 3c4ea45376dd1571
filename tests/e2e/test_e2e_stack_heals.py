"""The stack after a crash: what dies is restarted, `up` heals, `down` leaves nothing."""

import os
import signal
import stat
import subprocess
import time
from collections.abc import Callable

import psutil
import pytest

from gridmart.stack import health, postgres, processes
from gridmart.stack.services import SERVICES
from gridmart.stack.supervisor import Supervisor
from gridmart.warehouse.database import connect
from tests.e2e.conftest import Stack

PATIENCE_S = 300


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.5)


def test_the_stack_says_that_it_is_well(stack: Stack) -> None:
    report = stack.status()
    assert report["is_healthy"], report
    assert [state["name"] for state in report["services"]] == [service.name for service in SERVICES]
    assert report["memory_mb"] < 6 * 1024


def test_everything_listens_on_this_host_alone(stack: Stack) -> None:
    found = health.listeners(stack.settings)
    assert {address for _, address, _ in found} == {"127.0.0.1"}
    s = stack.settings
    assert {port for _, _, port in found} >= {s.postgres_port, s.airflow_port, s.superset_port}


def test_no_secret_is_printed_or_readable_by_others(stack: Stack) -> None:
    from gridmart.secrets import load_or_create

    s = stack.settings
    known = load_or_create(s.secrets_file)
    printed = stack.run("status").stdout + stack.run("doctor", check=False).stdout
    assert not [name for name, value in known.items() if value in printed]
    for path in (s.secrets_file, s.var_dir / "stack" / "supervisord.conf"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for path in (s.var_dir / "stack").glob("*"):
        if path.is_file():
            text = path.read_text(errors="replace")
            assert not [name for name, value in known.items() if value in text], path
    words = [" ".join(process.cmdline()) for process in processes.of_installation(s)]
    assert not [name for name, value in known.items() if any(value in line for line in words)]


@pytest.mark.parametrize("name", ["postgres", "airflow-scheduler", "superset"])
def test_a_killed_service_is_restarted(stack: Stack, name: str) -> None:
    supervisor = Supervisor(stack.settings)
    before = supervisor.states()[name]["pid"]
    os.kill(before, signal.SIGKILL)
    until(lambda: supervisor.states()[name]["pid"] not in (0, before), f"{name} restarted")
    until(lambda: all(state.is_healthy for state in health.states(stack.settings)), "all healthy again")


def test_up_heals_when_all_was_killed_with_stale_pid_files(stack: Stack) -> None:
    s = stack.settings
    with connect("loader") as connection:
        connection.execute("create table raw_cis.e2e_kept as select 42 as value")
    # another process of PostgreSQL's user, whose pid the stale files will name, as after a reboot
    user = postgres.os_user()
    drop = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    bystander = subprocess.Popen(["sleep", "900"], cwd="/", **drop)
    try:
        supervisor_pid = Supervisor(s).pid()
        killed = processes.of_installation(s)
        assert supervisor_pid in {process.pid for process in killed}
        psutil.Process(supervisor_pid).kill()  # first, or it would restart the others
        for process in killed:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(killed, timeout=20)
        pid_file = postgres.data_dir(s) / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
        (s.var_dir / "stack" / "supervisord.pid").write_text(f"{bystander.pid}\n")
        stack.run("up", "--no-demo")
        assert bystander.poll() is None, "a process that is not ours was ended"
    finally:
        bystander.kill()
        bystander.wait()
    assert stack.status()["is_healthy"]
    with connect("loader") as connection:
        assert connection.execute("select value from raw_cis.e2e_kept").fetchone() == (42,)
        connection.execute("drop table raw_cis.e2e_kept")


def test_up_takes_over_from_a_dead_supervisor(stack: Stack) -> None:
    s = stack.settings
    orphan = Supervisor(s).states()["airflow-scheduler"]["pid"]
    os.kill(Supervisor(s).pid(), signal.SIGKILL)
    until(lambda: not Supervisor(s).pid(), "supervisor dead")
    assert psutil.pid_exists(orphan)
    stack.run("up", "--no-demo")
    assert not psutil.pid_exists(orphan), "an orphan runs beside its successor"
    assert stack.status()["is_healthy"]


def test_up_on_a_running_stack_changes_nothing(stack: Stack) -> None:
    before = {state["name"]: state["pid"] for state in stack.status()["services"]}
    stack.run("up", "--no-demo")
    assert {state["name"]: state["pid"] for state in stack.status()["services"]} == before


def test_down_leaves_no_process_and_up_comes_back(stack: Stack) -> None:
    s = stack.settings
    stack.run("down", timeout_s=180)
    assert processes.of_installation(s) == []
    assert not (postgres.data_dir(s) / "postmaster.pid").exists(), "PostgreSQL was not shut down cleanly"
    for port in (s.postgres_port, s.airflow_port, s.superset_port):
        assert postgres.port_is_free(s.host, port)
    assert not stack.status()["is_healthy"]
    stack.run("up", "--no-demo")
    assert stack.status()["is_healthy"]
