"""Roles of Superset as written in `superset/access.yaml`."""

from dataclasses import dataclass
from typing import Any

from gridmart.dashboards.client import Superset
from gridmart.dashboards.source import Source
from gridmart.errors import GridmartError
from gridmart.secrets import secret

ROLES = "/api/v1/security/roles/"
USERS = "/api/v1/security/users/"

Right = tuple[str, str]  # permission, on what: Superset's own words


@dataclass(frozen=True)
class LiveDataset:
    """A dataset of ours in Superset: its number there, and Superset's name for access to it."""

    number: int
    permission: str


def live_datasets(client: Superset, source: Source) -> dict[str, LiveDataset]:
    """Our datasets in Superset by name; access is called `[database].[table](id:N)`."""
    ours = {dataset.content["uuid"]: name for name, dataset in source.datasets.items()}
    database = source.database.content["database_name"]
    rows = client.listing("/api/v1/dataset/", ["id", "uuid", "table_name"])
    return {
        ours[row["uuid"]]: LiveDataset(row["id"], f"[{database}].[{row['table_name']}](id:{row['id']})")
        for row in rows
        if row["uuid"] in ours
    }


def rights(role: dict[str, Any], datasets: list[LiveDataset]) -> set[Right]:
    """What a role may: its rules, and access to datasets."""
    rules = {(rule["may"], rule["what"]) for rule in role["permissions"]}
    return rules | {("datasource_access", dataset.permission) for dataset in datasets}


def apply(client: Superset, source: Source) -> list[str]:
    """Make roles and their users as the file says; returns what was changed, for people."""
    changes = []
    datasets = list(live_datasets(client, source).values())
    known = known_rights(client)
    for name, role in source.access.get("roles", {}).items():
        role_id, made = make_role(client, name)
        changes += made + grant(client, known, role_id, name, rights(role, datasets))
        for username in role["users"]:
            changes += make_user(client, username, role_id, name)
    return changes


def make_role(client: Superset, name: str) -> tuple[int, list[str]]:
    """A role's number in Superset, and what was changed to have it; a new role may nothing."""
    role_id = next((row["id"] for row in client.listing(ROLES) if row["name"] == name), None)
    if role_id is not None:
        return role_id, []
    return client.post(ROLES, {"name": name})["id"], [f"role {name} made"]


def known_rights(client: Superset) -> dict[Right, int]:
    """Every right that Superset knows, with its number."""
    return {
        (row["permission"]["name"], row["view_menu"]["name"]): row["id"]
        for row in client.listing("/api/v1/security/permissions-resources/")
    }


def grant(client: Superset, known: dict[Right, int], role_id: int, name: str, wanted: set[Right]) -> list[str]:
    """Give a role exactly the rights wanted; GridmartError if Superset knows one of them not."""
    unknown = sorted(f"{may} on {what}" for may, what in wanted - set(known))
    if unknown:
        raise GridmartError(
            f"Superset knows no permission {'; '.join(unknown)} (role {name}).",
            "Correct superset/access.yaml; names are Superset's own, as its role editor shows them.",
        )
    current = {row["id"] for row in client.get(f"{ROLES}{role_id}/permissions/")["result"]}
    ids = {known[right] for right in wanted}
    if ids == current:
        return []
    client.post(f"{ROLES}{role_id}/permissions", {"permission_view_menu_ids": sorted(ids)})
    return [f"role {name}: {len(ids)} permissions"]


def make_user(client: Superset, username: str, role_id: int, role: str) -> list[str]:
    """A user of this one role, able to log in with the secret `web_<username>`; returns what was changed."""
    user = next((row for row in client.listing(USERS) if row["username"] == username), None)
    if user is None:
        body = {
            "username": username,
            "password": secret(f"web_{username}"),
            "first_name": role.capitalize(),
            "last_name": "gridmart",
            "email": f"{username}@localhost",
            "active": True,
            "roles": [role_id],
        }
        client.post(USERS, body)
        return [f"user {username} made"]
    if [row["id"] for row in user["roles"]] != [role_id] or not user["active"]:
        client.put(f"{USERS}{user['id']}", {"roles": [role_id], "active": True})
        return [f"user {username} has role {role}"]
    return []
