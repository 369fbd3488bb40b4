"""Sizes drawn from a file of them, each as likely as any other."""

from __future__ import annotations

from corridor.topologies.base.options import Option, Values
from corridor.traffic.workloads.arrival_kind import SplitMix64
from corridor.traffic.workloads.size_kind import SizeKind

READ = "read"
"""The option under which planning puts what the file holds: octets."""


def draw(numbers: SplitMix64, options: Values) -> float:
    sizes = options[READ]
    return float(sizes[min(len(sizes) - 1, int(numbers.unit() * len(sizes)))])


def mean(options: Values) -> float:
    sizes = options[READ]
    return sum(sizes) / len(sizes)


KIND = SizeKind(
    key="sample",
    words="drawn uniformly from a file of sizes",
    example="{sample: {file: sizes.csv, column: bytes}}",
    draw=draw,
    mean=mean,
    options={
        "file": Option("file", "a CSV file, relative to the scenario", required=True),
        "column": Option("name", "heading of the column of octets", required=True),
    },
)
