"""What ships, for who looks around: scenarios, policy sets, maps and examples, with their size.

Each list imports what reads its files only when it is made: ``corridor list`` has them in an index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from corridor.topologies.base.installation import CHECKOUT

EXAMPLES = CHECKOUT / "examples"
"""Only a checkout has them."""
HEAD_LINES = 6
COMMAND = re.compile(r"(?:corridor|\.venv/bin/\w+|examples/\w+\.sh)\b.*")


@dataclass(frozen=True)
class Shipped:
    name: str
    title: str
    size: Mapping[str, int]
    """How many of what."""
    command: str
    """One that uses it."""

    @property
    def size_text(self) -> str:
        """``5 hubs, 6 fibres``."""
        return ", ".join(
            f"{number} {what if number != 1 else _ONE.get(what, what)}"
            for what, number in self.size.items()
        )


_ONE = {"hubs": "hub", "fibres": "fibre", "demands": "demand", "rules": "rule", "lines": "line"}
_ONE["figures"] = "figure"
_ONE |= {"classes": "class", "conditions": "condition"}


def scenarios() -> Iterator[Shipped]:
    from corridor.experiments.scenario.extending import shipped_scenarios
    from corridor.experiments.scenario.scenario import load_scenario

    for name in shipped_scenarios():
        loaded = load_scenario(name)
        of, topology = loaded.scenario, loaded.topology
        size = {"demands": len(of.demands), "hubs": len(topology.hubs)}
        several = sum(one.anycast is not None for one in of.demands)
        size |= {"to any of several hubs": several} if several else {}
        yield Shipped(name, of.title, size, f"corridor run {name}")


def policy_sets() -> Iterator[Shipped]:
    """Rules and classes are those of included sets, too."""
    from corridor.controller.policy.load import load_policies, shipped_policies
    from corridor.controller.policy.set_names import NO_POLICIES

    without = f"corridor run --policies {NO_POLICIES}"  # what prices are compared with
    for name in shipped_policies():
        known = load_policies(name)
        size = {"rules": len(known.policies), "classes": len(known.classes)}
        command = f"corridor price --sets {name}" if name != NO_POLICIES else without
        yield Shipped(name, known.title, size, command)


def topologies() -> Iterator[Shipped]:
    from corridor.topologies.formats.load import SHIPPED, load_topology

    for name in SHIPPED:
        known = load_topology(name)
        size = {"hubs": len(known.hubs), "fibres": len(known.fibres)}
        yield Shipped(name, known.title, size, f"corridor topology show {name}")


def workloads() -> Iterator[Shipped]:
    """Those of classes are what ``workloads: by-class`` gives them."""
    from corridor.experiments.scenario.shipped_workloads import shipped_workloads

    for name, one in shipped_workloads().workloads.items():
        classes = f" (class {', '.join(one.classes)})" if one.classes else ""
        sourced = sum(bool(figure.source) for figure in one.figures)
        size = {"figures": len(one.figures), "with a source": sourced}
        title = f"{one.kind}: {one.title}{classes}"
        yield Shipped(name, title, size, f"corridor workload show {name}")


def examples() -> Iterator[Shipped]:
    """By what each file states about itself in its first lines."""
    for path in sorted(EXAMPLES.glob("*.*")):
        if path.suffix in (".py", ".yaml", ".sh"):
            lines = path.read_text(encoding="utf-8").splitlines()
            command = _command(lines[:HEAD_LINES])
            if command:
                size = {"lines": len(lines)}
                yield Shipped(path.name, _sentence(lines), size, command)


KINDS: Mapping[str, Callable[[], Iterator[Shipped]]] = {
    "scenarios": scenarios,
    "policies": policy_sets,
    "topologies": topologies,
    "workloads": workloads,
    "examples": examples,
}


def _command(head: Sequence[str]) -> str:
    found = [match[0] for line in head if (match := COMMAND.search(line))]
    return re.split(r"``|: keeps|  +", found[0])[0].rstrip("`. ") if found else ""


def _sentence(lines: Sequence[str]) -> str:
    """The first one, of a comment or a docstring."""
    text = " ".join(line.strip('#" ') for line in lines[:HEAD_LINES] if not line.startswith("#!"))
    return re.split(r"(?<=[.?])\s|\s{2,}|: ``", text.strip())[0].rstrip(".")
