"""Domains of a map, and answers across domains, as tables. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.experiments.domains.domains_documents import (
        ComposedProof,
        DomainPathsAnswer,
        DomainRun,
        Lied,
        MedianMs,
        Timing,
    )
    from corridor.topologies.analysis.domains_known import DomainsAnswer

HEADS = ("domain", "operator", "hubs", "inside", "shared", "at")
HAND_OVER_HEADS = ("hand-over", "between", "state", "since", "capacity", "sources")
PATH_HEADS = ("demand", "one-way", "one controller", "domains", "numbers", "rounds")
INFERRED_HEADS = (
    *(
        "neighbour",
        "delays received",
        "hubs known",
        "fibres right",
        "fibres wrong",
        "lengths right",
    ),
)
KILL_HEADS = ("killed", "in step", "at s", "under way", "taken over s", "settled s", "proofs")
STEP_HEADS = (
    *("step", "s", "as one controller", "moved", "messages", "kB", "requests", "delays"),
    *("proofs", "killed"),
)
CARRIED_HEADS = ("demand", "one-way", "domains")
FIBRE_HEADS = ("fibre", "domains at its ends", "basis", "confidence", "sources")


def known(found: DomainsAnswer, width: int | None, *, everything: bool = False) -> str:
    """Who runs a map; all fibres and assumed hand-overs if ``everything``."""
    bases = ", ".join(f"{basis} {count}" for basis, count in found.ends_by_basis.items())
    assumed = sum(one.is_assumed for one in found.domains)
    states = Counter(one.state for one in found.handovers)
    lines = [
        (
            f"{found.topology}: {counted(len(found.domains), 'domain')}, of which {assumed} stand "
            "for carriers that no source names"
        ),
        f"ends of fibres by basis: {bases}; facts compiled {found.compiled}",
        "",
        *_domains(found, width),
        "",
        *_hand_overs(found, width, everything=everything),
        "hand-overs: " + ", ".join(f"{state} {count}" for state, count in sorted(states.items())),
        "",
        *_contradictions(found),
    ]
    if everything:
        lines += ["", *_fibres(found, width)]
    else:
        lines += ["", "--all lists all fibres with the basis of each end, and assumed hand-overs"]
    return "\n".join(line.rstrip() for line in lines)


def _domains(found: DomainsAnswer, width: int | None) -> list[str]:
    rows = [
        (
            one.id,
            one.operator,
            str(len(one.hubs)),
            str(one.fibres_inside),
            str(one.fibres_shared),
            ", ".join(one.hubs),
        )
        for one in sorted(found.domains, key=lambda one: (one.is_assumed, -len(one.hubs), one.id))
    ]
    right = frozenset({"hubs", "inside", "shared"})
    legend = "inside: fibres with both ends in the domain; shared: with one end"
    return [legend, *render(HEADS, rows, right, width=width, wrap="at").splitlines()]


def _hand_overs(found: DomainsAnswer, width: int | None, *, everything: bool) -> list[str]:
    rows = [
        (
            one.hub or "not on the map",
            " - ".join(one.parties),
            one.state + (" ?" if one.confidence == "unsure" and one.id else ""),
            one.since,
            one.capacity,
            ", ".join(one.sources),
        )
        for one in found.handovers
        if everything or one.id
    ]
    spare = ("capacity", "since", "sources")
    table = render(HAND_OVER_HEADS, rows, frozenset(), width=width, spare=spare)
    return table.splitlines() if rows else []


def _contradictions(found: DomainsAnswer) -> list[str]:
    if not found.contradictions:
        return ["no contradiction between statements was found"]
    head = f"contradictory or disputed: {counted(len(found.contradictions), 'statement')}"
    return [head, *(f"  {one.about}: {one.what}" for one in found.contradictions)]


def _fibres(found: DomainsAnswer, width: int | None) -> list[str]:
    rows = [
        (
            one.id,
            " - ".join(dict.fromkeys(end.domain for end in one.ends)),
            ", ".join(dict.fromkeys(end.basis for end in one.ends)),
            one.confidence,
            ", ".join(one.sources),
        )
        for one in found.fibres
    ]
    spare = ("sources", "confidence")
    return render(FIBRE_HEADS, rows, frozenset(), width=width, spare=spare).splitlines()


def paths(found: DomainPathsAnswer, width: int | None, *, everything: bool = False) -> str:
    """Who carries each demand, and what controllers disclosed to each other for it."""
    numbers, rounds = found.numbers, found.rounds
    total = len(found.directions)
    served = sum(one.one_way_ms is not None for one in found.directions)
    lines = [
        (
            f"{found.scenario}: {counted(len(found.domains), 'domain')} of {found.topology}, "
            f"{counted(found.inter_domain_fibres, 'fibre')} between domains, "
            f"{counted(found.hubs_of_several_domains, 'hub')} with several domains"
        ),
        (
            f"{total} directions of demands under {found.policies} as of {found.as_of}: {served} "
            f"have a permitted path; {found.equal} are as with one controller"
        ),
        (
            f"delays disclosed per direction: median {numbers.median:g}, maximum "
            f"{numbers.maximum}; the whole map: {found.map_numbers} numbers"
        ),
        f"rounds of messages until all agree: median {rounds.median:g}, maximum {rounds.maximum}",
        *(_timing(found.timing) if found.timing else ()),
        "",
        *_paths(found, width),
    ]
    differing = [one for one in found.directions if one.difference]
    if differing:
        lines += ["", f"other than with one controller: {counted(len(differing), 'direction')}"]
        lines += [f"  {one.demand}: {one.difference}" for one in differing]
    if found.cuts is not None:
        cuts = found.cuts
        lines += [
            "",
            (
                f"after single failures of fibres: {cuts.cases} cases, {cuts.equal} as with one "
                f"controller, in {cuts.without_path} of these no permitted path is left"
            ),
        ]
        lines += [f"  {one.demand} without {one.fibre}" for one in cuts.differences]
        if cuts.detour_ms is not None:
            times = f"median {_span(cuts.detour_ms)}; {cuts.detour_ms.cases} cases"
            lines.append(f"modelled time from a cut between domains to a detour: {times}")
    if found.proof is not None:
        lines += ["", *_proof(found.proof)]
    if found.lied is not None:
        lines += ["", *_lied(found.lied, total)]
    if found.curious:
        lines += ["", *_inferred(found, width)]
    if everything:
        lines += ["", *_listened(found)]
    return "\n".join(line.rstrip() for line in lines)


def _paths(found: DomainPathsAnswer, width: int | None) -> list[str]:
    rows = [
        (
            one.demand,
            "-" if one.one_way_ms is None else f"{one.one_way_ms:.1f} ms",
            "-" if one.one_controller_ms is None else f"{one.one_controller_ms:.1f} ms",
            " > ".join(one.domains) or "no permitted path",
            str(one.exchanged.numbers),
            str(one.exchanged.rounds),
        )
        for one in found.directions
    ]
    right = frozenset({"one-way", "one controller", "numbers", "rounds"})
    spare = ("rounds", "numbers", "one controller")
    return render(PATH_HEADS, rows, right, width=width, spare=spare, wrap="domains").splitlines()


def _timing(timing: Timing) -> list[str]:
    if timing.agreed_ms is None or timing.quiet_ms is None:
        return []
    return [
        (
            f"modelled with {timing.work_ms:g} ms of work a message: path known after median "
            f"{_span(timing.agreed_ms)}"
        ),
        (
            f"  last message after {_span(timing.quiet_ms)}; delays disclosed: median "
            f"{timing.numbers.median:g}, maximum {timing.numbers.maximum}"
        ),
    ]


def _span(times: MedianMs) -> str:
    return f"{times.median:.1f} ms, maximum {times.maximum:.1f} ms"


def _proof(proof: ComposedProof) -> list[str]:
    verdict = f"violated: {', '.join(proof.violated)}" if proof.violated else "all verified"
    equal = "the same as" if proof.equal else "NOT the same as"
    lines = [
        (
            f"contracts of {counted(proof.domains, 'domain')} (claims {', '.join(proof.claims)}, "
            f"and arrival without failures): {verdict}, {equal} one proof of all tables"
        ),
        (
            f"{proof.contracts} contracts, {proof.disclosed} entries disclosed between domains; "
            f"{proof.arrive} directions arrive without failures"
        ),
    ]
    return lines + [f"  {one}" for one in proof.breaches]


def _lied(lied: Lied, total: int) -> list[str]:
    return [
        (
            f"if {lied.domain} lies about its {lied.kind}: {lied.changed} of {total} directions "
            f"with another path; slower {lied.slower}, by up to {lied.most_ms:.1f} ms"
        ),
        (
            f"  late {lied.late}, undelivered {lied.undelivered}, by a forbidden path "
            f"{lied.forbidden}; another delay than agreed: {lied.measurable}"
        ),
        *(f"  {one}" for one in lied.examples),
    ]


def _inferred(found: DomainPathsAnswer, width: int | None) -> list[str]:
    head = f"{found.curious} infers from the delays that it receives, for all demands together:"
    rows = [
        (
            one.neighbour,
            str(one.offers),
            f"{one.hubs_known} of {one.hubs}",
            f"{one.fibres_right} of {one.fibres}",
            str(one.fibres_guessed - one.fibres_right),
            f"{one.delays_right} of {one.fibres}",
        )
        for one in found.inferred
    ]
    right = frozenset(INFERRED_HEADS[1:])
    return [head, *render(INFERRED_HEADS, rows, right, width=width).splitlines()]


def _listened(found: DomainPathsAnswer) -> list[str]:
    received: Counter[tuple[str, str]] = Counter()
    for direction in found.directions:
        for one in direction.exchanged.listened:
            received[one.by, one.to] += one.delays
    lines = ["delays disclosed for all demands together, by sender and receiver:"]
    return lines + [f"  {by} to {to}: {count}" for (by, to), count in received.most_common()]


def _killed(found: DomainRun, width: int | None) -> list[str]:
    """A row for each kill: when, and how long until another process went on and all was settled."""
    rows = [
        (
            kill.domain,
            step.name,
            f"{kill.at_s:.2f}",
            "yes" if kill.under_way else "no",
            f"{kill.takeover_s:.2f}",
            f"{kill.settled_s:.2f}",
            str(kill.proofs),
        )
        for step in found.steps
        for kill in step.killed
    ]
    right = frozenset(KILL_HEADS[2:])
    return ["", *render(KILL_HEADS, rows, right, width=width).splitlines()] if rows else []


def run(found: DomainRun, width: int | None) -> str:
    """What processes of domains did in each step, and who carries each direction at last."""
    total = len(found.carried)
    rows = [
        (
            one.name,
            f"{one.wall_s:.1f}",
            f"{one.equal} of {total}",
            str(one.moved),
            str(one.messages),
            f"{one.octets / 1e3:.1f}",
            str(one.requests),
            str(one.delays),
            str(one.proofs),
            ", ".join(each.domain for each in one.killed),
        )
        for one in found.steps
    ]
    right = frozenset(STEP_HEADS[1:-1])
    spare = ("requests", "s", "moved")
    carried = [
        (
            one.demand,
            "-" if one.one_way_ms is None else f"{one.one_way_ms:.1f} ms",
            " > ".join(one.domains) or "no permitted path",
        )
        for one in found.carried
    ]
    proofs = sum(one.proofs for one in found.steps)
    violated = sorted({claim for one in found.steps for claim in one.violated})
    verdict = f"VIOLATED: {', '.join(violated)}" if violated else "no claim about paths violated"
    refused = ", ".join(f"{kind} {count}" for kind, count in found.refused.items()) or "none"
    first = found.steps[0]
    lines = [
        (
            f"{found.scenario}: {counted(len(found.domains), 'domain')} of {found.topology}, a "
            f"process each; protocol {found.protocol} over TLS on the loopback interface"
        ),
        f"tables of all domains proven together at {counted(proofs, 'moment')}: {verdict}",
        f"messages refused: {refused}",
        f"minimum of delays to disclose for the agreement (computed): {first.minimum_delays}",
        "",
        *render(STEP_HEADS, rows, right, width=width, spare=spare).splitlines(),
        *_killed(found, width),
        "",
        f"carried under {found.policies_after}:",
        *render(
            CARRIED_HEADS, carried, frozenset({"one-way"}), width=width, wrap="domains"
        ).splitlines(),
    ]
    return "\n".join(line.rstrip() for line in lines)
