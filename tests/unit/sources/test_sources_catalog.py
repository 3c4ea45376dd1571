"""The catalogue of sources and the comparison of schemas."""

import pytest

from gridmart.errors import GridmartError
from gridmart.sources import catalog, schema_watch


def test_catalogue_lists_the_three_sources_in_order():
    assert list(catalog.sources()) == ["cis", "weather", "calendar"]


def test_every_table_of_a_system_has_a_key():
    cis = catalog.source("cis")
    assert cis.cursor == "updated_at"
    assert all(table.key for table in cis.tables)
    assert cis.keys["bill_line"] == ("bill_no", "line_no")


def test_unknown_source_is_named_with_the_known_ones():
    with pytest.raises(GridmartError, match=r"no source 'crm'(.|\n)*cis, weather, calendar"):
        catalog.source("crm")


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
