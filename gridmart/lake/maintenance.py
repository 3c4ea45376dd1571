"""Figures of the lake's tables."""

from gridmart.lake import tables


def stats() -> list[dict]:
    """One row a table: name, files, rows, megabytes, snapshots."""
    found = []
    for name in tables.SCHEMAS:
        table = tables.load(name)
        files = [task.file for task in table.scan().plan_files()] if table.current_snapshot() else []
        found.append(
            {
                "table": f"{tables.NAMESPACE}.{name}",
                "files": len(files),
                "rows": sum(file.record_count for file in files),
                "megabytes": round(sum(file.file_size_in_bytes for file in files) / 1e6, 1),
                "snapshots": len(table.snapshots()),
            }
        )
    return found
