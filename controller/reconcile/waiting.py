"""Orders that wait until it is known by which paths they are carried out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from corridor.controller.openflow.chosen_ways import Lane, Question
from corridor.controller.openflow.deployments import Deployment
from corridor.controller.reconcile.jobs import Follow, Order

LANES: tuple[Lane, ...] = ("failures", "requests")


@dataclass(frozen=True, eq=False)
class _Waits:
    order: Order
    question: Question
    stood: Deployment | None
    """When it was asked."""


@dataclass
class Waiting:
    """In order, but failures that are followed before what people ask for."""

    _orders: list[_Waits] = field(default_factory=list)

    def add(self, order: Order, question: Question, stands: Deployment | None) -> None:
        """Of failures that are to be followed the last ones count."""
        waits = _Waits(order, question, stands)
        if order.job == Follow():
            self._orders = [one for one in self._orders if one.order.job != Follow()]
            self._orders.insert(0, waits)
        else:
            self._orders.append(waits)

    def due(self, stands: Deployment | None, found: Question | None = None) -> list[Order]:
        """Those whose paths are found, and those that would now ask for others: taken out."""
        due = [one for one in self._orders if one.question == found or one.stood is not stands]
        self._orders = [one for one in self._orders if one not in due]
        return [one.order for one in due]

    def questions(self) -> dict[Lane, Question | None]:
        """What is to be looked for, if anything is."""
        first = dict[Lane, Question | None].fromkeys(LANES)
        for waits in reversed(self._orders):
            first[waits.question.lane] = waits.question
        return first
