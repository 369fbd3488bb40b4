"""The kinds of sizes: the one list of them. Standard library only."""

from __future__ import annotations

from typing import NamedTuple

from corridor.topologies.base.options import Values
from corridor.topologies.base.registry import Registry
from corridor.traffic.workloads import (
    constant_size,
    exponential_sizes,
    lognormal_sizes,
    pareto_sizes,
    quantile_sizes,
    sampled_sizes,
)
from corridor.traffic.workloads.arrival_kind import SplitMix64
from corridor.traffic.workloads.size_kind import SizeKind

KINDS = Registry(
    "corridor.sizes",
    (
        constant_size.KIND,
        exponential_sizes.KIND,
        lognormal_sizes.KIND,
        pareto_sizes.KIND,
        quantile_sizes.KIND,
        sampled_sizes.KIND,
    ),
    of=SizeKind,
)
"""By their names in YAML."""
CONSTANT = constant_size.KIND.key


class Sizes(NamedTuple):
    """A kind with its options."""

    kind: SizeKind
    options: Values

    def draw(self, numbers: SplitMix64) -> float:
        return self.kind.draw(numbers, self.options)

    @property
    def mean(self) -> float:
        return self.kind.mean(self.options)
