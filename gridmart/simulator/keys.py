"""Random streams by name: what is drawn depends on its key alone, never on order, workers or machine."""

import hashlib

import numpy as np


def generator(seed: int, *words: object) -> np.random.Generator:
    """The stream of a key, for example `generator(42, "noise", "1400101", date(2026, 1, 1))`.

    The same seed and words give the same stream; any other word gives an independent one.
    """
    text = "\x1f".join([str(seed), *map(str, words)])
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
