"""Claims that are seen in a switch's entries by themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    ETH_IPV6,
    Action,
    FastFailover,
    Flow,
    Meter,
    SwitchProgram,
    Value,
    WiredLink,
)
from corridor.controller.prover.search.claim import Breach, Claim
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import NEEDS, Condition, is_exact
from corridor.controller.prover.search.lookup import sends_back, uses
from corridor.controller.prover.search.reach import End, Step, in_words


class Understood(Claim):
    id = "T0"
    sentence = (
        "Every entry, group and meter is understood; no packet matches two entries of equal "
        "priority."
    )

    def overall(self, network: Network) -> Iterator[Breach]:
        for oddity in network.tables.oddities:
            place = f"{oddity.hub}: " if oddity.hub else ""
            yield Breach(f"{place}{oddity.said}", oddity.hub)

    def in_switch(self, network: Network, hub: str) -> Iterator[Breach]:
        return _overlaps(hub, network.lookups[hub].overlaps)

    def in_entry(self, network: Network, hub: str, flow: Flow) -> Iterator[str]:
        names = {name for name, _ in flow.match}
        if len(names) < len(flow.match):
            yield "its match names a field twice"
        for name, value in flow.match:
            if not is_exact(name, value):
                yield f"its match on {name} = {value} is not understood"
            elif (needs := NEEDS.get(name)) and not any(one in flow.match for one in needs):
                yield f"its match on {name} has no {needs[0][0]} = {needs[0][1]}"
        yield from _unknown_actions(flow.actions)
        if flow.goto is not None and flow.goto <= flow.table:
            yield f"it goes back from table {flow.table} to {flow.goto}"
        if flow.meter is not None and not _is_metered(network, hub, flow.meter):
            yield f"it passes meter {flow.meter}, which is not there or of another kind"

    def in_group(self, _network: Network, _hub: str, group: FastFailover) -> Iterator[str]:
        for bucket in group.buckets:
            yield from _unknown_actions(bucket.actions)


def _overlaps(hub: str, pairs: Iterable[tuple[Flow, Flow]]) -> Iterator[Breach]:
    for pair in pairs:
        one, other = sorted(pair, key=lambda flow: repr((flow.match, flow.actions)))
        said = f"a packet may meet this entry or {_fields(other.match)} of equal priority"
        yield Breach(said, hub, one)


class Installed(Claim):
    id = "C0"
    sentence = "Switches contain exactly the intended entries, and have the intended settings."
    needs_program = True

    def overall(self, network: Network) -> Iterator[Breach]:
        """Whether the wiring that is checked by LLDP is the one that is proven."""
        if network.intended is None:
            return
        wired = _both_directions(network)
        for link in surplus(network.intended.links, wired):
            yield Breach(f"LLDP is expected from {link}, where no fibre leads")
        for link in surplus(wired, network.intended.links):
            yield Breach(f"LLDP is not expected from {link}, where a fibre leads")

    def in_switch(self, network: Network, hub: str) -> Iterator[Breach]:
        assert network.intended is not None
        held, intended = network.held(hub), intended_for(network, hub)
        yield from foreign_and_missing(hub, held.flows, intended.flows)
        yield from _other("group", hub, held.groups, intended.groups)
        yield from _other("meter", hub, held.meters, intended.meters)
        yield from _settings(network, hub)


def _both_directions(network: Network) -> list[WiredLink]:
    dpids = {hub: host.dpid for hub, host in network.hubs.items()}
    return [
        WiredLink(dpids[hub], port, dpids[cable.far_hub], cable.far_port)
        for (hub, port), cable in network.cables.items()
    ]


def intended_for(network: Network, hub: str) -> SwitchProgram:
    switches = network.intended.switches if network.intended else ()
    found = (switch for switch in switches if switch.hub == hub)
    return next(found, SwitchProgram(hub, 0, ()))


def foreign_and_missing(
    hub: str, held: Sequence[Flow], intended: Sequence[Flow]
) -> Iterator[Breach]:
    """Where entries differ from those intended."""
    if are_equal(held, intended):
        return
    for flow in surplus(held, intended):
        mine = flow.cookie >> 48 == COOKIE_MAGIC
        said = "holds an entry that was not intended" if mine else "holds a foreign entry"
        yield Breach(said, hub, flow)
    for flow in surplus(intended, held):
        yield Breach("does not hold an intended entry", hub, flow)


def _other[T: (FastFailover, Meter)](
    kind: str, hub: str, held: Sequence[T], intended: Sequence[T]
) -> Iterator[Breach]:
    if are_equal(held, intended):
        return
    for one in surplus(held, intended):
        yield Breach(f"holds {kind} {one.id}, which was not intended so", hub)
    for one in surplus(intended, held):
        yield Breach(f"does not hold the intended {kind} {one.id}", hub)


def _settings(network: Network, hub: str) -> Iterator[Breach]:
    """How the switch is set up, where it says so."""
    said = network.tables.settings.get(hub)
    if said is None:
        return
    if said.fail_mode is not None and said.fail_mode != "secure":
        yield Breach(f"would switch as it likes without a controller: {said.fail_mode}", hub)
    for (at, port), cable in network.cables.items():
        if at == hub and said.bfd_ports is not None and port not in said.bfd_ports:
            yield Breach(f"does not watch fibre {cable.fibre} at port {port} by BFD", hub)


class Liveness(Claim):
    id = "C15"
    sentence = "Each bucket watches its own port or group; no packet is sent to a missing port."

    def in_entry(self, network: Network, hub: str, flow: Flow) -> Iterator[str]:
        lookup = network.lookups[hub]
        for number in uses(flow.actions, "group"):
            if number not in lookup.groups:
                yield f"uses group {number}, which is not there"
            for bucket in lookup.sending_back(number):
                in_port = next((value for name, value in flow.match if name == "in_port"), None)
                if bucket.watch_port != in_port:
                    yield (
                        f"takes packets of port {in_port or 'any'} and sends them back there by a "
                        f"bucket of group {number} that watches port {bucket.watch_port}"
                    )

    def in_group(self, network: Network, hub: str, group: FastFailover) -> Iterator[str]:
        yield from _unsound(group, network.lookups[hub].groups)

    def in_step(self, _network: Network, step: Step) -> Iterator[str]:
        if step.end in (End.SWALLOWED, End.UNPLUGGED):
            yield f"port {step.port}: {step.end}"


def are_equal[T](some: Sequence[T], others: Sequence[T]) -> bool:
    """Whether two lists have the same values, each as often, in any order.

    Most values are the same objects in both: only the others are hashed, which takes longest. A
    list that has an object twice counts as unequal.
    """
    if some is others:
        return True
    mine, theirs = {*map(id, some)}, {*map(id, others)}
    if not len(mine) == len(some) == len(others) == len(theirs):
        return False
    left = Counter(one for one in some if id(one) not in theirs)
    return left == Counter(one for one in others if id(one) not in mine)


def surplus[T](some: Iterable[T], others: Iterable[T]) -> Iterator[T]:
    """What is in ``some`` and not, or not as often, in ``others``."""
    if some == others:
        return
    yield from (Counter(some) - Counter(others)).elements()


_BELOW_LABELS = ((), (ETH_IPV6,))
_ACTIONS: dict[str, Callable[..., bool]] = {
    "output": lambda port: isinstance(port, int),
    "controller": lambda: True,
    "in_port": lambda: True,
    "push_label": lambda label: is_exact("mpls_label", label),
    "pop_label": lambda *below: below in _BELOW_LABELS,
    "decrement_label_ttl": lambda: True,
    "set_field": lambda name, value: name != "in_port" and is_exact(name, value),
    "group": lambda number: isinstance(number, int),
}


def _unknown_actions(actions: tuple[Action, ...]) -> Iterator[str]:
    for action in actions:
        known = _ACTIONS.get(action.kind)
        try:
            understood = known is not None and known(*action.arguments)
        except TypeError:
            understood = False
        if not understood:
            yield f"has an action that is not understood: {in_words(action)}"


def _is_metered(network: Network, hub: str, number: int) -> bool:
    meter = network.lookups[hub].meters.get(number)
    return meter is not None and meter.rate_kbps > 0


def _unsound(group: FastFailover, groups: Mapping[int, FastFailover]) -> Iterator[str]:
    """How a group's buckets could be live and lead nowhere, or be dead and lead on."""
    chains = False
    for position, bucket in enumerate(group.buckets, start=1):
        ports, chained = uses(bucket.actions, "output"), uses(bucket.actions, "group")
        back = sends_back(bucket.actions)
        if bucket.watch_port is None and bucket.watch_group is None:
            yield f"bucket {position} watches nothing"
        # Where a bucket sends packets back, what it watches is asked of the entries that use it.
        if (
            bucket.watch_port is not None
            and {*ports} != {bucket.watch_port}
            and not (back and not ports)
        ):
            sent = ", ".join(map(str, ports)) or "no port"
            yield f"bucket {position} watches port {bucket.watch_port} and uses {sent}"
        if bucket.watch_group is not None and {*chained} != {bucket.watch_group}:
            sent = ", ".join(map(str, chained)) or "no group"
            yield f"bucket {position} watches group {bucket.watch_group} and uses {sent}"
        if ((ports or back) and bucket.watch_port is None) or (
            chained and bucket.watch_group is None
        ):
            yield f"bucket {position} uses what it does not watch"
        for number in chained:
            if number not in groups:
                yield f"bucket {position} uses group {number}, which is not there"
        chains = chains or bool(chained) or bucket.watch_group is not None
    if chains and _leads_back(group.id, groups):
        yield "its chain of groups comes back to it"


def _leads_back(start: int, groups: Mapping[int, FastFailover]) -> bool:
    seen: set[Value] = set()
    waiting: list[Value] = [start]
    while waiting:
        group = groups.get(int(waiting.pop()))
        for bucket in group.buckets if group else ():
            for number in {*uses(bucket.actions, "group"), bucket.watch_group} - {None}:
                if number == start:
                    return True
                if number is not None and number not in seen:
                    seen.add(number)
                    waiting.append(number)
    return False


def _fields(match: tuple[Condition, ...]) -> str:
    return ", ".join(f"{name}={value}" for name, value in match) or "any packet"
