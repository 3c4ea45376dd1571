"""Put every account into a segment of the champion; too little data: unclassified."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from ml import registry
from ml.arrow import replace
from ml.errors import PoorDataError, TamperedArtifactError
from ml.segments.features import read
from ml.segments.model import SegmentPipeline
from ml.segments.names import UNCLASSIFIED
from ml.segments.train import TASK

NONE = "none"


def score() -> dict[str, Any]:
    """Score from the marts into ml.account_segment, replacing the table; returns counts by segment."""
    accounts = read()
    version, reason = NONE, ""
    model: SegmentPipeline | None = None
    try:
        with registry.session() as connection:
            champion = registry.champion(connection, TASK)
        model, version = registry.load(champion).model, champion.model_version
    except (PoorDataError, TamperedArtifactError) as problem:
        reason = problem.cause
    count = len(accounts.numbers)
    if model is None:
        labels, distance, codes = np.full(count, -1), np.full(count, np.nan), []
    else:
        (labels, distance), codes = model.assign(accounts), model.codes
    unclassified = (UNCLASSIFIED.code, UNCLASSIFIED.zh, UNCLASSIFIED.en)
    names = [codes[k] if k >= 0 else unclassified for k in labels]
    rows = pa.table(
        {
            "account_no": pa.array(accounts.numbers, pa.string()),
            "segment_code": pa.array([name[0] for name in names], pa.string()),
            "segment_name_zh": pa.array([name[1] for name in names], pa.string()),
            "segment_name_en": pa.array([name[2] for name in names], pa.string()),
            "distance": pa.array(distance, pa.float64(), from_pandas=True),
            "model_version": pa.array([version] * count, pa.string()),
            "data_snapshot": pa.array([accounts.snapshot] * count, pa.string()),
            "is_fallback": pa.array(labels < 0),
            "scored_at": pa.array([datetime.now(UTC)] * count, pa.timestamp("us", "UTC")),
        }
    )
    replace("account_segment", rows, "delete from ml.account_segment")
    return {
        "model_version": version, "data_snapshot": accounts.snapshot, "rows": count,
        "fallback_accounts": int((labels < 0).sum()), "reason": reason,
        "segments": dict(sorted(Counter(name[0] for name in names).items())),
    }  # fmt: skip
