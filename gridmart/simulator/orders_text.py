"""The words of the hotline: `orders_text.yml`, read once, and texts made of it."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

DATA = Path(__file__).with_name("orders_text.yml")
_BUSINESS = "_business"


@dataclass(frozen=True)
class Category:
    """A category of orders; see the head of `orders_text.yml`."""

    code: str
    name: str
    share: float
    by_month: tuple[float, ...]
    hours: tuple[float, float]
    texts: tuple[str, ...]
    results: tuple[str, ...]
    score: float
    closing: str = "usual"
    business: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def _document() -> dict:
    return yaml.safe_load(DATA.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def categories() -> dict[str, Category]:
    """Categories by code, in the order of the file."""
    rows = _document()["categories"]
    frozen = {code: {name: _frozen(value) for name, value in row.items()} for code, row in rows.items()}
    return {code: Category(code=code, **row) for code, row in frozen.items()}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def comments() -> dict[int, list[str]]:
    """What people write into a survey, by score."""
    return _document()["comments"]


def topics() -> dict[str, list[str]]:
    """Reasons of contacts that made no order, by channel."""
    return _document()["topics"]


def written(
    rng: np.random.Generator, codes: list[str], channels: list[str], is_home: list[bool], numbers: dict[str, list[int]]
) -> list[str]:
    """The text of each order: an opening, what was said, a closing.

    `codes`, `channels`, `is_home` (a household) of each; `numbers`: month, kwh, before of each, as they shall stand in
    the text.
    """
    document, kinds, size = _document(), categories(), len(codes)
    start, middle, end = rng.integers(1 << 30, size=(3, size)).tolist()
    slots = {name: rng.integers(len(words), size=size).tolist() for name, words in document["slots"].items()}
    drawn = {"yuan": (60, 900), "days": (5, 40), "clock": (2, 9), "times": (2, 6)}
    numbers = numbers | {name: rng.integers(*bounds, size).tolist() for name, bounds in drawn.items()}
    made = []
    for k, (code, channel, home) in enumerate(zip(codes, channels, is_home, strict=True)):
        texts = kinds[code].texts if home or not kinds[code].business else kinds[code].business
        openings, closings = document["openings"][channel], document["closings"][kinds[code].closing]
        words: dict[str, object] = {name: document["slots"][name][place[k]] for name, place in slots.items()}
        if not home:
            words |= {name.removesuffix(_BUSINESS): w for name, w in words.items() if name.endswith(_BUSINESS)}
        said = texts[middle[k] % len(texts)].format(**words, **{name: values[k] for name, values in numbers.items()})
        made.append(openings[start[k] % len(openings)] + said + closings[end[k] % len(closings)])
    return made
