"""Checksums of rows, however they are cut into batches and in whatever order they come."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

# what orders the rows of one date
KEYS = {
    "point_day": ["point_no"],
    "transformer_hour": ["transformer_no", "hour_start"],
    "feeder_hour": ["feeder_no", "hour_start"],
    "collection_day": ["transformer_no"],
}


def sha256(rows: pa.Table, keys: list[str]) -> str:
    """Hash of the rows in the order of their keys."""
    sink = pa.BufferOutputStream()
    ordered = rows.sort_by([(key, "ascending") for key in keys]).replace_schema_metadata(None).combine_chunks()
    with pa.ipc.new_stream(sink, ordered.schema) as stream:
        stream.write_table(ordered)
    return hashlib.sha256(sink.getvalue()).hexdigest()


def of_dates(rollups: Mapping[str, pa.Table], dates: Iterable[date]) -> dict[str, dict[str, str]]:
    """Of each date, the hash of its rows in each roll-up."""
    return {str(day): {name: sha256(of_date(rows, day), KEYS[name]) for name, rows in rollups.items()} for day in dates}


def of_date(rows: pa.Table, day: date) -> pa.Table:
    """The rows of a business date."""
    return rows.filter(pc.equal(rows["business_date"], pa.scalar(day)))
