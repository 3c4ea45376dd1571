"""A hostile Parquet file as a table of known columns: what it claims is checked before anything is unpacked."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gridmart.sources.meter_files import parquet_claims
from gridmart.sources.meter_files.model import MAX_POINT_LENGTH, RefusalError
from gridmart.sources.meter_files.parquet_claims import MAGIC, Limits

TEXT, DATE, WHOLE, REAL, REALS = "string", "date", "integer of at most 64 bits", "double", "list<double>"
MOMENT = "timestamp with a time zone"


def read(data: bytes, kinds: Mapping[str, str], limits: Limits, name: str) -> pa.Table:
    """The columns of `kinds`, in their order; a RefusalError where the file is damaged, too large or has others.

    kinds: column → one of the words above; name: of the format, for reasons.
    """
    if not data.startswith(MAGIC):
        raise RefusalError("missing_header", "the file is not Parquet")
    parquet_claims.check(data, limits)
    try:
        _check_schema(pq.read_schema(pa.BufferReader(data)), kinds, name)
        # texts stay dictionaries: a long text that a million rows share is kept once
        shared = [column for column, kind in kinds.items() if kind == TEXT]
        table = pq.ParquetFile(pa.BufferReader(data), read_dictionary=shared).read(use_threads=False)
        table.validate(full=True)
        return table.select(list(kinds)).unify_dictionaries().combine_chunks()
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        reason = str(error).split("\n", 1)[0][:200]
        if isinstance(error, UnicodeError) or "utf8" in reason.lower():
            raise RefusalError("bad_encoding", "the file holds text that is not UTF-8") from error
        raise RefusalError("damaged", f"the Parquet file cannot be read: {plain(reason)}") from error


def _fits(found: pa.DataType, kind: str) -> bool:
    t = pa.types
    if kind == TEXT:
        is_text = t.is_string(found) or t.is_large_string(found)
        return is_text or (t.is_dictionary(found) and _fits(found.value_type, kind))
    if kind == DATE:
        return t.is_date32(found)
    if kind == MOMENT:
        return t.is_timestamp(found) and found.tz is not None
    if kind == WHOLE:
        return t.is_integer(found) and found != pa.uint64()
    if kind == REAL:
        return t.is_float64(found)
    return (t.is_list(found) or t.is_large_list(found)) and t.is_float64(found.value_type)


def _check_schema(schema: pa.Schema, kinds: Mapping[str, str], name: str) -> None:
    if sorted(schema.names) != sorted(kinds):
        missing = [column for column in kinds if column not in schema.names]
        wrong = f"{missing[0]} is missing" if missing else f"see {plain(_odd(schema.names, kinds))!r}"
        raise RefusalError("missing_header", f"the columns are not those of {name}: {wrong}")
    for column, kind in kinds.items():
        found = schema.field(column).type
        if not _fits(found, kind):
            raise RefusalError("missing_header", f"column {column} is {plain(str(found))}, not {kind}")


def _odd(names: list[str], kinds: Mapping[str, str]) -> str:
    return next(name for name in names if name not in kinds or names.count(name) > 1)


def plain(text: str) -> str:
    """Text for a reason: printable and short."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:120])


def texts(column: pa.Array) -> pa.Array:
    """Texts of a column, null as empty, cut where they are longer than any that is allowed."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    words = pc.utf8_slice_codeunits(column.dictionary.cast(pa.string()), 0, MAX_POINT_LENGTH + 1)
    return pa.DictionaryArray.from_arrays(column.indices, words).dictionary_decode().fill_null("")
