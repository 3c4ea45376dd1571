"""What becomes of a file that is odd in one way: odd_input.csv says it for every format and oddity.

`same`: it reads with the same totals and nothing is refused. Another word is the rule by which it, or the record with
the oddity, is refused. A new format needs a column there and, below, a spot for its number, text and length.
"""

import csv
import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from damage import check
from format_samples import SAMPLES
from meter_file_samples import (
    EVENTS,
    FROZEN,
    TASKS,
    event,
    events_file,
    frozen,
    frozen_file,
    packed_parquet,
    parquet_file,
    parquet_row,
    parquet_table,
    task,
    tasks_file,
)

from gridmart.sources.meter_files.registry import parse_bytes
from gridmart.sources.meter_files.summary import summaries

ZONE = ZoneInfo("Asia/Shanghai")
BOM = b"\xef\xbb\xbf"
WORD = "某某客户"
PARQUET = {"gridmart_parquet", "meter_events", "frozen_registers", "collection_tasks"}
PLAIN: dict[str, object] = {"compression": "none", "write_statistics": False, "use_dictionary": False}
TEN_BILLION = b"10000000000"


class Spots(NamedTuple):
    """Bytes of a sample: a number, free text, and a length or count that the file states; each is replaced once.

    The text may be any that is not looked at; where a format has none, it is the point. `|` marks what is replaced.
    """

    number: str
    text: str
    length: str


XML_TEXT = {
    "green_button": "<title>|Batch|</title>",
    "prime": '<Cnc Id="|CIR01|">',
    "prime:S04": '<Cnc Id="|CIR01|">',
    "prime:S05": '<Cnc Id="|CIR01|">',
    "iec61968": "<m:Verb>|created|</m:Verb>",
}
SPOTS = {
    "gridmart_csv": Spots(",|1.0|,", "|P000000002|,", "2026-10-01,|15|,"),
    "nem12": Spots("300,20261001,|0.5|,", ",|METER1|,kWh,30", "kWh,|15|,"),
    "nem13": Spots("20261005000000,A,,,|22.0|,", ",|METER1|,", ",|20261005000000|,"),
    "chinese_csv": Spots(",|4.0|,", "|某某|", "|23:45|"),
    "chinese_csv:frozen": Spots(",|20.5|,", "\n|1400000001|,M", ",|80|,"),
    "green_button": Spots("<value>|2|<", XML_TEXT["green_button"], "<duration>|900|<"),
    "mscons": Spots("QTY+220:|1|:", "UNOC:3+|9900000000001|:", "UNT+|17|+"),
    "prime": Spots('AI="|19|"', XML_TEXT["prime"], 'Magn="|1|"'),
    "prime:S04": Spots('AIa="|308|"', XML_TEXT["prime:S04"], 'Ctr="|1|"'),
    "prime:S05": Spots('AIa="|308|"', XML_TEXT["prime:S05"], 'Ctr="|1|"'),
    "iec61968": Spots("<value>|2|<", XML_TEXT["iec61968"], "12.0.0.0.0.0.0.0.0.|3|.72.0"),
}


def put(name: str, spot: str, new: bytes) -> bytes:
    """The sample with other bytes at the spot, once."""
    before, old, after = (part.encode() for part in spot.split("|"))
    assert before + old + after in SAMPLES[name], (name, spot)
    return SAMPLES[name].replace(before + old + after, before + new + after, 1)


def number(text: str) -> Callable[[str], bytes]:
    """Another number in place of one: in Parquet a double, or a text where it is none."""

    def odd(name: str) -> bytes:
        if name == "meter_events":  # its one number is a time
            wrong = pa.array([float(text) if text.isascii() else text])
            return packed_parquet(pa.Table.from_pylist([event()], schema=EVENTS).set_column(2, "occurred_at", wrong))
        if name == "frozen_registers":
            wrong = pa.array([float(text) if text.isascii() else text])
            return packed_parquet(pa.Table.from_pylist([frozen()], schema=FROZEN).set_column(3, "total_index", wrong))
        if name == "collection_tasks":  # its numbers are whole
            wrong = pa.array([float(text) if text.isascii() else text])
            return packed_parquet(pa.Table.from_pylist([task()], schema=TASKS).set_column(6, "points", wrong))
        if name != "gridmart_parquet":
            return put(name, SPOTS[name].number, text.encode())
        content = parquet_table(parquet_row())
        if not text.isascii():
            return packed_parquet(content.set_column(8, "values", pa.array([[text] * 96])))
        return packed_parquet(content.set_column(8, "values", pa.array([[float(text), *[1.0] * 95]])))

    return odd


def word(new: bytes) -> Callable[[str], bytes]:
    """Other bytes in place of a text."""

    def odd(name: str) -> bytes:
        if name not in PARQUET:
            return put(name, SPOTS[name].text, new)
        if name == "meter_events":
            return events_file(event(), event(meter_no="#" * len(new)), **PLAIN).replace(b"#" * len(new), new)
        if name == "frozen_registers":
            marked = frozen_file(frozen(), frozen(point_no="#" * len(new), total_index=None), **PLAIN)
            return marked.replace(b"#" * len(new), new)
        if name == "collection_tasks":
            return tasks_file(task(), task(org_no="#" * len(new)), **PLAIN).replace(b"#" * len(new), new)
        rows = parquet_row(register_start=1.0, register_end=2.0), parquet_row(point="#" * len(new), unit="Wh")
        marked = parquet_file(*rows, **PLAIN)
        return marked.replace(b"#" * len(new), new)

    return odd


def utf8_in_gbk(name: str) -> bytes:
    """A file in GBK (that says so, where it can), with a word in UTF-8."""
    if name in PARQUET:
        return word(WORD.encode("gbk") + WORD.encode()[:3])(name)
    marked = put(name, SPOTS[name].text, f"{WORD}#".encode()).decode()
    return marked.replace('encoding="UTF-8"', 'encoding="GBK"').encode("gbk").replace(b"#", WORD.encode())


def doctype(inside: str, call: bytes = b"&a9;") -> Callable[[str], bytes]:
    """A document type before the root and a call of its entity; where there is no XML, the same as text."""

    def odd(name: str) -> bytes:
        if name not in XML_TEXT:
            return word(call)(name)
        content = put(name, XML_TEXT[name], call)
        root = min(place for tag in (b"<feed", b"<Report", b"<m:Event") if (place := content.find(tag)) >= 0)
        return content[:root] + f"<!DOCTYPE a {inside}>".encode() + content[root:]

    return odd


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha" * 100}">' for n in range(10))


def laughs_in_an_attribute(name: str) -> bytes:
    """The same, called by the first tag, which is read to find the format."""
    odd = doctype(f"[{LAUGHS}]")(name)
    return (
        odd
        if name not in XML_TEXT
        else odd.replace(b" xmlns", b' x="&a9;" xmlns', 1).replace(b"<Report ", b'<Report x="&a9;" ', 1)
    )


def zipped(content: bytes, path: str = "a") -> bytes:
    """A zip of one file."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(path, content)
    return sink.getvalue()


def zip_of_ten_gb(name: str) -> bytes:
    """A zip whose directory says, in ZIP64, that its file has 10 GB."""
    content = zipped(SAMPLES[name])
    place = content.index(b"PK\1\2")
    entry = bytearray(content[place : place + 46])
    sizes = struct.pack("<HHQ", 1, 8, 10**10)
    entry[24:28], entry[30:32] = b"\xff" * 4, struct.pack("<H", len(sizes))
    end = bytearray(content[content.index(b"PK\5\6") :])
    end[12:16] = struct.pack("<L", struct.unpack("<L", end[12:16])[0] + len(sizes))
    return content[:place] + entry + b"a" + sizes + end


def stated_length(name: str) -> bytes:
    """A length or count of 10 billion in the place of one that the file states."""
    if name in PARQUET:  # of its footer, which can state 4 GB at most; its pages have tests of their own
        return SAMPLES[name][:-8] + b"\xff" * 4 + SAMPLES[name][-4:]
    return put(name, SPOTS[name].length, TEN_BILLION)


FILLING = b"\n" * (26 << 20)  # packs a thousand times
ODDITIES: dict[str, Callable[[str], bytes]] = {
    "byte order mark": lambda name: BOM + SAMPLES[name],
    "line ends of Windows": lambda name: SAMPLES[name].replace(b"\n", b"\r\n"),
    "mark and line ends of Windows": lambda name: BOM + SAMPLES[name].replace(b"\n", b"\r\n"),
    "no last line end": lambda name: SAMPLES[name].rstrip(b"\n"),
    "zero byte": word(b"A\0B"),
    "zero bytes at the end": lambda name: SAMPLES[name] + bytes(512),
    "1e400": number("1e400"),
    "-1e400": number("-1e400"),
    "1e300": number("1e300"),
    "NaN": number("NaN"),
    "inf": number("inf"),
    "-Infinity": number("-Infinity"),
    "full-width digits": number("１２"),
    "GBK within UTF-8": word(WORD.encode() + WORD.encode("gbk") + b"x"),
    "UTF-8 within GBK": utf8_in_gbk,
    "outside entity": doctype('[<!ENTITY a9 SYSTEM "file:///etc/passwd">]'),
    "outside document type": doctype('SYSTEM "http://127.0.0.1:9/a.dtd"', b"B"),
    "billion laughs": doctype(f"[{LAUGHS}]"),
    "billion laughs in an attribute": laughs_in_an_attribute,
    "gzip bomb": lambda name: gzip.compress(SAMPLES[name] + FILLING, 9),
    "zip bomb": lambda name: zipped(SAMPLES[name] + FILLING),
    "archive in an archive": lambda name: zipped(zipped(SAMPLES[name])),
    "path above": lambda name: zipped(SAMPLES[name], "../../a"),
    "path from the root": lambda name: zipped(SAMPLES[name], "/etc/a"),
    "path on a drive": lambda name: zipped(SAMPLES[name], "C:\\a"),
    "zip that states 10 GB": zip_of_ten_gb,
    "gzip that states 4 GB": lambda name: gzip.compress(SAMPLES[name])[:-4] + b"\xff" * 4,
    "length of 10 billion": stated_length,
}
with (Path(__file__).parent / "odd_input.csv").open(encoding="utf-8") as file:
    TABLE = {row.pop("oddity"): row for row in csv.DictReader(file)}
CELLS = [(oddity, name) for oddity, row in TABLE.items() for name in row]


def test_the_table_has_every_format_and_every_oddity():
    assert list(TABLE) == list(ODDITIES)
    assert all(set(row) == set(SAMPLES) and all(row.values()) for row in TABLE.values())
    assert set(SPOTS) == set(SAMPLES) - PARQUET


def totals(content: bytes) -> list[tuple[object, ...]]:
    """What a person would compare, without names: the oddity may stand in one."""
    parsed = parse_bytes(content, ZONE)
    found = summaries("f", parsed, ZONE)
    return [(parsed.accepted,)] + [
        (row["unit"], row["readings"], row["total"], row.get("total_kwh"), row["qualities"]) for row in found
    ]


@pytest.mark.parametrize(("oddity", "name"), CELLS, ids=lambda text: text.replace(" ", "_"))
def test_an_odd_file_is_read_alike_or_refused_by_name(oddity: str, name: str):
    content = ODDITIES[oddity](name)
    rejects = parse_bytes(content, ZONE).rejects
    assert [reject.rule for reject in rejects] == ([] if TABLE[oddity][name] == "same" else [TABLE[oddity][name]])
    assert all(reject.reason for reject in rejects)
    if not rejects:
        assert totals(content) == totals(SAMPLES[name])
    if "bomb" not in oddity:  # nothing of it comes out, however it is looked at
        check(content, ZONE)
