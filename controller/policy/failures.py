"""What is out of order, as far as it is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from corridor.topologies.model.topology import Fibre


@dataclass(frozen=True)
class Failures:
    """What is out of order. A hub without its gateway still forwards."""

    links: frozenset[str] = frozenset()
    srlgs: frozenset[str] = frozenset()
    hubs: frozenset[str] = frozenset()
    gateways: frozenset[str] = frozenset()

    def spare(self, fibre: Fibre) -> bool:
        """Whether a fibre and both its ends still work."""
        return (
            fibre.id not in self.links
            and self.srlgs.isdisjoint(fibre.srlgs)
            and self.hubs.isdisjoint(fibre.ends)
        )

    def and_also(self, more: Failures) -> Failures:
        return Failures(
            self.links | more.links,
            self.srlgs | more.srlgs,
            self.hubs | more.hubs,
            self.gateways | more.gateways,
        )

    def each(self) -> Iterator[tuple[str, Failures]]:
        """Each failed element, and the failures that remain when it alone is repaired."""
        for kind in ("links", "srlgs", "hubs", "gateways"):
            failed: frozenset[str] = getattr(self, kind)
            for name in sorted(failed):
                # An SRLG is already called by its kind: corridor:karakoram.
                label = name if kind == "srlgs" else f"{kind[:-1]}:{name}"
                yield label, replace(self, **{kind: failed - {name}})


NO_FAILURES = Failures()
