"""Files of manual edits: what is taken, what is refused and why."""

import csv
import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmart.errors import GridmartError
from gridmart.lake.edits import HEADER, read

ZONE = ZoneInfo("Asia/Shanghai")
HEAD = ",".join(HEADER).encode() + b"\n"
GOOD = "P1,import_kwh,2026-03-30T00:15+08:00,0.2,0.25,wang,2026-04-02T08:00:00Z,seen on site"


def test_an_edit_says_who_when_and_why() -> None:
    found = read(b"\xef\xbb\xbf" + HEAD + GOOD.encode() + b"\r\n", ZONE)
    assert found.refused == []
    (row,) = found.rows
    assert (row["point_no"], row["old_value"], row["new_value"]) == ("P1", 0.2, 0.25)
    assert row["business_date"] == date(2026, 3, 30)  # local: 29 March in UTC
    assert row["edited_at"] == datetime(2026, 4, 2, 8, tzinfo=UTC)
    assert (row["edited_by"], row["reason"], row["row_number"]) == ("wang", "seen on site", 2)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("wang", "", "not_told"), ("seen on site", "", "not_told"), ("P1", "", "not_told"),
        ("import_kwh", "steam", "unknown_channel"), ("+08:00", "", "bad_time"), ("0.25", "1e400", "bad_value"),
        ("0.25", "nan", "bad_value"), ("0.25", "２", "bad_value"), (",seen on site", "", "bad_row"),
        ("2026-03-30T", "2026-13-30T", "bad_time"),
    ],
)  # fmt: skip
def test_a_row_that_lacks_something_is_refused_and_kept(old: str, new: str, rule: str) -> None:
    found = read(HEAD + f"{GOOD}\n{GOOD.replace(old, new, 1)}\n".encode(), ZONE)
    assert len(found.rows) == 1
    assert [(row["rule"], row["row_number"]) for row in found.refused] == [(rule, 3)]
    assert found.refused[0]["reason"] and found.refused[0]["next_step"]


def test_an_old_value_may_be_left_open() -> None:
    assert read(HEAD + GOOD.replace(",0.2,", ",,").encode(), ZONE).rows[0]["old_value"] is None


def test_another_file_is_no_file_of_edits() -> None:
    with pytest.raises(GridmartError, match="no file of edits") as caught:
        read(b"a,b\n1,2\n", ZONE)
    assert "point,channel,start" in caught.value.next_step


@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=10), max_size=5))
def test_every_row_is_taken_or_refused(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    try:
        data = HEAD + text.getvalue().encode()
        delivered = sum(1 for row in csv.reader(io.StringIO(data.decode(), newline="")) if row) - 1
        found = read(data, ZONE)
    except (UnicodeEncodeError, csv.Error, GridmartError):
        return
    assert len(found.rows) + len(found.refused) == delivered
