"""An installation of its own for a benchmark: a folder, and a PostgreSQL that is stopped at the end."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridmart import secrets
from gridmart.settings import settings
from gridmart.stack import postgres
from gridmart.warehouse import schema


@contextmanager
def installation(folder: Path) -> Iterator[None]:
    """Settings, secrets, a running PostgreSQL with every role, schema and table, all below `folder`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = {"GRIDMART_VAR_DIR": str(folder / "var"), "GRIDMART_POSTGRES_PORT": str(port)}
    before = {name: value for name, value in os.environ.items() if name.startswith("GRIDMART_")}
    _environment(before, ours)
    try:
        postgres.start()
        schema.apply()
        yield
    finally:
        postgres.stop()
        _environment(ours, before)


def _environment(old: dict[str, str], new: dict[str, str]) -> None:
    for name in old:
        os.environ.pop(name, None)
    os.environ.update(new)
    settings.cache_clear()
    secrets._all.cache_clear()
