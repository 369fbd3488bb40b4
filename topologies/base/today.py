"""The day on which law is read where no other is named. Kept answers need no more than this."""

from __future__ import annotations

from datetime import UTC, date, datetime


def today() -> date:
    """The day of UTC, on every machine."""
    return datetime.now(UTC).date()
