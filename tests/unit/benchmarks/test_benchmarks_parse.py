"""The parse benchmark compares the same readings, and says what is absent."""

import sys
from collections import namedtuple
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import parse
from gridmart.sources.meter_files import registry

Reading = namedtuple("Reading", "read_value")


def test_made_files_are_read_in_full_and_a_missing_peer_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nemreader", None)
    found = parse.run(2, 3, tmp_path)
    assert [row["readings"] for row in found["results"]] == [2 * 3 * 96] * 2
    assert found["results"][1]["peer"] == "nemreader is not installed: make setup-peers"
    assert found["public_files"].startswith("absent")


@pytest.mark.parametrize(("off", "same"), [(0.0, True), (0.001, False)])
def test_the_peers_totals_are_compared_with_ours(
    off: float, same: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: str) -> ModuleType:
        days = registry.parse_file(Path(path), parse.ZONE).days.to_pylist()
        peer = ModuleType("read")
        peer.readings = {}
        for day in days:
            rows = peer.readings.setdefault(day["point_no"], {}).setdefault("E1", [])
            rows += [Reading(value + off) for value in day["values"]]
        return peer

    peer = ModuleType("nemreader")
    peer.read_nem_file = read
    monkeypatch.setitem(sys.modules, "nemreader", peer)
    row = parse.run(2, 2, tmp_path)["results"][1]
    assert (row["peer"], row["same_totals"]) == ("nemreader", same)
    assert row["times_peer"] > 0
