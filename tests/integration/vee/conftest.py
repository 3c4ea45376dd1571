"""A lake with a register of two points, empty at the start of each test."""

import pytest

from gridmart.lake import tables
from gridmart.settings import Settings
from tests.integration.vee.small_utility import forget_rollups, make_register


@pytest.fixture
def lake(warehouse: Settings) -> Settings:
    """An empty lake and empty roll-ups, with a register of two points."""
    tables.ensure_tables()
    for name in ("reading_raw", "reading", "day_summary", "register_read", "event", "edit"):
        tables.replace_dates({name: (tables.dates_of(name), [])})
    forget_rollups()
    make_register()
    return warehouse
