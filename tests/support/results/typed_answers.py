"""Answers that a test writes by hand as JSON, as the document that product code takes."""

from __future__ import annotations

from typing import Any

from corridor.experiments.answers.document import Answers
from corridor.topologies.base.codec import from_plain


def typed(plain: dict[str, Any]) -> Answers:
    """Return the document; raise where a key is missing or unknown."""
    return from_plain(Answers, plain)
