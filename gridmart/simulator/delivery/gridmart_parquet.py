"""gridmart Parquet (docs/formats.md): the columns of gridmart CSV, the values of a day as a list."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gridmart.simulator.delivery import Delivery, Record
from gridmart.simulator.delivery.rows import FIXED, Block, blocks, of_records
from gridmart.simulator.plan import SLOTS

NAME, PREFIX, SUFFIX = "gridmart_parquet", "readings", ".parquet"
SCHEMA = FIXED.append(pa.field("values", pa.list_(pa.float64())))


def write(path: Path, delivery: Delivery) -> None:
    """Write the file of a delivery; the same delivery gives the same bytes (with the same release of Arrow, which
    names itself in the file)."""
    _write(path, blocks(delivery))


def write_records(path: Path, records: list[Record]) -> None:
    """Write a file of single records."""
    _write(path, [of_records(records)])


def _write(path: Path, parts: Iterable[Block]) -> None:
    # every option that decides about bytes is said here, and no Arrow schema is stored
    with pq.ParquetWriter(
        path, SCHEMA, version="2.6", data_page_version="1.0", compression="zstd", compression_level=1,
        use_dictionary=True, write_statistics=True, store_schema=False, data_page_size=1 << 20,
        dictionary_pagesize_limit=1 << 20, write_batch_size=1024,
    ) as writer:  # fmt: skip
        for part in parts:
            values = pa.array(part.values.reshape(-1), from_pandas=True)
            offsets = np.arange(len(part.values) + 1, dtype=np.int32) * SLOTS
            lists = pa.ListArray.from_arrays(pa.array(offsets), values)
            table = pa.table([*part.fixed.columns, lists], schema=SCHEMA)
            writer.write_table(table, row_group_size=len(part.values) or None)
