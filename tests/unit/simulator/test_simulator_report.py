"""The report: measures with known answers, what is read of delivered files, one page that stands alone."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from gridmart.cli import app
from gridmart.errors import GridmartError
from gridmart.simulator.report import command, facts, loader, measures, real, svg

FIRST, DAYS, HOMES, OPENED = date(2026, 6, 1), 70, 120, 5
HOURS = np.arange(24)


def _columns(slots: int = 96) -> str:
    fixed = "point,channel,unit,date,interval_minutes,version,register_start,register_end,"
    return fixed + ",".join(f"i{k + 1}" for k in range(slots)) + "\n"


def _row(point: str, day: date, values: np.ndarray, version: int = 1, channel: str = "import_kwh") -> str:
    numbers = ",".join("" if np.isnan(v) else f"{v:.4f}" for v in values)
    return f"{point},{channel},kWh,{day},{1440 // len(values)},{version},,,{numbers}\n"


def _cis(folder: Path, homes: int = HOMES) -> None:
    numbers = [f"14{k:08d}" for k in range(homes + 1)]
    cis = folder / "systems" / "cis"
    cis.mkdir(parents=True)
    pd.DataFrame(
        {
            "mp_no": [f"P{k:09d}" for k in range(homes + 1)] + ["K000000001"],
            "cons_no": [*numbers, None],
            "mp_attr_code": ["01"] * (homes + 1) + ["03"],
            "mp_name": "",
        }
    ).to_parquet(cis / "c_mp.parquet")
    pd.DataFrame(
        {
            "cons_no": numbers,
            "org_no": "1400101",
            "elec_type_code": ["200"] * homes + ["100"],
            "build_date": [date(2020, 1, 1)] * homes + [FIRST + timedelta(days=OPENED)],
            "cancel_date": None,
        }
    ).to_parquet(cis / "c_cons.parquet")


def _weather(folder: Path) -> None:
    """Local hour h of day d has d degrees in every hour but the first, which has d + 24."""
    (folder / "inbox" / "weather").mkdir(parents=True)
    hours = pd.date_range(pd.Timestamp(FIRST, tz="Asia/Shanghai"), periods=DAYS * 24, freq="h").tz_convert("UTC")
    lines = [
        f"14001,{at:%Y-%m-%dT%H:%M:%SZ},actual,{at:%Y-%m-%dT%H:%M:%SZ},{k // 24 + (24 if k % 24 == 0 else 0)},50\n"
        for k, at in enumerate(hours)
    ]
    header = "station_code,valid_at,kind,issued_at,temperature_c,humidity_pct\n"
    (folder / "inbox" / "weather" / "weather.csv").write_text(header + "".join(lines))


@pytest.fixture(scope="module")
def utility(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Households with an evening peak, an industrial customer opened on a later day, and their feeder."""
    folder = tmp_path_factory.mktemp("utility")
    _cis(folder)
    _weather(folder)
    draw = np.random.default_rng(1)
    shape = np.repeat(1 + np.exp(-((HOURS - 20) ** 2) / 8), 4) / 4
    lines = [_columns()]
    size = np.exp(draw.normal(-1, 0.5, HOMES))
    for d in range(DAYS):
        day = FIRST + timedelta(days=d)
        lines += [_row(f"P{k:09d}", day, size[k] * shape * draw.uniform(0.7, 1.3, 96)) for k in range(HOMES)]
        if d >= OPENED:
            lines.append(_row(f"P{HOMES:09d}", day, np.full(96, 25.0)))
        lines.append(_row("K000000001", day, np.full(24, 200.0 + d % 7)))
        lines.append(_row("P999999999", day, np.full(96, 1.0)))
    (folder / "inbox" / "meter").mkdir()
    (folder / "inbox" / "meter" / "readings.csv").write_text("".join(line for line in lines if line.count(",") != 31))
    (folder / "inbox" / "meter" / "hours.csv").write_text(
        _columns(24) + "".join(x for x in lines if x.count(",") == 31)
    )
    return folder


def test_a_report_stands_alone_in_two_languages_and_its_verdicts_are_one_line_of_json(
    utility: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    ran = CliRunner().invoke(
        app, ["simulate", "report", "--into", str(utility), "--data", str(tmp_path / "none"), "--out", str(page)]
    )
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout.strip().splitlines()[-1])
    by_code = {fact["code"]: fact for fact in told["facts"]}
    assert list(by_code) == list(facts.published())
    assert told["inside"] + told["outside"] + told["unknown"] == len(by_code)
    assert (by_code["peak_hour_residential"]["value"], by_code["peak_hour_residential"]["verdict"]) == (20, "inside")
    assert by_code["load_factor_large_industrial"]["value"] == pytest.approx(1, abs=1e-3)
    assert by_code["load_factor_large_industrial"]["verdict"] == "outside"
    assert by_code["peak_hour_commercial"]["verdict"] == "unknown"
    assert by_code["missing_share"]["value"] == 0
    assert "no real series" in ran.stderr
    text = page.read_text(encoding="utf-8")
    assert "没有真实序列 No real series" in text
    assert text.count("<svg") > len(by_code)
    assert not re.findall(r"<script|<link|@import|src=|href=|url\(", text)
    assert "nan" not in text.lower().replace("nan’t", "")


def test_weather_and_readings_stand_at_their_local_hour_and_an_account_is_due_from_its_opening(utility: Path) -> None:
    made = loader.load(utility)
    assert made.first == FIRST
    assert made.kwh.shape == (HOMES + 1, DAYS, 24)
    assert made.temperature[3].tolist() == [27.0] + [3.0] * 23
    assert np.isnan(made.kwh[HOMES, :OPENED]).all()
    assert made.kwh[HOMES, OPENED:].min() == made.kwh[HOMES, OPENED:].max() == 100.0
    assert made.due.tolist() == [HOMES * 96] * OPENED + [(HOMES + 1) * 96] * (DAYS - OPENED)
    assert made.missing.sum() == 0
    assert made.system[:, 5].tolist() == [200.0 + d % 7 for d in range(DAYS)]


def _small(folder: Path, files: dict[str, str]) -> loader.Delivered:
    _cis(folder, 2)
    (folder / "inbox" / "meter").mkdir(parents=True)
    for name, text in files.items():
        (folder / "inbox" / "meter" / name).write_text(text)
    return loader.load(folder)


@pytest.mark.parametrize(("first", "second"), [("a.csv", "b.csv"), ("b.csv", "a.csv")])
def test_the_higher_version_wins_hour_by_hour_in_any_order_of_files(tmp_path: Path, first: str, second: str) -> None:
    corrected = np.full(96, np.nan)
    corrected[4:8] = 2.0
    made = _small(
        tmp_path,
        {
            first: _columns() + _row("P000000000", FIRST, np.ones(96)) * 2,
            second: _columns() + _row("P000000000", FIRST, corrected, 2),
        },
    )
    assert made.kwh[0, 0].tolist() == [4.0, 8.0] + [4.0] * 22
    assert (made.missing.sum(), made.due.sum()) == (0, 96)


def test_gaps_are_counted_and_negatives_and_spikes_are_taken_out(tmp_path: Path) -> None:
    values = np.full(96, 0.5)
    values[0:2] = np.nan
    values[8] = -1.0
    values[16] = 12.5
    nem12 = (
        "100,NEM12,202606020200,GRIDMART,RETAILER\n200,P000000001,E1,E1,E1,,M1,KWH,15,\n"
        f"300,20260601,{','.join(['0.5'] * 96)},V,,,20260602020000,\n400,1,92,A,,\n400,93,96,N,,\n900\n"
    )
    made = _small(tmp_path, {"a.csv": _columns() + _row("P000000000", FIRST, values), "b.csv": nem12})
    assert np.flatnonzero(np.isnan(made.kwh[0, 0])).tolist() == [0, 2, 4]
    assert np.flatnonzero(np.isnan(made.kwh[1, 0])).tolist() == [23]
    assert made.taken_out == 2
    assert (made.missing.sum(), made.due.sum()) == (6, 192)


def test_a_large_utility_is_sampled_with_a_fixed_seed_and_says_so(utility: Path) -> None:
    made, again = loader.load(utility, 40), loader.load(utility, 40)
    assert made.accounts["account_no"].tolist() == again.accounts["account_no"].tolist()
    assert (len(made.accounts), made.accounts_in_all) == (40, HOMES + 1)
    assert "40 of 121 accounts, drawn with a fixed seed" in made.notes


def test_what_is_no_utility_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GridmartError, match="no meter file") as refused:
        loader.load(tmp_path)
    assert refused.value.exit_code == 2
    (tmp_path / "inbox" / "meter").mkdir(parents=True)
    (tmp_path / "inbox" / "meter" / "a.csv").write_text(_columns() + _row("P000000000", FIRST, np.ones(96)))
    with pytest.raises(GridmartError, match="no marketing system"):
        loader.load(tmp_path)


def test_measures_find_what_was_put_in() -> None:
    days = np.arange(400)
    workday = days % 7 < 5
    warm = np.repeat((12 + 14 * np.sin(2 * np.pi * days / 365))[:, None], 24, 1)
    heat, cool = np.maximum(16 - warm[:, 0], 0), np.maximum(warm[:, 0] - 22, 0)
    load = np.repeat(((100 + 20 * workday + 3 * heat + 5 * cool) / 24)[:, None], 24, 1)
    assert measures.sensitivity(load, warm, workday)[:2] == pytest.approx((3, 5))
    assert measures.work_weekend(np.where(workday[:, None], 3.0, 2.0) * np.ones(24), workday, ~workday & False) == 1.5
    assert measures.day_night(np.tile(np.where((HOURS >= 8) & (HOURS < 22), 4.0, 2.0), (5, 1))) == 2.0
    assert measures.load_factor(np.tile([1.0] * 23 + [25.0], (30, 1))) == pytest.approx(48 / 24 / 25)
    daily = np.tile(np.sin(HOURS), (30, 1))
    assert measures.autocorrelation(daily, [24, 168]) == pytest.approx([1, 1])
    assert measures.gini(np.ones(10)) == pytest.approx(0)
    assert measures.gini(np.array([0.0] * 9 + [1.0])) == pytest.approx(0.9)
    assert measures.top_share(np.array([1.0] * 99 + [101.0])) == pytest.approx(101 / 200)


def test_coincidence_is_one_for_alike_customers_and_falls_for_customers_of_other_hours() -> None:
    alike = np.tile(1 + np.sin(HOURS), (20, 5, 1))
    _, factor, peak = measures.coincidence(alike)
    assert factor == pytest.approx(1)
    assert peak == pytest.approx(alike.max())
    one_hour_each = np.zeros((10, 1, 24))
    one_hour_each[np.arange(10), 0, np.arange(10)] = 1.0
    sizes, factor, _ = measures.coincidence(one_hour_each)
    assert factor == pytest.approx(1 / np.array(sizes))
    assert measures.rusck(np.array([1, 100]), 0.2) == pytest.approx([1, 0.28])
    assert measures.velander(np.array([1.0, 1e9]), 3000, 0.00033, 0.05) == pytest.approx([1, 0.265], abs=1e-3)


def test_every_published_fact_names_its_range_and_source() -> None:
    for code, row in facts.published().items():
        assert set(row) == {"title", "unit", "range", "source", "is_read"}, code
        assert [bool(re.search("[\u4e00-\u9fff]", title)) for title in row["title"]] == [True, False], code
        low, high = row["range"]
        assert low < high, code
        assert row["source"], code


@pytest.mark.skipif(command.default_data() is None, reason="no public data beside the project")
def test_ranges_of_real_series_are_those_of_the_series() -> None:
    series = real.read(command.default_data())
    assert len(series) == 3
    found: dict[str, list[float]] = {}
    for s in series:
        heating, cooling, mean = measures.sensitivity(s.load, s.temperature, s.is_workday)
        one_day, seven_days = measures.autocorrelation(s.load, [24, 168])
        for code, value in {
            "load_factor_system": measures.load_factor(s.load),
            "day_night_system": measures.day_night(s.load),
            "work_weekend_system": measures.work_weekend(s.load, s.is_workday, s.is_holiday),
            "heating_pct_system": 100 * heating / mean,
            "cooling_pct_system": 100 * cooling / mean,
            "autocorrelation_24_system": one_day,
            "autocorrelation_168_system": seven_days,
        }.items():
            found.setdefault(code, []).append(value)
    for code, values in found.items():
        low, high = facts.published()[code]["range"]
        assert low == pytest.approx(0.9 * min(values), rel=0.03), code
        assert high == pytest.approx(min(1.1 * max(values), 1.0 if "autocorrelation" in code else np.inf), rel=0.03), (
            code
        )


def test_a_chart_leaves_out_what_is_not_known_and_escapes_names() -> None:
    drawn = svg.chart("a < b", [svg.Line("<i>", [0, 1, 2], [1, np.nan, 3], "ours")], "x", "y")
    assert "&lt;i&gt;" in drawn
    assert "nan" not in drawn
    assert len(re.findall(r"[\d.]+,[\d.]+", re.search('points="([^"]*)"', drawn)[1])) == 2  # type: ignore[index]
    assert "no data" in svg.chart("empty", [svg.Line("n", [1], [np.nan], "ours")], "x", "y")
