"""Meter files: one module a format, found by content."""
