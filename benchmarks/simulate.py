"""How fast the simulator writes, by format, beside a limit measured in the same run.

The limit: pyarrow writing as many values, with nothing simulated, on one core. No open peer that writes the meter files
of a whole utility is known to us.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from gridmart.settings import PROJECT_DIR

FIRST = date(2026, 3, 2)


def _peak(process: subprocess.Popen, found: list[float]) -> None:
    """Highest memory of a process and its workers together (resident less shared), in GB."""
    while process.poll() is None:
        used = 0
        try:
            parent = psutil.Process(process.pid)
            for one in (parent, *parent.children(recursive=True)):
                try:
                    used += one.memory_full_info().uss
                except psutil.Error:
                    continue
        except psutil.Error:
            break
        found[0] = max(found[0], used / 1024**3)
        time.sleep(0.2)


def _simulate(accounts: int, days: int, file_format: str, folder: Path, workers: int) -> dict:
    last = FIRST + timedelta(days=days - 1)
    command = [sys.executable, "-m", "gridmart", "simulate", "--accounts", str(accounts), "--from", str(FIRST)]
    command += ["--to", str(last), "--seed", "42", "--formats", file_format, "--into", str(folder)]
    command += ["--workers", str(workers)]
    peak = [0.0]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=PROJECT_DIR, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ
    )
    watch = threading.Thread(target=_peak, args=(process, peak), daemon=True)
    watch.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - started
    watch.join()
    if process.returncode:
        raise SystemExit(f"the simulation ended with exit code {process.returncode}")
    made = json.loads(output.splitlines()[-1])
    return {
        "seconds": round(seconds, 1),
        "readings": made["readings"],
        "readings_per_second": round(made["readings"] / seconds),
        "megabytes": round(made["bytes"] / 1e6),
        "peak_memory_gb": round(peak[0], 2),
    }


def _limit(readings: int, path: Path, file_format: str) -> float:
    """Readings a second that pyarrow writes on one core, as rows of 96 values."""
    rows = max(1, min(readings, 9_600_000) // 96)
    values = np.round(np.random.default_rng(1).gamma(2.0, 0.1, (rows, 96)), 3)
    started = time.perf_counter()
    if file_format == "gridmart_parquet":
        offsets = np.arange(rows + 1) * 96
        table = pa.table({"values": pa.LargeListArray.from_arrays(offsets, pa.array(values.ravel()))})
        pq.write_table(table, path, compression="zstd", use_dictionary=False)
    else:
        csv.write_csv(pa.table({f"i{k}": values[:, k] for k in range(96)}), path)
    return rows * 96 / (time.perf_counter() - started)


def run(accounts: int, days: int, formats: tuple[str, ...], workers: int = 2) -> dict:
    """Measure a utility of `accounts` × `days` by format; seconds are those of the whole command."""
    folder = Path(tempfile.mkdtemp(prefix="bench_simulate_"))
    try:
        found = []
        for file_format in formats:
            into = folder / file_format
            made = _simulate(accounts, days, file_format, into, workers)
            limit = _limit(made["readings"], folder / "limit", file_format)
            shutil.rmtree(into)
            found.append({"format": file_format, **made, "limit_write_only_one_core": round(limit)})
        return {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
            "accounts": accounts,
            "days": days,
            "workers": workers,
            "results": found,
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
