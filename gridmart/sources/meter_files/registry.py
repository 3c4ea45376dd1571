"""All formats, and reading one file of any of them."""

from pathlib import Path
from zoneinfo import ZoneInfo

from gridmart.errors import GridmartError
from gridmart.sources.meter_files import (
    chinese_csv,
    container,
    encodings,
    frozen_registers,
    green_button,
    gridmart_csv,
    gridmart_parquet,
    iec61968,
    meter_events,
    mscons,
    nem12,
    nem13,
    prime,
    xml_reader,
)
from gridmart.sources.meter_files.model import Format, Parsed, RefusalError, Reject, join, short

FORMATS: tuple[Format, ...] = (
    gridmart_csv,
    gridmart_parquet,
    meter_events,
    frozen_registers,
    nem12,
    nem13,
    chinese_csv,
    green_button,
    mscons,
    prime,
    iec61968,
)
HEAD = 64 * 1024
MAX_LINES = 20_000_000  # of one text; real files have some hundred bytes a line
BOM = b"\xef\xbb\xbf"


def format_named(name: str) -> Format:
    """The format of a name; a GridmartError that lists the names when there is none."""
    for found in FORMATS:
        if name == found.NAME:
            return found
    raise GridmartError(
        f"there is no format {name!r}", f"use one of: {', '.join(found.NAME for found in FORMATS)}", exit_code=2
    )


def _text(data: bytes) -> bytes:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RefusalError("bad_encoding", "the file is UTF-16, not UTF-8")
    if b"\0" in data:
        kind = "nothing but zero bytes" if not data.strip(b"\0") else "zero bytes among its text"
        raise RefusalError("binary_zeros", f"the file holds {kind}")
    data = data.removeprefix(BOM)
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            reason = f"not UTF-8: byte 0x{data[error.start]:02x} in line {line}"
            if (recoded := encodings.as_utf8(data)) is None:
                raise RefusalError("bad_encoding", reason) from error
            data = recoded
    if not data.strip():
        raise RefusalError("empty_file", "the file holds only blanks")
    if data.count(b"\n") > MAX_LINES:
        raise RefusalError("archive_limit", f"the file has more than {MAX_LINES:,} lines")
    return data


def parse_bytes(data: bytes, zone: ZoneInfo, format_name: str | None = None) -> Parsed:
    """Read a file's bytes, packed or plain. Never raises for bad content: refusals are in `rejects`.

    zone: time zone of local dates; format_name: read as this format instead of finding it by content.
    """
    parts: list[Parsed] = []
    try:
        for name, content in container.members(data):
            try:
                if isinstance(content, RefusalError):
                    raise content
                part = _parse(content, zone, format_name)
                # that nothing happened, or that nobody answered, is news
                if not part.delivered and part.format not in (meter_events.NAME, frozen_registers.NAME):
                    raise RefusalError("empty_file", "the file holds no record")
                parts.append(part)
            except RefusalError as refusal:
                parts.append(_refused(refusal, name, b"" if isinstance(content, RefusalError) else content))
    except RefusalError as refusal:
        parts.append(_refused(refusal, "", data))
    return join(parts)


def _parse(content: bytes, zone: ZoneInfo, format_name: str | None) -> Parsed:
    if format_name:
        found = format_named(format_name)
        return found.parse(_text(content) if found.IS_TEXT else content, zone)
    for found in FORMATS:
        if not found.IS_TEXT and found.matches(content):
            return found.parse(content, zone)
    text = _text(content)
    return _format_of(text).parse(text, zone)


def _refused(refusal: RefusalError, name: str, content: bytes) -> Parsed:
    reason = f"{name}: {refusal.reason}" if name and name not in refusal.reason else refusal.reason
    readable = "" if refusal.rule in ("binary_zeros", "bad_archive") else short(content).replace("\0", "")
    if content.startswith((container.ZIP, container.GZIP, gridmart_parquet.MAGIC)):
        readable = ""
    return Parsed("", rejects=[Reject(0, refusal.rule, reason, content=readable)])


def _format_of(text: bytes) -> Format:
    head = text[:HEAD]
    for found in FORMATS:
        if found.IS_TEXT and found.matches(head):
            return found
    if root := xml_reader.root(head):
        raise RefusalError("unknown_format", f"no known format is an XML document of <{root[1][:60]}>")
    first = short(head.split(b"\n", 1)[0])[:80]
    raise RefusalError("unknown_format", f"no known format starts with {first!r}")


def parse_file(path: Path, zone: ZoneInfo, format_name: str | None = None) -> Parsed:
    """Read one file; its refusals, and that it cannot be opened, are in `rejects`."""
    try:
        if path.stat().st_size > container.MAX_BYTES:
            raise RefusalError("archive_limit", f"the file has more than {container.MAX_BYTES:,} bytes")
        return parse_bytes(path.read_bytes(), zone, format_name)
    except RefusalError as refusal:
        return _refused(refusal, "", b"")
