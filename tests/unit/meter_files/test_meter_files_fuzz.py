"""Broken files of every format: never a crash, never a hang, every refusal with its reason."""

import time
import zipfile
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from damage import is_read_whatever_is_broken
from format_samples import SAMPLES, format_of

from gridmart.sources.meter_files.registry import FORMATS, parse_bytes

SECONDS = 20.0  # some hundred times what it takes here; a quadratic reader would take hours
ZONES = (ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"))


def test_every_format_has_a_sample_that_it_alone_recognises():
    assert {format_of(name) for name in SAMPLES} == {found.NAME for found in FORMATS}
    for name, content in SAMPLES.items():
        assert [found.NAME for found in FORMATS if found.matches(content)] == [format_of(name)]
        parsed = parse_bytes(content, ZONES[0])
        assert (parsed.format, parsed.rejects) == (format_of(name), [])


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_broken_file_is_read_to_its_end(name: str, fuzz_cases: int):
    is_read_whatever_is_broken(SAMPLES[name], ZONES, fuzz_cases)


def test_a_broken_archive_is_read_to_its_end(fuzz_cases: int):
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in SAMPLES.items():
            archive.writestr(name, content)
    is_read_whatever_is_broken(packed.getvalue(), ZONES, fuzz_cases)


MEGABYTE = 1 << 20
HOSTILE = {
    "only separators of EDIFACT": b"UNB+UNOC:3'UNH+1+MSCONS:D:04B:UN:2.4c'" + b"'" * (MEGABYTE // 2),
    "one endless segment": b"UNB+UNOC:3'UNH+1+MSCONS:D:04B:UN:2.4c'QTY+220:" + b"?:" * MEGABYTE,
    "one endless text": b'<Report IdRpt="S02"><Cnt>' + b"x &amp; " * MEGABYTE,
    "elements without end": b'<Report IdRpt="S02"><Cnt>' + b"<a/>" * (MEGABYTE // 4),
    "attributes without end": b'<Report IdRpt="S02"><Cnt ' + b" ".join(b"a%d='1'" % n for n in range(MEGABYTE // 8)),
    "an endless name": b'<Report IdRpt="S02"><' + b"a" * (4 * MEGABYTE),
    "usage points without end": b'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:e="http://naesb.org/espi">'
    + b"".join(
        b'<entry><link rel="up" href="UsagePoint/%d/MeterReading/1/IntervalBlock"/><content><IntervalBlock/></content>'
        b"</entry>" % n
        for n in range(20_000)
    ),
    "short records": b"100,NEM12,202610020000,MDP,RET\n200,P,E1,1,E1,N1,M,kWh,30,\n" + b"300,20261001,\n" * 20_000,
    "qualities without end": b"100,NEM12,202610020000,MDP,RET\n200,P,E1,1,E1,N1,M,kWh,30,\n300,20261001,"
    + b"1," * 48 + b"V,,,,\n" + b"400,1,48,A,,\n" * 100_000,
    "commas without end": b"100,NEM12,202610020000,MDP,RET\n200,P,E1,1,E1,N1,M,kWh,30,\n300,20261001" + b"," * MEGABYTE,
    "quotes without end": "计量点编号,数据日期,正向有功总\n".encode() + b'"' * MEGABYTE + b"\n" + b'",' * MEGABYTE,
    "columns without end": "计量点编号,数据日期".encode() + b",1" * MEGABYTE + b"\n",
    "a declared length": b"100,NEM12,202610020000,MDP,RET\n200,P,E1,1,E1,N1,M,kWh,10000000000,\n"
    + b"300,20261001,1,A,,,\n900\n",
    "line ends": b"100,NEM12,202610020000,MDP,RET" + b"\n" * MEGABYTE,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_what_is_built_to_exhaust_a_reader_takes_no_long_time(name: str):
    started = time.process_time()
    parsed = parse_bytes(HOSTILE[name], ZONES[0])
    assert time.process_time() - started < SECONDS
    assert parsed.rejects
    assert parsed.rejects[0].reason


def test_more_refused_records_than_can_be_told_refuse_the_file(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gridmart.sources.meter_files.model.MAX_REJECTS", 10)
    for content in (
        SAMPLES["nem12"] + b"x\n" * 11,
        SAMPLES["nem13"] + b"x\n" * 11,
    ):
        parsed = parse_bytes(content, ZONES[0])
        assert ([reject.rule for reject in parsed.rejects], parsed.accepted) == (["bad_structure"], 0)
    monkeypatch.setattr("gridmart.sources.meter_files.registry.MAX_LINES", 10)
    assert [reject.rule for reject in parse_bytes(b"100,NEM12\n" * 11, ZONES[0]).rejects] == ["archive_limit"]
