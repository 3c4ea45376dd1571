"""Columns of published marts, read from dbt's files (contract enforced) and `superset/external_relations.yaml`."""

from pathlib import Path
from typing import Any

from gridmart.dashboards.source import SUPERSET_DIR, read_yaml
from gridmart.settings import PROJECT_DIR

DBT_DIR = PROJECT_DIR / "dbt"


def _contract_by_folder(dbt_dir: Path) -> bool:
    """Whether dbt_project.yml enforces the contract for the folder `marts`."""
    path = dbt_dir / "dbt_project.yml"
    if not path.exists():
        return False

    def enforced(node: Any) -> bool:
        contract = node.get("+contract", node.get("contract")) if isinstance(node, dict) else None
        return bool(isinstance(contract, dict) and contract.get("enforced", contract.get("+enforced")))

    models = read_yaml(path).get("models", {})
    return any(isinstance(project, dict) and enforced(project.get("marts")) for project in models.values())


def relations(dbt_dir: Path = DBT_DIR, superset_dir: Path = SUPERSET_DIR) -> dict[str, dict[str, str]]:
    """{relation: {column: type}} of every mart whose contract is enforced, and of relations made outside dbt."""
    by_folder = _contract_by_folder(dbt_dir)
    found: dict[str, dict[str, str]] = {}
    for path in sorted((dbt_dir / "models" / "marts").rglob("*.y*ml")):
        for model in read_yaml(path).get("models", []):
            contract = model.get("config", {}).get("contract", {}).get("enforced", by_folder)
            if contract:
                columns = model.get("columns", [])
                found[model["name"]] = {column["name"]: str(column.get("data_type", "")) for column in columns}
    external = superset_dir / "external_relations.yaml"
    if external.exists():
        for name, relation in read_yaml(external).get("relations", {}).items():
            found[name] = {column: str(kind) for column, kind in relation["columns"].items()}
    return found
