"""The runbook `add_a_meter_format` as it was tried: a format of one line a reading, written by its steps alone."""

import re
import sys
from datetime import datetime
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from gridmart.settings import PROJECT_DIR
from gridmart.sources.meter_files import registry
from gridmart.sources.meter_files.grid import Gatherer, Stream
from gridmart.sources.meter_files.model import Format, Parsed, RefusalError
from gridmart.sources.meter_files.numbers import number
from gridmart.sources.meter_files.times import iso_s

ZONE = ZoneInfo("Asia/Shanghai")
SAMPLE = b"reading log\nP1 2026-10-01T00:00:00+08:00 1.25\nP1 2026-10-01T00:15:00+08:00 x\nP1 2026-10-01T00:30 2\n"

NAME = "reading_log"
IS_TEXT = True


def matches(head: bytes) -> bool:
    """The first line says what it is."""
    return head.startswith(b"reading log\n")


def parse(data: bytes, zone: ZoneInfo) -> Parsed:
    """One line a reading: point, start, kWh of a quarter of an hour."""
    lines = data.decode().splitlines()
    if len(lines) < 2:
        raise RefusalError("empty_file", "there is no line below the first")
    found = Gatherer(zone)
    for row, line in enumerate(lines[1:], start=2):
        cells = line.split(" ")
        if len(cells) != 3:
            found.reject(row, "bad_structure", f"{len(cells)} words, a reading has 3", None, line)
            continue
        stream = Stream(cells[0], "kWh", "import_kwh", "kWh", 1)
        start, value = iso_s(cells[1], zone), number(cells[2])
        if start is None:
            found.reject(row, "bad_date", f"{cells[1][:40]!r} is not a time in ISO 8601", stream, line)
        elif value is None:
            found.reject(row, "bad_number", f"{cells[2][:40]!r} is not a number", stream, line)
        else:
            found.interval(stream, start, 900, value, "A", row)
    return found.parsed(NAME, len(lines))


def test_a_format_written_by_the_runbook_is_found_and_read(monkeypatch: pytest.MonkeyPatch):
    module: Format | ModuleType = sys.modules[__name__]
    monkeypatch.setattr(registry, "FORMATS", (*registry.FORMATS, module))
    parsed = registry.parse_bytes(SAMPLE, ZONE)
    assert parsed.format == NAME
    assert [(reject.row_number, reject.rule) for reject in parsed.rejects] == [(3, "bad_number")]
    row = parsed.days.to_pylist()[0]
    assert (row["point_no"], row["business_date"], row["values"][:3]) == (
        "P1", datetime(2026, 10, 1, tzinfo=ZONE).date(), [1.25, None, 2.0],
    )  # fmt: skip
    assert registry.format_named(NAME) is module


def test_the_samples_of_the_page_of_formats_are_read():
    page = (PROJECT_DIR / "docs" / "formats.md").read_text()
    read = {}
    for language, sample in re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        if language == "python":
            continue
        if sample.startswith("<S04"):
            sample = f'<Report IdRpt="S04"><Cnc><Cnt Id="ZIV001">{sample}</Cnt></Cnc></Report>'
        if "…" not in sample or sample.startswith("<feed"):
            parsed = registry.parse_bytes(sample.encode(), ZONE)
            assert (parsed.rejects, parsed.accepted > 0) == ([], True), sample
            read[parsed.format] = parsed.accepted
    assert set(read) == {"nem13", "chinese_csv", "green_button", "mscons", "prime", "iec61968"}
