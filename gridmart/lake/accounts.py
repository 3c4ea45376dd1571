"""The account of a delivery: every record is accepted or in quarantine, every value accepted is in the lake, once."""

from collections import Counter
from collections.abc import Iterable, Mapping

from gridmart.errors import GridmartError
from gridmart.lake.ingest_work import Result


def check(results: Iterable[Result], names: Mapping[str, str], written: Mapping[str, Counter[str]]) -> None:
    """A GridmartError, naming each file whose account does not balance; to be called before anything is committed.

    names: file name by file_id; written: rows by file_id of the tables that are about to be committed.
    """
    wrong = []
    for result in results:
        name, refused = names[result.file_id], len(result.rejects)
        if result.delivered != result.accepted + refused:
            wrong.append(
                f"{name} ({result.format or 'unknown format'}): {result.delivered} records delivered, but"
                f" {result.accepted} accepted and {refused} refused"
            )
        due = {
            "reading_raw": result.readings, "register_read": result.registers, "event": result.events,
            "collection_task": result.tasks,
        }  # fmt: skip
        for table, expected in due.items():
            if table in written and written[table][result.file_id] != expected:
                found = written[table][result.file_id]
                wrong.append(f"{name} ({result.format}): {expected} values for ami.{table}, but {found} written")
    if wrong:
        raise GridmartError(
            "records would be lost or doubled, so nothing of this batch is taken in: " + "; ".join(wrong),
            "the reader of this format is at fault, not the file: mend it, then run 'gridmart ingest' again; "
            "the batch waits and is taken in whole",
        )
