"""Secrets of one installation: generated on first use, kept in one file of mode 0600."""

import base64
import json
import os
import secrets as random
from functools import lru_cache
from pathlib import Path

from gridmart.settings import settings

DEMO_SYSTEMS = ("cis", "network", "crm", "market")  # each a database demo_<name> with an owner and a reader
DATABASE_ROLES = (
    "postgres",
    "loader",
    "builder",
    "scorer",
    "bi_reader",
    "auditor",
    "airflow",
    "superset",
    *(f"{system}_{role}" for system in DEMO_SYSTEMS for role in ("owner", "reader")),
)
WEB_USERS = ("airflow_admin", "superset_admin", "superset_manager")
KEYS = ("airflow_jwt", "airflow_api", "superset_key", "pii_hash_key")


def generate() -> dict[str, str]:
    """New random secrets: a password for each database role and web user, keys, a Fernet key."""
    managers = [f"superset_manager_{org_no}" for org_no in settings().organisations]
    users = [f"web_{user}" for user in (*WEB_USERS, *managers)]
    names = [f"db_{role}" for role in DATABASE_ROLES] + users + list(KEYS)
    made = {name: random.token_urlsafe(24) for name in names}
    made["airflow_fernet"] = base64.urlsafe_b64encode(os.urandom(32)).decode()
    return made


def load_or_create(path: Path) -> dict[str, str]:
    """Read the secrets file; create it, or add what a newer release needs, with mode 0600."""
    stored: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: value for name, value in generate().items() if name not in stored}
    if missing:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(stored | missing, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
    return stored | missing


@lru_cache(maxsize=1)
def _all() -> dict[str, str]:
    return load_or_create(settings().secrets_file)


def secret(name: str) -> str:
    """One secret of this installation by name, for example `db_loader`."""
    return _all()[name]
