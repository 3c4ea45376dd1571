"""Models on a real PostgreSQL: train, promote, score, refuse."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from gridmart.cli import app
from gridmart.errors import GridmartError
from gridmart.settings import Settings, settings
from gridmart.warehouse.database import connect
from ml import registry
from ml.errors import InsufficientHistoryError, NoChampionError, TamperedArtifactError
from ml.forecast import model as forecast_model
from ml.forecast import score as forecast_score
from ml.forecast import train as forecast_train
from ml.forecast.panel import LEVELS
from ml.segments import score as segments_score
from ml.segments import train as segments_train
from tests.integration.ml.utility import ACCOUNTS, build
from tests.killed import kill_at_lock
from tests.unit.ml.synthetic import panel

SMALL = forecast_model.Parameters(trees=60, rows_per_level=8000)
REGISTRY = "model_version", "backtest_result"
WORSE = forecast_model.Parameters(trees=2, learning_rate=0.01, rows_per_level=2000)


@pytest.fixture(scope="module")
def marts(warehouse: Settings) -> None:
    with connect("builder") as connection:
        build(connection)


@pytest.fixture(autouse=True)
def empty_models(marts: None) -> None:
    with connect("scorer") as connection:
        connection.execute("truncate ml.model_version, ml.backtest_result, ml.load_forecast_hour, ml.account_segment")


def rows(query: str) -> list[tuple]:
    with connect("auditor") as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def trained(marts: None) -> Iterator[tuple[dict, bytes]]:
    """What training a forecast once has told, and the model's bytes; its rows are kept beside the registry."""
    with connect("scorer") as connection:
        connection.execute("truncate ml.model_version, ml.backtest_result")
    told = forecast_train.train(SMALL)
    with connect("scorer") as connection:
        for table in REGISTRY:
            connection.execute(f"create table ml.kept_{table} as table ml.{table}")
    yield told, champions_file().read_bytes()
    with connect("scorer") as connection:
        for table in REGISTRY:
            connection.execute(f"drop table ml.kept_{table}")


@pytest.fixture
def champion(trained: tuple[dict, bytes], empty_models: None) -> dict:
    """What was told of the promoted forecast, which stands in the registry as after its training."""
    told, content = trained
    with connect("scorer") as connection:
        for table in REGISTRY:
            connection.execute(f"insert into ml.{table} select * from ml.kept_{table}")
    champions_file().write_bytes(content)
    return told


def champions_file() -> Path:
    path = rows("select artifact_path from ml.model_version where task = 'forecast' and is_champion")[0][0]
    return settings().var_dir / path


FORECAST = """select level_code, level_no, hour_start, p10_kw, p50_kw, p90_kw, horizon_h, model_version, data_snapshot,
    is_fallback from ml.load_forecast_hour order by 1, 2, 3"""


def test_forecast_is_promoted_scored_twice_alike_and_a_worse_candidate_refused(champion: dict) -> None:
    trained = champion
    assert trained["is_champion"], trained
    assert all(
        trained["wape"][level] < trained["baseline_wape"][level] for level in ("company", "feeder", "transformer")
    )
    measured = rows("select distinct level_code, metric from ml.backtest_result where fold_no = 1")
    assert len(measured) == 3 * 4
    forecast_score.score()
    first = rows(FORECAST)
    assert len(first) == 7 * 168
    assert {row[7] for row in first} == {trained["model_version"]} and not any(row[9] for row in first)
    forecast_score.score()
    assert rows(FORECAST) == first

    worse = forecast_train.train(WORSE)
    assert not worse["is_champion"] and trained["model_version"] in worse["reason"]
    champions = rows("select model_version from ml.model_version where task = 'forecast' and is_champion")
    assert champions == [(trained["model_version"],)]

    again = forecast_train.train(SMALL)
    assert again["model_version"] == trained["model_version"]
    assert len(rows("select 1 from ml.model_version where task = 'forecast'")) == 2


def test_without_champion_the_forecast_falls_back_and_says_so() -> None:
    result = forecast_score.score()
    assert result["fallback_series"] == 7 and "promoted" in result["reason"]
    assert set(rows("select model_version, is_fallback from ml.load_forecast_hour")) == {("seasonal-naive", True)}


def test_scoring_killed_where_it_writes_leaves_the_last_scores_and_heals(champion: dict) -> None:
    forecast_score.score()
    before = rows(FORECAST)
    kill_at_lock("ml.load_forecast_hour", "ml", "score", "--task", "forecast")
    assert rows(FORECAST) == before
    forecast_score.score()
    assert rows(FORECAST) == before


def test_training_killed_where_it_registers_promotes_nothing_and_heals() -> None:
    kill_at_lock("ml.model_version", "ml", "train", "--task", "segments", mode="share")
    assert rows("select 1 from ml.model_version") == []
    with registry.session() as connection, pytest.raises(NoChampionError):
        registry.champion(connection, "segments")
    assert segments_train.train()["is_champion"]
    with registry.session() as connection:
        registry.content(registry.champion(connection, "segments"))


def test_a_tampered_model_is_not_loaded_and_the_fallback_answers(champion: dict) -> None:
    file = champions_file()
    file.write_bytes(file.read_bytes() + b"x")
    result = forecast_score.score()
    assert "not the one that was registered" in result["reason"] and result["fallback_series"] == 7


def test_a_champion_whose_file_is_lost_is_missing_and_is_trained_again(champion: dict) -> None:
    path = champions_file()
    worse = forecast_train.train(WORSE)  # loses to the champion, and its file is whole
    assert not worse["is_champion"]
    path.unlink()
    with registry.session() as connection, pytest.raises(TamperedArtifactError):
        registry.content(registry.champion(connection, "forecast"))
    assert registry.standing("forecast", worse["model_version"]).present is None  # judged again without its rival
    trained = CliRunner().invoke(app, ["ml", "train", "--if-missing", "--task", "segments"])
    assert trained.exit_code == 0, trained.output
    file = settings().var_dir / rows("select artifact_path from ml.model_version where task = 'segments'")[0][0]
    whole = file.read_bytes()
    again = json.loads(CliRunner().invoke(app, ["ml", "train", "--if-missing", "--task", "segments"]).stdout)
    assert again["segments"]["reason"] == "there is a promoted model"
    file.write_bytes(whole[:-1])
    again = json.loads(CliRunner().invoke(app, ["ml", "train", "--if-missing", "--task", "segments"]).stdout)
    assert again["segments"]["is_champion"] and file.read_bytes()[:20] == whole[:20] and len(file.read_bytes()) > 1000
    with registry.session() as connection:
        registry.content(registry.champion(connection, "segments"))


def test_too_short_a_history_is_refused_with_a_stored_reason_and_scores_fall_back() -> None:
    short = panel(90)
    with pytest.raises(InsufficientHistoryError):
        forecast_train.train(SMALL, short)
    stored = rows("select is_champion, reason from ml.model_version where task = 'forecast'")
    assert stored == [(False, "not trained: 90 days of load; 91 are needed to train and to test a forecast")]
    result = forecast_score.score(short)
    assert result["fallback_series"] == 7 and "90 days of load" in result["reason"]
    assert forecast_train.train(SMALL, panel(91))["is_champion"] in (True, False)


def test_the_champion_carries_the_correction_of_its_backtest(champion: dict) -> None:
    metrics = rows("select metrics from ml.model_version where is_champion")[0][0]
    with registry.session() as connection:
        persisted = registry.load(registry.champion(connection, "forecast"))
    correction = dict(zip(LEVELS, persisted.model.correction, strict=True))
    assert correction == pytest.approx(metrics["band_correction"], abs=1e-6)
    assert any(persisted.model.correction) and not any(persisted.tested.correction)
    assert set(metrics["uncorrected_coverage_80"]) == set(champion["coverage_80"])


def test_a_registry_that_is_missing_or_down_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GridmartError) as missing, registry.session() as connection:
        connection.execute("select 1 from ml.no_such_table")
    assert "no_such_table" in missing.value.cause and "gridmart up" in missing.value.next_step
    monkeypatch.setenv("GRIDMART_POSTGRES_PORT", "1")
    settings.cache_clear()
    try:
        with pytest.raises(GridmartError) as down, registry.session():
            pytest.fail("nothing listens there")
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert "does not answer" in down.value.cause and "gridmart status" in down.value.next_step


def test_segments_are_named_stable_and_leave_new_accounts_unclassified() -> None:
    trained = segments_train.train()
    assert 5 <= len(trained["segments"]) <= 8
    if not trained["is_champion"]:
        pytest.fail(trained["reason"])
    result = segments_score.score()
    assert result["rows"] == ACCOUNTS and result["fallback_accounts"] == 1
    first = rows("select account_no, segment_code, segment_name_zh, distance from ml.account_segment order by 1")
    assert first[0][1:] == ("unclassified", "未分类", None)
    night = {code for number, code, *_ in first if (int(number) // 5) % 2 == 0 and int(number) % 5 == 1}
    assert night == {"night_users"}
    segments_score.score()
    assert (
        rows("select account_no, segment_code, segment_name_zh, distance from ml.account_segment order by 1") == first
    )


def test_bi_reader_cannot_read_scores() -> None:
    with connect("bi_reader") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select 1 from ml.load_forecast_hour")
