"""A run whose domains have a controller each, as sentences and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from corridor.experiments.account.domains_summary import DomainsOfRun, Volume
from corridor.experiments.plan.domain_values import DirectionByDomains, PlannedDomains
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted

MOST_DIRECTIONS = 40
BYTES_PER_KB = 1000


class Table(NamedTuple):
    """Headings and rows; ``numbers`` of the headings are right-aligned."""

    heads: tuple[str, ...]
    numbers: frozenset[str]
    rows: Sequence[tuple[str, ...]]

    def lines(self, width: int | None, wrap: str = "") -> str:
        return render(self.heads, self.rows, self.numbers, width=width, wrap=wrap)


def domains_section(found: DomainsOfRun | None, width: int | None) -> str:
    """Who carried what for whom, and what was told; empty if one controller served the network."""
    if found is None:
        return ""
    most = sorted(found.directions, key=lambda one: -len(one.domains))[:MOST_DIRECTIONS]
    left = len(found.directions) - len(most)
    shown = carried_table(one for one in found.directions if one in most)
    handed = handed_over_table(found)
    parts = [
        *told_sentences(found),
        settlement_table(found).lines(width),
        *([handed.lines(width)] if handed.rows else []),
        shown.lines(width, "carried by"),
        *([f"and {left} more directions in summary.json"] if left else []),
    ]
    return "\n\n".join(parts)


def told_sentences(found: DomainsOfRun) -> list[str]:
    """What controllers told each other, as one sentence; none before they had agreed."""
    told = [one.told for one in found.domains if one.told is not None]
    if not told:
        return []
    least = sum(one.numbers for one in found.directions)
    refused = sum(one.refused for one in told)
    domains = counted(len(found.domains), "domain")
    delays = counted(sum(one.delays for one in told), "delay")
    messages = counted(sum(one.messages for one in told), "message")
    return [
        (
            f"{domains} with a controller each: they disclosed {delays} (minimum {least}) "
            f"in {messages} until all had agreed; {refused or 'none'} refused"
        )
    ]


def settlement_table(found: DomainsOfRun) -> Table:
    """A row for each domain: what it disclosed, received from others, and carried for others."""
    counts = ("hubs", "messages", "delays disclosed", "received kB", "transit kB")
    heads = ("domain", *counts, "most for")
    rows = [
        (
            one.domain,
            str(len(one.hubs)),
            str(one.told.messages) if one.told else "-",
            str(one.told.delays) if one.told else "-",
            _kb(one.received),
            _kb(one.transit),
            one.transit_for[0].demand if one.transit_for else "-",
        )
        for one in found.domains
    ]
    return Table(heads, frozenset(counts), rows)


def handed_over_table(found: DomainsOfRun) -> Table:
    """A row for each direction of a fibre between domains that carried anything."""
    state = {one.fibre: one.state for one in found.fibres}
    heads = ("hand-over", "from", "to", "state", "packets", "kB")
    rows = [
        (one.fibre, one.by, one.to, state[one.fibre], str(one.volume.packets), _kb(one.volume))
        for one in found.handed_over
    ]
    return Table(heads, frozenset(heads[-2:]), rows)


def carried_table(directions: Iterable[DirectionByDomains]) -> Table:
    """A row for each direction of a demand: the domains of its path, and what they disclose."""
    heads = ("demand", "numbers", "rounds", "carried by")
    rows = [
        (
            one.id,
            str(one.numbers),
            str(one.rounds),
            " > ".join(one.domains) or "no permitted path",
        )
        for one in directions
    ]
    return Table(heads, frozenset(heads[1:3]), rows)


def _kb(volume: Volume | None) -> str:
    if volume is None:
        return "-"
    return f"{volume.bytes / BYTES_PER_KB:.1f}"


def planned_lines(planned: PlannedDomains, width: int | None) -> list[str]:
    """Domains, hand-overs and carriers of a scenario that was not run."""
    heads = ("domain", "operator", "hubs")
    domains = [(one.id, one.name, ", ".join(one.hubs)) for one in planned.domains]
    fibres = [(one.fibre, *one.domains, one.state) for one in planned.fibres]
    number, between = counted(len(planned.domains), "domain"), len(planned.fibres)
    return [
        (
            f"{number} with a controller each, which programs the switches of its hubs; "
            f"{counted(between, 'fibre')} between them"
        ),
        "",
        Table(heads, frozenset(), domains).lines(width, "hubs"),
        "",
        Table(("hand-over", "between", "and", "state"), frozenset(), fibres).lines(width),
        "",
        carried_table(planned.directions).lines(width, "carried by"),
    ]
