"""Rules and methods are as good as they are said to be: a small utility against its truth, hidden loads against it."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from benchmarks import estimation, markdown, utility, validation
from gridmart.lake.vee.rules import Rule
from gridmart.simulator import faults
from gridmart.simulator.plan import Plan


@dataclass
class Judged:
    """A tiny utility in which faults are far more frequent than usual, and what the rules made of it."""

    rules: list[dict[str, Any]]
    faults: list[dict[str, Any]]
    no_rule_finds: list[str]
    refused: int
    missed_spikes: pd.DataFrame  # power_kw, floor_kw


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """Make and judge it once."""
    folder = tmp_path_factory.mktemp("quality")
    rates = {name: min(10 * rate, 0.05) for name, rate in faults.default_rates()} | {"negative": 0.005}
    plan = Plan(120, validation.FIRST, validation.FIRST + timedelta(days=35), 11, tuple(sorted(rates.items())))
    made = utility.make(plan, folder)
    found = validation.validate(made, folder)
    known = validation._Truth(made, plan, found)
    spikes = pd.concat([known.visible(Rule.SPIKE, name) for name in validation.MATCH[Rule.SPIKE]])
    seen = pd.MultiIndex.from_frame(found.by_rule[Rule.SPIKE])
    missed = spikes[~pd.MultiIndex.from_frame(spikes[validation.INTERVAL]).isin(seen)]
    limits = made.register.point_days(made.first, made.last).to_pandas()
    missed = missed.merge(limits, on=validation.KEYS)
    raw = duckdb.sql(
        f"""select point_no, business_date, max(value) * 4 as power_kw
        from read_parquet({[path for paths in made.raw_paths.values() for path in paths]})
        where channel = 'import_kwh' group by all"""
    ).df()
    raw["business_date"] = raw["business_date"].dt.date
    missed = missed.merge(raw, on=validation.KEYS)
    by_capacity = missed["capacity_kva"] * missed["spike_capacity_share"]
    missed["floor_kw"] = np.maximum(missed["spike_floor_kw"], by_capacity)
    rules, kinds, unseen = validation.judge(made, plan, found)
    return Judged(rules, kinds, unseen, made.refused, missed)


def _rule(judged: Judged, name: str) -> dict[str, Any]:
    return next(row for row in judged.rules if row["rule"] == name)


@pytest.mark.parametrize("name", ["missing", "negative", "duplicate"])
def test_a_plain_rule_finds_what_was_planted_and_nothing_else(judged: Judged, name: str) -> None:
    row = _rule(judged, name)
    assert row["planted"] >= 5
    assert row["precision"] >= 0.95 and row["recall"] >= 0.95


def test_a_spike_is_right_and_all_that_are_missed_lie_below_the_floor(judged: Judged) -> None:
    row = _rule(judged, "spike")
    assert row["right"] >= 5 and row["precision"] >= 0.95
    assert len(judged.missed_spikes) == row["planted"] - row["right"]
    assert (judged.missed_spikes["power_kw"] <= judged.missed_spikes["floor_kw"]).all()


def test_faults_that_are_for_others_to_find_are_named(judged: Judged) -> None:
    seen = {row["fault"] for row in judged.faults if row["right"]}
    assert "gap_meter" in seen and not seen & set(judged.no_rule_finds)
    assert {"bill_not_issued", "tariff_misapplied"} & set(judged.no_rule_finds)
    assert judged.refused == 0
    text = validation.text({"rules": judged.rules, "faults": judged.faults, "no_rule_finds": judged.no_rule_finds})
    assert "| missing | interval |" in text and "Planted, and no rule finds it: " in text


def test_every_method_is_measured_on_the_same_gaps_and_registers_give_the_energy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimation, "ACCOUNTS", 60)
    monkeypatch.setattr(estimation, "A_CLASS", 6)
    measured = ("register_scaled (90)", estimation.OUTER, "linear (17)", "like_day (14)")
    monkeypatch.setattr(estimation, "METHODS", {name: estimation.METHODS[name] for name in measured})
    result = estimation.run(tmp_path)
    assert result["absent"] == ["victoria"]
    rows = {(row["series"], row["gap"], row["method"]): row for row in result["results"]}
    for gap in estimation.GAPS:
        of = {method: row for (series, g, method), row in rows.items() if (series, g) == ("residential", gap)}
        assert of["zero"]["mae_pct"] == 100 and of["zero"]["bias_pct"] == -100
        assert of["register_scaled (90)"]["mape_pct"] < 10 < of["like_day (14)"]["mape_pct"]
        assert of["like_day (14)"]["gaps"] == of["week before"]["gaps"] == 6
        assert ("linear (17)" in of) == (gap == "1 hour")
    for gap in ("3 days", "7 days"):  # the indexes before and after such a gap give its energy too
        assert rows["residential", gap, estimation.OUTER]["mape_pct"] < 10
    assert "| residential | 7 days | 6 |" in estimation.text(result)


def test_a_gap_hides_what_it_says_and_the_baselines_see_around_it_alone() -> None:
    draw = np.random.default_rng(3)
    days = estimation.LEAD_DAYS + 5 * estimation.CELL_DAYS
    values = draw.gamma(2, 1, (3, days * 48))
    classes, capacity, temperatures = ["commercial"] * 3, np.ones(3), np.zeros(days)
    series = estimation.Series("x", "Asia/Shanghai", estimation.FIRST, 30, values, classes, capacity, temperatures)
    gaps = estimation.hide(series)
    assert sorted(gaps.rows["gap"]) == sorted(3 * list(estimation.GAPS))
    assert gaps.hidden.sum() == gaps.rows["size"].sum() == 3 * 2 * sum(estimation.GAPS.values())
    made = estimation.baselines(series, gaps)
    again = estimation.baselines(
        estimation.Series(
            "x", "", estimation.FIRST, 30, np.where(gaps.hidden, 99, values), classes, capacity, temperatures
        ),
        gaps,
    )
    assert all(np.array_equal(made[name], again[name]) for name in made)


def test_a_block_of_a_page_is_replaced_and_a_page_without_it_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- printed by: a --b 1 -->\nold\n<!-- end -->\nafter\n")
    for _ in range(2):
        markdown.replace_block(page, "a --b 1", r"new \1")
    assert page.read_text() == (
        "before\n<!-- printed by: a --b 1 -->\n\n`a --b 1`:\n\nnew \\1\n\n<!-- end -->\nafter\n"
    )
    with pytest.raises(ValueError, match="no block"):
        markdown.replace_block(page, "other", "new")
