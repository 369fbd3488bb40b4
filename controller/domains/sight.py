"""What the controller of one domain is given: its part of the map and wiring, and public rules."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from corridor.controller.domains.controller_view import ControllerView, part_of
from corridor.controller.domains.segments import MOST_DIRECTIONS, Ports
from corridor.controller.forwarding.compiler import shared_flows
from corridor.controller.forwarding.program import Flow
from corridor.controller.intent.specification import Specification
from corridor.controller.policy.semantics import ApplicablePolicies, PolicyLookup
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.domains import HomeDomains
from corridor.topologies.model.operators import WrittenDomains
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import HostEnd, Wiring


@dataclass(frozen=True)
class Sight:
    """The part of a network that one controller sees; demands and policies are known to all."""

    domain: str
    specification: Specification
    """With this domain's part of the map."""
    wiring: Wiring

    @cached_property
    def view(self) -> ControllerView:
        return ControllerView(HomeDomains(self.specification.topology), self.domain)

    @cached_property
    def mine(self) -> frozenset[str]:
        """Hubs whose switches this controller programs."""
        return frozenset(
            hub.id
            for hub in self.specification.topology.hubs
            if self.view.serves_customers_at(hub.id)
        )

    @cached_property
    def from_here(self) -> frozenset[int]:
        """Numbers of the directions, from 1, whose source is a hub of mine."""
        directions = enumerate(self.specification.directions, 1)
        return frozenset(number for number, one in directions if one.demand.src in self.mine)

    def ends(self, number: int) -> tuple[HostEnd, HostEnd]:
        """Return the hosts that send and receive packets of a direction."""
        src, dst = self.specification.directions[number - 1].demand.hosts
        return self._hosts[src], self._hosts[dst]

    @cached_property
    def _hosts(self) -> dict[str, HostEnd]:
        return {host.name: host for host in self.wiring.hosts}

    @cached_property
    def ports(self) -> Ports:
        return Ports(self.wiring)

    @cached_property
    def applicable(self) -> tuple[ApplicablePolicies, ...]:
        """The policies of each direction, in the order of the specification."""
        one = self.specification
        lookup = PolicyLookup(one.policies, one.topology, one.as_of)
        return tuple(lookup.on(one.policies.seen(each.demand)) for each in one.directions)

    @cached_property
    def shared(self) -> dict[str, tuple[Flow, ...]]:
        """By hub of mine, the entries that serve all directions."""
        hosts = tuple(one.demand.hosts for one in self.specification.directions)
        found = shared_flows(self.wiring, self.specification.topology, hosts)
        return {hub: flows for hub, flows in found.items() if hub in self.mine}

    @cached_property
    def neighbours(self) -> frozenset[str]:
        """Domains at the far ends of fibres that lead out."""
        known = HomeDomains(self.specification.topology).home
        ends = {hub for one in self.specification.topology.fibres for hub in one.ends}
        return frozenset(known[hub] for hub in ends) - {self.domain}

    def to_json(self) -> str:
        """Return the document that a process is started with."""
        wiring = to_plain(self.wiring)
        plain = {"domain": self.domain, "wiring": wiring, "rules": self.specification.to_json()}
        return json.dumps(plain)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote."""
        plain = json.loads(text)
        rules = Specification.from_json(plain["rules"])
        return cls(plain["domain"], rules, from_plain(Wiring, plain["wiring"]))


def sights(specification: Specification, wiring: Wiring) -> dict[str, Sight]:
    """Return what each home domain of a network sees.

    Raises InputError if more directions are declared than labels can name.
    """
    if len(specification.directions) > MOST_DIRECTIONS:
        raise InputError(
            f"{len(specification.directions):,} directions are declared, and labels of domains "
            f"can name {MOST_DIRECTIONS:,}",
            "declare fewer demands",
        )
    known = HomeDomains(specification.topology)
    return {name: _sight(specification, wiring, known, name) for name in known.domains}


def _sight(specification: Specification, wiring: Wiring, known: HomeDomains, name: str) -> Sight:
    whole = specification.topology
    mine = {hub for hub, home in known.home.items() if home == name}
    fibres = tuple(one for one in whole.fibres if not mine.isdisjoint(one.ends))
    near = mine | {hub for one in fibres for hub in one.ends}
    near |= {hub for one in specification.directions for hub in (one.demand.src, one.demand.dst)}
    names = {one.id for one in fibres}
    part = part_of(whole, near, fibres).model_copy(update={"domains": _written(whole, near, names)})
    return Sight(
        name,
        specification.model_copy(update={"topology": part, "k": 0, "disjoint": ()}),
        replace(
            wiring,
            hubs=tuple(one for one in wiring.hubs if one.hub in near),
            fibres=tuple(one for one in wiring.fibres if one.fibre in names),
        ),
    )


def _written(whole: Topology, hubs: set[str], fibres: set[str]) -> WrittenDomains | None:
    """What the topology file states of this part."""
    written = whole.domains
    return written and WrittenDomains(
        operators=written.operators,
        hubs={hub: domain for hub, domain in written.hubs.items() if hub in hubs},
        fibres=tuple(one for one in written.fibres if one.id in fibres),
        handovers=tuple(one for one in written.handovers if one.hub in hubs),
    )
