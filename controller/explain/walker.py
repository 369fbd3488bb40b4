"""All that it takes to walk packets through tables, and what is expected of the walk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from corridor.controller.explain.questions import Header, Sent, sent_headers, unlawful
from corridor.controller.explain.subject import Exported, Format, Subject
from corridor.controller.explain.walker_document import (
    Arc,
    Bucket,
    Dead,
    Demand,
    End,
    Entry,
    Expected,
    Fields,
    Gateway,
    Host,
    Hub,
    Never,
    Undeclared,
    WalkerDocument,
    Wire,
)
from corridor.controller.forwarding.program import LABEL_TTL, Action, SwitchProgram
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.prover.exact_outcomes import Outcome
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.prover.search.headers import ETH_MPLS, Box
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, HOST_PORT, HubWire

LEFT_OUT = (
    "meters: entries name them, without their rates",
    "delays, rates and capacities of fibres",
    "cookies and counters",
    "orders of several waypoints: `never` holds whatever a packet met before",
    "failure sets of more than two elements",
)


def _write(subject: Subject) -> Exported:
    document = _document(subject)
    text = _text(_without_hosts(document.model_dump(by_alias=True, mode="json")))
    walks = sum(len(demand.expected) for demand in document.demands)
    entries = sum(len(hub.entries) for hub in document.hubs)
    said = (
        f"{len(document.hubs)} hubs, {entries} entries, {len(document.demands)} headers, {walks} "
        f"walks and {len(document.undeclared)} packets without a demand"
    )
    return Exported({"walker.json": text}, document.left_out, said)


FORMAT = Format("walker", "one JSON to walk packets through, with the results", _write)


def _without_hosts(plain: dict[str, Any]) -> dict[str, Any]:
    """The document without the keys of hosts that it does not have."""
    if not plain["hosts"]:
        del plain["hosts"]
    for one in (*plain["demands"], *plain["undeclared"]):
        for key in ("src_host", "dst_host"):
            if key in one and one[key] is None:
                del one[key]
    return plain


def _text(document: dict[str, Any]) -> str:
    """JSON with a line for each hub, fibre and demand."""
    parts = []
    for key, value in document.items():
        is_long = key in ("hubs", "wires", "demands", "undeclared", "hosts")
        lines = ",\n  ".join(json.dumps(one) for one in value) if is_long else ""
        parts.append(f'"{key}": {f"[\n  {lines}\n ]" if is_long else json.dumps(value)}')
    return f"{{\n {',\n '.join(parts)}\n}}\n"


def _document(subject: Subject) -> WalkerDocument:
    explorer = Explorer(subject.tables, subject.wiring, subject.topology)
    headers = list(sent_headers(subject.intents, subject.wiring))
    gateways = (
        Gateway(hub=hub, into=GATEWAY_IN_PORT, back=GATEWAY_OUT_PORT) for hub in subject.gateways
    )
    return WalkerDocument(
        **subject.origin,
        left_out=(*LEFT_OUT, *(f"{one.hub}: {one.said}" for one in subject.tables.oddities)),
        host_port=HOST_PORT,
        label_ttl=LABEL_TTL,
        hubs=tuple(_hub(subject, hub) for hub in subject.wiring.hubs),
        wires=tuple(
            Wire(
                fibre=one.fibre,
                a=End(hub=one.a.hub, port=one.a.port),
                z=End(hub=one.z.hub, port=one.z.port),
            )
            for one in subject.wiring.fibres
        ),
        gateways=tuple(gateways),
        demands=tuple(_demand(subject, explorer, sent) for sent in headers),
        undeclared=tuple(
            chain.from_iterable(_undeclared_of(subject, sent) for sent in _firsts(headers))
        ),
        hosts=tuple(
            Host(host=host.name, hub=hub.hub, port=host.port)
            for hub in subject.wiring.hubs
            for host in hub.hosts
        ),
    )


def _hub(subject: Subject, wire: HubWire) -> Hub:
    held, place = subject.network.held(wire.hub), subject.topology.hub(wire.hub)
    return Hub(
        hub=wire.hub,
        located_in=place.located_in,
        lat=place.lat,
        lon=place.lon,
        entries=tuple(_entries(held)),
        groups={
            str(group.id): tuple(
                Bucket(
                    watch_port=bucket.watch_port,
                    watch_group=bucket.watch_group,
                    actions=_plain(bucket.actions),
                )
                for bucket in group.buckets
            )
            for group in held.groups
        },
    )


def _entries(held: SwitchProgram) -> Iterator[Entry]:
    for flow in sorted(held.flows, key=lambda one: (one.table, -one.priority)):
        yield Entry(
            table=flow.table,
            priority=flow.priority,
            match=dict(flow.match),
            actions=_plain(flow.actions),
            goto=flow.goto,
            meter=flow.meter,
        )


def _plain(actions: tuple[Action, ...]) -> tuple[tuple[int | str, ...], ...]:
    return tuple((action.kind, *action.arguments) for action in actions)


def _demand(subject: Subject, explorer: Explorer, sent: Sent) -> Demand:
    region = subject.regions[sent.number]
    hubs, arcs = unlawful(subject, region.whole)
    return Demand(
        demand=sent.intent.id,
        src=sent.intent.pair[0],
        dst=sent.intent.pair[1],
        src_host=sent.intent.demand.src_host,
        dst_host=sent.intent.demand.dst_host,
        header=dict(sent.header),
        permitted=not subject.network.demands[sent.number - 1].is_blocked,
        expected=tuple(_expected(explorer, sent)),
        never=Never(
            hubs=tuple(hub for hub in subject.network.hubs if hub in hubs),
            fibres=tuple(Arc(src=src, fibre=fibre, dst=dst) for src, fibre, dst in sorted(arcs)),
            arrives_without=tuple(sorted(region.needed)),
        ),
    )


def _expected(explorer: Explorer, sent: Sent) -> Iterator[Expected]:
    """Expected walks: without failures; with each thing on the path dead; and then with the first
    thing of the detour dead too."""
    intent = replace(sent.intent, selectors=(sent.selector,))
    intact = explorer.follow(intent, NO_FAILURES)
    yield _expectation(intact, NO_FAILURES)
    for one in _things(intact):
        bridged = explorer.follow(intent, one)
        yield _expectation(bridged, one)
        around = [other for other in _things(bridged) if other not in _things(intact)]
        for other in around[:1]:
            both = Failures(links=one.links | other.links, gateways=one.gateways | other.gateways)
            yield _expectation(explorer.follow(intent, both), both)


def _things(outcome: Outcome) -> list[Failures]:
    """Each fibre and gateway on a path, as if it were dead."""
    fibres = [Failures(links=frozenset([fibre])) for fibre in outcome.fibres]
    return fibres + [Failures(gateways=frozenset([hub])) for hub in outcome.gateways]


def _expectation(outcome: Outcome, dead: Failures) -> Expected:
    return Expected(
        dead=Dead(fibres=tuple(sorted(dead.links)), gateways=tuple(sorted(dead.gateways))),
        arrives=outcome.delivered,
        hubs=outcome.hubs,
        gateways=outcome.gateways,
    )


def _firsts(headers: list[Sent]) -> list[Sent]:
    """The first header of each host that sends any."""
    return list({sent.intent.hosts[0]: sent for sent in reversed(headers)}.values())[::-1]


def _undeclared_of(subject: Subject, sent: Sent) -> Iterator[Undeclared]:
    """Packets like a demand's that its host may not send."""
    hosts, header = subject.network.hosts, dict(sent.header)
    src = sent.intent.hosts[0]
    other = next(host for host in hosts.values() if host.name != src)
    labels = subject.findings.searched[src, sent.number].seen.labels
    family = sent.intent.family
    false: Fields = {f"{family}_src": other.ip(family)}
    yield _undeclared(subject, src, "another's address", header | false)
    yield _undeclared(subject, src, "another's MAC", header | {"eth_src": other.host_mac})
    labelled: Fields = {
        "vlan_vid": 0,
        "eth_type": ETH_MPLS,
        "eth_src": header["eth_src"],
        "eth_dst": header["eth_dst"],
        "mpls_label": min(labels, default=1),
        "mpls_tc": 0,
    }
    yield _undeclared(subject, src, "a label", labelled)
    known = {intent.hosts[1] for intent in subject.intents if intent.hosts[0] == src}
    for host in hosts.values():
        if host.name not in known | {src}:
            more: Fields = {f"{family}_dst": host.ip(family), "eth_dst": host.host_mac}
            yield _undeclared(subject, src, "no demand leads there", header | more)
            break


def _undeclared(subject: Subject, src: str, why: str, header: Fields) -> Undeclared:
    asked: Header = tuple(sorted(header.items()))
    sent = Box(frozenset(one for one in asked if one[0] != "ip_dscp"))
    hub = subject.network.hosts[src].hub
    return Undeclared(
        src=hub,
        src_host=None if src == hub else src,
        why=why,
        header=header,
        leaves=_leaves(subject, src, sent),
    )


def _leaves(subject: Subject, src: str, sent: Box) -> bool:
    """Whether some of what our prover finds at the host's port is more than a drop."""
    return any(
        not step.end.is_drop and step.packet.sent.meet(sent) is not None
        for step in subject.findings.edges[src].edge.steps
    )
