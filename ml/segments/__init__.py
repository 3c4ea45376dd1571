"""Load-shape segments of accounts."""
