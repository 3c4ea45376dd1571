"""Break a file in many ways; whatever is broken, it is read to its end, and what is refused says why.

The long run: `pytest tests/unit/meter_files/test_meter_files_fuzz.py --fuzz-cases 10000`.
"""

import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridmart.lake import ingest_work
from gridmart.sources.meter_files import flatten
from gridmart.sources.meter_files.model import Parsed
from gridmart.sources.meter_files.registry import parse_bytes
from gridmart.sources.meter_files.summary import readings, summaries

REALS = {"value", "index_start", "index_end"}
SECONDS = 5.0  # of the processor: far above what a small file takes
PIECES = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\n\n", b"1e400", b"1e300", b"NaN", b"-Infinity", "１２３".encode(),
    "中文".encode("gbk"), "中文".encode(), b"99999999999999999999", b"-1", b"", b",", b",,,,,,", b"'", b'"', b"+", b":",
    b"?", b"<", b">", b"</", b"&amp;", b"&lol;", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"<a>" * 200, b"]]>", b"20260230",
    b"24:00", b"00000000000000", b"2026-10-25T02:30",
)  # fmt: skip


def broken(content: bytes, chance: random.Random) -> bytes:
    """The content with a few of its bytes changed, cut, doubled or moved."""
    for _ in range(chance.randint(1, 6)):
        place, length = chance.randrange(len(content) + 1), chance.choice((0, 1, 1, 2, 5, 20, 200))
        kind = chance.randrange(6)
        if kind == 0:
            content = content[:place] + content[place + length :]
        elif kind == 1:
            content = content[:place] + chance.choice(PIECES) + content[place + length :]
        elif kind == 2:
            content = content[:place] + chance.randbytes(length) + content[place + length :]
        elif kind == 3:
            content = content[:place] + content[place : place + length] * chance.randint(2, 4) + content[place:]
        elif kind == 4:
            content = content[:place]
        else:
            other = chance.randrange(len(content) + 1)
            content = content[:place] + content[other : other + length] + content[place + length :]
    return content


def numbers_of(parsed: Parsed) -> Iterator[np.ndarray]:
    """Every number that was read, without those that are not there."""
    yield parsed.days["values"].combine_chunks().flatten().drop_null().to_numpy()
    for table in (parsed.reads, parsed.registers, parsed.frozen):
        for name in REALS.intersection(table.column_names):
            yield table[name].drop_null().to_numpy()


def check(content: bytes, zone: ZoneInfo) -> None:
    """Read one file as a command and the lake would; every record is accepted or refused with a reason."""
    started = time.process_time()
    parsed = parse_bytes(content, zone)
    assert parsed.delivered >= 1, "a file says at least why it holds nothing"
    assert all(reject.reason and reject.next_step and "\0" not in reject.content for reject in parsed.rejects)
    assert all(np.isfinite(values).all() for values in numbers_of(parsed))
    for summary in summaries("f", parsed, zone):
        assert json.loads(json.dumps(summary, allow_nan=False))["readings"] >= 0
    readings("f", parsed, zone)
    screened = flatten.screen(parsed, datetime(2026, 11, 1, tzinfo=zone), zone)
    assert screened.delivered == parsed.delivered
    assert all(np.isfinite(values).all() for values in numbers_of(screened))
    account = ingest_work._result("f", parsed.delivered, screened, zone)
    assert account.delivered == account.accepted + len(account.rejects)
    assert account.accepted == 0 or account.first_at <= account.last_at
    days = screened.days.append_column("file_id", [["f"] * screened.days.num_rows])
    days = days.append_column("arrived_at", [[datetime(2026, 11, 1, tzinfo=zone)] * days.num_rows])
    for day in set(days["business_date"].to_pylist()):
        rows = days.filter([found == day for found in days["business_date"].to_pylist()])
        flatten.readings(rows, day, zone)
    assert time.process_time() - started < SECONDS


def is_read_whatever_is_broken(content: bytes, zones: Sequence[ZoneInfo], cases: int) -> None:
    """Check many broken forms of a whole file, each in one of the zones."""

    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**32))
    def tried(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        check(broken(content, chance), chance.choice(zones))

    with suppress(AssertionError):  # what is loaded once is not measured
        check(content, zones[0])
    check(content, zones[0])
    tried()
