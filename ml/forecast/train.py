"""Train the load forecast, measure it, promote it if it is better. Scoring is another process."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ml import registry
from ml.errors import MissingWeatherError
from ml.evaluation import backtest
from ml.forecast.features import FIRST_ORIGIN_DAY
from ml.forecast.model import ForecastPipeline, Parameters
from ml.forecast.panel import Panel, read

TASK = "forecast"
RECIPE = 2  # raise it when features or fit change, so that the same data give a new version


@dataclass
class Trained:
    """What is persisted: the model for scoring, with its band corrected, and the one that had not seen the folds.

    The latter is for later comparisons; its band is uncorrected, as each backtest corrects it anew.
    """

    model: ForecastPipeline
    tested: ForecastPipeline


def train(parameters: Parameters | None = None, panel: Panel | None = None) -> dict[str, Any]:
    """Train on the marts (or a given panel); returns what was decided and measured.

    The champion is judged on the same folds by its own model that had not seen its own folds: so neither
    side has seen the hours it is judged on, and each is as much older than its production model.
    Raises PoorDataError if the data carry no model; the registry then says why.
    """
    parameters = parameters or Parameters()
    panel = panel or read()
    snapshot = panel.snapshot()
    version = registry.version_name(panel.last_date, snapshot, parameters, RECIPE)
    data = (panel.date_of(0), panel.last_date), snapshot
    with registry.refusing(TASK, version, *data):
        if np.isnan(panel.temperature[:, : panel.known]).mean() > 0.5:
            raise MissingWeatherError("temperature is missing for most of the history", "load the weather source")
        folds = backtest.fold_days(panel)
    standing = registry.standing(TASK, version)
    if standing.present is not None:
        return _result(standing.present, "trained before on the same data")
    tested = ForecastPipeline(parameters).fit(panel, backtest.training_end(folds))
    candidates: dict[str, backtest.Predict] = {"model": tested.predict, "baseline": backtest.naive_predict}
    if standing.rival is not None:
        candidates["champion"] = standing.rival.tested.predict
    with registry.refusing(TASK, version, *data):
        tests = backtest.run(panel, folds, candidates)
    # the baseline is taken as it is served: its band comes from its own past errors already
    naive = tests["baseline"].uncorrected
    metrics, baseline = backtest.summary(tests["model"].corrected), backtest.summary(naive)
    ratio = backtest.relative_loss(metrics, baseline)
    promoted, reason = ratio < 1, f"pinball loss {ratio:.3f} of seasonal naive over {len(folds)} folds"
    measures: dict[str, Any] = {**metrics, "relative_to_baseline": round(ratio, 6)}
    if standing.champion is not None:
        against = backtest.relative_loss(metrics, backtest.summary(tests["champion"].corrected))
        promoted = promoted and against < 1
        reason += f", {against:.3f} of champion {standing.champion.model_version}"
        measures["relative_to_champion"] = round(against, 6)
    uncorrected = backtest.summary(tests["model"].uncorrected)
    measures["uncorrected_coverage_80"] = {level: values["coverage_80"] for level, values in uncorrected.items()}
    model = ForecastPipeline(parameters, correction=tests["model"].correction).fit(panel, panel.origin_day)
    path, checksum = registry.save(TASK, version, Trained(model, tested))
    row = registry.ModelVersion(
        TASK, version, panel.date_of(FIRST_ORIGIN_DAY), panel.last_date, snapshot,
        {**measures, **model.describe()}, baseline, promoted,
        ("promoted: " if promoted else "not promoted: ") + reason, path, checksum,
    )  # fmt: skip
    with registry.session() as connection:
        registry.register(connection, row, backtest.rows(panel, folds, tests["model"].corrected, naive))
    return _result(row, row.reason)


def _result(row: registry.ModelVersion, reason: str) -> dict[str, Any]:
    wape = {
        level: values["wape"] for level, values in row.metrics.items() if isinstance(values, dict) and "wape" in values
    }
    coverage = {
        level: values["coverage_80"]
        for level, values in row.metrics.items()
        if isinstance(values, dict) and "coverage_80" in values
    }
    naive = {level: values["wape"] for level, values in row.baseline_metrics.items()}
    return {
        "model_version": row.model_version, "is_champion": row.is_champion, "reason": reason,
        "wape": wape, "baseline_wape": naive, "coverage_80": coverage,
    }  # fmt: skip
