"""Dates as crawls and people write them, in UTC."""

import math
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_iso(text: str) -> datetime | None:
    """ISO 8601, taken as UTC where it names no zone, to the microsecond; None if it is none."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def from_epoch(seconds: float) -> datetime | None:
    """Seconds since 1970; None beyond the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(seconds=seconds) if math.isfinite(seconds) else None
    except OverflowError:
        return None
