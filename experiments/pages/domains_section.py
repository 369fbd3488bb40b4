"""The section of a run's page about domains with a controller each. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.experiments.account.domains_summary import DomainsOfRun
from corridor.experiments.text.domains_of_run_text import (
    Table,
    carried_table,
    handed_over_table,
    settlement_table,
    told_sentences,
)


@dataclass(frozen=True)
class PageTable:
    """A table of the template; ``heads`` have whether their column has numbers."""

    id: str
    title: str
    about: str
    heads: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class DomainsSection:
    """Sentences, then tables."""

    title: str
    said: Sequence[str]
    tables: Sequence[PageTable]


def domains_of(found: DomainsOfRun | None) -> DomainsSection | None:
    """Return the section; None if one controller served the network."""
    if found is None:
        return None
    tables = (
        ("settlement", "Volumes by domain", SETTLEMENT, settlement_table(found)),
        ("handed-over", "Hand-overs", HANDED_OVER, handed_over_table(found)),
        ("carrying-domains", "Domains of each demand", CARRIED, carried_table(found.directions)),
    )
    return DomainsSection(
        "Domains", told_sentences(found), [_page(*one) for one in tables if one[-1].rows]
    )


SETTLEMENT = (
    "Received over fibres from other domains; transit is the part that is neither from nor to a "
    "hub of the domain. From the account of packets, with Ethernet headers."
)
HANDED_OVER = "Packets of demands over fibres between domains, by direction."
CARRIED = (
    "Domains in the order of the path. Numbers: the minimum of delays that domains disclose for "
    "it; rounds: messages that follow one another."
)


def _page(name: str, title: str, about: str, table: Table) -> PageTable:
    heads = [(_capital(one), one in table.numbers) for one in table.heads]
    return PageTable(f"{name}-table", title, about, heads, table.rows)


def _capital(head: str) -> str:
    return head if head == "kB" else head[0].upper() + head[1:]
