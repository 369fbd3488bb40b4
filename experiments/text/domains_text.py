"""Domains of a map as tables. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.topologies.analysis.domains_known import DomainsAnswer

HEADS = ("domain", "operator", "hubs", "inside", "shared", "at")
HAND_OVER_HEADS = ("hand-over", "between", "state", "since", "capacity", "sources")
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
