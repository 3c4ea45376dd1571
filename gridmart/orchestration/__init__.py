"""Airflow from outside: trigger a range, follow it, report honestly."""
