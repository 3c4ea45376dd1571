"""Segments and the registry without services."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from gridmart.settings import settings
from ml import registry
from ml.errors import TamperedArtifactError
from ml.segments.features import describe
from ml.segments.names import NAMES, name_clusters

FLAT = {
    "night_share": 0.33, "evening_share": 0.17, "day_share": 0.33, "weekend_ratio": 1.0, "flatness": 0.95,
    "seasonality": 1.1, "export_share": 0.0, "residential": 0.0, "commercial": 0.0, "large_industrial": 0.0,
    "agricultural": 0.0,
}  # fmt: skip


def test_names_fit_the_centres_and_never_repeat() -> None:
    centres = [
        FLAT | {"large_industrial": 1.0},
        FLAT | {"residential": 1.0, "evening_share": 0.35, "flatness": 0.5, "night_share": 0.25},
        FLAT | {"residential": 1.0, "night_share": 0.6, "flatness": 0.4, "evening_share": 0.1},
        FLAT | {"commercial": 1.0, "day_share": 0.55, "flatness": 0.5, "night_share": 0.1},
        FLAT | {"agricultural": 1.0, "seasonality": 3.5},
        FLAT | {"residential": 0.9, "export_share": 0.4},
    ]
    expected = [
        "round_the_clock_industry", "evening_peak_households", "night_users", "daytime_commerce", "seasonal_irrigation",
        "solar_households",
    ]  # fmt: skip
    assert [name.code for name in name_clusters(centres)] == expected
    assert [name.code for name in name_clusters(centres[::-1])] == expected[::-1]
    alike = name_clusters([centres[1]] * 8)
    assert len({name.code for name in alike}) == len({name.zh for name in alike}) == 8
    assert len({name.code for name in NAMES}) == len(NAMES)


def test_descriptors_of_a_flat_day_and_of_too_few_days() -> None:
    ones = np.ones((2, 24))
    profile, descriptors = describe(ones, ones * 0.5, np.array([90.0, 5.0]), np.ones(2), np.zeros(2))
    np.testing.assert_allclose(profile[0], 1 / 24)
    np.testing.assert_allclose(descriptors[0], [8 / 24, 4 / 24, 8 / 24, 0.5, 1.0, 1.0, 0.0])
    assert np.isnan(profile[1]).all()


def test_a_tampered_or_missing_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMART_VAR_DIR", str(tmp_path))
    settings.cache_clear()
    try:
        path, checksum = registry.save("forecast", "v1", {"a": 1})
        row = registry.ModelVersion(
            "forecast", "v1", date(2026, 1, 1), date(2026, 2, 1), "s", {}, {}, True, "", path, checksum
        )
        assert registry.load(row) == {"a": 1}
        (tmp_path / path).write_bytes(b"cos\nsystem\n(S'true'\ntR.")
        with pytest.raises(TamperedArtifactError, match="not the one"):
            registry.load(row)
        (tmp_path / path).unlink()
        with pytest.raises(TamperedArtifactError, match="missing"):
            registry.load(row)
    finally:
        monkeypatch.undo()
        settings.cache_clear()
