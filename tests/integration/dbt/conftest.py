"""The small utility built by dbt, once for all tests of this folder."""

from collections.abc import Iterator

import pytest

from gridmart.settings import Settings
from gridmart.warehouse.database import connect
from tests.integration.dbt import small_utility
from tests.integration.dbt.dbt_run import WITHOUT_UNIT_TESTS, forget_built, run


@pytest.fixture(scope="package")
def built(warehouse: Settings) -> Iterator[dict[str, str]]:
    """The small utility, built for the first time; removed afterwards, other tests share the cluster."""
    forget_built()
    with connect("loader") as connection:
        small_utility.load(connection)
    yield run("build", *WITHOUT_UNIT_TESTS, artifacts=True)
    forget_built()
    with connect("loader") as connection:
        small_utility.create(connection)
        small_utility.drop(connection)
