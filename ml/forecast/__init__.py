"""Hourly load forecast for the next days at company, feeder and transformer level."""
