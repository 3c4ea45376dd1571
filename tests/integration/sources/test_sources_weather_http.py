"""Weather over HTTP into the landing schema: the rows of the files, and a service at fault changes nothing."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gridmart.errors import GridmartError
from gridmart.settings import settings
from gridmart.simulator import weather_service
from gridmart.sources import extraction
from gridmart.warehouse.database import connect
from tests.integration.sources.source_database import source_status

HEADER = "station_code,valid_at,kind,issued_at,temperature_c,humidity_pct\n"
ROWS = """
select station_code, valid_at, kind, issued_at, temperature_c, humidity_pct from landing_weather.hourly order by 1, 2, 3
"""


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def fetch(warehouse, monkeypatch) -> Iterator[Callable[[str], int]]:
    """Extract weather from a service at a URL, or from files where it is empty; nothing has landed before."""

    def from_(url: str) -> int:
        monkeypatch.setenv("GRIDMART_WEATHER_URL", url)
        settings.cache_clear()
        return extraction.run("weather", say=lambda line: None)

    _forget()
    folder = warehouse.weather_inbox
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.csv"):
        file.unlink()
    _weather_files(folder)
    yield from_
    for file in folder.glob("*.csv"):
        file.unlink()
    monkeypatch.undo()
    settings.cache_clear()


def _weather_files(folder: Path) -> None:
    """Two stations, a month of actuals a file, and two issues of a forecast, the older one in the later file."""
    start = datetime(2026, 9, 1, tzinfo=UTC)
    hours = [f"{start + timedelta(hours=h):%Y-%m-%dT%H:%M:%SZ}" for h in range(61 * 24)]
    for name, kind, hours_of, issued, shift in (
        ("weather_202609.csv", "actual", hours[: 30 * 24], None, 0.0),
        ("weather_202610.csv", "actual", hours[30 * 24 :], None, 0.0),
        ("weather_f1.csv", "forecast", hours[-48:], "2026-10-30T00:00:00Z", 2.0),
        ("weather_f2.csv", "forecast", hours[-72:], "2026-10-29T00:00:00Z", 5.0),
    ):
        rows = [
            f"{station},{at},{kind},{issued or at},{round(k % 24 + shift + base, 1)},{'' if k == 5 else 40 + k % 30}\n"
            for station, base in (("14001", 0.3), ("14002", -2.5))
            for k, at in enumerate(hours_of)
        ]
        (folder / name).write_text(HEADER + "".join(rows))


def _forget() -> None:
    with connect("loader") as connection:
        connection.execute("delete from landing_weather.hourly")
        connection.execute("delete from supervision.source_file where source = 'weather'")


def landed() -> list[tuple]:
    with connect("loader") as connection:
        return connection.execute(ROWS).fetchall()


def test_files_and_service_land_the_same_rows_and_twice_changes_nothing(fetch, warehouse) -> None:
    assert fetch("") > 0
    from_files = landed()
    _forget()
    with serving(weather_service.server(warehouse.weather_inbox, 0)) as url:
        assert fetch(url) == len(from_files)
        assert landed() == from_files
        assert fetch(url) == 0
        (warehouse.weather_inbox / "z.csv").write_text(
            HEADER + "14002,2026-11-06T00:00:00Z,actual,2026-11-06T01:00:00Z,-3.5,\n"
        )
        assert fetch(url) == 1
    assert {row[4:] for row in set(landed()) - set(from_files)} == {(-3.5, None)}
    assert fetch("") == 0


ROW = {"station_code": "14001", "valid_at": "2026-10-01T00:00:00Z", "kind": "actual",
       "issued_at": "2026-10-01T01:00:00Z", "temperature_c": 1.5, "humidity_pct": 60}  # fmt: skip
STATIONS = (200, {"stations": [{"station_code": "14001", "version": "new"}]})
ENDLESS = {"rows": [ROW], "next": "again"}


@contextmanager
def service_that_says(hourly: tuple[int, object], stations: tuple[int, object] = STATIONS) -> Iterator[str]:
    """A service that gives the same answer to every question; bytes are sent as they are."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = stations if self.path.startswith("/v1/stations") else hourly
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url


def _first_then(second: dict) -> dict:
    return {"rows": [ROW, ROW | second], "next": None}


@pytest.mark.parametrize(
    ("hourly", "stations", "words"),
    [
        ((500, {"error": {"message": "disk is full"}}), STATIONS, "HTTP 500: disk is full"),
        ((200, b'{"rows": ['), STATIONS, "not JSON"),
        ((200, b"<html>sign in</html>"), STATIONS, "not JSON"),
        ((200, ENDLESS), STATIONS, "page 2: the row of 2026-10-01T00:00:00Z actual is not after"),
        ((200, {"rows": [], "next": "again"}), STATIONS, "it has no rows, but names a next page"),
        ((200, {"data": []}), STATIONS, "'rows' is not a list"),
        ((200, [ROW, ROW]), STATIONS, "not an object"),
        ((200, _first_then({"valid_at": "2026-13-01"})), STATIONS, "page 1: "),
        ((200, _first_then({"valid_at": "2026-10-02", "temperature_c": "warm"})), STATIONS, "temperature_c is 'warm'"),
        ((200, _first_then({"valid_at": "2026-10-02", "temperature_c": float("nan")})), STATIONS, "not JSON"),
        ((200, _first_then({"valid_at": "2026-10-02", "temperature_c": True})), STATIONS, "temperature_c is 'True'"),
        ((200, _first_then({"valid_at": "2026-10-02", "station_code": "14002"})), STATIONS, "of station '14002'"),
        ((200, {"rows": [{"station_code": "14001"}], "next": None}), STATIONS, "'kind' is missing"),
        ((404, {}), (404, b"no such page"), "HTTP 404"),
        ((200, ENDLESS), (200, {"stations": [{"station_code": 14001}]}), "is not a text"),
    ],
)
def test_a_service_at_fault_is_named_and_the_last_good_data_stays(fetch, hourly, stations, words) -> None:
    fetch("")
    before = landed()
    with service_that_says(hourly, stations) as url:
        with pytest.raises(GridmartError) as error:
            fetch(url)
        assert url in error.value.cause
        assert words in error.value.cause
        assert error.value.exit_code == 3
    assert landed() == before
    status, reason = source_status("weather")[:2]
    assert (status, reason) == ("failed", error.value.cause)


def test_a_service_that_is_down_or_no_url_is_named_without_its_password(fetch) -> None:
    fetch("")
    before = landed()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        with pytest.raises(GridmartError, match="weather service") as error:
            fetch(f"http://me:hidden@127.0.0.1:{taken.getsockname()[1]}")
    assert "hidden" not in str(error.value)
    assert "refused" in error.value.cause
    with pytest.raises(GridmartError, match="no http or https URL"):
        fetch("weather.example")
    assert landed() == before
