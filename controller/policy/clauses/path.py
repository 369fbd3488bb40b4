"""``path``: the whole path fits a regular expression over its hubs, and the fibres between them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator

from corridor.controller.policy.clauses.clause import Broken, Clause, Trip
from corridor.controller.policy.clauses.elements import Element
from corridor.controller.policy.clauses.expression_automaton import automaton_of
from corridor.topologies.model.topology import Hub, NonEmpty


def _an_expression(text: str) -> str:
    automaton_of(text)
    return text


class Path(Clause):
    """The whole path fits this regular expression over its hubs and the fibres between them."""

    kind = "path"
    short = "expression"
    examples = (
        "CN+ !PK* karachi",
        "(!<corridor:karakoram>)*",
        {"expression": ". (MM|IN|PK|@transit){1,3} ."},
    )
    looked_up: ClassVar = {"expression": "path"}

    expression: Annotated[NonEmpty, AfterValidator(_an_expression)]
    """Atoms for one hub each, such as karachi, CN, @western, <smw4>karachi, !CN and a dot for any;
    brackets, a bar for or, and how often: ``*``, ``+``, ``?``, ``{2,3}``."""

    def describe(self) -> str:
        return f'fit "{self.expression}"'

    def asks(self, trip: Trip) -> tuple[str, ...]:  # noqa: ARG002 - it is the same from anywhere
        return ()

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        """A state is twice the positions of hubs that may be next, or twice those of this hub and
        one more: then entering a hub is entering this one again. 0 is before the first hub."""
        automaton = automaton_of(self.expression)
        positions, at_hub = divmod(state, 2)
        if isinstance(element, Hub):
            if at_hub:
                return state
            asked = positions if state else automaton.entered_by(automaton.first, None)
            left = automaton.at(asked, element, trip.groups)
        else:
            asked = automaton.after(positions) if at_hub else positions or automaton.first
            left = automaton.entered_by(asked, element)
        if not left:
            return Broken(f"{element.id} does not fit {self._asked(asked)}")
        return 2 * left + isinstance(element, Hub)

    def _asked(self, positions: int) -> str:
        what = automaton_of(self.expression).expected(positions) if positions else "the end"
        return f'"{self.expression}", which asks for {what} there'

    def finish(self, state: int, trip: Trip) -> Broken | None:
        automaton = automaton_of(self.expression)
        positions = state // 2
        if positions & automaton.last:
            return None
        return Broken(f"{trip.dst.id} ends what {self._asked(automaton.after(positions))}")
