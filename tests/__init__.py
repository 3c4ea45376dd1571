"""Tests, by what they need: nothing, a PostgreSQL, a whole stack."""
