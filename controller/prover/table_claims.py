"""Claims that are seen in a switch's entries by themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

from controller.program import COOKIE_MAGIC, Action, FastFailover, Flow, SwitchProgram, Value
from controller.prover.claims import Breach, Claim, breach_of
from controller.prover.headers import NEEDS, Condition, is_exact
from controller.prover.network import Network
from controller.prover.reach import End, Exploration


class Understood(Claim):
    id = "T0"
    sentence = "Every entry and group is understood, and no packet meets two of equal priority."

    def overall(self, network: Network) -> Iterator[Breach]:
        for oddity in network.tables.oddities:
            place = f"{oddity.hub}: " if oddity.hub else ""
            yield Breach(f"{place}{oddity.said}", oddity.hub)

    def in_switch(self, network: Network, hub: str) -> Iterator[Breach]:
        held = _held(network, hub)
        for flow in held.flows:
            for problem in _problems(flow):
                yield Breach(problem, hub, flow)
        for group in held.groups:
            for bucket in group.buckets:
                for problem in _unknown_actions(bucket.actions):
                    yield Breach(f"group {group.id} {problem}", hub)
        for one, other in _overlaps(held.flows):
            said = f"a packet may meet this entry or {_in_words(other.match)} of equal priority"
            yield Breach(said, hub, one)


class Installed(Claim):
    id = "C0"
    sentence = "Switches hold exactly the intended entries and groups, and none of anybody else."
    needs_program = True

    def in_switch(self, network: Network, hub: str) -> Iterator[Breach]:
        assert network.intended is not None
        held = _held(network, hub)
        intended = next(
            (switch for switch in network.intended.switches if switch.hub == hub),
            SwitchProgram(hub, 0, ()),
        )
        for flow in _surplus(held.flows, intended.flows):
            mine = flow.cookie >> 48 == COOKIE_MAGIC
            said = "holds an entry that was not intended" if mine else "holds a foreign entry"
            yield Breach(said, hub, flow)
        for flow in _surplus(intended.flows, held.flows):
            yield Breach("lacks an intended entry", hub, flow)
        for group in _surplus(held.groups, intended.groups):
            yield Breach(f"holds group {group.id}, which was not intended so", hub)
        for group in _surplus(intended.groups, held.groups):
            yield Breach(f"lacks group {group.id} as it was intended", hub)


class Liveness(Claim):
    id = "C15"
    sentence = "Buckets watch the port or group they use; no packet is sent where it cannot go."

    def in_switch(self, network: Network, hub: str) -> Iterator[Breach]:
        held = _held(network, hub)
        groups = {group.id: group for group in held.groups}
        for flow in held.flows:
            for number in _uses(flow.actions, "group"):
                if number not in groups:
                    yield Breach(f"uses group {number}, which is not there", hub, flow)
        for group in held.groups:
            for said in _unsound(group, groups):
                yield Breach(f"group {group.id}: {said}", hub)

    def at_door(self, _network: Network, seen: Exploration) -> Iterator[Breach]:
        for step in seen.every:
            if step.end in (End.SWALLOWED, End.UNPLUGGED):
                yield breach_of(seen, step, f"port {step.port}: {step.end}")


def _held(network: Network, hub: str) -> SwitchProgram:
    return network.tables.switches.get(hub) or SwitchProgram(hub, 0, ())


def _surplus[T](some: Iterable[T], others: Iterable[T]) -> Iterator[T]:
    """What is in ``some`` and not, or not as often, in ``others``."""
    yield from (Counter(some) - Counter(others)).elements()


_ACTIONS: dict[str, Callable[..., bool]] = {
    "output": lambda port: isinstance(port, int),
    "controller": lambda: True,
    "in_port": lambda: True,
    "push_label": lambda label: is_exact("mpls_label", label),
    "pop_label": lambda: True,
    "decrement_label_ttl": lambda: True,
    "set_field": is_exact,
    "group": lambda number: isinstance(number, int),
}


def _problems(flow: Flow) -> Iterator[str]:
    """What of an entry has no meaning here."""
    names = [name for name, _ in flow.match]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"its match names {name} twice"
    for name, value in flow.match:
        if not is_exact(name, value):
            yield f"its match on {name} = {value} is not understood"
        elif (needs := NEEDS.get(name)) is not None and needs not in flow.match:
            yield f"its match on {name} lacks {needs[0]} = {needs[1]}"
    yield from _unknown_actions(flow.actions)
    if flow.goto is not None and flow.goto <= flow.table:
        yield f"it goes back from table {flow.table} to {flow.goto}"


def _unknown_actions(actions: tuple[Action, ...]) -> Iterator[str]:
    for action in actions:
        known = _ACTIONS.get(action.kind)
        try:
            understood = known is not None and known(*action.arguments)
        except TypeError:
            understood = False
        if not understood:
            arguments = " ".join(map(str, action.arguments))
            yield f"has an action that is not understood: {action.kind} {arguments}".rstrip()


def _overlaps(flows: Iterable[Flow]) -> Iterator[tuple[Flow, Flow]]:
    """Pairs of one table and priority that one packet could meet.

    Exact matches on the same fields overlap only if they are the same; of two sets of
    fields, those do that agree on the fields they share.
    """
    alike: dict[tuple[int, int], dict[tuple[str, ...], list[Flow]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for flow in flows:
        names = tuple(name for name, _ in flow.match)
        alike[flow.table, flow.priority][names].append(flow)
    for by_names in alike.values():
        for names, ones in by_names.items():
            yield from _twice(ones)
            for other_names, others in by_names.items():
                if names < other_names:
                    yield from _agreeing(ones, others, {*names} & {*other_names})


def _twice(flows: list[Flow]) -> Iterator[tuple[Flow, Flow]]:
    first: dict[tuple[Condition, ...], Flow] = {}
    for flow in flows:
        if flow.match in first:
            yield first[flow.match], flow
        first.setdefault(flow.match, flow)


def _agreeing(
    ones: list[Flow], others: list[Flow], shared: set[str]
) -> Iterator[tuple[Flow, Flow]]:
    """Pairs with the same values in all shared fields, one of each kind of values."""

    def part(flow: Flow) -> tuple[Condition, ...]:
        return tuple(one for one in flow.match if one[0] in shared)

    by_part = {part(flow): flow for flow in ones}
    for flow in others:
        if part(flow) in by_part:
            yield by_part[part(flow)], flow


def _unsound(group: FastFailover, groups: dict[int, FastFailover]) -> Iterator[str]:
    """How a group's buckets could be live and lead nowhere, or be dead and lead on."""
    for position, bucket in enumerate(group.buckets, start=1):
        ports, chained = _uses(bucket.actions, "output"), _uses(bucket.actions, "group")
        if bucket.watch_port is None and bucket.watch_group is None:
            yield f"bucket {position} watches nothing"
        if bucket.watch_port is not None and set(ports) != {bucket.watch_port}:
            sent = ", ".join(map(str, ports)) or "no port"
            yield f"bucket {position} watches port {bucket.watch_port} and uses {sent}"
        if bucket.watch_group is not None and set(chained) != {bucket.watch_group}:
            sent = ", ".join(map(str, chained)) or "no group"
            yield f"bucket {position} watches group {bucket.watch_group} and uses {sent}"
        if (ports and bucket.watch_port is None) or (chained and bucket.watch_group is None):
            yield f"bucket {position} uses what it does not watch"
        for number in chained:
            if number not in groups:
                yield f"bucket {position} uses group {number}, which is not there"
    if _leads_back(group.id, groups):
        yield "its chain of groups comes back to it"


def _leads_back(start: int, groups: dict[int, FastFailover]) -> bool:
    seen: set[Value] = set()
    waiting: list[Value] = [start]
    while waiting:
        group = groups.get(int(waiting.pop()))
        for bucket in group.buckets if group else ():
            for number in {*_uses(bucket.actions, "group"), bucket.watch_group} - {None}:
                if number == start:
                    return True
                if number is not None and number not in seen:
                    seen.add(number)
                    waiting.append(number)
    return False


def _uses(actions: tuple[Action, ...], kind: str) -> list[int]:
    return [int(action.arguments[0]) for action in actions if action.kind == kind]


def _in_words(match: tuple[Condition, ...]) -> str:
    return ", ".join(f"{name}={value}" for name, value in match) or "any packet"
