"""What tests share: a real PostgreSQL of their own, with every role, schema and table."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridmart import secrets
from gridmart.settings import Settings, settings

# what tests store need not outlive a power cut; what is committed still outlives a killed server
NO_WAITING_FOR_THE_DISK = {"fsync": "off", "full_page_writes": "off"}


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def forget() -> None:
    """Forget settings and secrets that this process has read."""
    settings.cache_clear()
    secrets._all.cache_clear()


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Settings]:
    """Settings of an installation whose PostgreSQL runs, in a folder of its own; stopped and removed at the end."""
    from gridmart.stack import postgres
    from gridmart.warehouse import schema

    # not pytest's own folder: another pytest on this machine would close it to PostgreSQL's user
    folder = Path(tempfile.mkdtemp(prefix="gridmart-test-"))
    before = {name: value for name, value in os.environ.items() if name.startswith("GRIDMART_")}
    for name in before:
        del os.environ[name]
    os.environ["GRIDMART_VAR_DIR"] = str(folder / "var")
    os.environ["GRIDMART_POSTGRES_PORT"] = str(free_port())
    forget()
    postgres.CONFIG.update(NO_WAITING_FOR_THE_DISK)
    try:
        postgres.start()
        schema.apply()
        yield settings()
    finally:
        postgres.stop()
        for name in [name for name in os.environ if name.startswith("GRIDMART_")]:
            del os.environ[name]
        os.environ.update(before)
        forget()
        shutil.rmtree(folder, ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--fuzz-cases N`: how many broken meter files of each format are read; the long run has 10,000."""
    parser.addoption("--fuzz-cases", type=int, default=40, help="broken meter files of each format (default: 40)")


@pytest.fixture
def fuzz_cases(request: pytest.FixtureRequest) -> int:
    """Broken meter files of each format."""
    return int(request.config.getoption("--fuzz-cases"))
