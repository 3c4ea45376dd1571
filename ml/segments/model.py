"""The segments as one pipeline: scaler, clusters and their names are persisted and used together."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ml.errors import InsufficientHistoryError
from ml.segments.features import CATEGORIES, DESCRIPTOR_WEIGHT, DESCRIPTORS, Accounts
from ml.segments.names import Centre, Name, name_clusters

MIN_ACCOUNTS = 40
SILHOUETTE_SAMPLE = 2000


@dataclass(frozen=True)
class Parameters:
    """What a segmentation is made with."""

    fewest: int = 5
    most: int = 8
    seed: int = 42


def _weigh(x: np.ndarray) -> np.ndarray:
    weights = np.ones(x.shape[1])
    weights[-len(DESCRIPTORS) :] = DESCRIPTOR_WEIGHT
    return np.clip(x, -4, 4) * weights  # one extraordinary account must not become a cluster


@dataclass
class SegmentPipeline:
    """Scaler and clusters; `fit` learns, `assign` never does."""

    parameters: Parameters
    pipeline: Pipeline | None = None
    codes: list[tuple[str, str, str]] = field(default_factory=list)  # code, name zh, name en, by cluster
    centres: list[Centre] = field(default_factory=list)
    silhouettes: dict[int, float] = field(default_factory=dict)

    def fit(self, accounts: Accounts) -> "SegmentPipeline":
        """Cluster the accounts that have a shape; raises InsufficientHistoryError if they are too few."""
        usable = accounts.usable
        if len(usable) < MIN_ACCOUNTS:
            raise InsufficientHistoryError(
                f"{len(usable)} accounts have a load shape, {MIN_ACCOUNTS} are needed to find segments",
                "load more days of readings; until then accounts are unclassified",
            )
        x = accounts.matrix()[usable]
        p = self.parameters
        best = -np.inf
        for k in range(p.fewest, p.most + 1):
            trial = Pipeline(
                [
                    ("scale", StandardScaler()),
                    ("weigh", FunctionTransformer(_weigh)),
                    ("cluster", KMeans(k, n_init=4, random_state=p.seed)),
                ]
            )
            labels = trial.fit_predict(x)
            score = self.silhouette(trial, x, labels)
            self.silhouettes[k] = round(score, 4)
            if score > best:
                best, self.pipeline = score, trial
        self._name(accounts, usable, x)
        return self

    def silhouette(self, pipeline: Pipeline, x: np.ndarray, labels: np.ndarray) -> float:
        """Mean silhouette of labels in the pipeline's scaled space, on a sample."""
        size = min(len(x), SILHOUETTE_SAMPLE)
        return float(
            silhouette_score(pipeline[:-1].transform(x), labels, sample_size=size, random_state=self.parameters.seed)
        )

    def _name(self, accounts: Accounts, usable: np.ndarray, x: np.ndarray) -> None:
        assert self.pipeline is not None
        labels = self.pipeline.predict(x)
        for k in range(self.pipeline["cluster"].n_clusters):
            members = usable[labels == k]
            centre = dict(zip(DESCRIPTORS, accounts.descriptors[members].mean(0).tolist(), strict=True))
            for code, category in enumerate(CATEGORIES):
                centre[category] = float((accounts.category[members] == code).mean())
            self.centres.append({name: round(value, 4) for name, value in centre.items()})
        names: list[Name] = name_clusters(self.centres)
        self.codes = [(name.code, name.zh, name.en) for name in names]

    def assign(self, accounts: Accounts) -> tuple[np.ndarray, np.ndarray]:
        """Cluster of each account (-1: too little data) and its distance to the centre in scaled space (NaN then)."""
        assert self.pipeline is not None
        labels, distance = np.full(len(accounts.numbers), -1), np.full(len(accounts.numbers), np.nan)
        usable = accounts.usable
        if len(usable):
            distances = self.pipeline.transform(accounts.matrix()[usable])
            labels[usable], distance[usable] = distances.argmin(1), distances.min(1)
        return labels, distance
