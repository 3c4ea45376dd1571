"""Small files are read many at once, and each as if it were alone."""

import random
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from damage import broken
from format_samples import SAMPLES
from meter_file_samples import nem12_file, record_200, record_300

from gridmart.sources.meter_files import nem12, registry
from gridmart.sources.meter_files.model import Parsed
from gridmart.sources.meter_files.registry import parse_bytes, parse_file, parse_files

ZONE = ZoneInfo("Asia/Shanghai")


def plain(parsed: Parsed) -> list[object]:
    """Everything that was read, to compare."""
    tables = [getattr(parsed, name) for name in ("days", "registers", "reads", "details", "events", "frozen")]
    rest = (parsed.format, parsed.rejects, parsed.lines, sorted(parsed.zones))
    return [repr(part) for part in (*(table.to_pylist() for table in tables), *rest)]


def written(folder: Path, contents: list[bytes]) -> list[Path]:
    paths = [folder / f"{number:04d}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


@pytest.mark.parametrize("limit", [1, 10_000, 1 << 30])
def test_files_read_together_are_read_as_each_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int):
    chance = random.Random(7)  # noqa: S311
    contents = [SAMPLES[name] for name in ("nem12", "nem13") * 3]
    contents += [broken(SAMPLES[name], chance) for name in sorted(SAMPLES) for _ in range(3)]
    contents += [broken(SAMPLES[name], chance) for name in ("nem12", "nem13") for _ in range(30)]
    chance.shuffle(contents)
    paths = written(tmp_path, contents)
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in paths[:30]:
            archive.write(path, path.name)
    paths.insert(20, packed)
    alone = [plain(parse_bytes(path.read_bytes(), ZONE)) for path in paths]
    monkeypatch.setattr(registry, "TOGETHER_BYTES", limit)
    monkeypatch.setattr(registry, "TOGETHER_FILES", 40)
    found = list(parse_files(paths, ZONE))
    assert [path for path, _ in found] == paths
    assert [plain(parsed) for _, parsed in found] == alone


def test_the_values_of_all_are_one_pass_of_which_a_bad_one_spoils_its_record_alone(monkeypatch: pytest.MonkeyPatch):
    cells, passes = nem12.numbers.cells, []
    monkeypatch.setattr(nem12.numbers, "cells", lambda body: passes.append(body) or cells(body))
    good = [
        nem12_file(record_200(minutes=30), record_300(values=[1.5] * 48)),
        nem12_file(record_200(minutes=15), record_300(values=[2, ""] * 48)),
    ]
    bad = nem12_file(record_200(), record_300(values=["x", *[1] * 47]), record_300("20261002", [3] * 48))
    first, second = nem12.parse_many(good, ZONE)
    assert len(passes) == 1
    assert first.days["values"].to_pylist() == [[1.5] * 48] and second.days["values"].to_pylist() == [[2.0, None] * 48]
    again, spoilt, last = nem12.parse_many([good[0], bad, good[1]], ZONE)
    assert [plain(again), plain(last)] == [plain(first), plain(second)]
    assert [(reject.row_number, reject.rule) for reject in spoilt.rejects] == [(3, "bad_number")]
    assert spoilt.days["values"].to_pylist() == [[3.0] * 48]


def test_a_file_that_cannot_be_opened_is_told_in_its_place(tmp_path: Path):
    first, last = written(tmp_path, [SAMPLES["nem12"], SAMPLES["nem13"]])
    found = list(parse_files([first, tmp_path / "absent", last], ZONE))
    assert [isinstance(parsed, FileNotFoundError) for _, parsed in found] == [False, True, False]
    assert [path.name for path, _ in found] == [first.name, "absent", last.name]
    with pytest.raises(FileNotFoundError):
        parse_file(tmp_path / "absent", ZONE)
