"""What pages say of a clause beside its name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corridor.controller.policy.terms.statement_kinds import caveat


def caveat_of(clause: Mapping[str, Any]) -> str:
    """Return why a clause of ``answers.json`` or ``price.json`` is no confident text of law; empty
    where it is one, or where it is a rule of the policy set's own."""
    return caveat(clause["kind"], clause["confidence"])
