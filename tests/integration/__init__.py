"""Tests on a real PostgreSQL, which all of them share: each folder leaves it as it found it."""
