"""All formats, and reading one file of any of them."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from gridmart.errors import GridmartError
from gridmart.sources.meter_files import (
    chinese_csv,
    collection_tasks,
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
from gridmart.sources.meter_files.model import (
    CONTENT_LENGTH,
    Format,
    Parsed,
    RefusalError,
    Reject,
    join,
    short,
)

FORMATS: tuple[Format, ...] = (
    gridmart_csv,
    gridmart_parquet,
    meter_events,
    frozen_registers,
    collection_tasks,
    nem12,
    nem13,
    chinese_csv,
    green_button,
    mscons,
    prime,
    iec61968,
)
# formats that read many texts at once: the fixed costs of a file's tables are more than those of its few lines
TOGETHER = {nem12.NAME: nem12.parse_many, nem13.NAME: nem13.parse_many}
TOGETHER_BYTES = 4 << 20
TOGETHER_FILES = 1000
MAY_BE_EMPTY = (meter_events.NAME, frozen_registers.NAME, collection_tasks.NAME)
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
    if not data or data.isspace():
        raise RefusalError("empty_file", "the file holds only blanks")
    if data.count(b"\n") > MAX_LINES:
        raise RefusalError("archive_limit", f"the file has more than {MAX_LINES:,} lines")
    return data


def parse_bytes(data: bytes, zone: ZoneInfo, format_name: str | None = None) -> Parsed:
    """Read a file's bytes, packed or plain. Never raises for bad content: refusals are in `rejects`.

    zone: time zone of local dates; format_name: read as this format instead of finding it by content.
    """
    reader = _Reader(zone, format_name)
    reader.add(data)
    (parsed,) = reader.finish()
    return parsed


@dataclass
class _Member:
    """A file, or one of an archive; found: what it holds, None while it waits to be read with others."""

    name: str
    head: bytes
    found: Parsed | RefusalError | None = None

    def parsed(self) -> Parsed:
        """What it holds; a refusal as the one reject of it."""
        found = self.found
        assert found is not None
        # that nothing happened, or that nobody answered, is news
        if isinstance(found, Parsed) and not found.delivered and found.format not in MAY_BE_EMPTY:
            found = RefusalError("empty_file", "the file holds no record")
        return _refused(found, self.name, self.head) if isinstance(found, RefusalError) else found


class _Reader:
    """Reads files; small ones of a format that reads many at once wait for each other. `size`: bytes since `finish`."""

    def __init__(self, zone: ZoneInfo, format_name: str | None) -> None:
        self.zone, self.format_name, self.size = zone, format_name, 0
        self._files: list[list[_Member]] = []
        self._waiting: dict[str, list[tuple[_Member, bytes]]] = {}
        self._waiting_bytes = 0

    def add(self, data: bytes | RefusalError) -> None:
        """Take a file's bytes, packed or plain, or why there are none."""
        members: list[_Member] = []
        self._files.append(members)
        try:
            if isinstance(data, RefusalError):
                raise data
            for name, content in container.members(data):
                if isinstance(content, RefusalError):
                    members.append(_Member(name, b"", content))
                    continue
                members.append(_Member(name, content[: 4 * CONTENT_LENGTH]))
                self._read(members[-1], content)
        except RefusalError as refusal:
            members.append(_Member("", b"" if isinstance(data, RefusalError) else data[: 4 * CONTENT_LENGTH], refusal))

    def _read(self, member: _Member, content: bytes) -> None:
        self.size += len(content)
        try:
            found, content = _format_and_content(content, self.format_name)
            if found.NAME not in TOGETHER:
                member.found = found.parse(content, self.zone)
                return
        except RefusalError as refusal:
            member.found = refusal
            return
        self._waiting.setdefault(found.NAME, []).append((member, content))
        self._waiting_bytes += len(content)
        if self._waiting_bytes >= TOGETHER_BYTES:
            self._read_waiting()

    def _read_waiting(self) -> None:
        for name, waiting in self._waiting.items():
            members, contents = zip(*waiting, strict=True)
            for member, found in zip(members, TOGETHER[name](contents, self.zone), strict=True):
                member.found = found
        self._waiting, self._waiting_bytes = {}, 0

    def finish(self) -> list[Parsed]:
        """Every file that was added since the last time, in order."""
        self._read_waiting()
        parsed = [join(member.parsed() for member in members) for members in self._files]
        self._files, self.size = [], 0
        return parsed


def _format_and_content(content: bytes, format_name: str | None) -> tuple[Format, bytes]:
    """Which format it is, and the content as that format reads it."""
    if format_name:
        found = format_named(format_name)
        return found, _text(content) if found.IS_TEXT else content
    for found in FORMATS:
        if not found.IS_TEXT and found.matches(content):
            return found, content
    text = _text(content)
    return _format_of(text), text


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
    """Read one file; its refusals are in `rejects`. An OSError when it cannot be opened."""
    ((_, parsed),) = parse_files([path], zone, format_name)
    if isinstance(parsed, OSError):
        raise parsed
    return parsed


def parse_files(
    paths: Iterable[Path], zone: ZoneInfo, format_name: str | None = None
) -> Iterator[tuple[Path, Parsed | OSError]]:
    """Read files, each as `parse_bytes` does, small ones many at once; in order, each with what it holds or why it
    cannot be opened."""
    reader, opened = _Reader(zone, format_name), list[Path]()
    for path in paths:
        try:
            reader.add(_content(path))
        except OSError as error:
            yield from zip(opened, reader.finish(), strict=True)
            yield path, error
            opened = []
            continue
        opened.append(path)
        if reader.size >= TOGETHER_BYTES or len(opened) >= TOGETHER_FILES:
            yield from zip(opened, reader.finish(), strict=True)
            opened = []
    yield from zip(opened, reader.finish(), strict=True)


def _content(path: Path) -> bytes | RefusalError:
    with path.open("rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_size > container.MAX_BYTES:
            return RefusalError("archive_limit", f"the file has more than {container.MAX_BYTES:,} bytes")
        return file.readall()
