"""How far an installation has come: which switches hold their tables, which links are proven.

Pure bookkeeping. The app feeds it events from the wire and asks what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.program import Program, WiredLink


@dataclass
class Installation:
    """State of one program on its way into the switches."""

    program: Program
    installed: set[int] = field(default_factory=set)
    seen: set[WiredLink] = field(default_factory=set)
    wrong: set[WiredLink] = field(default_factory=set)

    @property
    def missing_switches(self) -> set[int]:
        return {switch.dpid for switch in self.program.switches} - self.installed

    @property
    def missing_links(self) -> set[WiredLink]:
        return set(self.program.links) - self.seen

    @property
    def is_complete(self) -> bool:
        return not (self.missing_switches or self.missing_links or self.wrong)

    def saw_link(self, link: WiredLink) -> None:
        """An LLDP frame went this way. One nobody declared is wrong, not ignored."""
        (self.seen if link in self.program.links else self.wrong).add(link)

    def lost_switch(self, dpid: int) -> None:
        """A switch that went away holds nothing we know of."""
        self.installed.discard(dpid)

    def report(self) -> dict[str, object]:
        """What to tell a person who waits."""
        return {
            "complete": self.is_complete,
            "switches": len(self.program.switches),
            "installed": len(self.installed),
            "links": len(self.program.links),
            "links_seen": len(self.seen),
            "missing_switches": sorted(self.missing_switches),
            "missing_links": [_text(link) for link in sorted(self.missing_links, key=_text)],
            "wrong_links": [_text(link) for link in sorted(self.wrong, key=_text)],
        }


def _text(link: WiredLink) -> str:
    return f"{link.src_dpid}:{link.src_port} -> {link.dst_dpid}:{link.dst_port}"
