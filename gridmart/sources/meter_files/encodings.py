"""Texts that are not UTF-8 but say what they are: XML by its declaration, EDIFACT, Chinese exports by their header."""

import re

from gridmart.sources.meter_files import chinese_csv, mscons

XML = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9_-]{1,20})["']""")
DECLARED = {
    "iso-8859-1": "iso-8859-1", "latin1": "iso-8859-1", "iso-8859-15": "iso-8859-15", "windows-1252": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030",
}  # fmt: skip
HEAD = 64 * 1024


def as_utf8(data: bytes) -> bytes | None:
    """The text as UTF-8; None where it does not say what it is, or is not that."""
    declared = XML.match(data[:200])
    if declared:
        name = DECLARED.get(declared[1].decode().lower())
    elif mscons.matches(data[:HEAD]):
        name = "iso-8859-1"  # UNOC, the character set of nearly all of EDIFACT
    else:
        name = "gb18030" if chinese_csv.matches(data[:HEAD].decode("gb18030", "replace").encode()) else None
    try:
        return data.decode(name).encode() if name else None
    except UnicodeDecodeError:
        return None
