"""Small meter files made in place."""

import io
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

PARQUET = pa.schema(
    [
        ("point", pa.string()),
        ("channel", pa.string()),
        ("unit", pa.string()),
        ("date", pa.date32()),
        ("interval_minutes", pa.int32()),
        ("version", pa.int64()),
        ("register_start", pa.float64()),
        ("register_end", pa.float64()),
        ("values", pa.list_(pa.float64())),
    ]
)
EVENTS = pa.schema(
    [
        ("point_no", pa.string()),
        ("meter_no", pa.string()),
        ("occurred_at", pa.timestamp("us", "UTC")),
        ("event_code", pa.string()),
        ("event_zh", pa.string()),
        ("event_en", pa.string()),
    ]
)
FROZEN = pa.schema(
    [
        ("point_no", pa.string()),
        ("business_date", pa.date32()),
        ("frozen_at", pa.timestamp("us", "UTC")),
        *((f"{name}_index", pa.float64()) for name in ("total", "sharp", "peak", "flat", "valley", "deep_valley")),
    ]
)
TASKS = pa.schema(
    [
        ("org_no", pa.string()),
        ("business_date", pa.date32()),
        ("task_code", pa.string()),
        ("planned_at", pa.timestamp("us", "UTC")),
        ("result_code", pa.string()),
        ("tries", pa.int32()),
        ("points", pa.int64()),
    ]
)
HEADER = "point,channel,unit,date,interval_minutes,version,register_start,register_end"


def csv_row(
    point: str = "P000000001", day: date | str = date(2026, 10, 1), values: list[object] | None = None,
    channel: str = "import_kwh", unit: str = "kWh", minutes: object = 15, version: object = 1,
    start: object = "", end: object = "",
) -> str:  # fmt: skip
    """One line of gridmart CSV; 96 values of 1.0 unless told otherwise."""
    cells = [point, channel, unit, day, minutes, version, start, end, *(values if values is not None else [1.0] * 96)]
    return ",".join(str(cell) for cell in cells)


def csv_file(*rows: str, width: int = 96) -> bytes:
    """A gridmart CSV of these lines."""
    header = f"{HEADER},{','.join(f'i{n}' for n in range(1, width + 1))}"
    return "".join(f"{line}\n" for line in (header, *rows)).encode()


def record_300(day: str = "20261001", values: list[object] | None = None, tail: str = "A,,,20261002010203,") -> str:
    """A 300 record; 48 values of 0.5 unless told otherwise."""
    return ",".join(["300", day, *(str(value) for value in (values if values is not None else [0.5] * 48)), tail])


def record_200(point: str = "P000000001", suffix: str = "E1", unit: str = "kWh", minutes: object = 30) -> str:
    """A 200 record."""
    return f"200,{point},{suffix},1,{suffix},N1,METER1,{unit},{minutes},"


def nem12_file(*records: str, header: str = "100,NEM12,202610020000,MDP,RET", end: str = "900") -> bytes:
    """A NEM12 file of these records."""
    return "".join(f"{line}\n" for line in (header, *records, end) if line).encode()


def record_250(
    start: str = "20261001000000", end: str = "20261004120000", before: str = "00990.5", after: str = "01012.5",
    quantity: str = "22.0", suffix: str = "11", direction: str = "E", unit: str = "kWh", quality: str = "A",
) -> str:  # fmt: skip
    """A 250 record."""
    return (
        f"250,P000000001,1141,1,{suffix},{suffix},METER1,{direction},{before},{start},A,,,{after},{end},{quality},,,"
        f"{quantity},{unit},20261101,20261005010203,"
    )


def nem13_file(*records: str, end: str = "900") -> bytes:
    """A NEM13 file of these records."""
    return nem12_file(*records, header="100,NEM13,202610020000,MDP,RET", end=end)


def csv_of_days(points: int, first: date, days: int, version: int = 1, base: float = 1.0) -> bytes:
    """Several points and days of gridmart CSV, different everywhere."""
    rows = [
        csv_row(
            f"P{point:09d}", first + timedelta(days=n), [base + point + n + k / 100 for k in range(96)],
            version=version, start=100 + n, end=101 + n,
        )
        for n in range(days) for point in range(points)
    ]  # fmt: skip
    return csv_file(*rows)


def parquet_row(**changed: object) -> dict[str, object]:
    """One record of gridmart Parquet; 96 values of 1.0 unless told otherwise."""
    usual: dict[str, object] = {
        "point": "P000000001", "channel": "import_kwh", "unit": "kWh", "date": date(2026, 10, 1),
        "interval_minutes": 15, "version": 1, "register_start": None, "register_end": None, "values": [1.0] * 96,
    }  # fmt: skip
    return usual | changed


def parquet_table(*rows: dict[str, object]) -> pa.Table:
    """Records of gridmart Parquet."""
    return pa.Table.from_pylist(list(rows), schema=PARQUET)


def packed_parquet(content: pa.Table, **options: object) -> bytes:
    """A Parquet file of any table."""
    sink = io.BytesIO()
    pq.write_table(content, sink, **options)
    return sink.getvalue()


def parquet_file(*rows: dict[str, object], **options: object) -> bytes:
    """A gridmart Parquet file of these records."""
    return packed_parquet(parquet_table(*rows), **options)


def event(**changed: object) -> dict[str, object]:
    """One meter event."""
    usual: dict[str, object] = {
        "point_no": "P000000001", "meter_no": "MP000000001", "occurred_at": datetime(2026, 10, 1, 1, 2, 3, tzinfo=UTC),
        "event_code": "power_off", "event_zh": "电能表停电", "event_en": "power off",
    }  # fmt: skip
    return usual | changed


def frozen(**changed: object) -> dict[str, object]:
    """Frozen registers of one point and day, the end of 1 October."""
    usual: dict[str, object] = {
        "point_no": "P000000001", "business_date": date(2026, 10, 1),
        "frozen_at": datetime(2026, 10, 1, 16, tzinfo=UTC),
        "total_index": 100.5, "sharp_index": 0.0, "peak_index": 20.5, "flat_index": 40.0, "valley_index": 40.0,
        "deep_valley_index": None,
    }  # fmt: skip
    return usual | changed


def frozen_file(*rows: dict[str, object], **options: object) -> bytes:
    """A file of frozen registers."""
    return packed_parquet(pa.Table.from_pylist(list(rows), schema=FROZEN), **options)


def task(**changed: object) -> dict[str, object]:
    """Points of one station that answered a collection of curves at the first try."""
    usual: dict[str, object] = {
        "org_no": "1400101", "business_date": date(2026, 10, 1), "task_code": "curve",
        "planned_at": datetime(2026, 10, 1, 4, tzinfo=UTC), "result_code": "read", "tries": 1, "points": 97,
    }  # fmt: skip
    return usual | changed


def tasks_file(*rows: dict[str, object], **options: object) -> bytes:
    """A file of collection tasks."""
    return packed_parquet(pa.Table.from_pylist(list(rows), schema=TASKS), **options)


def events_file(*rows: dict[str, object], **options: object) -> bytes:
    """A file of meter events."""
    return packed_parquet(pa.Table.from_pylist(list(rows), schema=EVENTS), **options)
