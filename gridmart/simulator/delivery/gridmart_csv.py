"""gridmart CSV (docs/formats.md): one line per point, channel and date."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from gridmart.simulator.delivery import Delivery, Record
from gridmart.simulator.delivery.rows import FIXED, Block, blocks, of_records
from gridmart.simulator.plan import SLOTS

NAME, PREFIX, SUFFIX = "gridmart_csv", "readings", ".csv"
NAMES = [*FIXED.names, *(f"i{k + 1}" for k in range(SLOTS))]
_OPTIONS = csv.WriteOptions(include_header=False, quoting_style="none", batch_size=1024)


def write(path: Path, delivery: Delivery) -> None:
    """Write the file of a delivery; the same delivery gives the same bytes."""
    _write(path, blocks(delivery))


def write_records(path: Path, records: list[Record]) -> None:
    """Write a file of single records."""
    _write(path, [of_records(records)])


def _write(path: Path, parts: Iterable[Block]) -> None:
    with path.open("wb") as sink:
        sink.write(",".join(NAMES).encode() + b"\n")
        for part in parts:
            turned = np.ascontiguousarray(part.values.T)
            intervals = [pa.array(column, from_pandas=True) for column in turned]
            csv.write_csv(pa.table([*part.fixed.columns, *intervals], names=NAMES), sink, _OPTIONS)
