"""Superset's REST interface: log in, import, export, read, delete, ask for a chart's data."""

import io
import json
import zipfile
from types import TracebackType
from typing import Any

import httpx
import yaml

from gridmart.dashboards.source import LOADER
from gridmart.errors import GridmartError
from gridmart.secrets import secret
from gridmart.settings import settings

PAGE_SIZE = 100  # the most that Superset hands out at once


class Superset:
    """A session with the running Superset, as an administrator unless told otherwise."""

    def __init__(self, username: str = "superset_admin", base_url: str = "") -> None:
        self.base_url = base_url or f"http://{settings().host}:{settings().superset_port}"
        self.username = username
        self._http = httpx.Client(base_url=self.base_url, timeout=180, headers={"Referer": self.base_url})

    def __enter__(self) -> "Superset":
        self.log_in()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def log_in(self) -> None:
        """Open the session; GridmartError if Superset is down or refuses the user."""
        body = {
            "username": self.username,
            "password": secret(f"web_{self.username}"),
            "provider": "db",
            "refresh": True,
        }
        token = self.post("/api/v1/security/login", body)["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"
        self._http.headers["X-CSRFToken"] = self.get("/api/v1/security/csrf_token/")["result"]

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """One call; GridmartError names what Superset answered and what to do."""
        try:
            answer = self._http.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise GridmartError(
                f"Superset does not answer at {self.base_url} ({error}).",
                "Start it with `gridmart up`, or look at `gridmart logs superset`.",
                exit_code=3,
            ) from error
        if answer.status_code == 401:
            raise GridmartError(
                f"Superset refuses the user {self.username}.",
                f"Set that user's password to web_{self.username} of {settings().secrets_file}, "
                "or put its password there.",
            )
        if answer.is_error:
            raise GridmartError(
                f"Superset answered {answer.status_code} to {method} {path}: {_message(answer)}",
                "Run `gridmart dashboards validate`; the server's side is in `gridmart logs superset`.",
            )
        return answer

    def get(self, path: str, query: dict[str, Any] | None = None) -> dict[str, Any]:
        """JSON of a GET; `query` is sent as Superset's `q`."""
        arguments = {"params": {"q": json.dumps(query)}} if query is not None else {}
        return dict(self.request("GET", path, **arguments).json())

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """JSON of a POST."""
        return dict(self.request("POST", path, json=body).json())

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """JSON of a PUT."""
        return dict(self.request("PUT", path, json=body).json())

    def listing(self, path: str, columns: list[str] | None = None) -> list[dict[str, Any]]:
        """All rows of a list endpoint, page by page."""
        rows: list[dict[str, Any]] = []
        page = 0
        while True:
            query: dict[str, Any] = {"page": page, "page_size": PAGE_SIZE}
            if columns:
                query["columns"] = columns
            answer = self.get(path, query)
            for key, row in zip(answer.get("ids", []), answer["result"], strict=False):
                rows.append({"id": key} | row)
            if len(rows) >= answer["count"] or not answer["result"]:
                return rows
            page += 1

    def import_assets(self, bundle: bytes) -> None:
        """Import a bundle in one transaction; what it names is overwritten."""
        self.request("POST", "/api/v1/assets/import/", files={"bundle": ("gridmart.zip", bundle, "application/zip")})

    def export_assets(self) -> dict[str, dict[str, Any]]:
        """Everything that is live, by `<folder>/<uuid>`; passwords are masked by Superset."""
        answer = self.request("GET", "/api/v1/assets/export/")
        live = {}
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            for name in archive.namelist():
                parts = name.split("/")
                if len(parts) > 2:
                    content = yaml.load(archive.read(name), Loader=LOADER)  # noqa: S506 - a safe loader
                    live[f"{parts[1]}/{content['uuid']}"] = content
        return live

    def delete(self, kind: str, number: int) -> None:
        """Delete one chart, dashboard or dataset by Superset's own id."""
        self.request("DELETE", f"/api/v1/{kind}/{number}")

    def chart_data(self, query_context: dict[str, Any]) -> list[dict[str, Any]]:
        """Results of a chart's queries, each with `data` (rows) and `error`."""
        return list(self.post("/api/v1/chart/data", query_context)["result"])


def _message(answer: httpx.Response) -> str:
    """What went wrong, in Superset's words, shortened."""
    try:
        body = answer.json()
    except ValueError:
        return answer.text[:300]
    errors = body.get("errors") or []
    texts = [f"{error.get('message', '')} {json.dumps(error.get('extra', {}), ensure_ascii=False)}" for error in errors]
    return ("; ".join(texts) or str(body.get("message") or body))[:1500]
