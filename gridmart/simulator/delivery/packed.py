"""A delivery of several documents is one zip: what belongs together comes together, no document outgrows its readers.

`gridmart parse` reads at most 256 MB of XML and 64 MB of EDIFACT as one document, and 1 GiB of an archive.
"""

import zipfile
from collections.abc import Iterable
from pathlib import Path

SUFFIX = ".zip"

Document = tuple[str, Iterable[bytes]]  # its name, its parts


def write(path: Path, documents: Iterable[Document]) -> None:
    """Write documents one after the other. They are stored as they are: what deflate makes of them depends on the
    release of zlib, and the same documents shall give the same bytes on every machine."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, parts in documents:
            with archive.open(name, "w") as sink:  # an entry that is opened by its name has a fixed time: 1980
                for part in parts:
                    sink.write(part)
