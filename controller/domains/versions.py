"""One domain's part of the versions of paths: labels, entries, and messages about them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Protocol

from corridor.controller.domains.kept_state import Crossing, KeptState, Key
from corridor.controller.domains.messages import (
    Abort,
    CannotPrepare,
    Commit,
    Failed,
    Prepare,
    Prepared,
    Query,
    Refused,
    Release,
    Restored,
    Update,
)
from corridor.controller.domains.negotiation import Negotiation
from corridor.controller.domains.segments import NoSegmentError, flows, labelled, visits
from corridor.controller.domains.sight import Sight
from corridor.controller.forwarding.edge import classify
from corridor.controller.forwarding.program import Flow, SwitchProgram
from corridor.controller.policy.automaton import State
from corridor.controller.policy.product import Place


class Source(Protocol):
    """What decides about directions from here."""

    def is_prepared(self, one: Crossing) -> None:
        """All domains have installed this version."""

    def gave_up(self, number: int) -> None:
        """A domain could not install a version of this direction."""

    def has_failed(self, one: Crossing) -> None:
        """A fibre of this version has failed."""


class Versions:
    """Installs, and asks neighbours to install, what sources decide."""

    def __init__(self, sight: Sight, state: KeptState, source: Source) -> None:
        self.sight, self._state, self._source = sight, state, source
        self.sent: Counter[str] = Counter()

    # Preparing.

    def install(
        self,
        query: Query,
        negotiation: Negotiation | None,
        epoch: int,
        place: Place,
        before: State,
        upstream: str = "",
        fibre: str = "",
    ) -> None:
        """Prepare this domain's part of a path and ask the next one for its part.

        Args:
            query: The agreement that found the path.
            negotiation: What is known of it here.
            epoch: Of the version.
            place: The entry, with the state past its hub.
            before: The state before that hub.
            upstream: The domain that packets come from; empty at the source.
            fibre: By which they come; empty at the source.

        Raises:
            NoSegmentError: The path cannot be installed here.
        """
        if negotiation is None or place not in negotiation.best:
            raise NoSegmentError("no such agreement is known")
        delay_ns, out = negotiation.best[place]
        if not self._state.dead.isdisjoint(out.fibres):
            raise NoSegmentError("a fibre of the path has failed")
        is_last = out.to.domain == self.sight.domain
        inside = out.hubs if is_last else out.hubs[:-1]
        topology, automaton = self.sight.specification.topology, negotiation.paths.product.automaton
        ports, ends = self.sight.ports, self.sight.ends(query.direction)
        path, states = visits(topology, automaton, ports, ends, before, fibre, inside, out.fibres)
        if states[0] != place.state:
            raise NoSegmentError("the state at the entry is not that of the path up to there")
        one = Crossing(
            direction=query.direction, epoch=epoch, place=place, status="preparing",
            permit=query.permit, delay_ns=delay_ns, upstream=upstream,
            downstream="" if is_last else out.to.domain,
            onward=None if is_last else out.to.place,
            hubs=out.hubs, fibres=out.fibres, visits=path,
        )  # fmt: skip
        self._state.put(one)
        if one.onward is None:
            self._complete(one, None)
            return
        ahead = Prepare(
            query=query, epoch=epoch, place=one.onward, before=states[-1], fibre=out.fibres[-1]
        )
        self.tell(one.downstream, ahead)

    def prepare(self, sender: str, item: Prepare, negotiation: Negotiation | None) -> None:
        """Prepare what the domain before this one asks for. Raises Refused."""
        number, crossings = item.query.direction, self._state.crossings
        if item.epoch <= self._state.closed.get(number, 0):
            raise Refused("old epoch", f"{item.epoch} of direction {number} was removed here")
        if not self._is_hand_over(sender, item):
            raise Refused("not a hand-over", f"{item.fibre[:60]} does not join {sender} to us")
        known = crossings.get(Key(number, item.epoch, item.place))
        if known is not None:
            if known.upstream != sender:
                self.cannot(sender, item, "the path comes to one place twice")
            elif known.status != "preparing":
                self._answer(known)
            return
        at = (item.epoch, item.place, item.before)
        try:
            self.install(item.query, negotiation, *at, sender, item.fibre)
        except NoSegmentError as problem:
            self.cannot(sender, item, str(problem))

    def _is_hand_over(self, sender: str, item: Prepare) -> bool:
        topology, hub = self.sight.specification.topology, item.place.hub
        fibre = next((one for one in topology.fibres if one.id == item.fibre), None)
        return (
            fibre is not None
            and hub in self.sight.mine.intersection(fibre.ends)
            and self.sight.view.far_domain(fibre.id, fibre.other_end(hub)) == sender
        )

    def _complete(self, one: Crossing, onward_label: int | None) -> None:
        """Choose labels: the entries can be installed. The source then uses them."""
        taken = {
            (visit.hub, visit.label)
            for other in self._state.crossings.values()
            for visit in other.visits
        }
        try:
            path = labelled(one.visits, one.direction, one.epoch, onward_label, taken)
        except NoSegmentError as problem:
            self._give_up(one, str(problem))
            return
        update = {"visits": path, "onward_label": onward_label, "status": "prepared"}
        ready = one.model_copy(update=update)
        self._state.put(ready)
        if one.upstream:
            self._answer(ready)
        else:
            self._source.is_prepared(ready)

    def _answer(self, one: Crossing) -> None:
        label = one.visits[0].label
        self.tell(one.upstream, Prepared(**one.key._asdict(), label=label))

    def _give_up(self, one: Crossing, why: str) -> None:
        """End a version that cannot be prepared, and tell the domain that asked for it."""
        self.remove(one, Abort)
        if one.upstream:
            self.tell(one.upstream, CannotPrepare(**one.key._asdict(), why=why[:128]))
        else:
            self._source.gave_up(one.direction)

    def cannot(self, sender: str, item: Prepare, why: str) -> None:
        """Answer that nothing is installed from here on."""
        of = {"direction": item.query.direction, "epoch": item.epoch, "place": item.place}
        self.tell(sender, CannotPrepare.model_validate({**of, "why": why[:128]}))

    # Using, ending and failing.

    def use(self, one: Crossing) -> None:
        """Mark a version as used here and in the domains behind this one."""
        self._state.mark(one, "active")
        self._onward(one, Commit)

    def remove(self, one: Crossing, kind: type[Abort | Release]) -> None:
        """Remove the entries of a version, here and in the domains behind this one."""
        self._state.close(one)
        self._onward(one, kind)

    def fail(self, one: Crossing) -> None:
        """Report a failure on the path back to the source."""
        if one.upstream:
            self.tell(one.upstream, Failed(**one.key._asdict()))
        else:
            self._source.has_failed(one)

    def received(self, sender: str, item: Update) -> None:
        """Take what the neighbour before or behind this domain says of a version. Anything that
        is not about a version between the two changes nothing."""
        assert not isinstance(item, Prepare | Restored)
        of = item.direction, item.epoch, item.place
        if isinstance(item, Commit | Abort | Release):
            at = self._state.crossings.get(Key(*of))
            if at is None or at.upstream != sender:
                return
            if isinstance(item, Commit):
                self.use(at)
            else:
                self.remove(at, type(item))
            return
        for one in self._state.all_crossings():
            if (one.direction, one.epoch, one.onward) != of or one.downstream != sender:
                continue
            if isinstance(item, Failed):
                self.fail(one)
            elif one.status == "preparing":
                if isinstance(item, Prepared):
                    self._complete(one, item.label)
                else:
                    self._give_up(one, item.why)

    def _onward(self, one: Crossing, kind: type[Commit | Abort | Release]) -> None:
        if one.onward is not None:
            message = kind(direction=one.direction, epoch=one.epoch, place=one.onward)
            self.tell(one.downstream, message)

    def tell(self, to: str, item: Update) -> None:
        """Keep an item for another domain until its file has it."""
        self._state.changes += 1
        self.sent[item.kind] += 1
        self._state.outbox.setdefault(to, []).append(item)

    # Tables.

    def program(self) -> tuple[SwitchProgram, ...]:
        """Return the tables of the switches of this domain."""
        found: dict[str, list[Flow]] = {hub: [*flows] for hub, flows in self.sight.shared.items()}
        for hub, flow in chain(self._edges(), self._segments()):
            found[hub].append(flow)
        dpids = {one.hub: one.dpid for one in self.sight.wiring.hubs}
        return tuple(SwitchProgram(hub, dpids[hub], tuple(some)) for hub, some in found.items())

    def _edges(self) -> Iterator[tuple[str, Flow]]:
        used = {one.direction: one for one in self._state.from_here() if one.status == "active"}
        for number in sorted(self.sight.from_here):
            direction, one = self.sight.specification.directions[number - 1], used.get(number)
            label = None if one is None else one.visits[0].label
            serial = 0 if one is None else 1 + (one.epoch & 1)
            given = (direction.selectors, label, None, serial, direction.dscp)
            for flow in classify(number, self.sight.ends(number), *given):
                yield direction.demand.src, flow

    def _segments(self) -> Iterator[tuple[str, Flow]]:
        for _, one in sorted(self._state.crossings.items()):
            if one.status != "preparing":
                yield from flows(one.visits, one.direction, one.epoch, one.onward_label)
