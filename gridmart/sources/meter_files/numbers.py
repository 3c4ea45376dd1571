"""Decimal numbers of meter files: what is no finite number is found, never guessed."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
LARGEST = 1e15  # no meter shows more, and what is scaled or added up stays finite
NOT_A_NUMBER = f"not a number within ±{LARGEST:.0e}"
_IS_NUMBER = re.compile(NUMBER)


def are_numbers(values: np.ndarray) -> np.ndarray:
    """Whether each value is finite and of a size that a meter can show."""
    return np.abs(values) <= LARGEST


def number(text: str | None) -> float | None:
    """A number up to LARGEST, or None: Python's own float() also takes `nan`, `1_000` and full-width digits."""
    text = (text or "").strip()
    if not _IS_NUMBER.match(text):
        return None
    value = float(text)
    return value if abs(value) <= LARGEST else None


def cells(body: bytes) -> np.ndarray | None:
    """The numbers of cells that commas part, NaN where a cell is empty; None when one is no number up to LARGEST.

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
    if are_numbers(found).sum() != filled.sum():
        return None
    return found if found.flags.writeable else found.copy()
