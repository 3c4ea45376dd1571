"""The forecast as one pipeline: features, scaling and quantile models are persisted and used together."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

import lightgbm as lgb
import numpy as np

from ml.evaluation import conformal
from ml.forecast.features import FEATURES, FIRST_ORIGIN_DAY, base_and_level, matrix, origins, weather
from ml.forecast.panel import HORIZON_H, LEVELS, Panel

QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Parameters:
    """What a forecast model is made with.

    It learns the first `horizon_h` hours after an origin, from the first `known_hours` hours of the day before it.
    """

    trees: int = 120
    learning_rate: float = 0.08
    leaves: int = 24
    min_rows_in_leaf: int = 120
    rows_per_level: int = 30_000
    seed: int = 42
    horizon_h: int = HORIZON_H
    known_hours: int = 24


@dataclass
class ForecastPipeline:
    """Quantile models on scaled features; `fit` learns, `predict` never does.

    `correction` widens the band, by level (as in LEVELS), in shares of a series' mean load of the last 7 days; it
    comes from a backtest, and is part of the persisted pipeline.
    """

    parameters: Parameters
    models: dict[float, Any] = field(default_factory=dict)
    features: tuple[str, ...] = FEATURES
    correction: tuple[float, ...] = (0.0,) * len(LEVELS)

    def fit(self, panel: Panel, until_day: int) -> "ForecastPipeline":
        """Learn from hours before the start of local day `until_day` alone."""
        p = self.parameters
        end = int(np.searchsorted(panel.day, until_day))
        days = np.arange(FIRST_ORIGIN_DAY, until_day)
        known, air = origins(panel, days, p.known_hours), weather(panel)
        draw = np.random.default_rng(p.seed)
        parts, weights = [], []
        for code in np.unique(panel.level):
            members = np.flatnonzero(panel.level == code)
            size = len(members) * len(days) * p.horizon_h
            pick = np.sort(draw.choice(size, min(size, p.rows_per_level), replace=False))
            s, rest = members[pick // (len(days) * p.horizon_h)], pick % (len(days) * p.horizon_h)
            j = rest // p.horizon_h
            t = known.start[j] + rest % p.horizon_h
            use = t < end
            s, j, t = s[use], j[use], t[use]
            level, actual = known.level[s, j], panel.load[s, t]
            use = np.isfinite(actual) & np.isfinite(level) & (level > 0)
            parts.append(np.stack([s[use], j[use], t[use]]))
            count = int(use.sum())
            weights.append(np.full(count, 1 / max(count, 1)))
        s, j, t = np.concatenate(parts, axis=1)
        weight = np.concatenate(weights)
        base, level = base_and_level(panel, known, s, j, t)
        target = (panel.load[s, t] - base) / level
        x, weight = matrix(panel, known, air, s, j, t), weight / weight.mean()

        def learn(quantile: float) -> Any:
            settings = self._settings(quantile)
            return lgb.train(settings, lgb.Dataset(x, target, weight=weight, params=settings), p.trees)

        # one thread a model: threads inside a model wait busily for each other when the machine has other work
        with ThreadPoolExecutor(2) as pool:
            self.models = dict(zip(QUANTILES, pool.map(learn, QUANTILES), strict=True))
        return self

    def _settings(self, quantile: float) -> dict[str, Any]:
        p = self.parameters
        return {
            "objective": "quantile", "alpha": quantile, "learning_rate": p.learning_rate, "num_leaves": p.leaves,
            "min_data_in_leaf": p.min_rows_in_leaf, "feature_fraction": 0.8, "bagging_fraction": 0.8,
            "bagging_freq": 10,
            "seed": p.seed, "deterministic": True, "force_row_wise": True, "num_threads": 1, "max_bin": 127,
            "verbosity": -1,
        }  # fmt: skip

    def predict(self, panel: Panel, series: np.ndarray, day: int) -> np.ndarray:
        """P10, P50, P90 in kW, [series, 168, 3], for the 168 hours from the start of local day `day`.

        Quantiles are ordered, and not below zero for a series whose load never was.
        """
        known, air = origins(panel, np.array([day]), self.parameters.known_hours), weather(panel)
        hours = known.start[0] + np.arange(HORIZON_H)
        s, t = np.repeat(series, HORIZON_H), np.tile(hours, len(series))
        j = np.zeros(len(s), dtype=int)
        base, level = base_and_level(panel, known, s, j, t)
        x = matrix(panel, known, air, s, j, t)
        corrections = np.column_stack([self.models[q].predict(x, num_threads=1) for q in QUANTILES])
        band = np.sort(base[:, None] + corrections * level[:, None], axis=1)  # quantiles must not cross
        band = band.reshape(len(series), HORIZON_H, len(QUANTILES))
        by = np.array(self.correction)[panel.level[series]] * panel.scale(series, day)
        return conformal.widen(band, by, panel.never_negative(series, day))

    def describe(self) -> dict[str, Any]:
        """Parameters, features and corrections of the band, for the registry."""
        return {
            "parameters": asdict(self.parameters),
            "features": list(self.features),
            "band_correction": {level: round(share, 6) for level, share in zip(LEVELS, self.correction, strict=True)},
        }
