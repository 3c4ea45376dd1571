"""An installation of its own for each test of the ingest: its lake, inbox and mirrors start empty."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lake_reset import empty_lake

from gridmart.settings import Settings, settings

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "meter_files"))


@pytest.fixture
def installation(warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings with an inbox and a lake of this test alone."""
    empty_lake()
    monkeypatch.setenv("GRIDMART_INBOX_DIR", str(tmp_path / "inbox"))
    monkeypatch.setenv("GRIDMART_LAKE_DIR", str(tmp_path / "lake"))
    settings.cache_clear()
    (tmp_path / "inbox").mkdir()
    yield settings()
    monkeypatch.undo()
    settings.cache_clear()
    empty_lake()
