"""What is live in Superset against what is in Git, and what of ours Git has dropped."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gridmart.dashboards.bundle import SLUG_PARAM
from gridmart.dashboards.source import stable_uuid

Files = dict[str, dict[str, Any]]

# Superset's page writes these by itself when somebody opens a dashboard or a chart.
WRITTEN_BY_SUPERSET = {"map_label_colors", "shared_label_colors", "chartsInScope", "chartId", "is_managed_externally"}
PARAMS_OF_SUPERSET = {"datasource", "slice_id", "dashboards", "dashboardId", "extra_form_data", "annotation_layers"}


@dataclass(frozen=True)
class Difference:
    """One difference: object, field, value in Git, value live; `live` is None for an object that is missing."""

    thing: str
    where: str
    git: Any
    live: Any


@dataclass(frozen=True)
class Stale:
    """A live object that `gridmart` once imported and Git no longer has."""

    kind: str
    uuid: str
    title: str


def differences(expected: Files, live: Files) -> list[Difference]:
    """Differences of every object in Git from its live one; `live` is keyed by `<folder>/<uuid>`."""
    found: list[Difference] = []
    for path, content in expected.items():
        folder = path.split("/", 1)[0]
        actual = live.get(f"{folder}/{content['uuid']}")
        if actual is None:
            found.append(Difference(path, "", "in Git", None))
            continue
        if folder == "dashboards":
            actual = _with_our_ids(content, actual)
        found += [Difference(path, where, git, now) for where, git, now in _walk(content, actual, "")]
        if folder == "charts":
            for name in sorted(set(actual["params"]) - set(content["params"]) - PARAMS_OF_SUPERSET):
                found.append(Difference(path, f"params.{name}", None, actual["params"][name]))
    return found


def _walk(git: Any, live: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(git, dict) and isinstance(live, dict):
        for key, value in git.items():
            if key not in WRITTEN_BY_SUPERSET:
                yield from _walk(value, live.get(key), f"{where}.{key}".lstrip("."))
    elif isinstance(git, list) and isinstance(live, list):
        key = next(
            (key for key in ("column_name", "metric_name") if git and isinstance(git[0], dict) and key in git[0]), ""
        )
        if key:
            git_by, live_by = {item[key]: item for item in git}, {item[key]: item for item in live}
            for name in dict.fromkeys([*git_by, *live_by]):
                yield from _walk(git_by.get(name), live_by.get(name), f"{where}.{name}")
        elif len(git) != len(live):
            yield where, git, live
        else:
            for number, (left, right) in enumerate(zip(git, live, strict=True)):
                yield from _walk(left, right, f"{where}[{number}]")
    elif git != live and not (git in (None, "", {}, []) and live in (None, "", {}, [])):
        yield where, git, live


def _with_our_ids(git: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """The live dashboard with its chart ids replaced by the ones counted in the bundle, joined by UUID."""

    def ids(dashboard: dict[str, Any]) -> dict[str, int]:
        boxes = [box for box in dashboard["position"].values() if isinstance(box, dict) and box.get("type") == "CHART"]
        return {box["meta"]["uuid"]: box["meta"]["chartId"] for box in boxes if "uuid" in box["meta"]}

    ours = ids(git)
    number = {chart_id: ours.get(uuid, -1) for uuid, chart_id in ids(live).items()}

    def renumber(node: Any) -> Any:
        if isinstance(node, dict):
            renamed = {key: renumber(value) for key, value in node.items()}
            if "excluded" in node:
                renamed["excluded"] = [number.get(chart_id, -1) for chart_id in node["excluded"]]
            return renamed
        return [renumber(value) for value in node] if isinstance(node, list) else node

    metadata = renumber(live["metadata"])
    configuration = {}
    for key, value in metadata.get("chart_configuration", {}).items():
        ours_number = number.get(int(key), -1)
        scope = value.get("crossFilters", {}).get("scope")
        if isinstance(scope, dict):
            scope["excluded"] = sorted(scope["excluded"])
        configuration[str(ours_number)] = value | {"id": ours_number}
    metadata["chart_configuration"] = configuration
    return live | {"metadata": metadata}


def stale(expected: Files, live: Files) -> list[Stale]:
    """Live charts, datasets and dashboards that are ours by their UUID and no longer in Git.

    Ours: the UUID is the one that gridmart derives from the object's slug. A copy that a manager saves under
    another name has a UUID of its own, so it is never touched.
    """
    kept = {f"{path.split('/', 1)[0]}/{content['uuid']}" for path, content in expected.items()}
    found = []
    for key, content in live.items():
        folder, uuid = key.split("/", 1)
        slug, title = {
            "dashboards": (content.get("slug"), content.get("dashboard_title")),
            "charts": ((content.get("params") or {}).get(SLUG_PARAM), content.get("slice_name")),
            "datasets": (content.get("table_name"), content.get("table_name")),
        }.get(folder, (None, None))
        kind = folder.removesuffix("s")
        if slug and key not in kept and stable_uuid(kind, slug) == uuid:
            found.append(Stale(kind, uuid, str(title)))
    return sorted(found, key=lambda each: ("dashboard", "chart", "dataset").index(each.kind))
