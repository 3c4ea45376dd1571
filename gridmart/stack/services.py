"""The services of the embedded stack: what each one runs, and exactly what it gets of the environment.

No secret stands in a file of the supervisor: a service is started through `gridmart.stack.launch`, which
reads the secrets file and hands each process only what that process needs.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gridmart.secrets import secret
from gridmart.settings import PROJECT_DIR, Settings
from gridmart.stack.postgres import MARK
from gridmart.warehouse.database import url

VENVS = PROJECT_DIR / ".venvs"
SERVICE_MARK = "GRIDMART_SERVICE"  # which service of the installation a process belongs to

# nothing may call home; each name belongs to a part of the stack
TELEMETRY_OFF = {
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "SCARF_ANALYTICS": "false",
    "DO_NOT_TRACK": "1",
}
# left behind by another installation, or by a shell: they would change what the services do
NOT_INHERITED = (
    "AIRFLOW",
    "SUPERSET",
    "FLASK_",
    "DBT_",
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "PG",
    "PYTHONDONTWRITEBYTECODE",  # compiling Airflow anew at every start takes half of that start
)


@dataclass(frozen=True)
class Service:
    """One supervised service; `port_setting` is empty where nothing listens."""

    name: str
    title: str
    command: Callable[[Settings], list[str]]
    environment: Callable[[Settings], dict[str, str]]
    folder: str  # working directory below the var folder
    port_setting: str = ""
    titles: tuple[str, ...] = ()  # how titles of its children begin that hide their environment by setting a title

    def port(self, s: Settings) -> int:
        """The TCP port it listens on; 0: none."""
        return int(getattr(s, self.port_setting)) if self.port_setting else 0


def base_environment(s: Settings) -> dict[str, str]:
    """What every process gets: this installation's settings and mark; no secret, no telemetry, no proxy to loopback."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    for name in type(s).model_fields:
        value = getattr(s, name)
        kept[f"GRIDMART_{name.upper()}"] = "" if value is None else str(value)
    kept = {name: value for name, value in kept.items() if not (name.startswith("GRIDMART_") and value == "")}
    local = ",".join(filter(None, ["127.0.0.1", "localhost", s.host, os.environ.get("NO_PROXY", "")]))
    return kept | TELEMETRY_OFF | {
        MARK: str(s.var_dir.resolve()),
        "GRIDMART_VAR_DIR": str(s.var_dir.resolve()),
        "GRIDMART_HOME": str(PROJECT_DIR),
        "GRIDMART_DBT_MODELS": str(models(s)),
        "NO_PROXY": local,
        "no_proxy": local,
        "PYTHONUNBUFFERED": "1",
    }  # fmt: skip


def models(s: Settings) -> Path:
    """The outline of dbt's models from which Airflow draws its tasks."""
    return s.var_dir.resolve() / "dbt" / "models.json"


def airflow_environment(s: Settings) -> dict[str, str]:
    """Airflow's configuration: small, local, closed."""
    home = s.var_dir.resolve() / "airflow"
    base = f"http://{s.host}:{s.airflow_port}"
    options = {
        "core__executor": "LocalExecutor",
        "core__parallelism": "4",
        "core__max_active_tasks_per_dag": "4",
        "core__dags_folder": PROJECT_DIR / "dags",
        "core__load_examples": "False",
        "core__default_timezone": s.timezone,
        "core__auth_manager": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        "core__fernet_key": secret("airflow_fernet"),
        "core__execution_api_server_url": f"{base}/execution/",
        "database__sql_alchemy_conn": url("airflow", "airflow", "postgresql+psycopg2"),
        "database__sql_alchemy_pool_size": "5",
        "api__host": s.host,
        "api__port": s.airflow_port,
        "api__base_url": base,
        "api__workers": "1",
        "api__secret_key": secret("airflow_api"),
        "api_auth__jwt_secret": secret("airflow_jwt"),
        "dag_processor__refresh_interval": "5",
        "dag_processor__min_file_process_interval": "300",  # a new or changed file is seen at once
        "dag_processor__parsing_processes": "1",
        # on a busy machine one late parse must not hold a DAG for gone: until its next parse it would miss its events
        "dag_processor__stale_dag_threshold": "900",
        "dag_processor__dag_file_processor_timeout": "240",
        "core__dagbag_import_timeout": "180",
        # a worker killed with its task is noticed, and the task tried again, within a minute
        "scheduler__task_instance_heartbeat_timeout": "60",
        "scheduler__orphaned_tasks_check_interval": "20",
        "logging__base_log_folder": home / "logs",
        "logging__dag_processor_child_process_log_directory": home / "logs" / "dag_processor",
        "cosmos__cache_dir": home / "cosmos",
        # a build is not resumed, so what it reported need not be stored a second time, whole, with every report
        "cosmos__enable_watcher_reliable_retry": "False",
        # tasks follow the outline of the models; a hash of the dbt project at every parse would tell nothing more
        "cosmos__enable_dag_versioning": "False",
    }
    named = {f"AIRFLOW__{name.upper()}": str(value) for name, value in options.items()}
    return base_environment(s) | {"AIRFLOW_HOME": str(home)} | named


def superset_environment(s: Settings) -> dict[str, str]:
    """What `superset/superset_config.py` reads; that file runs in another environment and cannot import gridmart."""
    return base_environment(s) | {
        "SUPERSET_CONFIG_PATH": str(PROJECT_DIR / "superset" / "superset_config.py"),
        "SUPERSET_HOME": str(s.var_dir.resolve() / "superset"),
        "GRIDMART_SUPERSET_DATABASE_URL": url("superset", "superset", "postgresql+psycopg2"),
        "GRIDMART_SUPERSET_SECRET_KEY": secret("superset_key"),
        "FLASK_APP": "superset.app:create_app()",
    }


def _postgres_command(s: Settings) -> list[str]:
    from gridmart.stack import postgres

    return postgres.command(s)


def _postgres_environment(s: Settings) -> dict[str, str]:
    from gridmart.stack import postgres

    return postgres.environment(s)


def _airflow(*words: str) -> Callable[[Settings], list[str]]:
    return lambda s: [str(VENVS / "airflow" / "bin" / "airflow"), *words]


def _superset_command(s: Settings) -> list[str]:
    return [
        str(VENVS / "superset" / "bin" / "gunicorn"), "--bind", f"{s.host}:{s.superset_port}",
        "--workers", "2", "--worker-class", "gthread", "--threads", "8", "--timeout", "120",
        "--graceful-timeout", "5", "--preload", "--no-control-socket", "--log-level", "warning",
        "superset.app:create_app()",
    ]  # fmt: skip


POSTGRES = Service("postgres", "PostgreSQL", _postgres_command, _postgres_environment, "postgres/data", "postgres_port")
SUPERSET = Service(
    "superset", "Superset", _superset_command, superset_environment, "superset", "superset_port"
)  # fmt: skip
# the log servers of scheduler and triggerer would listen on every address; on one host the logs are read as files
AIRFLOW = tuple(
    Service(f"airflow-{name}", f"Airflow {title}", _airflow(*words), airflow_environment, "airflow", setting, titles)
    for name, title, words, setting, titles in (
        ("api", "web and API", ("api-server",), "airflow_port", ("airflow api_server",)),
        ("scheduler", "scheduler", ("scheduler", "--skip-serve-logs"), "", ("airflow worker", "airflow supervisor")),
        ("dag-processor", "DAG processor", ("dag-processor",), "", ()),
        ("triggerer", "triggerer", ("triggerer", "--skip-serve-logs", "--capacity", "50"), "", ()),
    )
)
SERVICES = (POSTGRES, *AIRFLOW, SUPERSET)


def services(s: Settings) -> tuple[Service, ...]:
    """The services that run here; an external PostgreSQL is not one of them."""
    return tuple(service for service in SERVICES if service is not POSTGRES or not s.postgres_host)


def find(name: str) -> Service:
    """One service by its name; KeyError if there is none."""
    return {service.name: service for service in SERVICES}[name]
