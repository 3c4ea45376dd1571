"""Forecast the 168 hours after the last business date with the champion; fall back where the data are poor."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from ml import registry
from ml.arrow import replace
from ml.errors import PoorDataError, TamperedArtifactError
from ml.forecast import naive
from ml.forecast.features import check
from ml.forecast.model import ForecastPipeline
from ml.forecast.panel import HORIZON_H, Panel, read
from ml.forecast.train import TASK

NAIVE = "seasonal-naive"


def forecast(panel: Panel, model: ForecastPipeline | None) -> tuple[np.ndarray, np.ndarray, dict[str, str]]:
    """P10, P50, P90 in kW [series, 168, 3], whether each series is a fallback, and why, by series.

    A series without a single known hour stays NaN.
    """
    day = panel.origin_day
    result = np.full((len(panel.keys), HORIZON_H, 3), np.nan)
    fallback = np.ones(len(panel.keys), dtype=bool)
    why: dict[str, str] = {}
    if model is not None:
        for s, key in enumerate(panel.keys):
            try:
                check(panel, s, day)
                fallback[s] = False
            except PoorDataError as poor:
                why["/".join(key)] = f"{type(poor).__name__}: {poor.cause}"
        good = np.flatnonzero(~fallback)
        if len(good):
            result[good] = model.predict(panel, good, day)
    for s in np.flatnonzero(fallback).tolist():
        try:
            result[s] = naive.predict(panel, s, day)
        except PoorDataError as poor:
            why["/".join(panel.keys[s])] = f"{type(poor).__name__}: {poor.cause}"
    return result, fallback, why


def score(panel: Panel | None = None) -> dict[str, Any]:
    """Score from the marts into ml.load_forecast_hour, replacing scores of the same data; returns counts.

    Raises TamperedArtifactError's reason inside the result, never as silence: rows are then seasonal-naive.
    """
    panel = panel or read()
    version, model, reason = NAIVE, None, ""
    try:
        with registry.session() as connection:
            champion = registry.champion(connection, TASK)
        model, version = registry.load(champion).model, champion.model_version
    except (PoorDataError, TamperedArtifactError) as problem:
        reason = problem.cause
    values, fallback, why = forecast(panel, model)
    usable = np.flatnonzero(~np.isnan(values).any(axis=(1, 2)))
    snapshot = panel.snapshot()
    n = len(usable)
    start = np.datetime64(panel.first_at.tz_localize(None), "us") + np.timedelta64(panel.known, "h")
    rows = pa.table(
        {
            "level_code": np.repeat([panel.keys[s][0] for s in usable], HORIZON_H),
            "level_no": np.repeat([panel.keys[s][1] for s in usable], HORIZON_H),
            "hour_start": pa.array(np.tile(start + np.arange(HORIZON_H) * np.timedelta64(1, "h"), n)).cast(
                pa.timestamp("us", "UTC")
            ),
            "p10_kw": values[usable, :, 0].ravel(),
            "p50_kw": values[usable, :, 1].ravel(),
            "p90_kw": values[usable, :, 2].ravel(),
            "horizon_h": pa.array(np.tile(np.arange(1, HORIZON_H + 1, dtype="int32"), n)),
            "model_version": np.repeat(np.where(fallback[usable], NAIVE, version), HORIZON_H),
            "data_snapshot": pa.array([snapshot] * (n * HORIZON_H), pa.string()),
            "is_fallback": np.repeat(fallback[usable], HORIZON_H),
            "scored_at": pa.array([datetime.now(UTC)] * (n * HORIZON_H), pa.timestamp("us", "UTC")),
        }
    )
    replace("load_forecast_hour", rows, "delete from ml.load_forecast_hour where data_snapshot = $1", (snapshot,))
    return {
        "model_version": version, "data_snapshot": snapshot, "rows": rows.num_rows, "series": n,
        "fallback_series": int(fallback[usable].sum()), "reason": reason, "poor": why,
    }  # fmt: skip
