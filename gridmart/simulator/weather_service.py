"""`gridmart simulate weather-service`: the weather files of a utility as a small HTTP service on 127.0.0.1.

It plays the weather provider of a utility. Answers are JSON in UTF-8; times are UTC, ISO 8601:

    GET /v1/stations   {"stations": [{station_code, name_zh, name_en, first_at, last_at, row_count, version}]}
    GET /v1/hourly?station=CODE[&from=][&to=][&kind=actual|forecast][&limit=][&after=]
                       {"station_code", "rows": [{station_code, valid_at, kind, issued_at, temperature_c,
                       humidity_pct}], "next": null or the value of `after` for the next page}

`from` is included, `to` is not; rows are ordered by hour and kind, and are the latest issue of each. `version`
changes if and only if a row of the station does. An error is {"error": {"code", "message", "message_zh"}} with
status 400 (a parameter is wrong), 404 (no such path or station), 405 (not GET) or 500 (a file cannot be read).
Files that are added or changed are seen by the next request.
"""

import hashlib
import json
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import typer

from gridmart.errors import GridmartError

HOST = "127.0.0.1"
PORT = 18095
KINDS = ("actual", "forecast")
MOST_ROWS, USUAL_ROWS = 5_000, 1_000  # of a page
PARAMETERS = ("station", "from", "to", "kind", "limit", "after")
COLUMNS = ("station_code", "valid_at", "kind", "issued_at", "temperature_c", "humidity_pct")
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Refused(Exception):  # noqa: N818 - an answer, not a failure of this service
    """A request that is answered by an error."""

    def __init__(self, status: int, code: str, message: str, message_zh: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": code, "message": message, "message_zh": message_zh}}


def text_of(moment: datetime) -> str:
    """A moment as the service writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Station:
    """Rows of one station, ordered by (hour, kind), and a name of exactly these rows."""

    keys: list[tuple[datetime, str]]
    rows: list[dict[str, Any]]
    version: str


class Archive:
    """The weather files of a folder, read again when one of them changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: list[tuple[str, int, int]] | None = None
        self._stations: dict[str, Station] = {}
        self._lock = threading.Lock()

    def stations(self) -> dict[str, Station]:
        """Stations by code; raises Refused (500) if a file cannot be read."""
        with self._lock:
            paths = sorted(self._folder.glob("*.csv"))
            seen = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in paths]
            if seen != self._seen:
                self._stations = _read(paths)
                self._seen = seen
            return self._stations


def _read(paths: list[Path]) -> dict[str, Station]:
    import pyarrow as pa
    from pyarrow import csv

    moment = pa.timestamp("s", "UTC")
    types = dict(zip(COLUMNS, (pa.string(), moment, pa.string(), moment, pa.float64(), pa.float64()), strict=True))
    latest: dict[str, dict[tuple[datetime, str], tuple]] = {}
    for path in paths:
        try:
            table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types)).select(COLUMNS)
        except (pa.ArrowException, KeyError, OSError) as error:
            cause = str(error).splitlines()[0]
            raise Refused(
                500, "bad_file", f"{path.name} cannot be read: {cause}", f"文件 {path.name} 无法读取：{cause}"
            ) from error
        for row in zip(*(table[name].to_pylist() for name in COLUMNS), strict=True):
            station, valid_at, kind, issued_at = row[:4]
            kept = latest.setdefault(station, {})
            known = kept.get((valid_at, kind))
            if known is None or issued_at >= known[3]:  # of equal issues, the later file's
                kept[valid_at, kind] = row
    made = {}
    for station in sorted(latest):
        keys = sorted(latest[station])
        rows = [
            {name: text_of(v) if isinstance(v, datetime) else v for name, v in zip(COLUMNS, row, strict=True)}
            for row in (latest[station][key] for key in keys)
        ]
        made[station] = Station(keys, rows, hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16])
    return made


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(
            400, "bad_time", f"{name} is {text[:40]!r}, expected ISO 8601 such as 2026-10-01T00:00:00Z",
            f"参数 {name} 不是 ISO 8601 时间：{text[:40]!r}",
        ) from None  # fmt: skip


def _parameters(query: str) -> dict[str, str]:
    found = parse_qs(query, keep_blank_values=True)
    for name, values in found.items():
        if name not in PARAMETERS:
            raise Refused(
                400, "unknown_parameter", f"unknown parameter {name[:40]!r}; known: {', '.join(PARAMETERS)}",
                f"未知参数 {name[:40]!r}；可用参数：{'、'.join(PARAMETERS)}",
            )  # fmt: skip
        if len(values) > 1 or not values[0]:
            raise Refused(
                400, "bad_parameter", f"give {name} once, with a value", f"参数 {name} 须且只须给出一次，且不能为空"
            )
    return {name: values[0] for name, values in found.items()}


def _after(text: str) -> tuple[datetime, str]:
    moment, _, kind = text.rpartition("~")
    if kind not in KINDS:
        raise Refused(
            400, "bad_cursor", f"after is {text[:40]!r}, expected the `next` of a page",
            f"参数 after 不是上一页的 next 值：{text[:40]!r}",
        )  # fmt: skip
    return _moment("after", moment), kind


def hourly(stations: dict[str, Station], query: str) -> dict[str, Any]:
    """The answer to /v1/hourly."""
    given = _parameters(query)
    if "station" not in given:
        raise Refused(400, "missing_parameter", "give station, see /v1/stations", "缺少参数 station，见 /v1/stations")
    code = given["station"]
    station = stations.get(code)
    if station is None:
        raise Refused(404, "unknown_station", f"there is no station {code[:40]!r}", f"没有气象站 {code[:40]!r}")
    first = _moment("from", given["from"]) if "from" in given else _FIRST
    last = _moment("to", given["to"]) if "to" in given else _LAST
    if first > last:
        raise Refused(400, "bad_range", "from is after to", "参数 from 晚于 to")
    kinds = (given["kind"],) if "kind" in given else KINDS
    if not set(kinds) <= set(KINDS):
        raise Refused(400, "bad_kind", f"kind is {kinds[0][:40]!r}, expected {' or '.join(KINDS)}",
                      f"参数 kind 须为 {' 或 '.join(KINDS)}")  # fmt: skip
    limit = given.get("limit", str(USUAL_ROWS))
    if not (limit.isascii() and limit.isdigit() and len(limit) < 9 and 1 <= int(limit) <= MOST_ROWS):
        raise Refused(400, "bad_limit", f"limit is {limit[:40]!r}, expected 1 to {MOST_ROWS}",
                      f"参数 limit 须为 1 到 {MOST_ROWS} 的整数")  # fmt: skip
    at = bisect_left(station.keys, (first, ""))
    if "after" in given:
        at = max(at, bisect_right(station.keys, _after(given["after"])))
    end = bisect_left(station.keys, (last, ""))
    chosen = [k for k in range(at, end) if station.keys[k][1] in kinds]
    page = chosen[: int(limit)]
    following = None
    if len(chosen) > len(page):
        moment, kind = station.keys[page[-1]]
        following = f"{text_of(moment)}~{kind}"
    return {"station_code": code, "rows": [station.rows[k] for k in page], "next": following}


def listing(stations: dict[str, Station]) -> dict[str, Any]:
    """The answer to /v1/stations."""
    return {
        "stations": [
            {
                "station_code": code,
                "name_zh": f"{code}气象站",
                "name_en": f"Weather station {code}",
                "first_at": text_of(station.keys[0][0]),
                "last_at": text_of(station.keys[-1][0]),
                "row_count": len(station.rows),
                "version": station.version,
            }
            for code, station in stations.items()
        ]
    }


def _answer(archive: Archive, target: str) -> dict[str, Any]:
    address = urlsplit(target)
    if address.path == "/v1/stations":
        return listing(archive.stations())
    if address.path == "/v1/hourly":
        return hourly(archive.stations(), address.query)
    raise Refused(
        404, "unknown_path", f"there is no {address.path[:80]!r}; there are /v1/stations and /v1/hourly",
        f"没有路径 {address.path[:80]!r}；可用：/v1/stations、/v1/hourly",
    )  # fmt: skip


def server(folder: Path, port: int = PORT, say: Callable[[str], None] = lambda line: None) -> ThreadingHTTPServer:
    """The service of the weather files in `folder`, bound to 127.0.0.1 but not serving yet; port 0: any free one.

    `say` gets a line for each request. Raises GridmartError if there is no such folder or the port is taken.
    """
    if not folder.is_dir():
        raise GridmartError(
            f"there is no folder of weather files {folder}", "make a utility first: `gridmart simulate demo`", 2
        )
    archive = Archive(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "gridmart-weather/1"
        wbufsize = -1  # head and body leave together: two small packets would wait for the client's receipt
        timeout = 30  # seconds that a silent client may keep a thread

        def do_GET(self) -> None:
            try:
                self._send(200, _answer(archive, self.path))
            except Refused as refused:
                self._send(refused.status, refused.body)

        def refuse_method(self) -> None:
            self.close_connection = True  # the body of the request stays unread
            self._send(405, Refused(405, "bad_method", "only GET is answered", "只支持 GET").body)

        do_POST = do_PUT = do_DELETE = do_PATCH = refuse_method  # noqa: N815 - the base class's names

        def _send(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            say(format % args)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    try:
        return Server((HOST, port), Handler)
    except OSError as error:
        raise GridmartError(
            f"port {port} of {HOST} cannot be used: {error.strerror}", "name a free one with --port, or 0 for any", 1
        ) from error


def add_command(simulate: typer.Typer) -> None:
    """Add `weather-service` to `gridmart simulate`."""

    @simulate.command("weather-service")
    def weather_service(
        port: int = typer.Option(PORT, min=0, max=65535, help="TCP port on 127.0.0.1; 0: any free one."),
        into: Path = typer.Option(None, help="Folder of the utility; default: this installation's."),
    ) -> None:
        """Serve the utility's weather over HTTP until interrupted; GRIDMART_WEATHER_URL points the pipeline at it.

        Example: gridmart simulate weather-service --port 18095
        """
        import signal

        from rich.console import Console

        from gridmart.simulator.home import Home

        console = Console(stderr=True)
        serving = server(
            Home.of(into).weather, port, lambda line: console.print(line, highlight=False, markup=False, soft_wrap=True)
        )
        # as on Ctrl-C
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        url = f"http://{HOST}:{serving.server_port}"
        console.print(f"weather at {url}/v1/stations; end with Ctrl-C", highlight=False)
        print(json.dumps({"url": url}), flush=True)
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            console.print("stopped")
        finally:
            serving.server_close()
