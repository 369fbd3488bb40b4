"""What switches of all domains held together at each moment of a run, proven by contracts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from corridor.controller.domains.contracts import COMPOSED, DomainProver, compose
from corridor.controller.domains.held_tables import Held, Moments
from corridor.controller.forwarding.program import Flow, Program, SwitchProgram
from corridor.controller.intent.intent import Intent
from corridor.controller.prover.search.tables import tables_of
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring


def prove_moments(
    held: Iterable[Held],
    rules: Mapping[str, Sequence[Intent]],
    owner: Mapping[str, str],
    wiring: Wiring,
    topology: Topology,
) -> Moments:
    """Prove the tables of all domains after each change, once each domain has any.

    Args:
        held: In order of time.
        rules: By digest of policies, all intents; the number of each is the same in all.
        owner: The domain of each hub's switch.
        wiring: Of the whole network.
        topology: The whole map.
    """
    tables: dict[str, dict[str, frozenset[Flow]]] = {}
    in_force: dict[str, str] = {}
    provers: dict[str, DomainProver] = {}
    names, count = {*owner.values()}, 0
    violated: dict[str, None] = {}
    dpids = {one.hub: one.dpid for one in wiring.hubs}
    for one in held:
        before = {} if one.whole else tables.get(one.domain, {})
        tables[one.domain] = {
            hub: before.get(hub, frozenset()).difference(one.remove.get(hub, ())).union(flows)
            for hub, flows in one.add.items()
        }
        if in_force.get(one.domain) != one.policies:
            in_force[one.domain] = one.policies
            provers.clear()
        provers.pop(one.domain, None)
        if tables.keys() != names:
            continue
        intents = _intents(rules, in_force, owner)
        for name in names - provers.keys():
            own = Program(
                tuple(
                    SwitchProgram(hub, dpids[hub], tuple(sorted(flows, key=repr)))
                    for hub, flows in tables[name].items()
                ),
                (),
            )
            provers[name] = DomainProver(name, owner, tables_of(own), wiring, topology, intents)
        count += 1
        for each in compose(provers, owner).violated:
            if each.claim in COMPOSED:
                violated[f"{each.claim} {each.demand} at {each.domain}: {each.said}"] = None
    return Moments(count, (*violated,))


def _intents(
    rules: Mapping[str, Sequence[Intent]], in_force: Mapping[str, str], owner: Mapping[str, str]
) -> list[Intent]:
    """Each direction under the policies that its source has."""
    some = next(iter(rules.values()))
    return [rules[in_force[owner[one.demand.src]]][number] for number, one in enumerate(some)]
