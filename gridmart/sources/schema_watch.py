"""Changes of a source's schema: found before anything is loaded, reported always.

A new or removed column is reported and loading goes on; a changed type stops the source, because
values of two types in one column would only be found out in a report, months later.
"""

from dataclasses import dataclass

import psycopg

Schema = dict[str, dict[str, str]]  # table -> column -> type, as the source's dialect writes it


@dataclass(frozen=True)
class Change:
    """One difference between the schema of the last good extraction and now."""

    table: str
    change: str  # column_added, column_removed, type_changed
    column: str
    old_type: str | None
    new_type: str | None

    def __str__(self) -> str:
        if self.change == "column_added":
            return f"table {self.table}: new column {self.column} ({self.new_type}); unchanged rows have it empty"
        if self.change == "column_removed":
            return f"table {self.table}: column {self.column} ({self.old_type}) is gone; new rows have it empty"
        return f"table {self.table}: column {self.column} was {self.old_type} and is now {self.new_type}"


def compare(before: Schema, now: Schema) -> list[Change]:
    """Differences of tables that both know; a table seen for the first time has none."""
    changes = []
    for table in sorted(before.keys() & now.keys()):
        old, new = before[table], now[table]
        changes += [Change(table, "column_added", name, None, new[name]) for name in sorted(new.keys() - old.keys())]
        changes += [Change(table, "column_removed", name, old[name], None) for name in sorted(old.keys() - new.keys())]
        changes += [
            Change(table, "type_changed", name, old[name], new[name])
            for name in sorted(old.keys() & new.keys())
            if old[name] != new[name]
        ]
    return changes


def last_seen(connection: psycopg.Connection, source: str) -> Schema:
    """Schema of the source at its last good extraction; empty before the first."""
    seen: Schema = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from supervision.source_column where source = %s", (source,)
    ):
        seen.setdefault(table, {})[column] = kind
    return seen


def report(connection: psycopg.Connection, source: str, changes: list[Change], run_id: str) -> None:
    """Store changes in supervision.schema_change; one that an unfinished run stored already is not repeated."""
    for change in changes:
        connection.execute(
            """
            insert into supervision.schema_change
                (source, table_name, change, column_name, old_type, new_type, run_id)
            select %(source)s, %(table)s, %(change)s, %(column)s, %(old)s::text, %(new)s::text, %(run)s
            where not exists (
                select from supervision.schema_change c
                where c.source = %(source)s and c.table_name = %(table)s and c.change = %(change)s
                    and c.column_name = %(column)s
                    and c.old_type is not distinct from %(old)s and c.new_type is not distinct from %(new)s
                    and c.detected_at > (
                        select max(seen_at) from supervision.source_column
                        where source = %(source)s and table_name = %(table)s
                    )
            )
            """,
            {
                "source": source,
                "table": change.table,
                "change": change.change,
                "column": change.column,
                "old": change.old_type,
                "new": change.new_type,
                "run": run_id,
            },
        )


def remember(connection: psycopg.Connection, source: str, schema: Schema) -> None:
    """Keep the schema that was just extracted, for the next comparison."""
    connection.execute("delete from supervision.source_column where source = %s", (source,))
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into supervision.source_column (source, table_name, column_name, data_type) "
            "values (%s, %s, %s, %s)",
            [(source, table, column, kind) for table, columns in schema.items() for column, kind in columns.items()],
        )
