"""Names of policy sets used in code, separate from the sets, which take long to import."""

from __future__ import annotations

NO_POLICIES = "none"
"""The shipped set that permits everything; what is priced is held against it."""
