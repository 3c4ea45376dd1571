"""Decimal numbers of meter files: what is no finite number is found, never guessed."""

import math
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_IS_NUMBER = re.compile(NUMBER)


def number(text: str | None) -> float | None:
    """A finite number, or None: Python's own float() also takes `nan`, `1_000` and full-width digits."""
    text = (text or "").strip()
    if not _IS_NUMBER.match(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def cells(body: bytes) -> np.ndarray | None:
    """The numbers of cells that commas part, NaN where a cell is empty; None when one is no finite number.

    The commas are cut out, so that the rest is the data of one Arrow array of texts, which is cast at once.
    """
    content = np.frombuffer(body, dtype=np.uint8)
    is_comma = content == 44
    commas = np.flatnonzero(is_comma)
    offsets = np.empty(len(commas) + 2, dtype=np.int64)
    offsets[0] = 0
    np.subtract(commas, np.arange(len(commas)), out=offsets[1:-1])
    offsets[-1] = len(content) - len(commas)
    count = len(offsets) - 1
    filled = offsets[1:] > offsets[:-1]
    valid = None if filled.all() else pa.py_buffer(np.packbits(filled, bitorder="little").tobytes())
    digits = pa.py_buffer(content[~is_comma])
    texts = pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), digits, valid)
    try:
        values = pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:
        return None
    found = values.to_numpy(zero_copy_only=False)
    if np.isfinite(found).sum() != filled.sum():
        return None
    return found if found.flags.writeable else found.copy()
