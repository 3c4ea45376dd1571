"""The embedded stack: PostgreSQL, Airflow and Superset as supervised processes."""
