"""Poor data, by kind. Each is answered by a tested fallback, and the score's row says so."""

from gridmart.errors import GridmartError


class PoorDataError(GridmartError):
    """The data do not carry a model."""


class InsufficientHistoryError(PoorDataError):
    """Too few hours or days with readings."""


class FlatSeriesError(PoorDataError):
    """The series does not move, so nothing can be learnt from it: often a dead meter."""


class MissingWeatherError(PoorDataError):
    """No temperature for the hours that need it."""


class NoChampionError(PoorDataError):
    """No version of this task has been promoted."""


class TamperedArtifactError(GridmartError):
    """A model file is not the one that was registered; loading it could run foreign code."""
