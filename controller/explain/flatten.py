"""Tables of many fields as tables of one label: what AalWiNes calls a routing table.

A label and its traffic class are one number, the first 23 bits of the label's entry in the packet
(RFC 3032). A header without a label is a separate number, at the bottom of the stack: a label is
pushed on it and popped off it. Followed are the packets of demands, whatever is dead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from corridor.controller.explain.pipeline import NOWHERE, Label, Output, Packet, Problem, Switch
from corridor.controller.explain.question import Header
from corridor.controller.explain.subject import Subject
from corridor.controller.prover.search.headers import is_exact
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, HOST_PORT

TRAFFIC_CLASSES = 8
FIRST_HEADER = 10_000_000
"""Above all that 23 bits can say."""

type Place = tuple[str, int]
"""A hub, and a port of its switch."""
type Operation = dict[str, str]


class Rule(NamedTuple):
    """The outcome of a number at a place: one way out of the switch."""

    out: int
    """A port, or ``NOWHERE``."""
    priority: int
    """How many other ports must be dead for it."""
    operations: tuple[tuple[str, int | None], ...]


class Flattened:
    """The tables of all switches, as far as packets of demands meet them."""

    def __init__(self, subject: Subject, headers: Iterable[tuple[str, Header]]) -> None:
        """``headers``: with the hubs whose hosts send them."""
        self.rules: dict[Place, dict[int, tuple[Rule, ...]]] = {}
        self.problems: dict[str, int] = {}
        """Counts of what is not followed, by description."""
        self.assessed: dict[str, set[int]] = {}
        """By hub: the headers that enter its gateway."""
        self._numbers: dict[Header, int] = {}
        self._headers: dict[int, Header] = {}
        self._network = subject.network
        held = subject.network.held
        self._switches = {hub: Switch(held(hub)) for hub in subject.network.hosts}
        for hub in self._switches:
            for flow in held(hub).flows:
                if not all(is_exact(*one) for one in flow.match):
                    self._note(
                        f"{hub}: an entry whose match is not an exact value matches no packet"
                    )
        self._follow([((hub, HOST_PORT), self.number(header)) for hub, header in headers])

    def number(self, header: Header) -> int:
        number = self._numbers.setdefault(header, FIRST_HEADER + len(self._numbers) + 1)
        self._headers[number] = header
        return number

    @property
    def unmet(self) -> int:
        """Entries that no packet of a demand meets."""
        total = sum(len(self._network.held(hub).flows) for hub in self._switches)
        return total - sum(len(switch.met) for switch in self._switches.values())

    def _follow(self, waiting: list[tuple[Place, int]]) -> None:
        known = {*waiting}
        while waiting:
            place, number = waiting.pop()
            fresh = {*self._leads_to(place, number)} - known
            waiting += fresh
            known |= fresh

    def _leads_to(self, place: Place, number: int) -> Iterator[tuple[Place, int]]:
        """Keeps the rules of a number at a place; where what they send comes in."""
        hub, in_port = place
        rules = []
        for one in self._switches[hub].send(in_port, self._packet(number)):
            if isinstance(one, Problem):
                self._note(f"{hub}: {one.said}")
            elif one.port not in one.after:
                operations, top = self._operations(number, one)
                out = one.port if self._is_port(hub, one.port) else NOWHERE
                rules.append(Rule(out, len(set(one.after)), operations))
                yield from self._comes_in(hub, out, top)
        self.rules.setdefault(place, {})[number] = tuple(dict.fromkeys(rules))

    def _packet(self, number: int) -> Packet:
        header = self._headers.get(number)
        if header is not None:
            return Packet((), header)
        return Packet((Label(*divmod(number, TRAFFIC_CLASSES)),), None)

    def _is_port(self, hub: str, port: int) -> bool:
        """Whether something is there; else what is sent is dropped, as a switch drops it."""
        gateway = self._network.hosts[hub].gateway is not None
        if port == GATEWAY_OUT_PORT and gateway:
            self._note(f"{hub}: a packet is sent into the gateway by its way out")
            return False
        return (
            port == HOST_PORT
            or (hub, port) in self._network.cables
            or (port == GATEWAY_IN_PORT and gateway)
        )

    def _comes_in(self, hub: str, out: int, top: int | None) -> Iterator[tuple[Place, int]]:
        """Where what is sent by a port comes in, with the number on top, or any header."""
        if out == GATEWAY_IN_PORT:
            self.assessed.setdefault(hub, set()).update([top] if top else self._headers)
            far = (hub, GATEWAY_OUT_PORT)
        elif cable := self._network.cables.get((hub, out)):
            far = (cable.far_hub, cable.far_port)
        else:
            return
        for into in [top] if top else [*self._headers]:
            yield far, into

    def _operations(
        self, number: int, sent: Output
    ) -> tuple[tuple[tuple[str, int | None], ...], int | None]:
        """What makes of a number what is sent, and the number that is then on top, if it is known.

        There is always an operation: a number that stays is exchanged for itself.
        """
        labels = [one.number * TRAFFIC_CLASSES + one.traffic_class for one in sent.packet.labels]
        header = sent.packet.header
        if header is not None:
            labels.insert(0, self.number(header))
        if not labels:
            return (("pop", None),), None
        first, *rest = labels
        pushed = tuple(("push", one) for one in rest)
        if first == number and rest:
            return pushed, labels[-1]
        return (("swap", first), *pushed), labels[-1]

    def _note(self, said: str) -> None:
        self.problems[said] = self.problems.get(said, 0) + 1
