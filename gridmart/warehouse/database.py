"""Connections to PostgreSQL, by role."""

from urllib.parse import quote

import psycopg

from gridmart.secrets import secret
from gridmart.settings import settings

WAREHOUSE = "gridmart"


def url(role: str, database: str = WAREHOUSE, scheme: str = "postgresql") -> str:
    """Connection URL of a database role; the password comes from the secrets file."""
    s = settings()
    return f"{scheme}://{role}:{quote(secret(f'db_{role}'))}@{s.pg_host}:{s.postgres_port}/{database}"


def connect(role: str, database: str = WAREHOUSE, autocommit: bool = False) -> psycopg.Connection:
    """An open psycopg connection as `role`, named after gridmart in pg_stat_activity."""
    return psycopg.connect(url(role, database), autocommit=autocommit, application_name=f"gridmart {role}")
