"""The kinds of sizes: the one list of them. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from corridor.topologies.base.options import Values
from corridor.traffic.arrivals.kind import SplitMix64
from corridor.traffic.sizes import constant, exponential, lognormal, pareto, quantiles, sample
from corridor.traffic.sizes.kind import SizeKind

KINDS: Mapping[str, SizeKind] = {
    kind.name: kind
    for kind in (
        constant.KIND,
        exponential.KIND,
        lognormal.KIND,
        pareto.KIND,
        quantiles.KIND,
        sample.KIND,
    )
}
CONSTANT = constant.KIND.name


class Sizes(NamedTuple):
    """A kind with its options."""

    kind: SizeKind
    options: Values

    def draw(self, numbers: SplitMix64) -> float:
        return self.kind.draw(numbers, self.options)

    @property
    def mean(self) -> float:
        return self.kind.mean(self.options)


def constant_of(octets: int) -> Sizes:
    return Sizes(constant.KIND, {"octets": octets})
