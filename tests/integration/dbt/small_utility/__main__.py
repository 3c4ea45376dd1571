"""Load the small utility into the warehouse of this installation."""

from gridmart.warehouse.database import connect
from tests.integration.dbt import small_utility

with connect("loader") as warehouse:
    small_utility.load(warehouse)
