"""An MPLS network in the JSON of AalWiNes, with questions in its language and our answers in
addition.

AalWiNes (https://aalwines.cs.aau.dk) decides by pushdown automata whether some packet takes a path
that an expression describes while up to k links have failed. Each hub is a router, each gateway
one behind it that gives back all it gets. Buckets of a group become priorities.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from corridor.controller.explain.flatten import Flattened, Operation, Place, Rule
from corridor.controller.explain.pipeline import NOWHERE
from corridor.controller.explain.question import CLAIMS, Question, sent_headers
from corridor.controller.explain.questions import questions
from corridor.controller.explain.subject import Exported, Format, Subject
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, HOST_PORT, HubWire

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
    flat = Flattened(subject, [(one.intent.pair[0], one.header) for one in sent])
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
    names = {HOST_PORT: HOST, NOWHERE: LOST}
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
    if place[1] == HOST_PORT:
        known = {NOBODYS: (Rule(HOST_PORT, 0, (("swap", NOBODYS),)),), **known}
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
    begin = f"[.#{_quoted(question.src)}.{_quoted(HOST)}]"
    to_host = f"[{_leaving(question.dst)}]"
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
            return f"{begin} .* [{','.join(map(_leaving, question.hubs))}]"
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


def _leaving(hub: str) -> str:
    return f"{_quoted(hub)}.{_quoted(HOST)}#."


def _quoted(name: str) -> str:
    return f"'{name}'"
