"""Plain, gzip, zip; and what hostile or broken containers get."""

import gzip
import io
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from meter_file_samples import csv_file, csv_row, nem12_file, record_200, record_300

from gridmart.sources.meter_files import container
from gridmart.sources.meter_files.registry import parse_bytes, parse_file

ZONE = ZoneInfo("Asia/Shanghai")
CSV = csv_file(csv_row())


def packed(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def rules(data: bytes) -> list[str]:
    return [reject.rule for reject in parse_bytes(data, ZONE).rejects]


@pytest.mark.parametrize(
    "data", [CSV, gzip.compress(CSV), gzip.compress(CSV[:50]) + gzip.compress(CSV[50:]), packed(a=CSV)]
)
def test_the_same_content_reads_alike_however_it_is_packed(data: bytes):
    assert parse_bytes(data, ZONE).days.equals(parse_bytes(CSV, ZONE).days)


def test_several_members_of_several_formats_are_one_delivery():
    parsed = parse_bytes(packed(a=CSV, b=nem12_file(record_200("P000000002"), record_300())), ZONE)
    assert parsed.days["point_no"].to_pylist() == ["P000000001", "P000000002"]
    assert parsed.days["row_number"].to_pylist() == [2, 5]
    assert parsed.format == "gridmart_csv+nem12"


def test_a_bad_member_leaves_the_others():
    parsed = parse_bytes(packed(a=b"", b=CSV, c=packed(x=CSV)), ZONE)
    assert [reject.rule for reject in parsed.rejects] == ["empty_file", "nested_archive"]
    assert parsed.days.num_rows == 1


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "empty_file"),
        (b" \n\n", "empty_file"),
        (bytes(1000), "binary_zeros"),
        (CSV + bytes(10), "binary_zeros"),
        (CSV.replace(b"P000000001", "客户".encode("gbk")), "bad_encoding"),
        (CSV.decode().encode("utf-16"), "bad_encoding"),
        (b"hello,world\n1,2\n", "unknown_format"),
        (b"100,NEM13,200405011135,MDA1,Ret1\n900\n", "empty_file"),
        (gzip.compress(CSV)[:-20], "truncated"),
        (gzip.compress(CSV, mtime=0)[:20] + b"garbage" * 9, "bad_archive"),
        (packed(a=CSV)[:-30], "bad_archive"),
        (packed(a=packed(b=CSV)), "nested_archive"),
        (gzip.compress(packed(b=CSV)), "nested_archive"),
        (packed(**{"../../etc/passwd": CSV}), "path_escape"),
        (packed(**{"/etc/passwd": CSV}), "path_escape"),
        (packed(**{"C:\\boot.csv": CSV}), "path_escape"),
        (packed(), "empty_file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(data: bytes, rule: str):
    parsed = parse_bytes(data, ZONE)
    assert [reject.rule for reject in parsed.rejects] == [rule]
    assert parsed.rejects[0].row_number == 0
    assert parsed.rejects[0].reason
    assert parsed.rejects[0].next_step
    assert parsed.days.num_rows == 0


def test_a_member_without_a_name_is_refused():
    data = packed(a=CSV)
    entry, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    directory = data[entry : entry + 28] + b"\0\0" + data[entry + 30 : entry + 46]
    nameless = data[:entry] + directory + data[end : end + 12] + bytes([len(directory), 0, 0, 0]) + data[end + 16 :]
    assert rules(nameless) == ["bad_archive"]


def test_archive_bombs_stop_at_the_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(container, "RATIO_FREE", 1000)
    bomb = b"0" * 5_000_000
    assert rules(gzip.compress(bomb)) == ["archive_limit"]
    assert rules(packed(a=bomb)) == ["archive_limit"]
    monkeypatch.setattr(container, "MAX_MEMBERS", 2)
    assert rules(packed(a=CSV, b=CSV, c=CSV)) == ["archive_limit"]


def test_a_file_larger_than_the_bound_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(container, "MAX_BYTES", 10)
    (tmp_path / "a.csv").write_bytes(CSV)
    assert [reject.rule for reject in parse_file(tmp_path / "a.csv", ZONE).rejects] == ["archive_limit"]
