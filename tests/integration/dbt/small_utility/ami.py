"""The small utility's readings as the lake would load them: every area loses 4 %, by its boundary meter."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from tests.integration.dbt.small_utility.shared import (
    DAYS,
    FIRST,
    LAST,
    LOADED_AT,
    feeder,
    point,
    put,
    transformer,
)

LOSS = 0.04


def hourly(n: int, day: date) -> list[float]:
    """Import energy of the n-th account in each local hour, kWh; whole watt-hours."""
    return [round(0.5 + n / 10 + 0.4 * math.sin((h + n + day.day) * math.pi / 12), 3) for h in range(24)]


def put_day(connection: psycopg.Connection, day: date, factor: float = 1.0, loaded_at: datetime = LOADED_AT) -> None:
    """All roll-ups of one date, as the lake would load them: delete and insert; factor scales account 3."""
    snapshot = int(loaded_at.timestamp())
    for table in ("point_day", "transformer_hour", "feeder_hour", "collection_day"):
        connection.execute(f"delete from raw_ami.{table} where business_date = %s", (day,))
    use = {n: [round(v * (factor if n == 3 else 1.0), 3) for v in hourly(n, day)] for n in range(1, 13)}
    feed = {n: [0.2 if n == 12 and 9 <= h < 15 else 0.0 for h in range(24)] for n in use}
    areas: dict[str, list[list[float]]] = {}
    for n, values in use.items():
        for area in (f"T000{transformer(n)}", feeder(transformer(n))):
            sums = areas.setdefault(area, [[0.0, 0.0] for _ in range(24)])
            for h in range(24):
                sums[h][0] += values[h]
                sums[h][1] += feed[n][h]

    def point_row(number: str, values: Sequence[float], export: float, estimated: int) -> tuple[Any, ...]:
        total = round(sum(values), 3)
        peak = round(sum(values[8:12]), 3)
        valley = round(sum(values[0:6]), 3)
        return (
            number, day, total, export, round(total * 0.2, 3), 0, peak, round(total - peak - valley, 3), valley, 0,
            max(values), datetime(day.year, day.month, day.day, tzinfo=UTC), [float(v) for v in values], 96,
            96 - estimated, estimated, 0, None, snapshot, loaded_at,
        )  # fmt: skip

    # account 5 misses four intervals on every tenth day
    missed = {f"T000{transformer(5)}": 4 if day.day % 10 == 0 else 0}
    rows = [point_row(point(n), v, sum(feed[n]), sum(missed.values()) if n == 5 else 0) for n, v in use.items()]
    for area, sums in areas.items():
        supplied = [round(sold / (1 - LOSS) - generated, 3) for sold, generated in sums]
        kind = "P0000010" if area[0] == "T" else "P0000020"
        rows.append(point_row(f"{kind}{int(area[1:]):02}", supplied, 0.0, 0))
    put(
        connection, "raw_ami", "point_day", rows,
        "point_no,business_date,import_kwh,export_kwh,import_kvarh,sharp_kwh,peak_kwh,flat_kwh,valley_kwh,"
        "deep_valley_kwh,peak_kw,peak_at,hourly_kwh,intervals_due,intervals_actual,intervals_estimated,rule_bits,"
        "register_advance_kwh,lake_snapshot_id,loaded_at",
    )  # fmt: skip
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
    for table, key, first in (("transformer_hour", "transformer_no", "T"), ("feeder_hour", "feeder_no", "F")):
        put(
            connection, "raw_ami", table,
            [
                (area, midnight + timedelta(hours=h), day, round(sold / (1 - LOSS) - generated, 3), round(sold, 3),
                 round(generated, 3), 0.0, round(sold * 0.1, 3) * (day.day % 10 == 0 and area in ("T0001", "F001")),
                 3, snapshot, loaded_at)
                for area, sums in areas.items() if area[0] == first
                for h, (sold, generated) in enumerate(sums)
            ],
            f"{key},hour_start,business_date,supplied_kwh,sold_kwh,generation_kwh,supplied_estimated_kwh,"
            "sold_estimated_kwh,points,lake_snapshot_id,loaded_at",
        )  # fmt: skip
    put(
        connection, "raw_ami", "collection_day",
        [
            (day, t, 4, 4, 4 - (lost > 0), 384, 384 - lost, lost, snapshot, loaded_at)
            for t in ("T0001", "T0002", "T0003", "T0004")
            for lost in (missed.get(t, 0),)
        ]
        + [(day, "", 2, 2, 2, 192, 192, 0, snapshot, loaded_at)],
        "business_date,transformer_no,points_due,points_read,points_complete,intervals_due,intervals_actual,"
        "intervals_estimated,lake_snapshot_id,loaded_at",
    )  # fmt: skip


def load(connection: psycopg.Connection) -> None:
    """All dates, the file they came in, what it had to leave out, events of meters, tasks of the head-end."""
    for n in range(DAYS):
        put_day(connection, FIRST + timedelta(days=n))
    put(
        connection, "raw_ami", "file", [("f" * 64, "a.csv", "csv", "partly", 100, 99, 1, 9_504, LOADED_AT)],
        "file_id,name,format,status,delivered_records,accepted_records,quarantined_records,readings,arrived_at",
    )  # fmt: skip
    put(
        connection, "raw_ami", "quarantine",
        [("f" * 64, "a.csv", 7, "negative", "import below zero", "ask for a new version", point(9), FIRST, LAST)],
        "file_id,file_name,row_number,rule,reason,next_step,point_no,business_date,arrived_date",
    )  # fmt: skip
    noon = datetime(2026, 9, 17, 4, tzinfo=UTC)
    put(
        connection, "raw_ami", "meter_event",
        [
            (number, f"M{number}", code, noon + timedelta(hours=hours), (noon + timedelta(hours=hours)).date(),
             LOADED_AT, "f" * 64, row)
            for row, (number, code, hours) in enumerate(
                [(point(3), "power_off", 0), (point(3), "power_on", 2), (point(4), "cover_open", 0),
                 ("P999999999", "beep", 0)],
                start=1,
            )
        ],
        "point_no,meter_no,event_code,occurred_at,business_date,arrived_at,file_id,row_number",
    )  # fmt: skip
    # curves of station 1: two failed, one of them answered the retry of a later file; of station 2: one failed for a
    # reason without a name
    told_later = LOADED_AT + timedelta(hours=1)
    put(
        connection, "raw_ami", "collection_task",
        [
            (org, FIRST + timedelta(days=days), "curve", noon, result, tries, points, at, file * 64, row)
            for row, (org, days, result, tries, points, at, file) in enumerate(
                [("1400101", 0, "read", 1, 5, LOADED_AT, "a"), ("1400101", 0, "no_response", 3, 2, LOADED_AT, "a"),
                 ("1400101", 0, "read", 1, 5, told_later, "b"), ("1400101", 0, "read", 4, 1, told_later, "b"),
                 ("1400101", 0, "no_response", 4, 1, told_later, "b"), ("1400102", 0, "read", 2, 6, LOADED_AT, "c"),
                 ("1400102", 0, "x.17", 0, 1, LOADED_AT, "c"), ("1400101", 1, "read", 1, 7, LOADED_AT, "d")],
                start=1,
            )
        ],
        "org_no,business_date,task_code,planned_at,result_code,tries,points,arrived_at,file_id,row_number",
    )  # fmt: skip
    # account 3 by period on two dates: the second as its readings say, but for a kilowatt-hour of peak that is flat
    day, use = FIRST + timedelta(days=9), hourly(3, FIRST + timedelta(days=9))
    peak, valley = round(sum(use[8:12]), 2), round(sum(use[0:6]), 2)
    flat = round(sum(use) - peak - valley, 2)
    put(
        connection, "raw_ami", "register_day",
        [
            (point(3), day - timedelta(days=1), 1000.0, 0.0, 100.0, 600.0, 300.0, 0.0, 0, LOADED_AT),
            (point(3), day, 1000.0 + peak + flat + valley, 0.0, 100.0 + peak - 1, 600.0 + flat + 1, 300.0 + valley, 0.0,
             0, LOADED_AT),
            (point(3), day + timedelta(days=10), 2000.0, 0.0, 400.0, 1000.0, 600.0, 0.0, 0, LOADED_AT),
        ],
        "point_no,business_date,total_index,sharp_index,peak_index,flat_index,valley_index,deep_valley_index,version,"
        "arrived_at",
    )  # fmt: skip
