"""The one reader of the environment.

Every setting has the prefix `GRIDMART_`, may stand in a `.env` file at the project's root, and is
frozen once read. `.env.example` is generated from this class and tested to match it.
"""

from datetime import date
from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_DIR = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Settings of one installation; see each field's description for its unit."""

    model_config = SettingsConfigDict(
        env_prefix="GRIDMART_", env_file=PROJECT_DIR / ".env", extra="ignore", frozen=True
    )

    var_dir: Path = Field(PROJECT_DIR / "var", description="Folder of all data, logs and secrets of this installation.")
    timezone: str = Field("Asia/Shanghai", description="Local time zone of the business date (IANA name).")

    host: str = Field("127.0.0.1", description="Address that every service listens on.")
    postgres_port: int = Field(15432, description="TCP port of PostgreSQL.")
    airflow_port: int = Field(18080, description="TCP port of Airflow's web interface and API.")
    superset_port: int = Field(18088, description="TCP port of Superset.")
    # a number stands in SQL and in names of roles and users: letters and digits alone
    superset_organisations: str = Field(
        "",
        pattern=r"^[0-9A-Za-z, ]*$",
        description="Numbers of the organisations whose managers see their own rows alone in Superset, by commas; "
        "empty: no such roles.",
    )

    postgres_host: str = Field("", description="External PostgreSQL host; empty: the embedded one is started.")
    inbox_dir: Path | None = Field(None, description="Drop folder of meter files; empty: inbox/meter under var_dir.")
    weather_dir: Path | None = Field(None, description="Drop folder of weather; empty: inbox/weather under var_dir.")
    weather_url: str = Field(
        "", description="Base URL of the weather HTTP service; empty: weather comes from the drop folder."
    )
    lake_dir: Path | None = Field(None, description="Folder of the lake's Parquet files; empty: lake under var_dir.")
    lake_engine: str = Field("duckdb", description="Engine of the lake: duckdb, local[N] or spark://host:port.")
    lake_driver_host: str = Field(
        "127.0.0.1", description="Address of this machine under which the workers of a Spark cluster reach it."
    )
    lake_workers: int = Field(2, description="Processes or threads used to parse and validate readings.")
    lake_keep_days: int = Field(
        0, ge=0, description="Days that readings stay in the lake, by business date, at least 63; 0: all stay."
    )
    cis_url: str = Field("", description="SQLAlchemy URL of the CIS source; empty: the demo's database demo_cis.")
    cis_schema: str = Field("", description="Schema of the CIS tables; empty: the default of the connection's user.")
    network_url: str = Field(
        "", description="SQLAlchemy URL of the network source; empty: the demo's database demo_network."
    )
    network_schema: str = Field(
        "", description="Schema of the network tables; empty: the default of the connection's user."
    )
    crm_url: str = Field("", description="SQLAlchemy URL of the CRM source; empty: the demo's database demo_crm.")
    crm_schema: str = Field("", description="Schema of the CRM tables; empty: the default of the connection's user.")
    market_url: str = Field(
        "", description="SQLAlchemy URL of the market source; empty: the demo's database demo_market."
    )
    market_schema: str = Field(
        "", description="Schema of the market tables; empty: the default of the connection's user."
    )

    demo_accounts: int = Field(1000, description="Accounts of the demo utility.")
    demo_seed: int = Field(42, description="Seed of the demo utility.")
    demo_from: date = Field(date(2025, 9, 27), description="First business date of the demo utility.")
    demo_to: date = Field(date(2026, 10, 31), description="Last business date of the demo utility.")

    @property
    def organisations(self) -> list[str]:
        """Organisations whose managers are limited to them, each once."""
        return list(dict.fromkeys(self.superset_organisations.replace(",", " ").split()))

    @property
    def pg_host(self) -> str:
        """Host of PostgreSQL, embedded or external."""
        return self.postgres_host or self.host

    @property
    def inbox(self) -> Path:
        """Drop folder of meter files."""
        return self.inbox_dir or self.var_dir / "inbox" / "meter"

    @property
    def head_end_inbox(self) -> Path:
        """Drop folder of what a head-end sends beside readings."""
        return self.var_dir / "inbox" / "head_end"

    @property
    def weather_inbox(self) -> Path:
        """Drop folder of weather files."""
        return self.weather_dir or self.var_dir / "inbox" / "weather"

    @property
    def lake(self) -> Path:
        """Folder of the lake."""
        return self.lake_dir or self.var_dir / "lake"

    @property
    def secrets_file(self) -> Path:
        """The one file of generated secrets, mode 0600."""
        return self.var_dir / "secrets.json"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Settings of this process, read once."""
    return Settings()


def env_example() -> str:
    """Text of `.env.example`: every setting with its description and default."""
    lines = ["# Settings of gridmart. Every line shows a default; remove the # to change it."]
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, Path):
            default = default.relative_to(PROJECT_DIR)
        lines += ["", f"# {field.description}", f"# GRIDMART_{name.upper()}={'' if default is None else default}"]
    return "\n".join(lines) + "\n"
