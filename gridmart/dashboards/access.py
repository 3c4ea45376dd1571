"""Roles of Superset as written in `superset/access.yaml`."""

from typing import Any

from gridmart.dashboards.client import Superset
from gridmart.dashboards.source import Source
from gridmart.errors import GridmartError
from gridmart.secrets import secret

ROLES = "/api/v1/security/roles/"
USERS = "/api/v1/security/users/"


def wanted_permissions(role: dict[str, Any], dataset_permissions: list[str]) -> set[tuple[str, str]]:
    """(permission, on what) of a role: its rules, and access to its datasets."""
    rules = {(rule["may"], rule["what"]) for rule in role["permissions"]}
    return rules | {("datasource_access", permission) for permission in dataset_permissions}


def dataset_permissions(client: Superset, source: Source) -> list[str]:
    """Superset's names for access to our datasets, `[database].[table](id:N)`."""
    ours = {dataset.content["uuid"] for dataset in source.datasets.values()}
    database = source.database.content["database_name"]
    rows = client.listing("/api/v1/dataset/", ["id", "uuid", "table_name"])
    return [f"[{database}].[{row['table_name']}](id:{row['id']})" for row in rows if row["uuid"] in ours]


def apply(client: Superset, source: Source) -> list[str]:
    """Make roles and their users as the file says; returns what was changed, for people."""
    changes = []
    known = {
        (row["permission"]["name"], row["view_menu"]["name"]): row["id"]
        for row in client.listing("/api/v1/security/permissions-resources/")
    }
    datasets = dataset_permissions(client, source)
    for name, role in source.access.get("roles", {}).items():
        wanted = wanted_permissions(role, datasets)
        unknown = sorted(f"{may} on {what}" for may, what in wanted - set(known))
        if unknown:
            raise GridmartError(
                f"Superset knows no permission {'; '.join(unknown)} (role {name}).",
                "Correct superset/access.yaml; names are Superset's own, as its role editor shows them.",
            )
        role_id = next((row["id"] for row in client.listing(ROLES) if row["name"] == name), None)
        if role_id is None:
            role_id = client.post(ROLES, {"name": name})["id"]
            changes.append(f"role {name} made")
        current = {row["id"] for row in client.get(f"{ROLES}{role_id}/permissions/")["result"]}
        ids = {known[rule] for rule in wanted}
        if ids != current:
            client.post(f"{ROLES}{role_id}/permissions", {"permission_view_menu_ids": sorted(ids)})
            changes.append(f"role {name}: {len(ids)} permissions")
        for username in role["users"]:
            changes += _user(client, username, role_id, name)
    return changes


def _user(client: Superset, username: str, role_id: int, role: str) -> list[str]:
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
    if [row["id"] for row in user["roles"]] != [role_id]:
        client.put(f"{USERS}{user['id']}", {"roles": [role_id]})
        return [f"user {username} has role {role}"]
    return []
