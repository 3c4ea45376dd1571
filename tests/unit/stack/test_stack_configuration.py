"""The stack's configuration: no secret in it, nothing beyond this host, a taken port named with its setting."""

import configparser
import json
import socket
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from gridmart import secrets
from gridmart.errors import GridmartError
from gridmart.settings import PROJECT_DIR, Settings, env_example, settings
from gridmart.stack import lifecycle, services, supervisor
from tests.conftest import free_port


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an installation in a folder of its own; nothing is started."""
    monkeypatch.setenv("GRIDMART_VAR_DIR", str(tmp_path / "var"))
    settings.cache_clear()
    secrets._all.cache_clear()
    yield settings()
    settings.cache_clear()
    secrets._all.cache_clear()


def test_env_example_is_what_the_settings_say() -> None:
    assert (PROJECT_DIR / ".env.example").read_text() == env_example()


def test_secrets_are_for_their_owner_alone_and_stay(here: Settings) -> None:
    first = secrets.load_or_create(here.secrets_file)
    assert stat.S_IMODE(here.secrets_file.stat().st_mode) == 0o600
    assert secrets.load_or_create(here.secrets_file) == first
    assert len(set(first.values())) == len(first), "two secrets are equal"
    assert min(len(value) for value in first.values()) >= 24


def test_secrets_of_a_newer_release_are_added(here: Settings) -> None:
    first = secrets.load_or_create(here.secrets_file)
    kept = {name: value for name, value in first.items() if name != "db_auditor"}
    here.secrets_file.write_text(json.dumps(kept))
    second = secrets.load_or_create(here.secrets_file)
    assert second["db_auditor"] and {name: second[name] for name in kept} == kept


def test_an_organisation_with_a_manager_of_its_own_gets_a_secret(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = secrets.load_or_create(here.secrets_file)
    monkeypatch.setenv("GRIDMART_SUPERSET_ORGANISATIONS", "1400101, 14001,1400101")
    settings.cache_clear()
    assert settings().organisations == ["1400101", "14001"]
    added = set(secrets.load_or_create(here.secrets_file)) - set(first)
    assert added == {"web_superset_manager_1400101", "web_superset_manager_14001"}


@pytest.mark.parametrize("number", ["1') or ('1' = '1", "1--", "1;2", "{org_no}", "1%"])
def test_an_organisation_is_letters_and_digits_since_it_stands_in_sql(number: str) -> None:
    with pytest.raises(ValidationError, match="superset_organisations"):
        Settings(superset_organisations=number)


def test_supervisor_configuration_holds_no_secret(here: Settings) -> None:
    known = secrets.load_or_create(here.secrets_file).values()
    text = supervisor.configuration(here)
    assert not [value for value in known if value in text]


def test_supervisor_restarts_every_service_and_rotates_its_log(here: Settings) -> None:
    found = configparser.RawConfigParser()
    found.read_string(supervisor.configuration(here))
    for service in services.services(here):
        section = found[f"program:{service.name}"]
        assert section["autorestart"] == "true"
        assert section["stdout_logfile"] == f"{here.var_dir}/log/{service.name}.log"
        assert section["stdout_logfile_maxbytes"] == "20MB"


def test_supervisor_answers_on_a_socket_only(here: Settings) -> None:
    assert "inet_http_server" not in supervisor.configuration(here)


def test_socket_name_stays_short_in_a_deep_folder(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMART_VAR_DIR", str(here.var_dir / ("deep" * 30)))
    settings.cache_clear()
    assert len(str(supervisor.socket_path(settings()))) < 108


def test_services_get_only_their_own_secrets(here: Settings) -> None:
    made = secrets.load_or_create(here.secrets_file)
    own = {
        "postgres": set(),
        "airflow": {"db_airflow", "airflow_fernet", "airflow_jwt", "airflow_api"},
        "superset": {"db_superset", "superset_key"},
    }
    for service in (services.find("airflow-scheduler"), services.find("superset"), services.find("postgres")):
        text = "\n".join(service.environment(here).values())
        given = {name for name, value in made.items() if value in text}
        assert given == own[service.name.split("-")[0]], service.name


def test_services_call_nobody_and_use_no_proxy_here(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    for name in ("airflow-scheduler", "superset"):
        environment = services.find(name).environment(here)
        assert environment["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
        assert environment["RUNTIME__DLTHUB_TELEMETRY"] == "false"
        assert "127.0.0.1" in environment["NO_PROXY"].split(",")


def test_settings_in_force_reach_the_tasks(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMART_SUPERSET_PORT", "29999")
    monkeypatch.setenv("PYTHONPATH", "/somewhere/else")
    settings.cache_clear()
    environment = services.airflow_environment(settings())
    assert environment["GRIDMART_SUPERSET_PORT"] == "29999"
    assert environment["GRIDMART_VAR_DIR"] == str(here.var_dir)
    assert "PYTHONPATH" not in environment


def test_a_taken_port_is_named_with_its_setting(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("GRIDMART_AIRFLOW_PORT", str(port))
        for other in ("POSTGRES", "SUPERSET"):  # free ones, whatever else runs on this machine
            monkeypatch.setenv(f"GRIDMART_{other}_PORT", str(free_port()))
        settings.cache_clear()
        with pytest.raises(GridmartError) as refusal:
            lifecycle.check_ports(settings())
    assert str(port) in refusal.value.cause
    assert "GRIDMART_AIRFLOW_PORT" in refusal.value.next_step


def test_an_external_postgresql_is_not_started(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMART_POSTGRES_HOST", "db.example")
    settings.cache_clear()
    assert "postgres" not in [service.name for service in services.services(settings())]
    assert "[program:postgres]" not in supervisor.configuration(settings())
