"""What a Parquet file claims about itself, read before anything is unpacked: a few bytes can claim to be gigabytes.

Field numbers are those of parquet.thrift (Apache Parquet format specification).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gridmart.sources.meter_files.model import RefusalError
from gridmart.sources.meter_files.thrift import I32, I64, STRUCT, Reader, Struct, ThriftError

MAGIC = b"PAR1"
MAX_FOOTER = 4 << 20  # bytes; one of a million records has about 300 kB
MAX_HEADER = 1 << 20  # bytes, of a page
MAX_PAGES = 200_000
# encodings whose values, once unpacked, are bounded by the page's bytes or by their number; not DELTA_BYTE_ARRAY (7),
# where a million texts share a prefix that is stored once
BOUNDED = {
    0: "PLAIN", 2: "PLAIN_DICTIONARY", 3: "RLE", 4: "BIT_PACKED", 5: "DELTA_BINARY_PACKED",
    6: "DELTA_LENGTH_BYTE_ARRAY", 8: "RLE_DICTIONARY", 9: "BYTE_STREAM_SPLIT",
}  # fmt: skip
# page type → field of the header that describes it, and therein the field of the encoding
DATA_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2 = 0, 2, 3
ABOUT = {DATA_PAGE: (5, 2), DICTIONARY_PAGE: (7, 2), DATA_PAGE_V2: (8, 4)}


@dataclass(frozen=True)
class Limits:
    """The most that a file may hold."""

    rows: int
    values: int  # of one column, null included
    unpacked: int  # bytes


def check(data: bytes, limits: Limits) -> None:
    """Refuse a file that is cut off or damaged, or claims to hold more than the limits, in its footer or any page."""
    if not data.endswith(MAGIC) or len(data) < 12:
        raise RefusalError("truncated", "the Parquet file ends before its footer")
    size = int.from_bytes(data[-8:-4], "little")
    if size > len(data) - 12:
        raise RefusalError("truncated", "the Parquet file does not hold the footer that it names")
    if size > MAX_FOOTER:
        raise RefusalError("archive_limit", f"the footer has more than {MAX_FOOTER:,} bytes")
    try:
        footer = Reader(memoryview(data)[: len(data) - 8], len(data) - 8 - size).struct()
        groups = _groups(footer, limits)
        _check_pages(data, groups, limits)
    except ThriftError as error:
        raise RefusalError("damaged", f"the Parquet file is damaged: {error}") from error


def _groups(footer: Struct, limits: Limits) -> list[Struct]:
    groups = footer.structs(4)
    rows = [footer.need(3, I64), sum(group.need(3, I64) for group in groups)]
    if not 0 <= min(rows) <= max(rows) <= limits.rows or any(group.need(3, I64) < 0 for group in groups):
        raise RefusalError("archive_limit", f"the file has {max(rows):,} records, more than {limits.rows:,}")
    return groups


def _check_pages(data: bytes, groups: list[Struct], limits: Limits) -> None:
    unpacked = count = 0
    for group in groups:
        for chunk in group.structs(1):
            values = 0
            for page in _pages(data, chunk.need(3, STRUCT)):
                count += 1
                unpacked += page.need(2, I32)
                kind = page.need(1, I32)
                if kind in ABOUT:
                    about = page.need(ABOUT[kind][0], STRUCT)
                    values += about.need(1, I32)
                    if about.need(ABOUT[kind][1], I32) not in BOUNDED:
                        raise RefusalError("damaged", "an encoding is used that is not read: DELTA_BYTE_ARRAY")
                if unpacked > limits.unpacked or values > limits.values or count > MAX_PAGES:
                    raise RefusalError(
                        "archive_limit",
                        f"the file unpacks to more than {limits.values:,} values or {limits.unpacked:,} bytes",
                    )


def _pages(data: bytes, column: Struct) -> Iterator[Struct]:
    """Headers of the pages of a column chunk."""
    if not column.need(5, I64):  # without values no page is read, and the offsets may be anything
        return
    start, size, first = column.need(9, I64), column.need(7, I64), column.may(11, I64)
    if first is not None and 0 < first < start:
        start = first
    if start < 0 or size < 0 or start + size > len(data):
        raise ThriftError("a column lies outside of the file")
    view = memoryview(data)[: start + size]
    at = start
    while at < len(view):
        reader = Reader(view[: at + MAX_HEADER], at)
        header = reader.struct()
        at = reader.at + header.need(3, I32)
        if header.need(3, I32) < 0 or header.need(2, I32) < 0 or at > len(view):
            raise ThriftError(f"a page at byte {reader.at} is larger than its column")
        yield header
