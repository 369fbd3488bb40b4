"""How far an installation has come: which switches hold their tables, which links are proven.

Pure bookkeeping. The app feeds it events from the wire and asks what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from corridor.controller.forwarding.program import Program, WiredLink


class Report(TypedDict):
    """How far it has come, for a person who waits."""

    complete: bool
    switches: int
    installed: int
    links: int
    links_seen: int
    missing_switches: list[int]
    missing_links: list[str]
    wrong_links: list[str]


@dataclass
class Installation:
    """State of one program that is being installed."""

    program: Program
    installed: set[int] = field(default_factory=set)
    seen: set[WiredLink] = field(default_factory=set)
    wrong: set[WiredLink] = field(default_factory=set)

    def __post_init__(self) -> None:
        own = {switch.dpid for switch in self.program.switches}
        self.outgoing = tuple(link for link in self.program.links if link.dst_dpid not in own)
        """Links to switches of other controllers, which see them."""

    @property
    def missing_switches(self) -> set[int]:
        return {switch.dpid for switch in self.program.switches} - self.installed

    @property
    def missing_links(self) -> set[WiredLink]:
        return set(self.program.links) - self.seen - {*self.outgoing}

    @property
    def is_complete(self) -> bool:
        return not (self.missing_switches or self.missing_links or self.wrong)

    def saw_link(self, link: WiredLink) -> bool:
        """Record that an LLDP frame crossed this link; return whether the link was declared."""
        declared = link in self.program.links
        (self.seen if declared else self.wrong).add(link)
        return declared

    def lost_switch(self, dpid: int) -> None:
        """A switch that went away holds nothing we know of."""
        self.installed.discard(dpid)

    def report(self) -> Report:
        return {
            "complete": self.is_complete,
            "switches": len(self.program.switches),
            "installed": len(self.installed),
            "links": len(self.program.links),
            "links_seen": len(self.seen),
            "missing_switches": sorted(self.missing_switches),
            "missing_links": [str(link) for link in sorted(self.missing_links, key=str)],
            "wrong_links": [str(link) for link in sorted(self.wrong, key=str)],
        }
