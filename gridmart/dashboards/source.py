"""The dashboards' files in Git, read into plain objects.

    superset/databases/warehouse.yaml                the one connection, without its password
    superset/datasets/<mart>.yaml                    one mart: columns, calculated columns, metrics; `kpi: code` is a
                                                     metric of the KPI dictionary
    superset/dashboards/<slug>/dashboard.yaml        title, filters, colours, layout
    superset/dashboards/<slug>/charts/<slug>.yaml    one chart
    superset/chart_defaults.yaml                     look shared by all charts of a type
    superset/style.css                               look shared by all dashboards
    superset/access.yaml                             roles and their reasons

File names are slugs and are the only ids; UUIDs derive from them, so they never change by accident.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import yaml

from gridmart.errors import GridmartError
from gridmart.kpis import FILE, kpis
from gridmart.settings import PROJECT_DIR

SUPERSET_DIR = PROJECT_DIR / "superset"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where the wheel has it: ten times faster
NAMESPACE = uuid5(NAMESPACE_DNS, "gridmart")


def stable_uuid(kind: str, slug: str) -> str:
    """UUID of an object: uuid5 of `<kind>/<slug>`; a chart's slug is `<dashboard>/<chart>`."""
    return str(uuid5(NAMESPACE, f"{kind}/{slug}"))


@dataclass(frozen=True)
class SourceFile:
    """One YAML file: its kind, slug, path and content."""

    kind: str
    slug: str
    path: Path
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """Last part of the slug: the file's own name."""
        return self.slug.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Dashboard(SourceFile):
    """A dashboard with its charts by name."""

    charts: dict[str, SourceFile] = field(default_factory=dict)
    css: str = ""


@dataclass(frozen=True)
class Source:
    """All files of the dashboards."""

    root: Path
    database: SourceFile
    datasets: dict[str, SourceFile]
    dashboards: dict[str, Dashboard]
    chart_defaults: dict[str, dict[str, Any]]
    access: dict[str, Any]


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping; GridmartError names the file and line otherwise."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe loader
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise GridmartError(
            f"{path} cannot be read: {error}", "Correct the file, then run the command again."
        ) from error
    if not isinstance(content, dict):
        raise GridmartError(f"{path} holds no mapping.", "Write `key: value` lines; see its neighbours for the form.")
    return content


def _with_kpis(path: Path, dataset: dict[str, Any]) -> dict[str, Any]:
    """A dataset whose metrics `{kpi: code}` are the dictionary's; GridmartError names one that is not there."""
    metrics = dataset.get("metrics", [])
    for number, metric in enumerate(metrics):
        if "kpi" in metric:
            if metric["kpi"] not in kpis():
                raise GridmartError(
                    f"{path} names KPI {metric['kpi']}, which is not in {FILE.name}", "Correct the name."
                )
            metrics[number] = kpis()[metric["kpi"]].metric
    return dataset


def load(root: Path = SUPERSET_DIR) -> Source:
    """Read every file under `root`; GridmartError if one is missing or is not YAML."""
    datasets = {
        path.stem: SourceFile("dataset", path.stem, path, _with_kpis(path, read_yaml(path)))
        for path in sorted((root / "datasets").glob("*.yaml"))
    }
    style = root / "style.css"
    css = style.read_text(encoding="utf-8") if style.exists() else ""
    dashboards = {}
    for folder in sorted(path.parent for path in (root / "dashboards").glob("*/dashboard.yaml")):
        charts = {
            path.stem: SourceFile("chart", f"{folder.name}/{path.stem}", path, read_yaml(path))
            for path in sorted((folder / "charts").glob("*.yaml"))
        }
        dashboards[folder.name] = Dashboard(
            "dashboard",
            folder.name,
            folder / "dashboard.yaml",
            read_yaml(folder / "dashboard.yaml"),
            charts,
            css,
        )
    if not dashboards:
        raise GridmartError(f"No dashboard under {root / 'dashboards'}.", "Is this a complete clone of the project?")
    database = root / "databases" / "warehouse.yaml"
    return Source(
        root,
        SourceFile("database", "warehouse", database, read_yaml(database)),
        datasets,
        dashboards,
        read_yaml(root / "chart_defaults.yaml"),
        read_yaml(root / "access.yaml"),
    )
