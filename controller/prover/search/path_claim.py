"""Claims that also look along all paths of one demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.controller.prover.search.claim import Breach, Claim
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.search import Exploration


class PathClaim(Claim):
    """A claim that is asked once for each demand, with all paths of its packets."""

    def along_paths(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        """What is wrong along the paths of one demand."""
        raise NotImplementedError

    def among(self, _explored: Sequence[Exploration]) -> Iterator[Breach]:
        """Return what is wrong with the paths of all demands together."""
        yield from ()
