"""The weather HTTP service as the pipeline reads it; dlt's REST client follows pages and retries.

The interface: `/v1/stations` gives {"stations": [{"station_code", "version"}]}, where a version that did not change
says that no row did (it may be absent); `/v1/hourly?station=CODE&limit=N&after=CURSOR` gives {"rows": [{station_code,
valid_at, kind, issued_at, temperature_c, humidity_pct}], "next": CURSOR or null}, ordered by hour and kind, times in
UTC, ISO 8601, and one row an hour and kind: its latest issue.
"""

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from gridmart.errors import GridmartError
from gridmart.sources.systems import EXIT_SOURCE, quiet_dlt

PAGE_ROWS = 5_000
MOST_PAGE_BYTES = 20_000_000
SECONDS = 30  # for an answer
ATTEMPTS = 3
KINDS = ("actual", "forecast")

Row = tuple[str, datetime, str, datetime, float | None, float | None]


class WeatherService:
    """A weather service at a base URL; nothing is connected before the first question.

    Every method raises GridmartError (exit code 3) if the service does not answer as its interface says.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._shown = re.sub(r"//[^/@]*@", "//***@", self._url)
        if not re.match(r"https?://[^/]", self._url):
            raise self._error("it is no http or https URL")

    def name_of(self, station: str) -> str:
        """What stands for the station's data in supervision.source_file."""
        return f"{self._shown}/v1/hourly?station={station}"

    def stations(self) -> dict[str, str]:
        """Version by station, "" where the service gives none."""
        found = {}
        for document in self._pages("/v1/stations", {}):
            stations = document.get("stations")
            if not isinstance(stations, list) or not all(isinstance(s, dict) for s in stations):
                raise self._error("/v1/stations: 'stations' is not a list of objects")
            for station in stations:
                code, version = station.get("station_code"), station.get("version", "")
                if not isinstance(code, str) or not code or not isinstance(version, str):
                    raise self._error(f"/v1/stations: station_code or version is not a text in {str(station)[:100]}")
                found[code] = version
        return found

    def hourly(self, station: str) -> Iterator[Row]:
        """Rows of a station, page by page: (station_code, valid_at, kind, issued_at, temperature_c, humidity_pct).

        The order is checked, so that a service that repeats its pages comes to an end.
        """
        last = (datetime.min.replace(tzinfo=UTC), "")
        parameters = {"station": station, "limit": PAGE_ROWS}
        for number, document in enumerate(self._pages("/v1/hourly", parameters), 1):
            where = f"/v1/hourly, station {station}, page {number}"
            rows = document.get("rows")
            if not isinstance(rows, list):
                raise self._error(f"{where}: 'rows' is not a list")
            if not rows and document.get("next"):
                raise self._error(f"{where}: it has no rows, but names a next page")
            for given in rows:
                try:
                    row = _row(given)
                    if row[0] != station:
                        raise ValueError(f"a row of station {row[0][:50]!r}")
                    if (row[1], row[2]) <= last:
                        raise ValueError(f"the row of {given['valid_at']} {row[2]} is not after the row before it")
                except (KeyError, TypeError, ValueError) as error:
                    what = f"{error} is missing" if isinstance(error, KeyError) else error
                    raise self._error(f"{where}: {what}") from error
                last = (row[1], row[2])
                yield row

    def _pages(self, path: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        quiet_dlt()
        from dlt.sources.helpers.requests import Client
        from dlt.sources.helpers.rest_client import RESTClient
        from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
        from requests.exceptions import JSONDecodeError, RequestException

        session = Client(
            request_timeout=SECONDS,
            raise_for_status=False,
            request_max_attempts=ATTEMPTS,
            request_backoff_factor=0.5,
            request_max_retry_delay=10,
        ).session
        client = RESTClient(self._url, session=session, data_selector="$")

        def check(response: Any, *_: Any, **__: Any) -> None:
            # before the body is read
            if int(response.headers.get("Content-Length") or 0) > MOST_PAGE_BYTES:
                raise self._error(f"{path}: a page of more than {MOST_PAGE_BYTES:,} bytes")
            response.raise_for_status()

        pages = client.paginate(
            path,
            params=dict(parameters),
            paginator=JSONResponseCursorPaginator(cursor_path="next", cursor_param="after"),
            hooks={"response": [check]},
        )
        try:
            for page in pages:
                if len(page) != 1 or not isinstance(page[0], dict):
                    raise self._error(f"{path}: the answer is not an object")
                yield page[0]
        except JSONDecodeError as error:
            raise self._error(f"{path}: the answer is not JSON ({error})") from error
        except RequestException as error:
            raise self._error(f"{path}: {self._cause(error)}") from error
        finally:
            session.close()

    def _cause(self, error: Exception) -> str:
        response = getattr(error, "response", None)
        if response is None:
            return str(error).replace(self._url, self._shown).splitlines()[0][:300]
        try:
            said = f": {response.json()['error']['message']}"
        except (ValueError, KeyError, TypeError):
            said = ""
        return f"HTTP {response.status_code}{said[:300]}"

    def _error(self, cause: str) -> GridmartError:
        return GridmartError(
            f"weather service {self._shown}: {cause}",
            "Start or repair the service, or correct GRIDMART_WEATHER_URL, then run 'gridmart extract weather' again. "
            "The last good data stays in use.",
            EXIT_SOURCE,
        )


def _moment(name: str, text: object) -> datetime:
    if not isinstance(text, str):
        raise ValueError(f"{name} is {str(text)[:50]!r}, expected a time")
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _number(name: str, value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if value is not None and not is_number:
        raise ValueError(f"{name} is {str(value)[:50]!r}, expected a number or null")
    return float(value) if isinstance(value, int | float) else None


def _row(given: dict[str, Any]) -> Row:
    if given["kind"] not in KINDS:
        raise ValueError(f"kind is {str(given['kind'])[:50]!r}, expected {' or '.join(KINDS)}")
    return (
        str(given["station_code"]),
        _moment("valid_at", given["valid_at"]),
        given["kind"],
        _moment("issued_at", given["issued_at"]),
        _number("temperature_c", given["temperature_c"]),
        _number("humidity_pct", given["humidity_pct"]),
    )
