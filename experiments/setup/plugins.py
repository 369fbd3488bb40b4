"""The kinds that installed packages offer, and whether each can be used."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corridor.topologies.base import registry
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.registry import OURS, Registry
from corridor.topologies.base.suggestions import nearest

if TYPE_CHECKING:
    from corridor.topologies.model.fields import ByKind

GROUPS: Mapping[str, str] = {
    "clauses": "controller.policy.clauses.registry:CLAUSES",
    "second_opinions": "controller.second_opinion.clause_registry:OBJECTIONS",
    "faults": "experiments.scenario.event_registry:KINDS",
    "events": "experiments.scenario.event_registry:KINDS",
    "arrivals": "traffic.workloads.arrivals:KINDS",
    "sizes": "traffic.workloads.sizes:KINDS",
    "workloads": "traffic.workloads.workload_registry:KINDS",
    "queues": "topologies.emulation.queues.registry:KINDS",
    "objectives": "controller.traffic_engineering.objective:OBJECTIVES",
    "topologies": "topologies.formats.load:FORMATS",
    "figures": "experiments.figures.registry:KINDS",
    "exports": "controller.explain.export_registry:FORMATS",
    "answers": "experiments.study.computed:KINDS",
}
"""By the group of entry points without ``corridor.``, the registry of its kinds."""
MODELS: Mapping[str, str] = {
    "faults": "experiments.scenario.kinds:Event",
    "events": "experiments.scenario.kinds:Event",
    "workloads": "experiments.scenario.workloads:WorkloadEntry",
}
"""What checks that parameters of a kind agree with those of other kinds."""


@dataclass(frozen=True)
class Plugin:
    """A kind that an installed package offers."""

    group: str
    """Of entry points, without ``corridor.``."""
    kind: str
    package: str
    version: str
    loads: bool
    """Whether it can be used."""
    problem: str = ""
    """Why not; empty if it can."""


def plugins() -> list[Plugin]:
    """All kinds of installed packages, in the order of ``GROUPS``. Imports every package."""
    notices = logging.getLogger(registry.__name__)
    was, notices.disabled = notices.disabled, True  # the list names the packages itself
    try:
        return list(_found())
    finally:
        notices.disabled = was


def _found() -> Iterator[Plugin]:
    places = {group: number for number, group in enumerate(GROUPS)}
    for entry in sorted(
        registry.entries(),
        key=lambda one: (places.get(one.group, len(GROUPS)), one.group, one.name, one.source),
    ):
        problem = _problem(entry.group, entry.name)
        yield Plugin(entry.group, entry.name, entry.package, entry.version, not problem, problem)


def _problem(group: str, name: str) -> str:
    """Why a kind cannot be used; empty if it can."""
    if group not in GROUPS:
        hint = nearest(group, GROUPS) or f"use one of {', '.join(GROUPS)}"
        return f"{OURS}.{group} is not a group of kinds; {hint}"
    kinds = registry_of(group)
    if name in [*kinds]:
        return "a kind of this name ships, and is used instead"
    try:
        kind = kinds[name]
    except InputError as error:
        return str(error)
    return model_of(group).problem_of(kind) if group in MODELS else ""


def registry_of(group: str) -> Registry[object]:
    """The registry of a group, imported."""
    module, _, name = GROUPS[group].partition(":")
    found: Registry[object] = getattr(importlib.import_module(f"{OURS}.{module}"), name)
    return found


def model_of(group: str) -> type[ByKind]:
    """The model of a group of ``MODELS``, imported."""
    module, _, name = MODELS[group].partition(":")
    found: type[ByKind] = getattr(importlib.import_module(f"{OURS}.{module}"), name)
    return found
