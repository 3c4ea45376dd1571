"""Train the load forecast, measure it, promote it if it is better. Scoring is another process."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridmart.warehouse.database import connect
from ml import registry
from ml.errors import MissingWeatherError, NoChampionError, TamperedArtifactError
from ml.evaluation import backtest
from ml.forecast.features import FIRST_ORIGIN_DAY
from ml.forecast.model import ForecastPipeline, Parameters
from ml.forecast.panel import Panel, read

TASK = "forecast"
RECIPE = 1  # raise it when features or fit change, so that the same data give a new version


@dataclass
class Trained:
    """What is persisted: the model for scoring, and the one that had not seen the folds, for later comparisons."""

    model: ForecastPipeline
    tested: ForecastPipeline


def train(parameters: Parameters | None = None, panel: Panel | None = None) -> dict[str, Any]:
    """Train on the marts (or a given panel); returns what was decided and measured.

    The champion is judged on the same folds by its own model that had not seen its own folds: so neither
    side has seen the hours it is judged on, and each is as much older than its production model.
    Raises PoorDataError if the data carry no model.
    """
    parameters = parameters or Parameters()
    panel = panel or read()
    if np.isnan(panel.temperature[:, : panel.known]).mean() > 0.5:
        raise MissingWeatherError("temperature is missing for most of the history", "load the weather source")
    folds = backtest.fold_days(panel)
    snapshot = panel.snapshot()
    version = registry.version_name(panel.last_date, snapshot, parameters, RECIPE)
    with connect("scorer") as connection:
        present = registry.find(connection, TASK, version)
        if present is not None:
            try:
                registry.load(present)
                return _result(present, "trained before on the same data")
            except TamperedArtifactError:
                pass  # train it again
        try:
            champion = registry.champion(connection, TASK)
            rival: ForecastPipeline | None = (
                registry.load(champion).tested if champion.model_version != version else None
            )
        except (NoChampionError, TamperedArtifactError):
            rival = None
    tested = ForecastPipeline(parameters).fit(panel, folds[0])
    candidates: dict[str, backtest.Predict] = {"model": tested.predict, "baseline": backtest.naive_predict}
    if rival is not None:
        candidates["champion"] = rival.predict
    measured = backtest.run(panel, folds, candidates)
    metrics, baseline = backtest.summary(measured["model"]), backtest.summary(measured["baseline"])
    ratio = backtest.relative_loss(metrics, baseline)
    promoted, reason = ratio < 1, f"pinball loss {ratio:.3f} of seasonal naive over {len(folds)} folds"
    if rival is not None:
        against = backtest.relative_loss(metrics, backtest.summary(measured["champion"]))
        promoted = promoted and against < 1
        reason += f", {against:.3f} of champion {champion.model_version}"
        metrics["relative_to_champion"] = round(against, 6)
    metrics["relative_to_baseline"] = round(ratio, 6)
    model = ForecastPipeline(parameters).fit(panel, panel.origin_day)
    path, checksum = registry.save(TASK, version, Trained(model, tested))
    row = registry.ModelVersion(
        TASK, version, panel.date_of(FIRST_ORIGIN_DAY), panel.last_date, snapshot,
        {**metrics, **model.describe()}, baseline, promoted,
        ("promoted: " if promoted else "not promoted: ") + reason, path, checksum,
    )  # fmt: skip
    with connect("scorer") as connection:
        registry.register(connection, row, backtest.rows(panel, folds, measured["model"], measured["baseline"]))
    return _result(row, row.reason)


def _result(row: registry.ModelVersion, reason: str) -> dict[str, Any]:
    wape = {
        level: values["wape"] for level, values in row.metrics.items() if isinstance(values, dict) and "wape" in values
    }
    naive = {level: values["wape"] for level, values in row.baseline_metrics.items()}
    return {
        "model_version": row.model_version, "is_champion": row.is_champion, "reason": reason,
        "wape": wape, "baseline_wape": naive,
    }  # fmt: skip
