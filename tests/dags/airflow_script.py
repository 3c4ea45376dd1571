"""A script in Airflow's own environment."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
AIRFLOW_PYTHON = ROOT / ".venvs" / "airflow" / "bin" / "python"


def run(script: str, folder: Path, argument: Path, **environment: str) -> tuple[Any, str]:
    """Run it with an Airflow home in `folder`; what it printed after RESULT (JSON), and all that it printed."""
    env = {
        **os.environ,
        "GRIDMART_HOME": str(ROOT),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(argument),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(ROOT / "dags"),
        **environment,
    }
    done = subprocess.run(
        [AIRFLOW_PYTHON, "-c", script, argument], env=env, capture_output=True, text=True, timeout=300
    )
    printed = done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert lines, printed[-3000:]
    return json.loads(lines[0].removeprefix("RESULT")), printed
