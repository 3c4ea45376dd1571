"""Configuration of Superset, read by Superset itself through SUPERSET_CONFIG_PATH.

This file runs in Superset's own environment, where the package gridmart is not installed. So it reads the two
secrets that it needs from its environment, into which `gridmart.stack.launch` puts them for this process alone.
"""

import copy
import os
import re
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue
from sqlalchemy.pool import NullPool
from superset.config import TALISMAN_CONFIG as DEFAULT_TALISMAN_CONFIG
from superset.config import THEME_DEFAULT as DEFAULT_THEME
from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetSecurityException
from superset.security import SupersetSecurityManager

HOME = Path(os.environ["SUPERSET_HOME"])

SECRET_KEY = os.environ["GRIDMART_SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["GRIDMART_SUPERSET_DATABASE_URL"]
# the workers are forked from one loaded application: a pooled connection would be shared by all of them
SQLALCHEMY_ENGINE_OPTIONS = {"poolclass": NullPool}

# Chinese first; English by the switch in the menu
LANGUAGES = {"zh": {"flag": "cn", "name": "简体中文"}, "en": {"flag": "us", "name": "English"}}
BABEL_DEFAULT_LOCALE = "zh"

APP_NAME = "gridmart"
THEME_DEFAULT = {
    **DEFAULT_THEME,
    "token": {
        **DEFAULT_THEME["token"],
        "brandAppName": "gridmart",
        "colorPrimary": "#2563EB",
        "colorLink": "#2563EB",
        "colorError": "#DC2626",
        "colorWarning": "#F59E0B",
        "colorSuccess": "#16A34A",
        # fonts of the reader's own machine: none is fetched from outside
        "fontFamily": "Inter, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', Helvetica, Arial, sans-serif",
    },
    # a legend is a legend: no "select all / inverse" buttons beside it
    "echartsOptionsOverrides": {"legend": {"selector": False}},
}
THEME_DARK = None
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "gridmart",
        "description": "",
        "label": "gridmart",
        "isDefault": True,
        "colors": [
            "#2563EB", "#0EA5A4", "#F59E0B", "#8B5CF6", "#E4572E",
            "#64748B", "#22C55E", "#EC4899", "#0891B2", "#A16207",
        ],
    }
]  # fmt: skip

# a page may load nothing from another host: no telemetry pixel, no map tiles, no fonts
TALISMAN_ENABLED = True
TALISMAN_CONFIG = copy.deepcopy(DEFAULT_TALISMAN_CONFIG)
TALISMAN_CONFIG["content_security_policy"].update(
    {
        "img-src": ["'self'", "blob:", "data:"],
        "connect-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
    }
)
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"


def writes_sql(query: Any) -> bool:
    """Whether a chart's query, or a part of it, holds SQL beyond the name of a column."""
    if isinstance(query, dict):
        words = str(query.get("sqlExpression") or "")
        return bool(
            (words and not re.fullmatch(r"\w+", words))
            or query.get("where")
            or query.get("having")
            or any(writes_sql(part) for part in query.values())
        )
    return isinstance(query, list | tuple) and any(writes_sql(part) for part in query)


class SecurityManager(SupersetSecurityManager):
    """Managers ask for the columns and metrics of a dataset, and write no SQL of their own.

    PostgreSQL may try a condition on rows before the rule that keeps them from a manager, and its message of a failed
    cast tells what stood there. The pages of dashboards need no such SQL.
    """

    def raise_for_access(self, *args: Any, **named: Any) -> None:
        """SupersetSecurityException if the user may not ask this."""
        super().raise_for_access(*args, **named)
        context = named.get("query_context")
        if context and not self.is_admin() and any(writes_sql(query.to_dict()) for query in context.queries):
            what = "查询里不能自己写 SQL。A query may hold no SQL of its own."
            raise SupersetSecurityException(
                SupersetError(what, SupersetErrorType.QUERY_SECURITY_ACCESS_ERROR, ErrorLevel.ERROR)
            )

    @staticmethod
    def get_datasource_access_error_msg(datasource: Any) -> str:
        """What stands in place of a chart whose dataset the user may not read (`organisations: none`)."""
        return "此图只对公司级管理者开放。Only managers of the whole company see this chart."


CUSTOM_SECURITY_MANAGER = SecurityManager
# nobody sees anything without logging in, and nobody makes an account for himself
AUTH_USER_REGISTRATION = False
PUBLIC_ROLE_LIKE = None
# one manager opening a dashboard sends some twenty requests at once
RATELIMIT_ENABLED = False
AUTH_RATE_LIMITED = False

# caches on disk, shared by the workers; states of filters stay in the metadata database
_CACHE = {"CACHE_TYPE": "FileSystemCache", "CACHE_THRESHOLD": 2000}
CACHE_CONFIG = {**_CACHE, "CACHE_DIR": str(HOME / "cache"), "CACHE_DEFAULT_TIMEOUT": 300}
DATA_CACHE_CONFIG = {**_CACHE, "CACHE_DIR": str(HOME / "data_cache"), "CACHE_DEFAULT_TIMEOUT": 300}

ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000
SUPERSET_WEBSERVER_TIMEOUT = 60
FEATURE_FLAGS = {"DASHBOARD_RBAC": True, "DRILL_BY": True, "ENABLE_TEMPLATE_PROCESSING": False}


def FLASK_APP_MUTATOR(app: Flask) -> None:  # noqa: N802 - Superset's own word
    """Keep the colours of dashboards as they are in Git.

    Every browser that leaves a dashboard wants to store the colours it drew. A manager may not, and would see an
    error; an administrator may, and would change what Git says. So the wish is answered and not carried out.
    """

    @app.before_request
    def leave_colours() -> ResponseReturnValue | None:
        path = request.path
        if request.method == "PUT" and path.startswith("/api/v1/dashboard/") and path.endswith("/colors"):
            return {"result": "kept as in Git"}
        return None
