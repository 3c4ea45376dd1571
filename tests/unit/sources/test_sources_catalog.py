"""The catalogue of sources and the comparison of schemas."""

import ast
import importlib
import re

import pytest

from gridmart.errors import GridmartError
from gridmart.quality import suites
from gridmart.settings import PROJECT_DIR, Settings
from gridmart.sources import catalog, schema_watch
from gridmart.warehouse import roles
from gridmart.warehouse.schema import DDL

WIRING = PROJECT_DIR / "dags" / "wiring.py"
SCHEMAS = DDL / "00_schemas.sql"


SYSTEMS = ["cis", "network", "crm", "market"]


def test_catalogue_lists_the_sources_in_order():
    assert list(catalog.sources()) == [*SYSTEMS, "weather", "calendar"]
    assert [name for name, source in catalog.sources().items() if source.kind == "system"] == SYSTEMS


def test_airflow_maps_exactly_the_sources_of_the_catalogue():
    assigned = [node for node in ast.parse(WIRING.read_text()).body if isinstance(node, ast.Assign)]
    (sources,) = [node.value for node in assigned if ast.unparse(node.targets[0]) == "SOURCES"]
    assert ast.literal_eval(sources) == tuple(catalog.sources())


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_has_its_settings_and_its_demo(system):
    source = catalog.source(system)
    assert {source.connection, f"{system}_schema"} <= set(Settings.model_fields)
    assert roles.DATABASES[source.demo_database] == (f"{system}_owner", (f"{system}_owner", source.demo_role))
    assert source.demo_role in roles.READ_ONLY
    assert {source.landing, f"raw_{system}"} <= set(re.findall(r"exists (\w+) authorization", SCHEMAS.read_text()))


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_catalogue_and_the_suites_know_the_demo_systems_as_they_are(system):
    tables = importlib.import_module(f"gridmart.simulator.systems.{system}").TABLES
    source = catalog.source(system)
    assert source.keys == {name: table.key for name, table in tables.items()}
    for table in source.tables:
        columns = tables[table.name].columns
        assert list(columns)[-1] == source.cursor
        assert set(table.reconcile) <= columns.keys()
    for suite in suites.arrival(system):
        (named,) = [e["kwargs"]["column_set"] for e in suite.expectations if "column_set" in e["kwargs"]]
        assert named == list(tables[suite.table].columns), suite.table


def test_unknown_source_is_named_with_the_known_ones():
    with pytest.raises(GridmartError, match=r"no source 'scada'(.|\n)*cis, network, crm, market, weather, calendar"):
        catalog.source("scada")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("crm: {kind: ftp}", "kind 'ftp'"),
        ("crm: {kind: system, connection: crm_url, cursor: changed}", "lacks connection, cursor or tables"),
        ("crm: {kind: system, connection: crm_url, tables: {a: {key: [b]}}}", "lacks connection, cursor or tables"),
    ],
)
def test_mistake_in_the_catalogue_names_the_source(tmp_path, text, words):
    path = tmp_path / "catalog.yml"
    path.write_text(text)
    with pytest.raises(GridmartError, match=f"source 'crm'.*{words}"):
        catalog.read(path)


def test_schema_changes_are_told_apart():
    before = {"bill": {"bill_no": "TEXT", "amount": "NUMERIC(18, 2)", "note": "TEXT"}}
    now = {"bill": {"bill_no": "TEXT", "amount": "TEXT", "channel": "TEXT"}, "added": {"a": "TEXT"}}
    changes = schema_watch.compare(before, now)
    assert [(c.change, c.column, c.old_type, c.new_type) for c in changes] == [
        ("column_added", "channel", None, "TEXT"),
        ("column_removed", "note", "TEXT", None),
        ("type_changed", "amount", "NUMERIC(18, 2)", "TEXT"),
    ]


def test_same_schema_is_no_change():
    schema = {"bill": {"bill_no": "TEXT"}}
    assert schema_watch.compare(schema, schema) == []
