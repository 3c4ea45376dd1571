"""The weather service over real HTTP: pages that join to the whole, the latest issue, clear refusals, new files."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gridmart.errors import GridmartError
from gridmart.simulator import weather_service

HEADER = "station_code,valid_at,kind,issued_at,temperature_c,humidity_pct\n"


def _hours(station: str, kind: str, issued: str, base: float, count: int = 24) -> str:
    return "".join(
        f"{station},2026-10-01T{h:02d}:00:00Z,{kind},{issued},{base + h},{'' if h == 3 else 60}\n" for h in range(count)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text(
        HEADER
        + _hours("14001", "actual", "2026-10-02T00:00:00Z", 0)
        + _hours("14001", "forecast", "2026-09-30T12:00:00Z", 100, 12)
        + _hours("14002", "actual", "2026-10-02T00:00:00Z", 50)
    )
    (tmp_path / "b.csv").write_text(HEADER + _hours("14001", "forecast", "2026-09-30T00:00:00Z", 200, 12))
    return tmp_path


@pytest.fixture
def client(folder: Path) -> Iterator[httpx.Client]:
    serving = weather_service.server(folder, 0)
    thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{serving.server_port}", trust_env=False) as made:
        yield made
    serving.shutdown()
    serving.server_close()
    thread.join()


def _pages(client: httpx.Client, **parameters: object) -> list[dict]:
    pages: list[dict] = []
    while not pages or pages[-1]["next"]:
        after = {"after": pages[-1]["next"]} if pages else {}
        pages.append(client.get("/v1/hourly", params=parameters | after).json())
    return pages


def test_pages_of_any_size_join_to_the_same_rows_and_older_issues_are_gone(client: httpx.Client) -> None:
    whole = client.get("/v1/hourly", params={"station": "14001"}).json()
    assert whole["next"] is None
    assert len(whole["rows"]) == 36
    assert [r["temperature_c"] for r in whole["rows"] if r["kind"] == "forecast"] == [100.0 + h for h in range(12)]
    assert whole["rows"][6] == {
        "station_code": "14001", "valid_at": "2026-10-01T03:00:00Z", "kind": "actual",
        "issued_at": "2026-10-02T00:00:00Z", "temperature_c": 3.0, "humidity_pct": None,
    }  # fmt: skip
    for limit in (1, 5, 35, 36):
        pages = _pages(client, station="14001", limit=limit)
        assert [row for p in pages for row in p["rows"]] == whole["rows"]
        assert {len(p["rows"]) for p in pages[:-1]} <= {limit}


def test_a_range_includes_its_start_but_not_its_end_in_any_time_zone(client: httpx.Client) -> None:
    for start, end in (("2026-10-01T05:00:00Z", "2026-10-01T07:00:00Z"), ("2026-10-01T13:00+08:00", "2026-10-01T07")):
        rows = client.get("/v1/hourly", params={"station": "14001", "kind": "actual", "from": start, "to": end}).json()[
            "rows"
        ]
        assert [r["temperature_c"] for r in rows] == [5.0, 6.0]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/hourly", 400, "missing_parameter"),
        ("/v1/hourly?station=14001&limit=0", 400, "bad_limit"),
        ("/v1/hourly?station=14001&limit=5001", 400, "bad_limit"),
        ("/v1/hourly?station=14001&limit=-1", 400, "bad_limit"),
        ("/v1/hourly?station=14001&limit=²", 400, "bad_limit"),
        ("/v1/hourly?station=14001&from=yesterday", 400, "bad_time"),
        ("/v1/hourly?station=14001&from=0001-01-01T00:00%2B14:00", 400, "bad_time"),
        ("/v1/hourly?station=14001&from=2026-10-02&to=2026-10-01", 400, "bad_range"),
        ("/v1/hourly?station=14001&kind=guess", 400, "bad_kind"),
        ("/v1/hourly?station=14001&after=page2", 400, "bad_cursor"),
        ("/v1/hourly?station=14001&station=14002", 400, "bad_parameter"),
        ("/v1/hourly?station=", 400, "bad_parameter"),
        ("/v1/hourly?station=14001&to_=2026-10-01", 400, "unknown_parameter"),
        ("/v1/hourly?station=99999", 404, "unknown_station"),
        ("/v1/../secrets.json", 404, "unknown_path"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong_in_two_languages(
    client: httpx.Client, path: str, status: int, code: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert "\\u" not in answer.text
    assert answer.json()["error"]["message"] != answer.json()["error"]["message_zh"]


def test_only_get_is_answered_and_the_connection_survives_a_refusal(client: httpx.Client) -> None:
    assert client.post("/v1/stations", json={}).status_code == 405
    assert client.get("/v1/nothing").status_code == 404
    assert client.get("/v1/stations").status_code == 200


def test_new_files_are_seen_and_change_the_version_of_their_station_alone(client: httpx.Client, folder: Path) -> None:
    def versions() -> dict[str, str]:
        found = client.get("/v1/stations").json()["stations"]
        return {s["station_code"]: s["version"] for s in found}

    before = versions()
    (folder / "c.csv").write_text(HEADER + "14002,2026-10-03T00:00:00Z,actual,2026-10-03T01:00:00Z,9.5,44\n")
    after = versions()
    assert after["14001"] == before["14001"]
    assert after["14002"] != before["14002"]
    (folder / "c.csv").unlink()
    assert versions() == before
    (folder / "d.csv").write_text(HEADER + "14002,never,actual,2026-10-03T01:00:00Z,9.5,44\n")
    broken = client.get("/v1/stations")
    assert broken.status_code == 500
    assert "d.csv" in broken.json()["error"]["message"]


def test_a_taken_port_and_an_absent_folder_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(GridmartError, match="no folder of weather files"):
        weather_service.server(tmp_path / "nowhere", 0)
    serving = weather_service.server(folder, 0)
    try:
        with pytest.raises(GridmartError, match=f"port {serving.server_port}"):
            weather_service.server(folder, serving.server_port)
    finally:
        serving.server_close()
