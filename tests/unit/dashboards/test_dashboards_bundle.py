"""The bundle is Superset's format, complete, the same every time, and prune knows what is ours."""

import copy
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from gridmart.dashboards import bundle, compare, source
from gridmart.secrets import load_or_create


@pytest.fixture(autouse=True)
def own_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Secrets of a fresh installation in a temporary folder."""
    secrets = load_or_create(tmp_path / "secrets.json")
    monkeypatch.setattr("gridmart.secrets._all", lambda: secrets)
    return secrets


def live_like(files: compare.Files) -> compare.Files:
    """What Superset would export right after the import, with chart ids of its own."""
    live: compare.Files = {}
    for path, content in files.items():
        copied: dict[str, Any] = copy.deepcopy(content)
        if path.startswith("dashboards/"):
            boxes = [box for box in copied["position"].values() if isinstance(box, dict) and box["type"] == "CHART"]
            for box in boxes:
                box["meta"]["chartId"] += 500
            metadata = copied["metadata"]
            for spec in metadata["native_filter_configuration"]:
                spec["scope"]["excluded"] = [number + 500 for number in spec["scope"]["excluded"]]
            moved = {}
            for key, value in metadata["chart_configuration"].items():
                value["id"] += 500
                scope = value["crossFilters"]["scope"]
                scope["excluded"] = [number + 500 for number in scope["excluded"]]
                moved[str(int(key) + 500)] = value
            metadata["chart_configuration"] = moved
        live[f"{path.split('/')[0]}/{content['uuid']}"] = copied
    return live


def test_two_bundles_of_the_same_files_are_equal_byte_for_byte() -> None:
    assert bundle.archive(source.load()) == bundle.archive(source.load())


def test_the_password_is_in_the_bundle_and_not_in_what_is_compared(own_secrets: dict[str, str]) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle.archive(source.load()))) as archive:
        database = yaml.safe_load(archive.read("gridmart/databases/warehouse.yaml"))
        assert yaml.safe_load(archive.read("gridmart/metadata.yaml"))["type"] == "assets"
    assert f"bi_reader:{own_secrets['db_bi_reader']}@" in database["sqlalchemy_uri"]
    masked = bundle.files(source.load(), masked=True)["databases/warehouse.yaml"]["sqlalchemy_uri"]
    assert own_secrets["db_bi_reader"] not in masked
    assert f"bi_reader:{bundle.MASK}@" in masked


def test_no_file_in_git_holds_a_connection() -> None:
    for path in source.SUPERSET_DIR.rglob("*.yaml"):
        assert "postgresql" not in path.read_text(encoding="utf-8"), path


def test_layout_keys_are_words_and_every_box_has_its_parent() -> None:
    for dashboard in source.load().dashboards.values():
        ids = {name: number for number, name in enumerate(dashboard.charts, 1)}
        tree = bundle.position(dashboard, ids)
        reached = {"ROOT_ID", "HEADER_ID", "DASHBOARD_VERSION_KEY"}
        for box in tree.values():
            if isinstance(box, dict):
                reached |= set(box.get("children", []))
        assert reached == set(tree)
        assert {f"CHART-{name}" for name in dashboard.charts} <= set(tree)


def test_what_was_imported_equals_git_though_ids_differ() -> None:
    files = bundle.files(source.load(), masked=True)
    assert compare.differences(files, live_like(files)) == []


def test_an_edited_title_a_lost_metric_and_a_new_parameter_are_differences() -> None:
    files = bundle.files(source.load(), masked=True)
    live = live_like(files)
    chart = files["charts/cockpit__energy_sold.yaml"]
    live[f"charts/{chart['uuid']}"]["slice_name"] = "somebody's"
    live[f"charts/{chart['uuid']}"]["params"]["rolling_type"] = "cumsum"
    live[f"charts/{chart['uuid']}"]["params"]["time_shift"] = "1 year"
    dataset = files["datasets/warehouse/rpt_sales_month.yaml"]
    lost = live[f"datasets/{dataset['uuid']}"]["metrics"].pop()
    where = {(each.thing, each.where) for each in compare.differences(files, live)}
    assert where == {
        ("charts/cockpit__energy_sold.yaml", "slice_name"),
        ("charts/cockpit__energy_sold.yaml", "params.rolling_type"),
        ("charts/cockpit__energy_sold.yaml", "params.time_shift"),
        ("datasets/warehouse/rpt_sales_month.yaml", f"metrics.{lost['metric_name']}"),
    }


def test_a_missing_object_is_one_difference() -> None:
    files = bundle.files(source.load(), masked=True)
    live = live_like(files)
    del live[f"charts/{files['charts/cockpit__energy_sold.yaml']['uuid']}"]
    assert [(each.thing, each.live) for each in compare.differences(files, live)] == [
        ("charts/cockpit__energy_sold.yaml", None)
    ]


def test_only_what_git_dropped_is_stale_never_a_managers_copy() -> None:
    files = bundle.files(source.load(), masked=True)
    live = live_like(files)
    dropped = files.pop("charts/cockpit__energy_sold.yaml")
    own = copy.deepcopy(dropped) | {"uuid": "7b12a243-88e0-4dc5-ac33-9a840bb0ac5a", "slice_name": "my copy"}
    live[f"charts/{own['uuid']}"] = own
    assert [(each.kind, each.uuid) for each in compare.stale(files, live)] == [("chart", dropped["uuid"])]
