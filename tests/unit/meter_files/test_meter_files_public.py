"""Real files from the field, where they are beside the project: every total as published, every bad file refused."""

import csv
import re
from collections import defaultdict
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gridmart.settings import PROJECT_DIR
from gridmart.sources.meter_files.registry import parse_file
from gridmart.sources.meter_files.summary import summaries

ZONE = ZoneInfo("Australia/Brisbane")  # market time: no daylight saving
FOLDER = PROJECT_DIR.parent / "shared" / "data" / "formats"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"{FOLDER} is absent: public files are not part of gridmart"
)

# the peer that made the totals drops a folded 300 record, but puts its 400 records on the day before
FLAGS_DIFFER = {("nem12/NEM12#Scenario10#ETSAMDP#NEMMCO.zip", "NEM1210191", "B2")}


def found_in(path: Path) -> dict[tuple[str, str], dict]:
    parsed = parse_file(path, ZONE)
    return {(row["point"], row["channel"]): row for row in summaries(str(path), parsed, ZONE)}


def test_every_nem12_and_nem13_total_is_the_expected_one():
    with (FOLDER / "nem12_expected_totals.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if not row["file"].startswith("invalid/")]
    files = defaultdict(dict)
    for row in rows:
        files[row["file"]][row["nmi"], row["channel"]] = row
    assert len(rows) == 348
    for name, expected in files.items():
        found = found_in(FOLDER / "nem12" / name)
        assert found.keys() == expected.keys(), name
        for key, row in expected.items():
            mine = found[key]
            assert mine["readings"] == int(row["n_readings"]), (name, key)
            assert mine["total"] == pytest.approx(float(row["total"]), abs=1e-6), (name, key)
            assert [mine[end][:19].replace("T", " ") for end in ("first", "last")] == [row["first"], row["last"]], name
            if (name, *key) not in FLAGS_DIFFER:
                assert mine["qualities"] == row["qualities"], (name, key)


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("Example_NEM12_15min_200_30min_400.csv", ["bad_structure"]),
        ("Example_NEM12_30min_200_15min_400.csv", ["interval_mismatch"]),
        ("Example_NEM12_empty.csv", ["empty_file"]),
        ("Example_NEM12_missing_header.csv", ["missing_header"]),
        ("Example_NEM12_powercor.csv", ["missing_header"]),
        ("Example_NEM12_powercor.csv.zip", ["missing_header"]),
        ("Example_NEM12_powercor_missing_fields.csv", ["missing_header"]),
    ],
)
def test_an_invalid_file_is_refused_with_its_reason(name: str, rules: list[str]):
    parsed = parse_file(FOLDER / "nem12" / "invalid" / name, ZONE)
    assert [reject.rule for reject in parsed.rejects] == rules
    assert parsed.accepted == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("15minLP_15Days.xml", {("01", "forward/01"): (1340, 1397734)}),
        ("1dayLP_45Days.xml", {("01", "forward/01"): (45, 2958004)}),
        ("1hrLP_32Days.xml", {("01", "forward/01"): (768, 2354843)}),
        (
            "BatchFeedThreeUsagePoints_M.xml",
            {
                ("4284792", "forward/1"): (96, 14635),
                ("4284792", "reverse/2"): (96, 30195),
                ("4284793", "forward/1"): (96, 166730),
                ("4284794", "reverse/1"): (96, 0),
            },
        ),
        ("TestGBDataHourlyNineDaysBinnedDaily.xml", {("2", "forward/01"): (216, 199563)}),
        ("Water.xml", {("01", "forward/01"): (2, 29866)}),
        ("test_usage_data_01.xml", {("5446AF3F", "forward/01"): (96, 93846)}),
    ],
)
def test_every_green_button_value_is_in_the_totals(name: str, expected: dict):
    path = FOLDER / "greenbutton" / name
    text = path.read_text()
    values = [int(value) for value in re.findall(r"</timePeriod>\s*<value>(-?[0-9]+)</value>", text)]
    found = found_in(path)
    assert {key: (row["readings"], row["total"]) for key, row in found.items()} == expected
    assert (sum(row["readings"] for row in found.values()), sum(row["total"] for row in found.values())) == (
        len(values), sum(values),
    )  # fmt: skip


def test_the_bad_green_button_file_is_refused():
    parsed = parse_file(FOLDER / "greenbutton" / "1hrLP_32DaysM_D000_BAD.xml", ZONE)
    assert [(reject.rule, parsed.accepted) for reject in parsed.rejects] == [("unknown_format", 0)]
    assert "<xyz>" in parsed.rejects[0].reason
