"""Broken files of every format: never a crash, never a hang, every refusal with its reason."""

import zipfile
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from damage import is_read_whatever_is_broken
from meter_file_samples import SAMPLES

from gridmart.sources.meter_files.registry import FORMATS, parse_bytes

ZONES = (ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"))
BINARY = {"gridmart_parquet"}  # their readers have tests of their own


def test_every_format_has_a_sample_that_it_alone_recognises():
    assert set(SAMPLES) == {found.NAME for found in FORMATS} - BINARY
    for name, content in SAMPLES.items():
        assert [found.NAME for found in FORMATS if found.matches(content)] == [name]
        parsed = parse_bytes(content, ZONES[0])
        assert (parsed.format, parsed.rejects) == (name, [])


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_broken_file_is_read_to_its_end(name: str, fuzz_cases: int):
    for zone in ZONES:
        is_read_whatever_is_broken(SAMPLES[name], zone, fuzz_cases // len(ZONES))


def test_a_broken_archive_is_read_to_its_end(fuzz_cases: int):
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in SAMPLES.items():
            archive.writestr(name, content)
    is_read_whatever_is_broken(packed.getvalue(), ZONES[0], fuzz_cases)
