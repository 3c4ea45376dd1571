"""A whole stack of its own for the end-to-end tests: other ports, a temporary folder, no demo."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gridmart.settings import Settings
from tests.conftest import forget, free_port

ROOT = Path(__file__).resolve().parents[2]
GRIDMART = ROOT / "bin" / "gridmart"
PICTURES = os.environ.get("GRIDMART_TEST_PICTURES")  # read before the stack takes such names out of the environment


@dataclass(frozen=True)
class Stack:
    """A running installation and how to talk to it as a person would."""

    settings: Settings
    environment: dict[str, str]

    def run(self, *words: str, timeout_s: float = 600, check: bool = True) -> subprocess.CompletedProcess[str]:
        """One `gridmart` command on this installation."""
        done = subprocess.run(
            [str(GRIDMART), *words], env=self.environment, capture_output=True, text=True, timeout=timeout_s
        )
        if check and done.returncode:
            raise AssertionError(
                f"gridmart {' '.join(words)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def status(self) -> dict[str, Any]:
        """What `gridmart status --json` says."""
        return json.loads(self.run("status", "--json", check=False).stdout)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A stack that runs; this process's own settings point at it. Stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="gridmart-e2e-"))
    before = {name: value for name, value in os.environ.items() if name.startswith("GRIDMART_")}
    own = {
        "GRIDMART_VAR_DIR": str(folder / "var"),
        "GRIDMART_POSTGRES_PORT": str(free_port()),
        "GRIDMART_AIRFLOW_PORT": str(free_port()),
        "GRIDMART_SUPERSET_PORT": str(free_port()),
        # a small utility: the whole path, not the whole volume
        "GRIDMART_DEMO_ACCOUNTS": "120",
        "GRIDMART_DEMO_FROM": "2026-08-01",
        "GRIDMART_DEMO_TO": "2026-10-31",
        # a station and its district have managers of their own
        "GRIDMART_SUPERSET_ORGANISATIONS": "1400101,14001",
    }
    for name in before:
        del os.environ[name]
    os.environ.update(own)
    forget()
    running = Stack(Settings(), dict(os.environ))
    try:
        running.run("up", "--no-demo")
        yield running
    finally:
        running.run("down", timeout_s=180, check=False)
        for name in own:
            os.environ.pop(name, None)
        os.environ.update(before)
        forget()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def pipeline(stack: Stack) -> Settings:
    """The stack with its small utility carried through by `gridmart up`, as a person would do it."""
    stack.run("up", timeout_s=1500)
    return stack.settings


@pytest.fixture(scope="session")
def pictures(pipeline: Settings) -> Path:
    """Where screenshots are kept after the test."""
    return Path(PICTURES or pipeline.var_dir / "screenshots")
