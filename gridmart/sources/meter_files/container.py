"""Plain, gzip or zip: the bytes inside, with bounds, since files from outside are hostile."""

import io
import zipfile
import zlib
from collections.abc import Iterator

from gridmart.sources.meter_files.model import RefusalError

ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
EMPTY_ZIP = b"PK\x05\x06"
MAX_BYTES = 1 << 30  # of one file, unpacked
MAX_MEMBERS = 1000
MAX_RATIO = 300  # unpacked bytes per packed byte beyond RATIO_FREE; meter CSV packs 5 to 30 times
RATIO_FREE = 16 << 20


def members(data: bytes) -> Iterator[tuple[str, bytes | RefusalError]]:
    """Name and content of each file inside (name "" for plain and gzip); a RefusalError when the archive is not fit.

    A member that cannot be read is yielded as its RefusalError, so that the others still count.
    """
    if not data:
        raise RefusalError("empty_file", "the file has 0 bytes")
    if data.startswith(GZIP):
        yield "", _not_packed(_gunzip(data))
    elif data.startswith((ZIP, EMPTY_ZIP)):
        yield from _unzip(data)
    else:
        yield "", data


def _not_packed(data: bytes, name: str = "") -> bytes:
    if data.startswith((ZIP, GZIP)):
        raise RefusalError("nested_archive", f"an archive inside an archive is not opened {name}".strip())
    return data


def _bound(packed: int) -> int:
    return min(MAX_BYTES, RATIO_FREE + packed * MAX_RATIO)


def _gunzip(data: bytes) -> bytes:
    limit = _bound(len(data))
    parts, size, rest = [], 0, data
    try:
        while rest:
            unpacker = zlib.decompressobj(wbits=31)
            part = unpacker.decompress(rest, limit - size + 1)
            size += len(part)
            if size > limit:
                raise RefusalError("archive_limit", f"gzip unpacks to more than {limit:,} bytes")
            if not unpacker.eof:
                raise RefusalError("truncated", "the gzip file ends before its end mark")
            parts.append(part)
            rest = unpacker.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise RefusalError("bad_archive", f"damaged gzip: {error}") from error
    return b"".join(parts)


def _unzip(data: bytes) -> Iterator[tuple[str, bytes | RefusalError]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise RefusalError("bad_archive", f"damaged or truncated zip: {error}") from error
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    if not entries:
        raise RefusalError("empty_file", "the zip holds no file")
    if len(entries) > MAX_MEMBERS:
        raise RefusalError("archive_limit", f"the zip holds {len(entries):,} files, more than {MAX_MEMBERS:,}")
    for entry in entries:
        path = entry.filename.replace("\\", "/")
        if path.startswith("/") or ".." in path.split("/") or ":" in path:
            raise RefusalError("path_escape", f"the zip names a file outside of itself: {entry.filename[:200]!r}")
    left = _bound(len(data))
    for entry in entries:
        name = entry.filename
        try:
            if entry.flag_bits & 1:
                raise RefusalError("bad_archive", f"{name} is encrypted")
            content = b""
            if entry.file_size <= left:  # what it states, which may be less than there is
                with archive.open(entry) as stream:
                    content = stream.read(left + 1)
            if max(len(content), entry.file_size) > left:
                raise RefusalError("archive_limit", f"the zip unpacks to more than {_bound(len(data)):,} bytes")
            left -= len(content)
            if not content:
                raise RefusalError("empty_file", f"{name} has 0 bytes")
            yield name, _not_packed(content, name)
        except RefusalError as refusal:
            yield name, refusal
            if refusal.rule == "archive_limit":
                return
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError) as error:
            yield name, RefusalError("bad_archive", f"{name} is damaged: {error}")
