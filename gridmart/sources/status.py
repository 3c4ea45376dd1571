"""Status of each source in supervision.source_status: its last attempt, its last success, why it failed."""

from gridmart.warehouse.database import connect


def record(source: str, reason: str | None = None, rows: int | None = None) -> None:
    """Store an attempt: without a reason it succeeded (and loaded `rows`), with one it failed."""
    with connect("loader") as connection:
        connection.execute(
            """
            insert into supervision.source_status as s
                (source, status, reason, last_success_at, last_attempt_at, rows_loaded)
            values (
                %(source)s, %(status)s, %(reason)s,
                case when %(reason)s::text is null then now() end, now(), %(rows)s
            )
            on conflict (source) do update set
                status = excluded.status,
                reason = excluded.reason,
                last_success_at = coalesce(excluded.last_success_at, s.last_success_at),
                last_attempt_at = excluded.last_attempt_at,
                rows_loaded = coalesce(excluded.rows_loaded, s.rows_loaded)
            """,
            {"source": source, "status": "failed" if reason else "ok", "reason": reason, "rows": rows},
        )
