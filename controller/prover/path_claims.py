"""Claims about ways: what a packet meets from its door to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from controller.program import LabelledPath, Value
from controller.prover.claims import Breach, Claim, breach_of
from controller.prover.headers import Box
from controller.prover.network import Network
from controller.prover.reach import End, Exploration, Place, Step

HOST_TTL = 64
"""What hosts send by default, and what a label starts with: pushing copies it (RFC 3443)."""


class NoLoop(Claim):
    id = "C8"
    sentence = f"No packet goes round; each fibre costs a hop of its {HOST_TTL}, and they suffice."

    def at_door(self, _network: Network, seen: Exploration) -> Iterator[Breach]:
        if not seen.from_host:
            return
        for step in seen.every:
            if step.end is End.CROSSED and step.packet.label is not None and not step.hops:
                yield breach_of(seen, step, "crosses a fibre without spending a hop")
        loop = _loop(seen)
        if loop:
            hubs = " - ".join(dict.fromkeys(step.at.hub for step in loop))
            trail = (*seen.trail(loop[0])[:-1], *loop)
            yield Breach(
                f"goes round: {hubs} and again", loop[0].at.hub, None, trail, loop[-1].packet.sent
            )
        else:
            yield from _too_long(seen)


class Delivery(Claim):
    id = "C9"
    sentence = (
        "Without failures each declared pair's packets take its path to its host, nowhere else."
    )
    needs_program = True

    def at_door(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        for path in network.paths_from[seen.door.hub] if seen.from_host else ():
            binding = network.binding(seen.door.hub, network.hosts[path.hubs[-1]])
            yield from self._along(network, seen, seen.door, path, 0, binding)

    def _along(
        self,
        network: Network,
        seen: Exploration,
        place: Place,
        path: LabelledPath,
        position: int,
        binding: Box,
    ) -> Iterator[Breach]:
        """What leaves the path from its hub number ``position`` on."""
        target = path.hubs[-1]
        for step in seen.steps[place]:
            headers = step.packet.sent.meet(binding)
            if headers is None or not step.without_failures:
                continue
            if place.hub == target and position == len(path.fibres):
                if step.end is End.DELIVERED and step.packet.written:
                    names = ", ".join(sorted(name for name, _ in step.packet.written))
                    said = f"packets to {target} arrive with another {names}"
                    yield breach_of(seen, step, said, headers)
                    continue
                on_path = step.end is End.DELIVERED
            else:
                fibre = path.fibres[position]
                cable = network.cables.get((place.hub, step.port or 0))
                on_path = step.end is End.CROSSED and cable is not None and cable.fibre == fibre
            if not on_path:
                way = network.leads_to(place.hub, step.port) if step.port else step.end.value
                said = f"packets of {path.hubs[0]} to {target} leave their path: {way}"
                yield breach_of(seen, step, said, headers)
            elif step.to is not None:
                yield from self._along(network, seen, step.to, path, position + 1, binding)


class Separation(Claim):
    id = "C14"
    sentence = (
        "Each path has a label of its own, and nothing turns one path's label into another's."
    )
    needs_program = True

    def overall(self, network: Network) -> Iterator[Breach]:
        for label, count in Counter(path.label for path in network.paths).items():
            if count > 1:
                yield Breach(f"{count} paths have label {label}")

    def in_switch(self, network: Network, hub: str) -> Iterator[Breach]:
        held = network.tables.switches.get(hub)
        for flow in held.flows if held else ():
            before = dict(flow.match).get("mpls_label")
            for action in flow.actions:
                after = _label_set_by(action.kind, action.arguments)
                if after is not None and (action.kind == "set_field" or before is not None):
                    yield Breach(f"turns label {before or 'of any value'} into {after}", hub, flow)
        for group in held.groups if held else ():
            for bucket in group.buckets:
                for action in bucket.actions:
                    after = _label_set_by(action.kind, action.arguments)
                    if after is not None:
                        yield Breach(f"group {group.id} turns a label into {after}", hub)

    def at_door(self, _network: Network, seen: Exploration) -> Iterator[Breach]:
        for step in seen.every:
            before, after = step.before.label, step.packet.label
            if before is not None and after is not None and before != after:
                yield breach_of(seen, step, f"turns label {before} into {after}")


class NotVacuous(Claim):
    id = "C16"
    sentence = (
        "The proof is about something: each path delivers a packet, each host port drops one."
    )
    needs_program = True

    def overall(self, network: Network) -> Iterator[Breach]:
        if not network.paths:
            yield Breach("no path is declared")

    def at_door(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        if not seen.from_host:
            return
        if not any(step.end.is_drop for step in seen.first):
            yield Breach("drops nothing of what its host may send", seen.door.hub)
        for path in network.paths_from[seen.door.hub]:
            if not _delivers(network, seen, path):
                yield _undelivered(network, seen, path)


class Return(Claim):
    id = "C17"
    sentence = "Each declared pair has a declared way back that delivers."
    needs_program = True

    def overall(self, network: Network) -> Iterator[Breach]:
        pairs = {(path.hubs[0], path.hubs[-1]) for path in network.paths}
        for src, dst in sorted(pairs):
            if (dst, src) not in pairs:
                yield Breach(f"{src} to {dst} is declared, the way back is not", dst)

    def at_door(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        there = {(path.hubs[0], path.hubs[-1]) for path in network.paths}
        for path in network.paths_from[seen.door.hub] if seen.from_host else ():
            is_way_back = (path.hubs[-1], path.hubs[0]) in there
            if is_way_back and not _delivers(network, seen, path):
                yield _undelivered(network, seen, path)


def _delivers(network: Network, seen: Exploration, path: LabelledPath) -> bool:
    binding = network.binding(seen.door.hub, network.hosts[path.hubs[-1]])
    return any(
        step.end is End.DELIVERED
        and step.at.hub == path.hubs[-1]
        and step.packet.sent.meet(binding) is not None
        for step in seen.every
    )


def _undelivered(network: Network, seen: Exploration, path: LabelledPath) -> Breach:
    """Nothing arrives; shown by how far the packets of the path come."""
    src, dst = path.hubs[0], path.hubs[-1]
    binding = network.binding(src, network.hosts[dst])
    steps = [step for step in seen.every if step.packet.sent.meet(binding)]
    furthest = max(steps, key=lambda step: len(seen.trail(step)))
    headers = furthest.packet.sent.meet(binding)
    return breach_of(seen, furthest, f"nothing of {src} is delivered to {dst}", headers)


def _label_set_by(kind: str, arguments: tuple[Value, ...]) -> Value | None:
    if kind == "push_label":
        return arguments[0]
    return arguments[1] if kind == "set_field" and arguments[0] == "mpls_label" else None


def _loop(seen: Exploration) -> tuple[Step, ...]:
    """Steps that lead from a place back to it, or none; depth first."""
    done: set[Place] = set()
    on_way: dict[Place, int] = {}
    way: list[Step] = []
    open_steps = [iter(seen.steps[seen.door])]
    on_way[seen.door] = 0
    while open_steps:
        step = next(open_steps[-1], None)
        if step is None:
            open_steps.pop()
            done.add(next(reversed(on_way)))
            on_way.popitem()
            if way:
                way.pop()
        elif step.to is not None and step.to in on_way:
            return (*way[on_way[step.to] :], step)
        elif step.to is not None and step.to not in done:
            on_way[step.to] = len(on_way)
            way.append(step)
            open_steps.append(iter(seen.steps[step.to]))
    return ()


def _too_long(seen: Exploration) -> Iterator[Breach]:
    """Ways, in a search without loops, that spend all hops a packet has."""
    spent: dict[Place, int] = {seen.door: 0}
    for place in _in_topological_order(seen):
        for step in seen.steps[place]:
            hops = spent[place] + step.hops
            if hops >= HOST_TTL:
                yield breach_of(seen, step, f"its way spends {hops} hops of {HOST_TTL}")
                return
            if step.to is not None:
                spent[step.to] = max(spent.get(step.to, 0), hops)


def _in_topological_order(seen: Exploration) -> Iterator[Place]:
    entries = Counter(step.to for step in seen.every if step.to is not None)
    ready = [seen.door]
    while ready:
        place = ready.pop()
        yield place
        for step in seen.steps[place]:
            if step.to is not None:
                entries[step.to] -= 1
                if not entries[step.to]:
                    ready.append(step.to)
