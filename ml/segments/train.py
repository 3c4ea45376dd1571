"""Train the segments, measure how well they foretell the next weeks' shape, promote them if better."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from ml import registry
from ml.errors import InsufficientHistoryError
from ml.segments.features import WINDOW_DAYS, Accounts, read
from ml.segments.model import Parameters, SegmentPipeline

TASK = "segments"
RECIPE = 1
TEST_DAYS = 28


@dataclass
class Trained:
    """What is persisted: the segments for scoring, and those made before the test weeks, for later comparisons."""

    model: SegmentPipeline
    tested: SegmentPipeline


def shape_error(before: Accounts, after: Accounts, labels: np.ndarray) -> float:
    """Mean absolute error of the later profiles, when each account is foretold by its group's mean earlier profile.

    In shares of a day's energy times 24: 0.1 means that a typical hour is off by 10 % of the mean hour.
    Only accounts with a shape in both windows count.
    """
    position = {number: k for k, number in enumerate(after.numbers)}
    usable_after = set(after.usable.tolist())
    pairs = [
        (k, position[number])
        for k, number in enumerate(before.numbers)
        if labels[k] >= 0 and position.get(number, -1) in usable_after and not np.isnan(before.profile[k]).any()
    ]
    if not pairs:
        raise InsufficientHistoryError("no account has a load shape both before and in the test weeks")
    rows, later = np.array(pairs).T
    errors = []
    for group in np.unique(labels[rows]):
        member = labels[rows] == group
        centre = before.profile[rows[member]].mean(0)
        errors.append(np.abs(after.profile[later[member]] - centre).mean(1))
    return float(np.concatenate(errors).mean() * 24)


def train(parameters: Parameters | None = None) -> dict[str, Any]:
    """Train on the marts; returns what was decided and measured.

    The naive baseline is the usage category as a segment. Raises PoorDataError if the data carry no segments;
    the registry then says why.
    """
    parameters = parameters or Parameters()
    accounts = read()
    version = registry.version_name(accounts.last_date, accounts.snapshot, parameters, RECIPE)
    standing = registry.standing(TASK, version)
    if standing.present is not None:
        return _result(standing.present, "trained before on the same data")
    split = accounts.last_date - timedelta(days=TEST_DAYS)
    before, after = read(until=split), read(window_days=TEST_DAYS)
    first_day = accounts.last_date - timedelta(days=WINDOW_DAYS - 1)
    with registry.refusing(TASK, version, (first_day, accounts.last_date), accounts.snapshot):
        tested = SegmentPipeline(parameters).fit(before)
        model = SegmentPipeline(parameters).fit(accounts)
        naive = shape_error(before, after, before.category)
    error = shape_error(before, after, tested.assign(before)[0])
    promoted, reason = error < naive, f"profile error {error:.3f} against {naive:.3f} by usage category"
    metrics: dict[str, Any] = {"profile_error": round(error, 6)}
    if standing.champion is not None:
        theirs = shape_error(before, after, standing.rival.tested.assign(before)[0])
        promoted = promoted and error < theirs
        reason += f", {theirs:.3f} by champion {standing.champion.model_version}"
        metrics["champion_profile_error"] = round(theirs, 6)
    assert model.pipeline is not None
    metrics |= {
        "segments": len(model.codes), "silhouettes": model.silhouettes,
        "centres": {code[0]: centre for code, centre in zip(model.codes, model.centres, strict=True)},
    }  # fmt: skip
    path, checksum = registry.save(TASK, version, Trained(model, tested))
    row = registry.ModelVersion(
        TASK, version, first_day, accounts.last_date, accounts.snapshot,
        metrics, {"profile_error": round(naive, 6)}, promoted,
        ("promoted: " if promoted else "not promoted: ") + reason, path, checksum,
    )  # fmt: skip
    first = split + timedelta(days=1)
    measures = [registry.Measure("account", 1, first, accounts.last_date, "profile_error", error, naive)]
    with registry.session() as connection:
        registry.register(connection, row, measures)
    return _result(row, row.reason)


def _result(row: registry.ModelVersion, reason: str) -> dict[str, Any]:
    return {
        "model_version": row.model_version, "is_champion": row.is_champion, "reason": reason,
        "segments": sorted(row.metrics.get("centres", {})),
    }  # fmt: skip
