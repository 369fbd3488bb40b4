"""Names of policy sets that code speaks of, apart from sets, which take long to import."""

from __future__ import annotations

NO_POLICIES = "none"
"""The shipped set that permits everything; what is priced is held against it."""
