"""Keep PostgreSQL and the logs well: vacuum and analyse by owner, drop old task logs."""

import time
from pathlib import Path

from psycopg import sql

from gridmart.settings import settings
from gridmart.warehouse.database import connect

OWNERS = ("loader", "builder", "scorer")
LOG_DAYS = 60  # longer than two monthly closings, so that the run behind a published month can still be read


def vacuum() -> int:
    """Vacuum and analyse every table of the warehouse as its owner; returns how many tables."""
    done = 0
    for role in OWNERS:
        with connect(role, autocommit=True) as connection:
            tables = connection.execute(
                "select schemaname, tablename from pg_tables where tableowner = current_user order by 1, 2"
            ).fetchall()
            for schema, table in tables:
                connection.execute(sql.SQL("vacuum (analyze) {}").format(sql.Identifier(schema, table)))
                done += 1
    return done


def drop_old_logs(days: int = LOG_DAYS) -> int:
    """Delete task logs older than `days`; returns how many files."""
    limit = time.time() - days * 86_400
    folder: Path = settings().var_dir / "airflow" / "logs"
    old = [path for path in folder.rglob("*.log") if path.stat().st_mtime < limit]
    for path in old:
        path.unlink()
    return len(old)
