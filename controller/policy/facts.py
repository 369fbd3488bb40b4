"""Facts about a flow of data as people give them: every name is looked up, as in policy files."""

from __future__ import annotations

from collections.abc import Iterable

from corridor.controller.policy.clauses.places import shipped_groups
from corridor.controller.policy.data_flow import PLACES, DataFlow
from corridor.controller.policy.law import Law
from corridor.topologies.base.documents import Document, validate
from corridor.topologies.base.suggestions import nearest

FREE_TEXT = (
    "origin_place",
    "purpose",
    "necessity",
    "lawful_ground",
    "operator_role",
    "circuit_joins",
    "circuit_bought_for",
)
OTHER = "other"
"""What is stated where no rule asks for the value."""


def read_flow(document: Document, law: Law) -> DataFlow:
    """The facts in a document. Raises InputError where a rule could never ask for a value."""
    flow = validate(document, DataFlow)
    for name in sorted(PLACES):
        _look_up(document, name, _listed(flow, name), shipped_groups().members, "jurisdiction")
    _look_up(document, "mechanisms", flow.mechanisms, law.bases, "mechanism")
    for name in FREE_TEXT:
        asked = {*law.values(name), OTHER}
        if name != "origin_place":
            _look_up(document, name, _listed(flow, name), asked, f"{name} that a rule asks for")
    return flow


def _listed(flow: DataFlow, name: str) -> tuple[str, ...]:
    value: str | tuple[str, ...] | None = getattr(flow, name)
    if isinstance(value, tuple):
        return value
    return (value,) if value else ()


def _look_up(
    document: Document, key: str, given: Iterable[str], known: Iterable[str], what: str
) -> None:
    names = sorted(known)
    for name in given:
        if name not in names:
            few = f"known are {', '.join(names)}" if len(names) <= 30 else "see docs/law.md"
            raise document.error(f'no {what} is "{name}"', key, hint=nearest(name, names) or few)
