"""``carriers``: only some operators run the ends of the fibres of a path.

Who runs an end is a fact of the map (``topologies/model/domains.py``), not ``operated_by`` of the
fibre, which names owners. An end that no source names, or that is only assumed, is not known.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from corridor.controller.policy.clauses.clause import Broken, Clause, Trip
from corridor.controller.policy.clauses.elements import Element
from corridor.controller.policy.clauses.places import Answer, Names, inside
from corridor.topologies.model.domains import EndDomain
from corridor.topologies.model.operators import jurisdiction_of, operator_of
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Fibre

NOT_KNOWN = frozenset({"unknown", "assumed"})
"""Bases of fibre ends that do not show who runs them."""


class Carriers(Clause):
    """Every end of a fibre on the path is run by one of these operators."""

    kind = "carriers"
    short = "operators"
    examples: ClassVar = (
        ["ct", "cu", "cm"],
        {"operators": ["ct", "cu", "cm"], "at": "border", "within": "CN"},
        {"operators": ["CN", "PK"], "unstated": "accept"},
    )
    looked_up: ClassVar = {"operators": "carrier", "within": "place"}
    claim = "C5"

    operators: Names = Field(min_length=1)
    """Ids or names of operators of ``corridor topology domains``; a jurisdiction or group stands
    for operators that are at home there."""
    at: Literal["everywhere", "border"] = "everywhere"
    """``border``: only ends next to another jurisdiction: at the other end, or at the same hub."""
    within: Names = ()
    """Only ends whose domain is in these jurisdictions; all ends if empty."""
    unstated: Literal["refuse", "accept"] = "refuse"
    """For ends whose operator no source names."""

    def describe(self) -> str:
        where = " next to a border" if self.at == "border" else ""
        within = f" in {' or '.join(self.within)}" if self.within else ""
        unknown = f" (unknown operators: {self.unstated})"
        return f"have ends{where}{within} run only by {' or '.join(self.operators)}{unknown}"

    def asks(self, trip: Trip) -> tuple[str, ...]:  # noqa: ARG002 - it is the same from anywhere
        return ()

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        if not isinstance(element, Fibre):
            return state
        for hub in element.ends:
            end = trip.domains.known_end(element.id, hub) if trip.domains else None
            if end is not None and not self._concerns(element, hub, end, trip):
                continue
            answer = self._is_allowed(end, trip)
            if answer is None and self.unstated == "refuse":
                return Broken(f"no source names who runs {element.id} at {hub}")
            if answer is False and end is not None and trip.domains is not None:
                who = trip.domains.name(end.domain)
                return Broken(f"{who} runs {element.id} at {hub}")
        return state

    def _concerns(self, fibre: Fibre, hub: str, end: EndDomain, trip: Trip) -> bool:
        """Whether the clause is about an end, by the jurisdiction of its domain."""
        place = jurisdiction_of(end.domain)
        if self.within and inside(place, trip.groups.codes(self.within)) is False:
            return False
        if self.at == "everywhere" or trip.domains is None:
            return True
        met = {trip.domains.domain(fibre.id, fibre.other_end(hub)), *trip.domains.at_hub[hub]}
        return place == UNKNOWN_JURISDICTION or {*map(jurisdiction_of, met)} != {place}

    def _is_allowed(self, end: EndDomain | None, trip: Trip) -> Answer:
        """Whether the operator of an end is one of these."""
        if trip.domains is None or end is None or end.basis in NOT_KNOWN:
            return None
        name = operator_of(end.domain)
        operator = trip.domains.operators.get(name)
        if name in self.operators or (operator is not None and operator.name in self.operators):
            return True
        places = tuple(one for one in self.operators if one in trip.groups.members)
        if not places:
            return False
        return inside(operator.country, trip.groups.codes(places)) if operator else None
