"""The small utility built by dbt, once for all tests of this folder."""

from collections.abc import Iterator

import pytest

from gridmart.settings import Settings
from gridmart.warehouse.database import connect
from tests.integration.dbt import small_utility
from tests.integration.dbt.dbt_run import WITHOUT_UNIT_TESTS, run


@pytest.fixture(scope="package")
def built(warehouse: Settings) -> Iterator[dict[str, str]]:
    """The small utility, built for the first time; removed afterwards, other tests share the cluster."""
    with connect("loader") as connection:
        small_utility.load(connection)
    yield run("build", *WITHOUT_UNIT_TESTS)
    with connect("builder") as connection:
        for schema in ("marts_candidate", "intermediate", "staging", "seeds"):
            for kind, name in connection.execute(
                "select case c.relkind when 'v' then 'view' else 'table' end, c.relname from pg_class c "
                "where c.relnamespace = %s::regnamespace and c.relkind in ('r', 'v')",
                (schema,),
            ).fetchall():
                connection.execute(f"drop {kind} if exists {schema}.{name} cascade")
    with connect("loader") as connection:
        small_utility.create(connection)
        small_utility.drop(connection)
