"""The pipeline never sees the truth."""

import re

from gridmart.settings import PROJECT_DIR


def test_nobody_else_knows_the_simulator_or_its_truth() -> None:
    seen = 0
    for top in ("gridmart", "ml", "dags", "dbt", "superset"):
        for path in (PROJECT_DIR / top).rglob("*"):
            name = path.relative_to(PROJECT_DIR).as_posix()
            if path.suffix not in (".py", ".sql", ".yml", ".yaml") or not path.is_file():
                continue
            if name.startswith(("gridmart/simulator/", "ml/evaluation/")) or "/target/" in name:
                continue
            seen += 1
            text = path.read_text(encoding="utf-8")
            assert not re.search(r'/truth\b|TRUTH\b|/ *"truth"|energy_day\.parquet|fault\.parquet', text), name
            imported = re.findall(r"gridmart\.simulator(?:\.\w+)?|from gridmart import .*\bsimulator\b", text)
            assert not [i for i in imported if i != "gridmart.simulator.commands"], name
            assert not imported or name == "gridmart/cli.py", name
    assert seen > 50
