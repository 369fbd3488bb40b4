"""Counterexamples as the API tells them, as text for a person. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from corridor.controller.prover.counterexample import Counterexample
from corridor.topologies.base.codec import from_plain


def shown(counterexamples: Iterable[Any]) -> str:
    """As ``corridor check`` prints them."""
    return "\n\n".join(
        one if isinstance(one, str) else str(from_plain(Counterexample, one))
        for one in counterexamples
    )
