"""Managers of one organisation: for each number in the settings a role, its user, and the rule that limits its rows.

The rule stands before the role may read anything, and goes after the role has gone. Rules of several organisations
add up: a person with two of these roles sees both.
"""

from contextlib import suppress
from typing import Any

import psycopg

from gridmart.dashboards import access
from gridmart.dashboards.access import LiveDataset
from gridmart.dashboards.bundle import columns_of
from gridmart.dashboards.client import Superset
from gridmart.dashboards.source import Source, SourceFile
from gridmart.errors import GridmartError
from gridmart.settings import settings
from gridmart.warehouse.database import connect

RULES = "/api/v1/rowlevelsecurity/"
COLUMN = "org_no"
GROUP = "organisation"


def is_limited(dataset: SourceFile) -> bool:
    """Whether its rows belong to organisations."""
    return COLUMN in columns_of(dataset)


def is_open(dataset: SourceFile) -> bool:
    """Whether its rows are of the company as a whole, for every organisation's manager to see."""
    return bool(dataset.content.get("organisations") == "all")


def apply(client: Superset, source: Source) -> list[str]:
    """Make roles, users and rules of the organisations in the settings, and no others; returns what was changed."""
    numbers = settings().organisations
    _check_known(numbers)
    spec = source.access["organisations"]
    template = source.access["roles"][spec["as"]]
    live = access.live_datasets(client, source)
    limited = [live[name] for name, dataset in source.datasets.items() if is_limited(dataset)]
    seen = limited + [live[name] for name, dataset in source.datasets.items() if is_open(dataset)]
    known = access.known_rights(client)
    changes = []
    for org_no in numbers:
        name = f"{spec['as']}_{org_no}"
        role_id, made = access.make_role(client, name)
        changes += made
        changes += _rule(client, name, role_id, spec["rows"].replace("{org_no}", org_no), limited)
        changes += access.grant(client, known, role_id, name, access.rights(template, seen))
        for username in template["users"]:
            changes += access.make_user(client, f"{username}_{org_no}", role_id, name)
    return changes + _prune(client, source, {f"{spec['as']}_{org_no}" for org_no in numbers})


def _check_known(numbers: list[str]) -> None:
    known: set[str] = set()
    if numbers:
        with connect("bi_reader") as connection, suppress(psycopg.errors.UndefinedTable):
            known = {org_no for (org_no,) in connection.execute("select org_no from marts.dim_organisation")}
    if unknown := [org_no for org_no in numbers if org_no not in known]:
        raise GridmartError(
            f"There is no organisation {', '.join(unknown)}.",
            "Correct GRIDMART_SUPERSET_ORGANISATIONS; numbers are org_no of marts.dim_organisation, as last published.",
        )


def _rule(client: Superset, name: str, role_id: int, clause: str, limited: list[LiveDataset]) -> list[str]:
    """The rule of a role, called as the role is."""
    wanted = {
        "name": name,
        "filter_type": "Regular",
        "group_key": GROUP,
        "clause": clause,
        "roles": [role_id],
        "tables": sorted(dataset.number for dataset in limited),
    }
    rule = next((row for row in client.listing(RULES) if row["name"] == name), None)
    if rule is None:
        client.post(RULES, wanted)
        return [f"rows of {name} limited in {len(limited)} datasets"]
    if {key: _plain(rule[key]) for key in wanted} != wanted:
        client.put(f"{RULES}{rule['id']}", wanted)
        return [f"rows of {name} limited in {len(limited)} datasets"]
    return []


def _plain(value: Any) -> Any:
    """A field as it is sent: of related objects their numbers."""
    return sorted(each["id"] for each in value) if isinstance(value, list) else value


def _prune(client: Superset, source: Source, wanted: set[str]) -> list[str]:
    """Take away roles and rules named `<as>_…` that are not wanted; the users that were made for them cannot log in."""
    spec = source.access["organisations"]
    prefix = f"{spec['as']}_"
    kept = wanted | set(source.access["roles"])
    changes = []
    for role in client.listing(access.ROLES):
        if not role["name"].startswith(prefix) or role["name"] in kept:
            continue
        made = {f"{user}_{role['name'].removeprefix(prefix)}" for user in source.access["roles"][spec["as"]]["users"]}
        for user in client.listing(access.USERS):
            if user["username"] in made and user["active"]:
                client.put(f"{access.USERS}{user['id']}", {"active": False})
        client.delete("security/roles", role["id"])
        changes.append(f"role {role['name']} deleted")
    for rule in client.listing(RULES):
        if rule["name"].startswith(prefix) and rule["name"] not in kept:
            client.delete("rowlevelsecurity", rule["id"])
            changes.append(f"rule {rule['name']} deleted")
    return changes
