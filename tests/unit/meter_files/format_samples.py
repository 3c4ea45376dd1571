"""Small files of the formats of other head-ends, made in place, and one whole file of each format."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from meter_file_samples import (
    csv_file,
    csv_row,
    event,
    events_file,
    frozen,
    frozen_file,
    nem12_file,
    nem13_file,
    parquet_file,
    parquet_row,
    record_200,
    record_250,
    record_300,
    task,
    tasks_file,
)

EASTERN = ZoneInfo("America/New_York")
CURVE = ",".join(f"{k // 4:02d}:{k % 4 * 15:02d}" for k in range(96))
RULES = ("360E2000", "B40E2000")  # second Sunday of March, first Sunday of November, 02:00


def curve_csv(*rows: str, head: str = "计量点编号,用户名称,数据日期,数据项,单位", times: str = CURVE) -> str:
    """An export of curves: one line a row, its values after the cells of the head."""
    return "".join(f"{line}\n" for line in (f"{head},{times}", *rows))


def curve_row(
    item: str = "有功功率曲线", unit: str = "kW", values: list[object] | None = None, day: str = "2026-10-01"
) -> str:
    """A row of `curve_csv`; 96 values of 4.0 unless told otherwise."""
    cells = ["P000000001", "某某", day, item, unit, *(values if values is not None else [4.0] * 96)]
    return ",".join(str(cell) for cell in cells)


def frozen_csv(
    *rows: str, head: str = "户号,资产编号,数据日期,综合倍率,正向有功总,正向有功尖,正向有功峰,正向有功平,正向有功谷"
) -> str:
    """An export of daily frozen registers."""
    return "".join(f"{line}\n" for line in (head, *rows))


def reading_type(power: int = 0, uom: int = 72, flow: int = 1, behaviour: int = 4, name: str = "07") -> str:
    """An entry with a ReadingType."""
    return f"""<entry><link rel="self" href="ReadingType/{name}"/><content><ReadingType xmlns="http://naesb.org/espi">
<accumulationBehaviour>{behaviour}</accumulationBehaviour><commodity>1</commodity><flowDirection>{flow}</flowDirection>
<intervalLength>900</intervalLength><kind>12</kind><powerOfTenMultiplier>{power}</powerOfTenMultiplier>
<uom>{uom}</uom></ReadingType></content></entry>"""


def usage_point(
    name: str = "UP1", kind: int = 0, reading: str = "01", customer: str = "9b", type_name: str = "07"
) -> str:
    """Entries of a UsagePoint and its MeterReading."""
    base = f"/espi/1_1/resource/RetailCustomer/{customer}/UsagePoint/{name}"
    return f"""<entry><link rel="self" href="{base}"/><link rel="related" href="LocalTimeParameters/01"/><content>
<UsagePoint xmlns="http://naesb.org/espi"><ServiceCategory><kind>{kind}</kind></ServiceCategory></UsagePoint></content>
</entry><entry><link rel="self" href="{base}/MeterReading/{reading}"/>
<link rel="related" href="{base}/MeterReading/{reading}/IntervalBlock"/>
<link rel="related" href="ReadingType/{type_name}"/><content><MeterReading xmlns="http://naesb.org/espi"/></content>
</entry>"""


def interval_block(
    values: list[object], start: datetime, seconds: int = 900, name: str = "UP1", reading: str = "01",
    customer: str = "9b", quality: int | None = None,
) -> str:  # fmt: skip
    """An entry with an IntervalBlock; its values follow each other."""
    base = (
        f"https://utility.example/espi/1_1/resource/RetailCustomer/{customer}/UsagePoint/{name}/MeterReading/{reading}"
    )
    said = f"<ReadingQuality><quality>{quality}</quality></ReadingQuality>" if quality is not None else ""
    at = int(start.timestamp())
    readings = "\n".join(
        f"<IntervalReading><cost>9</cost>{said}<timePeriod><duration>{seconds}</duration>"
        f"<start>{at + k * seconds}</start></timePeriod><value>{value}</value></IntervalReading>"
        for k, value in enumerate(values)
    )
    return f"""<entry><link rel="self" href="{base}/IntervalBlock/1"/><link rel="up" href="{base}/IntervalBlock"/>
<content><IntervalBlock xmlns="http://naesb.org/espi"><interval><duration>86400</duration><start>{at}</start></interval>
{readings}
</IntervalBlock></content><updated>2026-10-02T01:02:03Z</updated></entry>"""


def local_time(offset: int = -18000) -> str:
    """An entry with LocalTimeParameters."""
    return f"""<entry><link rel="self" href="LocalTimeParameters/01"/><content>
<LocalTimeParameters xmlns="http://naesb.org/espi"><dstEndRule>{RULES[1]}</dstEndRule><dstOffset>3600</dstOffset>
<dstStartRule>{RULES[0]}</dstStartRule><tzOffset>{offset}</tzOffset></LocalTimeParameters></content></entry>"""


def feed(*entries: str) -> bytes:
    """A Green Button feed."""
    body = "\n".join(entries)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- a feed -->\n<feed xmlns="http://www.w3.org/2005/Atom" '
        f'xmlns:e="http://naesb.org/espi">\n<title>Batch</title>\n{body}\n</feed>\n'
    ).encode()


def prime_report(number: str, *meters: str) -> bytes:
    """A report of a concentrator."""
    body = "\n".join(meters)
    return (
        f'<Report IdRpt="{number}" IdPet="0" Version="3.1.c">\n<Cnc Id="CIR01">\n{body}\n</Cnc>\n</Report>\n'.encode()
    )


def prime_meter(*records: str, magnitude: str = "", name: str = "ZIV001") -> str:
    """A meter of a report."""
    said = f' Magn="{magnitude}"' if magnitude else ""
    return f'<Cnt Id="{name}"{said}>\n' + "\n".join(records) + "\n</Cnt>"


def s02(end: str, value: object = 19, bits: str = "00") -> str:
    """A value of a load profile."""
    return f'<S02 Fh="{end}" Bc="{bits}" AI="{value}" AE="2" R1="11" R4="3"/>'


def s04(index: object = 308) -> str:
    """A billing close."""
    return (
        f'<S04 Fhi="20260901000000000S" Fhf="20261001000000000S" Ctr="1" Pt="0" Mx="471" Fx="20260908130000000S">\n'
        f'<Value AIa="{index}" AEa="0"/><Value AIi="19" AEi="0"/></S04>'
    )


def s05(at: str, index: object = 308) -> str:
    """A daily close."""
    return f'<S05 Fh="{at}" Ctr="1" Pt="0"><Value AIa="{index}" AEa="0"/></S05>'


def iec_document(*meter_readings: str) -> bytes:
    """A message with MeterReadings."""
    body = "\n".join(meter_readings)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<m:EventMessage xmlns:m="http://iec.ch/TC57/2011/schema/message"><m:Header><m:Verb>created</m:Verb>
<m:Noun>MeterReadings</m:Noun><m:Timestamp>2026-10-02T01:00:00+08:00</m:Timestamp></m:Header><m:Payload>
<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#">
{body}
</MeterReadings></m:Payload></m:EventMessage>
""".encode()


def iec_block(
    values: list[object], first_end: datetime, seconds: int = 900, kind: str = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0",
    quality: str = "",
) -> str:  # fmt: skip
    """IntervalBlocks whose values follow each other."""
    said = f'<ReadingQualities><ReadingQualityType ref="{quality}"/></ReadingQualities>' if quality else ""
    readings = "\n".join(
        f"<IntervalReadings><timeStamp>{(first_end + timedelta(seconds=k * seconds)).isoformat()}</timeStamp>"
        f"<value>{value}</value>{said}</IntervalReadings>"
        for k, value in enumerate(values)
    )
    return f'<IntervalBlocks>\n{readings}\n<ReadingType ref="{kind}"/></IntervalBlocks>'


def iec_reading(value: object, at: str, kind: str = "0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0", period: str = "") -> str:
    """Readings with one value."""
    return f'<Readings><timeStamp>{at}</timeStamp>{period}<value>{value}</value><ReadingType ref="{kind}"/></Readings>'


def iec_meter(*parts: str, name: str = "METER1") -> str:
    """A MeterReading."""
    return f"<MeterReading><Meter><Names><name>{name}</name></Names></Meter>\n" + "\n".join(parts) + "\n</MeterReading>"


def edifact(*segments: str, end: bool = True) -> bytes:
    """An interchange of one MSCONS message whose UNT counts right."""
    body = ["UNH+1+MSCONS:D:04B:UN:2.4c", "BGM+7+DOC1+9", "DTM+137:202610020100?+00:303", *segments]
    close = [f"UNT+{len(body) + 1}+1", "UNZ+1+REF1"] if end else []
    lines = ["UNB+UNOC:3+9900000000001:500+9900000000002:500+261002:0100+REF1", *body, *close]
    return ("UNA:+.? '\n" + "".join(f"{line}'\n" for line in lines)).encode()


def edi_intervals(values: list[object], start: datetime, seconds: int = 900, qualifier: str = "220") -> list[str]:
    """QTY with its DTM for values that follow each other."""
    found = []
    for k, value in enumerate(values):
        begin, end = (start + timedelta(seconds=seconds * n) for n in (k, k + 1))
        found.append(f"QTY+{qualifier}:{value}:KWH")
        found += [f"DTM+{code}:{at:%Y%m%d%H%M}?+08:303" for code, at in ((163, begin), (164, end))]
    return found


START = datetime(2026, 10, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
POINT = "LOC+172+DE00012345600000000000000000TEST1"

# a whole small file of each format, by its name; of a format's other kinds of file, by `<format>:<kind>`
SAMPLES: dict[str, bytes] = {
    "gridmart_csv": csv_file(csv_row(start=1, end=2), csv_row("P000000002", unit="Wh")),
    "gridmart_parquet": parquet_file(
        parquet_row(register_start=1.0, register_end=2.0), parquet_row(point="P000000002", unit="Wh")
    ),
    "meter_events": events_file(event(), event(event_code="power_on", meter_no="MP000000002")),
    "frozen_registers": frozen_file(frozen(), frozen(point_no="P000000002", total_index=None)),
    "collection_tasks": tasks_file(task(), task(result_code="no_response", tries=3, points=2)),
    "nem12": nem12_file(
        record_200(), record_300(), record_300("20261002", tail="V,,,,"), "400,1,20,A,,", "400,21,48,S14,0,lost",
        "500,S,SRV1,20261001121004,001123.5", record_200(suffix="B1", minutes=15), record_300(values=[1] * 96),
    ),
    "nem13": nem13_file(record_250(), "550,N,,S,SRV-1", record_250(end="20261005000000")),
    "chinese_csv": curve_csv(curve_row(), curve_row("反向有功电量曲线", "kWh", day="2026/10/2")).encode(),
    "chinese_csv:frozen": frozen_csv(
        "1400000001,M000001,2026-10-01,80,100.5,1.0,20.5,39.0,40.0",
        "1400000001,M000001,2026-10-02,80,102.5,1.5,21.5,39.5,40.0",
    ).encode(),
    "green_button": feed(
        usage_point(), reading_type(), local_time(), interval_block([1, 2, 3], START),
        interval_block([4, 5], START + timedelta(hours=1), quality=8),
    ),
    "mscons": edifact(POINT, "LIN+1", "PIA+5+1-1?:1.29.0:SRW", *edi_intervals([1, 2.5], START),
                      "LIN+2", "PIA+5+1-1?:1.8.0:SRW", "QTY+67:100.5:KWH", "DTM+7:202610010000?+08:303"),
    "prime": prime_report("S02", prime_meter(s02("20261001010000000S"), s02("20261001020000000S"), magnitude="1")),
    "prime:S04": prime_report("S04", prime_meter(s04())),
    "prime:S05": prime_report("S05", prime_meter(s05("20261001000000000S"), s05("20261002000000000S", 309))),
    "iec61968": iec_document(
        iec_meter(iec_block([1, 2], START + timedelta(minutes=15)), iec_reading(100, "2026-10-01T00:00:00+08:00"))
    ),
}  # fmt: skip


def format_of(name: str) -> str:
    """The format of a name in SAMPLES."""
    return name.partition(":")[0]
