"""Exports of a Chinese head-end (docs/formats.md): curves 曲线.csv and registers 日冻结示数.csv in one zip, both GBK.

All channels, registers, units, versions and repeated rows have their place. A register stands once, at 00:00 of its
date: the end of a day and the start of the next are one row, unless they differ (a new meter).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from gridmart.simulator.delivery import Delivery, Record, packed
from gridmart.simulator.delivery.rows import Block, blocks, indexes, record_blocks
from gridmart.simulator.plan import MINUTES, SLOTS

NAME, PREFIX, SUFFIX = "chinese_csv", "curves", packed.SUFFIX
ENCODING = "gbk"
ITEMS = {
    "import_kwh": "正向有功电量曲线", "export_kwh": "反向有功电量曲线", "import_kvarh": "正向无功电量曲线",
    "export_kvarh": "反向无功电量曲线", "voltage_v": "电压曲线", "current_a": "电流曲线",
}  # fmt: skip
REGISTERS = {
    "import_kwh": "正向有功总", "export_kwh": "反向有功总", "import_kvarh": "正向无功总", "export_kvarh": "反向无功总",
}  # fmt: skip
TIMES = [f"{k * MINUTES // 60:02d}:{k * MINUTES % 60:02d}" for k in range(SLOTS)]
CURVE = ["计量点编号", "数据日期", "数据项", "单位", "版本", *TIMES]
FROZEN = ["计量点编号", "数据日期", "版本", *REGISTERS.values()]
_OPTIONS = csv.WriteOptions(include_header=False, quoting_style="none", batch_size=1024)


def write(path: Path, delivery: Delivery) -> None:
    """Write the zip of a delivery."""
    packed.write(path, _documents(blocks(delivery)))


def write_records(path: Path, records: list[Record]) -> None:
    """Write a zip of single records."""
    packed.write(path, _documents(record_blocks(records)))


def _documents(parts: Iterable[Block]) -> Iterator[packed.Document]:
    frozen: list[bytes] = []

    def curves() -> Iterator[bytes]:
        yield _header(CURVE)
        for part in parts:
            frozen.append(_frozen(part))
            yield _curves(part)

    yield "曲线.csv", curves()
    if any(frozen):
        yield "日冻结示数.csv", [_header(FROZEN), *frozen]


def _header(names: list[str]) -> bytes:
    return f"{','.join(names)}\n".encode(ENCODING)


def _curves(part: Block) -> bytes:
    names = list(ITEMS)
    place = [names.index(channel) for channel in part.fixed["channel"].to_pylist()]
    items = pa.array(list(ITEMS.values())).take(pa.array(place, pa.int32()))
    turned = np.ascontiguousarray(part.values.T)
    text = _csv(
        part.fixed["point"], part.fixed["date"], items, part.fixed["unit"], part.fixed["version"],
        *(pa.array(column, from_pandas=True) for column in turned),
    )  # fmt: skip
    for item in ITEMS.values():  # Arrow writes UTF-8 alone; these are the only words that are not ASCII
        text = text.replace(item.encode(), item.encode(ENCODING))
    return text


def _frozen(part: Block) -> bytes:
    found = indexes(part)
    channels = np.array(found["channel"].to_pylist(), object)
    index = found["index"].to_numpy()
    columns = (pa.array(np.where(channels == name, index, np.nan), from_pandas=True) for name in REGISTERS)
    return _csv(found["point"], found["date"], found["version"], *columns)


def _csv(*columns: pa.Array | pa.ChunkedArray) -> bytes:
    sink = pa.BufferOutputStream()
    csv.write_csv(pa.table(list(columns), names=[str(k) for k in range(len(columns))]), sink, _OPTIONS)
    return sink.getvalue().to_pybytes()
