"""Weather files into the landing schema: the latest issue wins, whatever the order of arrival."""

import pytest

from gridmart.errors import GridmartError
from gridmart.sources import extraction
from gridmart.warehouse.database import connect
from tests.integration.sources.source_database import source_status, warehouse_value

HEADER = "station_code,valid_at,kind,issued_at,temperature_c,humidity_pct\n"
TEMPERATURE = "select temperature_c from landing_weather.hourly where kind = 'forecast'"


@pytest.fixture
def inbox(warehouse):
    with connect("loader") as connection:
        connection.execute("delete from landing_weather.hourly")
        connection.execute("delete from supervision.source_file where source = 'weather'")
    folder = warehouse.weather_inbox
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.csv"):
        file.unlink()
    return folder


def extract() -> int:
    return extraction.run("weather", say=lambda line: None)


def test_latest_issue_wins_in_any_order_and_twice_changes_nothing(inbox):
    newer = HEADER + "14001,2026-10-01T00:00:00Z,forecast,2026-09-30T12:00:00Z,18.5,60\n"
    older = HEADER + "14001,2026-10-01T00:00:00Z,forecast,2026-09-30T00:00:00Z,11.0,60\n"
    (inbox / "a.csv").write_text(newer)
    assert extract() == 1
    assert extract() == 0
    (inbox / "b.csv").write_text(older)
    assert extract() == 0
    assert warehouse_value(TEMPERATURE) == 18.5


def test_file_that_was_delivered_again_replaces_its_values(inbox):
    line = "14001,2026-10-01T00:00:00Z,forecast,2026-09-30T12:00:00Z,{},60\n"
    (inbox / "a.csv").write_text(HEADER + line.format(18.5))
    extract()
    (inbox / "a.csv").write_text(HEADER + line.format(17.5))
    assert extract() == 1
    assert warehouse_value(TEMPERATURE) == 17.5


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "line 1: its header is ''"),
        (b"station,when\n", "line 1: its header is 'station,when'"),
        (HEADER.encode() + b"14001,2026-10-01T00:00:00Z,actual,2026-10-01T00:00:00Z,warm,60\n", "line 2: could not"),
        (HEADER.encode() + b"14001,2026-13-01,actual,2026-10-01T00:00:00Z,1,60\n", "line 2: "),
        (HEADER.encode() + b"14001,2026-10-01T00:00:00Z\n", "line 2: 2 fields"),
        (HEADER.encode() + b"\xff\xfe\x00", "codec"),
    ],
)
def test_bad_file_is_named_with_its_line_and_nothing_of_it_lands(inbox, content, words):
    (inbox / "bad.csv").write_bytes(content)
    with pytest.raises(GridmartError, match=r"weather file bad\.csv, ") as error:
        extract()
    assert words in error.value.cause
    assert warehouse_value("select count(*) from landing_weather.hourly") == 0
    assert source_status("weather")[0] == "failed"
