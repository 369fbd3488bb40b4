"""An explanation as text: the answer first, then the path, what decided, outages, the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from corridor.controller.explain import Explanation
from corridor.controller.explain.clauses import Unused
from corridor.controller.explain.explanation import Outage, ReverseDemand
from corridor.controller.explain.path_summary import PathDetails, Reference
from corridor.controller.policy.clauses.clause import caveat
from corridor.controller.policy.phase import Phase
from corridor.controller.policy.semantics import NOT_JUDGED
from corridor.experiments.answers.demand_parts import AnycastSummary, anycast_said
from corridor.experiments.answers.outcome import NOT_JUDGED as UNJUDGED
from corridor.experiments.terminal.columns import render
from corridor.experiments.text.demand_table import assumed_line
from corridor.topologies.base.words import confidence_word, few, joined
from corridor.topologies.model.routing import marked
from corridor.topologies.model.topology import Topology

KINDS = {"link": "fibres", "srlg": "shared-risk groups", "hub": "hubs", "gateway": "gateways"}
ADDED = (
    "Added one-way delay after a failure: on the detour of the switches, then on the new path of "
    "the controller"
)
PENDING = "phase PRE: packets have not yet passed a gateway or hub that is required at the border"
CITES_NO_LAW = " (cites no law)"
MOST_NAMES, MOST_PERMITS, MOST_REMEDIES = 2, 4, 3


def explained(
    found: Explanation,
    topology: Topology,
    width: int | None = None,
    asked: str = "",
    anycast: AnycastSummary | None = None,
) -> str:
    """``asked`` is what commands take for the same scenario, after the demand; ``anycast`` says
    which of several hubs serves it."""
    parts = [
        _answer(found, asked, anycast),
        _path(found.passage, topology, width),
        _rests_on(found.passage, topology),
        _clauses(found),
        _other_values(found),
        _outages(found, width),
        _unused(found),
        _references(found),
    ]
    return "\n\n".join(part for part in parts if part)


def _answer(found: Explanation, asked: str, anycast: AnycastSummary | None) -> str:
    origin = f" (origin {', '.join(found.origin)})" if found.origin else ""
    data = f"data class {found.data_class}{origin}"
    ends = f"{_end(found.src_host, found.src)} to {_end(found.dst_host, found.dst)}"
    lines = [f"{found.demand}: {ends}, {data}, as of {found.as_of}", ""]
    lines += [f"Anycast: {anycast_said(anycast)}"] if anycast else []
    lines += _served(found) if found.passage else _not_served(found)
    if found.answers:
        told = found.answers
        again = f"corridor explain {told.demand} {asked}".rstrip()
        lines.append(f"Reverse demand: {told.status}{_answers_path(told)}; see {again}")
    return "\n".join(lines)


def _answers_path(told: ReverseDemand) -> str:
    if told.one_way_ns is None:
        return ""
    if told.permit == NOT_JUDGED.id:
        return f", {UNJUDGED}, one-way delay {_ms(told.one_way_ns)}"
    return f", one-way delay {_ms(told.one_way_ns)}, permit {told.permit}"


def _end(host: str, hub: str) -> str:
    return f"{host} (at {hub})" if host else hub


def _served(found: Explanation) -> Iterator[str]:
    passage, permit = found.passage, found.permit
    assert passage is not None
    assert permit is not None
    cited = (
        f" [{_ids(permit.legal)}] ({confidence_word(permit.confidence)})"
        if permit.legal
        else CITES_NO_LAW
    )
    if found.judged:
        yield f"{found.status}, permit {permit.policy}{cited}"
    else:
        yield f"{found.status}, {UNJUDGED}: the policy set does not cover this data."
        yield "  Served on a path that no restrict or deny forbids: no statement about law."
    yield from (
        f"  permit {one.policy} has higher preference but {one.why}" for one in _preferred(found)
    )
    gates = f", gateway {', '.join(passage.gateways)}" if passage.gateways else ""
    yield f"{_measures(passage)}{gates}"
    yield from (f"Relaxed: {lack}" for lack in found.lacks)
    if found.protection_ns:
        spent = _ms(found.protection_ns)
        yield f"Protection adds {spent}: the shortest permitted path has unprotected elements"
    if found.apart_ns:
        spent = _ms(found.apart_ns)
        yield f"Disjointness adds {spent}: the shortest permitted path shares elements with another"
    if found.room_ns:
        spent = _ms(found.room_ns)
        yield f"Committed rates add {spent}: they do not fit on the shortest paths"
    if found.shortest is None or not found.forbids_shortest:
        if not (found.protection_ns or found.apart_ns or found.room_ns):
            yield "Policies add no delay: this is the shortest path."
    else:
        yield (
            f"Policies add {_ms(found.costs_ns)} and {found.costs_km:,.0f} km: they forbid "
            f"the shortest path ({_measures(found.shortest)}):"
        )
        yield from (f"  {ground}" for ground in found.forbids_shortest)


def _preferred(found: Explanation) -> Iterator[Unused]:
    return (one for one in found.unused if one.matches and one.passage is None)


def _not_served(found: Explanation) -> Iterator[str]:
    if found.shortest is None:
        yield f"{found.status}: no path exists"
    else:
        path = _measures(found.shortest)
        yield f"{found.status}: a path exists ({path}), but no policy permits it"
    yield from (f"  {ground}" for ground in found.forbids_shortest)
    if found.remedies:
        yield "Remedies (hypothetical; nothing is changed):"
        for remedy in found.remedies[:MOST_REMEDIES]:
            yield f"  {remedy.change}: one-way delay {_ms(remedy.one_way_ns)}"


def _path(passage: PathDetails | None, topology: Topology, width: int | None) -> str:
    if passage is None:
        return ""
    rows, so_far_ns, so_far_km = [], 0, 0.0
    for position, name in enumerate(passage.hubs):
        hub = topology.hub(name)
        gate = " (gateway)" if _passes(passage, position) else ""
        onward: tuple[str, ...] = ("", "")
        measures = (f"{so_far_km:,.0f}", f"{so_far_ns / 1e6:.2f}")
        if position < len(passage.fibres):
            fibre = topology.fibre(passage.fibres[position])
            onward = (fibre.id, marked(fibre.crosses, (one.code for one in fibre.may_cross)))
            so_far_km += fibre.length_km
            so_far_ns += topology.one_way_delay_ns(fibre)
        rows.append((f"{name}{gate}", hub.located_in, passage.phases[position], *measures, *onward))
    headings = ("hub", "jurisdiction", "phase", "km", "ms", "next fibre", "jurisdictions crossed")
    table = render(
        headings,
        rows,
        frozenset({"km", "ms"}),
        width=width,
        spare=("phase", "km"),
        wrap=headings[-1],
    )
    is_pending = Phase.PRE.name in passage.phases
    return f"{table}\n{PENDING}" if is_pending and Phase.PRE.name in table else table


def _rests_on(passage: PathDetails | None, topology: Topology) -> str:
    """What the path's crossings and rates cannot be sure of, and why."""
    if passage is None:
        return ""
    fibres = [topology.fibre(name) for name in dict.fromkeys(passage.fibres)]
    lines = [
        f"Possible transit of {one.code} on {fibre.id}: {one.why or 'no reason given'}"
        for fibre in fibres
        for one in fibre.may_cross
        if one.code in passage.may_cross
    ]
    assumed = [fibre.id for fibre in fibres if fibre.known_gbps is None]
    lines.append(assumed_line([(passage.fibres, assumed)]))
    return "\n".join(filter(None, lines))


def _passes(passage: PathDetails, position: int) -> bool:
    """Whether a hub's gateway is passed at this visit: the phase changes there."""
    if passage.hubs[position] not in passage.gateways:
        return False
    return position == 0 or passage.phases[position] != passage.phases[position - 1]


def _clauses(found: Explanation) -> str:
    if found.passage is None:
        return ""
    if not found.clauses:
        return "Binding clauses: none."
    lines = ["Binding clauses:"]
    for cost in found.clauses:
        by = marked(cost.without.crosses, cost.without.may_cross)
        without = f"(without it: {_ms(cost.without.one_way_ns)} via {by})"
        alone = (
            f"adds {_ms(cost.costs_ns)} {without}"
            if cost.costs_ns
            else "removing this clause alone changes nothing"
        )
        lines.append(f"  {cost.policy} {cost.clause}: {cost.says}")
        cited = f" [{_ids(cost.legal)}]" if cost.legal else ""
        lines.append(f"    {alone}{cited}{caveat(cost.kind, cost.confidence)}")
    if len(found.forbids_shortest) > 1 and found.costs_ns:
        names = " and ".join(f"{one.policy} {one.clause}" for one in found.forbids_shortest)
        lines.append(f"  {names} together add {_ms(found.costs_ns)}")
    return "\n".join(lines)


def _other_values(found: Explanation) -> str:
    """What the demand would do under the values of interpretations that are not chosen."""
    if not found.other_values:
        return ""
    lines = ["Interpretations that decide here (--interpret chooses another value):"]
    for one in found.other_values:
        now = "no path" if one.chosen_one_way_ns is None else _ms(one.chosen_one_way_ns)
        then = one.status if one.one_way_ns is None else f"{_ms(one.one_way_ns)} one-way delay"
        lines.append(f"  {one.interpretation}={one.value}: {then}, instead of {now}")
        lines.append(f"    {one.question} Chosen: {one.chosen or 'single switches'}.")
    return "\n".join(lines)


def _outages(found: Explanation, width: int | None) -> str:
    if found.passage is None or found.permit is None or not found.outages:
        return ""
    rows = [
        (
            few(outage.dead, MOST_NAMES),
            outage.found_at,
            _at_once(outage, found.passage, found.permit.policy),
            _replanned(outage, found.passage, found.permit.policy),
        )
        for outage in found.outages
    ]
    headings = ("failure", "detected at", "detour of switches", "after recomputation")
    k, over = found.permit.k, joined(map(KINDS.__getitem__, found.permit.over))
    several = "1 failure" if k == 1 else f"up to {k} failures"
    lines = [f"Protected against {several} of {over}." if k else "Protection: none."]
    lines += [
        f"  {few(outage.dead, MOST_NAMES)}: {outage.forbids}"
        for outage in found.outages
        if outage.forbids
    ]
    table = render(headings, rows, width=width, spare=("detected at",), wrap=headings[0])
    return "\n".join([ADDED, "", table, *lines])


def _at_once(outage: Outage, usual: PathDetails, permit: str) -> str:
    if outage.delivered:
        return _instead(outage.at_once, usual) + _by_other(outage.permit, permit)
    where = f"dropped at {outage.at_once.hubs[-1]}"
    if outage.forbids:
        return f"{where} ({outage.forbids.policy})"
    return f"{where} (no path)" if outage.protected else where


def _replanned(outage: Outage, usual: PathDetails, permit: str) -> str:
    if outage.again.passage is None:
        because = outage.again.because
        return f"BLOCKED by {because[0].policy}" if because else "DOWN"
    return _instead(outage.again.passage, usual) + _by_other(outage.again.permit, permit)


def _by_other(used: str, permit: str) -> str:
    return f", by permit {used}" if used != permit else ""


def _instead(passage: PathDetails, usual: PathDetails) -> str:
    more = f"{_ms(passage.one_way_ns - usual.one_way_ns, sign='+')}"
    added = [code for code in passage.crosses if code not in usual.crosses]
    known = {*usual.crosses, *usual.may_cross}
    perhaps = [code for code in passage.may_cross if code not in known]
    return f"{more}, adds {marked(added, perhaps)}" if added or perhaps else more


def _unused(found: Explanation) -> str:
    if not found.unused:
        return ""
    shown = found.unused[:MOST_PERMITS]
    lines = ["Unused permits:"]
    for unused in shown:
        would = f": {_measures(unused.passage)}" if unused.passage else ""
        lines.append(f"  {unused.policy} {unused.why}{would}")
    left = len(found.unused) - len(shown)
    if left:
        lines.append(f"  {left} less relevant permits omitted (see --json)")
    return "\n".join(lines)


def _references(found: Explanation) -> str:
    cited: list[Reference] = [*found.permit.legal] if found.permit else []
    cited += [reference for cost in found.clauses for reference in cost.legal]
    cited += [reference for ground in found.forbids_shortest for reference in ground.legal]
    lines = [f"  {reference}" for reference in dict.fromkeys(cited)]
    if not lines:
        return ""
    return "\n".join(["Legal references (summaries for experiments, not advice):", *lines])


def _ids(legal: Iterable[Reference]) -> str:
    return ", ".join(reference.id or reference.citation for reference in legal)


def _measures(passage: PathDetails) -> str:
    crosses = marked(passage.crosses, passage.may_cross)
    return f"one-way delay {_ms(passage.one_way_ns)}, {passage.length_km:,.0f} km, via {crosses}"


def _ms(nanoseconds: int | None, sign: str = "") -> str:
    return f"{(nanoseconds or 0) / 1e6:{sign}.2f} ms"
