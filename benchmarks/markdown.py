"""Results as Markdown, and the blocks of the documentation that hold them."""

import re
from pathlib import Path
from typing import Any


def table(rows: list[dict[str, Any]]) -> str:
    """Rows of the same keys as a table; – where there is no number."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names)]
    lines += [["–" if row[name] is None else str(row[name]) for name in names] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def replace_block(page: Path, command: str, text: str) -> None:
    """Put `text` and the command that printed it between the two marks that name the command in a page.

    Raises ValueError when the page has no such block.
    """
    begin, end = f"<!-- printed by: {command} -->", "<!-- end -->"
    block = f"{begin}\n\n`{command}`:\n\n{text}\n\n{end}"
    pattern = re.escape(begin) + r".*?" + re.escape(end)
    made, count = re.subn(pattern, lambda _: block, page.read_text(encoding="utf-8"), flags=re.DOTALL)
    if not count:
        raise ValueError(f"{page} has no block {begin}")
    page.write_text(made, encoding="utf-8")
