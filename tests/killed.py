"""Kill a command of ours at a known point: while it waits for a lock on a table."""

import os
import signal
import subprocess
import sys
import time

from gridmart.settings import PROJECT_DIR
from gridmart.warehouse.database import connect

PATIENCE_S = 120


def kill_at_lock(table: str, *words: str, mode: str = "access exclusive") -> None:
    """Run `gridmart <words>`; SIGKILL it and its children when it waits for `table` (schema.name), locked in `mode`.

    Use mode `share` to let it read the table and stop it where it writes.
    """
    waiting = "select count(*) from pg_locks where relation = %s::regclass and not granted"
    with connect("postgres") as blocker, connect("postgres", autocommit=True) as observer:
        blocker.execute(f"lock table {table} in {mode} mode")
        child = subprocess.Popen(
            [sys.executable, "-m", "gridmart", *words], cwd=PROJECT_DIR, env=dict(os.environ), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not observer.execute(waiting, (table,)).fetchone()[0]:
                assert child.poll() is None, f"gridmart {' '.join(words)} ended before it came to {table}"
                assert time.monotonic() < deadline, f"gridmart {' '.join(words)} never came to {table}"
                time.sleep(0.05)
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
