"""How long readings stay, by their business date (setting lake_keep_days)."""

from datetime import UTC, date, datetime, timedelta

from gridmart.errors import GridmartError
from gridmart.lake.vee.rules import CONTEXT_DAYS
from gridmart.settings import settings

CLOSING_DAYS = 35  # longer than a month's closing
LEAST_DAYS = CLOSING_DAYS + CONTEXT_DAYS


def oldest_kept() -> date:
    """The earliest date whose readings stay; date.min when all do. A GridmartError when too little would stay."""
    days = settings().lake_keep_days
    if not days:
        return date.min
    if days < LEAST_DAYS:
        raise GridmartError(
            f"GRIDMART_LAKE_KEEP_DAYS={days} would take away readings that validation still needs",
            f"set 0 (all stay) or at least {LEAST_DAYS}",
            2,
        )
    return datetime.now(UTC).date() - timedelta(days=days)


def oldest_validated() -> date:
    """The earliest date that may be validated: all of the four weeks before it are still there."""
    oldest = oldest_kept()
    return oldest if oldest == date.min else oldest + timedelta(days=CONTEXT_DAYS)
