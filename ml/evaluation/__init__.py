"""Backtests and measures of models."""
