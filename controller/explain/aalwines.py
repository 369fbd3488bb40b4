"""An MPLS network in the JSON of AalWiNes, with questions in its language and our answers in
addition.

AalWiNes (https://aalwines.cs.aau.dk) decides by pushdown automata whether some packet takes a path
that an expression describes while up to k links have failed. Each hub is a router, each gateway
one behind it that gives back all it gets. Buckets of a group become priorities.

Tables of many fields become tables of one label: what AalWiNes calls a routing table. A label and
its traffic class are one number, the first 23 bits of the label's entry in the packet (RFC 3032). A
header without a label is a separate number, at the bottom of the stack: a label is pushed on it and
popped off it. Followed are the packets of demands, whatever is dead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from corridor.controller.explain.pipeline import NOWHERE, Label, Output, Packet, Problem, Switch
from corridor.controller.explain.questions import CLAIMS, Header, Question, questions, sent_headers
from corridor.controller.explain.subject import Exported, Format, Subject
from corridor.controller.prover.search.headers import is_exact
from corridor.topologies.model.wiring import (
    GATEWAY_IN_PORT,
    GATEWAY_OUT_PORT,
    HostEnd,
    HubWire,
    is_host_port,
)

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

    def __init__(self, subject: Subject, headers: Iterable[tuple[Place, Header]]) -> None:
        """``headers``: with the hub and port of the hosts that send them."""
        self.rules: dict[Place, dict[int, tuple[Rule, ...]]] = {}
        self.problems: dict[str, int] = {}
        """Counts of what is not followed, by description."""
        self.assessed: dict[str, set[int]] = {}
        """By hub: the headers that enter its gateway."""
        self._numbers: dict[Header, int] = {}
        self._headers: dict[int, Header] = {}
        self._network = subject.network
        held = subject.network.held
        self._switches = {hub: Switch(held(hub)) for hub in subject.network.hubs}
        for hub in self._switches:
            for flow in held(hub).flows:
                if not all(is_exact(*one) for one in flow.match):
                    self._note(
                        f"{hub}: an entry whose match is not an exact value matches no packet"
                    )
        self._follow([(place, self.number(header)) for place, header in headers])

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
        gateway = self._network.hubs[hub].gateway is not None
        if port == GATEWAY_OUT_PORT and gateway:
            self._note(f"{hub}: a packet is sent into the gateway by its way out")
            return False
        return (
            (hub, port) in self._network.host_at
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


NETWORK, QUERIES, EXPECTED = "network.json", "queries.q", "expected.json"
EXPECTED_SCHEMA = 1
MOST_FAILURES = 3
HOST, TO_GATEWAY, FROM_GATEWAY = "(host)", "(to gateway)", "(from gateway)"
"""Interfaces that no fibre can be called by."""
LOST = "(nowhere)"
"""Where what a switch drops goes: as long as that is so, rules of a later priority wait."""
IN, OUT = "(in)", "(out)"
"""Those of a gateway."""
NOBODYS = 0
"""A label that is reserved, and that no one sends: AalWiNes 1.0 ends by a segmentation fault where
no rule at all leads on along an expression."""

ARRIVING = ("arrives", "gateway bypassed", "stop missed")
"""Kinds of questions whose packets end at the right host, as they were sent."""
LEFT_OUT = (
    "C0, T0: whether tables are as intended is not a question about paths",
    "C1, C2: packets without a demand; where packets were classified and metered",
    "C3, C14: labels are numbers without further meaning",
    "C4 to C7: what is forbidden only after another element, except required gateways",
    "C7: the order of several waypoints or stops",
    "C8: loops; a label has no TTL",
    "C9, C10: a drop is not a path, so it is not checked",
    "C11, C12: delays, rates and meters",
    "failures are links: a failed hub or shared-risk group counts as all of its links",
    "a failed link that is met from both ends counts twice",
    "ARP, LLDP and BFD",
    "added: a rule at each host for label 0, which no packet has; AalWiNes crashes without it",
)


def _write(subject: Subject) -> Exported:
    sent = sent_headers(subject.intents, subject.wiring)
    hosts = subject.network.hosts
    at = {name: (host.hub, host.port) for name, host in hosts.items()}
    flat = Flattened(subject, [(at[one.intent.hosts[0]], one.header) for one in sent])
    asked = list(questions(subject))
    queries = [one for question in asked for one in _queries(question, flat)]
    network = _network(subject, flat)
    left_out = (*LEFT_OUT, *_unsaid(flat))
    expected = {
        "schema": EXPECTED_SCHEMA,
        "format": FORMAT.key,
        **subject.origin,
        "claims": subject.claims,
        "left_out": left_out,
        "questions": queries,
    }
    files = {
        NETWORK: _text(network),
        QUERIES: "".join(f"{one['query']}\n" for one in queries),
        EXPECTED: json.dumps(expected, indent=1) + "\n",
    }
    rules = sum(len(rules) for table in flat.rules.values() for rules in table.values())
    said = f"{len(network['routers'])} routers, {rules} rules, {len(queries)} queries"
    return Exported(files, left_out, said)


FORMAT = Format("aalwines", "an MPLS network and queries for AalWiNes, with our answers", _write)


def _text(network: dict[str, Any]) -> str:
    """JSON with a line for each router and each link."""
    name = json.dumps(network["name"])
    lines = {key: ",\n".join(map(_line, network[key])) for key in ("routers", "links")}
    parts = [f'"name": {name}', *(f'"{key}": [\n{text}\n]' for key, text in lines.items())]
    return f'{{"network": {{{",\n".join(parts)}}}}}\n'


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _unsaid(flat: Flattened) -> Iterator[str]:
    if flat.unmet:
        yield f"{flat.unmet} entries that no packet of a demand meets, whatever fails"
    for said, times in sorted(flat.problems.items()):
        yield f"not followed, {times} times: {said}"


def gateway_of(hub: str) -> str:
    """The name of the router that a hub's gateway is."""
    return f"{hub}.gateway"


def _network(subject: Subject, flat: Flattened) -> dict[str, Any]:
    hubs = subject.wiring.hubs
    routers = [_router(subject, flat, hub) for hub in hubs]
    gateways = [_gateway(subject, flat, hub.hub) for hub in hubs if hub.gateway is not None]
    links = [_link((one.a.hub, one.fibre), (one.z.hub, one.fibre)) for one in subject.wiring.fibres]
    for hub in subject.gateways:
        links.append(_link((hub, TO_GATEWAY), (gateway_of(hub), IN)))
        links.append(_link((gateway_of(hub), OUT), (hub, FROM_GATEWAY)))
    return {"name": subject.scenario, "routers": routers + gateways, "links": links}


def _link(near: tuple[str, str], far: tuple[str, str]) -> dict[str, Any]:
    return {
        "from_router": near[0],
        "from_interface": near[1],
        "to_router": far[0],
        "to_interface": far[1],
        "bidirectional": True,
    }


def _router(subject: Subject, flat: Flattened, hub: HubWire) -> dict[str, Any]:
    """A hub: what each of its ports does with what comes in by it."""
    names = {NOWHERE: LOST} | {host.port: _interface_of(host) for host in hub.attached}
    names |= {
        port: cable.fibre for (at, port), cable in subject.network.cables.items() if at == hub.hub
    }
    if hub.gateway is not None:
        names |= {GATEWAY_IN_PORT: TO_GATEWAY, GATEWAY_OUT_PORT: FROM_GATEWAY}
    interfaces = [
        {"name": name, "routing_table": _table(flat, (hub.hub, port), names)}
        for port, name in names.items()
    ]
    return {"name": hub.hub, "location": _location(subject, hub.hub), "interfaces": interfaces}


def _table(flat: Flattened, place: Place, names: dict[int, str]) -> dict[str, Any]:
    known = flat.rules.get(place, {})
    if is_host_port(place[1]):
        known = {NOBODYS: (Rule(place[1], 0, (("swap", NOBODYS),)),), **known}
    return {
        str(number): [_entry(rule, names[rule.out]) for rule in rules]
        for number, rules in sorted(known.items())
        if rules
    }


def _entry(rule: Rule, out: str) -> dict[str, Any]:
    operations: list[Operation] = [
        {name: "" if number is None else str(number)} for name, number in rule.operations
    ]
    return {"out": out, "priority": rule.priority, "ops": operations}


def _gateway(subject: Subject, flat: Flattened, hub: str) -> dict[str, Any]:
    """Packets that enter the gateway leave it unchanged by its other side."""
    table = {
        str(number): [_entry(Rule(0, 0, (("swap", number),)), OUT)]
        for number in sorted(flat.assessed.get(hub, ()))
    }
    interfaces = [{"name": IN, "routing_table": table}, {"name": OUT, "routing_table": {}}]
    return {
        "name": gateway_of(hub),
        "location": _location(subject, hub),
        "interfaces": interfaces,
    }


def _location(subject: Subject, hub: str) -> dict[str, float]:
    place = subject.topology.hub(hub)
    return {"latitude": place.lat, "longitude": place.lon}


def _queries(question: Question, flat: Flattened) -> Iterator[dict[str, Any]]:
    """A question for each number of failures; what arrives while nothing fails is asked once."""
    sent = flat.number(question.header)
    once = question.kind == "arrives" and question.lawful
    for k in range(1 if once else MOST_FAILURES + 1):
        yield {
            "query": f"<{sent}> {_path(question)} <{_last(question, sent)}> {k} OVER",
            "kind": question.kind,
            "demand": question.demand,
            "k": k,
            "claims": CLAIMS[question.kind],
            "where_claims_hold": question.lawful,
            "by_our_prover": question.needs is not None and question.needs <= k,
            "dead_ports": question.needs,
        }


def _last(question: Question, sent: int) -> str:
    """What is left of the stack: the header as it was sent, or anything."""
    return str(sent) if question.kind in ARRIVING else ".*"


def _path(question: Question) -> str:
    """An expression over links, each from a router to a router."""
    src, dst = question.ends
    begin = f"[.#{_quoted(src.hub)}.{_quoted(_interface_of(src))}]"
    to_host = f"[{_leaving(dst)}]"
    owed = _into(map(gateway_of, question.hubs))
    over = ",".join(
        f"{_quoted(near)}.{_quoted(fibre)}#{_quoted(far)}" for near, fibre, far in question.arcs
    )
    match question.kind:
        case "arrives":
            return f"{begin} .* {to_host}"
        case "forbidden hub" | "detour":
            return f"{begin} .* [{_into(question.hubs)}]"
        case "forbidden fibre":
            return f"{begin} .* [{over}]"
        case "wrong host":
            return f"{begin} .* [{','.join(map(_leaving, question.hosts))}]"
        case "gateway bypassed":
            return f"{begin} [^{owed}]* {to_host}"
        case "stop missed":
            stops = ",".join(filter(None, [_into(question.hubs), over]))
            return f"{begin} [^{stops}]* {to_host}"
        case "border before gateway":
            return f"{begin} [^{owed}]* [{over}]"


def _into(routers: Iterable[str]) -> str:
    """All links into some routers."""
    return ",".join(f".#{_quoted(router)}" for router in routers)


def _leaving(host: HostEnd) -> str:
    return f"{_quoted(host.hub)}.{_quoted(_interface_of(host))}#."


def _interface_of(host: HostEnd) -> str:
    return HOST if host.name == host.hub else host.name


def _quoted(name: str) -> str:
    return f"'{name}'"
