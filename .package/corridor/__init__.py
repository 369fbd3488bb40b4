"""The cross-border data corridor network emulator: what a script starts from.

>>> import corridor
>>> corridor.load_topology("mini").hub("guian").located_in
'CN'

Questions that need no run: :func:`explain`, :func:`path`, :func:`cut`, :func:`cut_each`,
:func:`capacity`, :func:`capacity_each`, :func:`availability`, :func:`repairs`, :func:`risks`,
:func:`energy`, :func:`place`, :func:`plan`, :func:`domains`, :func:`price`, :func:`law`,
:func:`replay`, :func:`traffic_matrix`, :func:`check`, :func:`compare`. Runs: :class:`Lab`,
:func:`load`.
``help(corridor.explain)`` has arguments, units, errors and an example of each.

``dir(corridor)`` is the interface. Names are imported when they are first used. Everything else is
in ``corridor.topologies``, ``corridor.controller``, ``corridor.traffic``, ``corridor.experiments``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corridor.controller.policy.load import load_policies
    from corridor.controller.testing import load_network
    from corridor.experiments.answers.asking import (
        answers,
        capacity,
        cut,
        explain,
        law,
        path,
        price,
    )
    from corridor.experiments.answers.capacity_each import capacity_each
    from corridor.experiments.answers.cut_each import cut_each
    from corridor.experiments.answers.traffic_answer import traffic_matrix
    from corridor.experiments.artifact.packing import pack_artifact, verify_artifact
    from corridor.experiments.availability.availability_answer import availability
    from corridor.experiments.availability.repairs_answer import repairs
    from corridor.experiments.availability.risks_answer import risks
    from corridor.experiments.domains.domains_answer import domains
    from corridor.experiments.expansion.plan_answer import plan
    from corridor.experiments.lab.asking import check, second_opinion
    from corridor.experiments.lab.domain_processes import domain_processes
    from corridor.experiments.placement.energy_answer import energy
    from corridor.experiments.placement.place_answer import place
    from corridor.experiments.replays.asking import replay, replays
    from corridor.experiments.results.run_result import Run, load
    from corridor.experiments.run.exporting import export
    from corridor.experiments.run.lab import Lab
    from corridor.experiments.run.options import Options
    from corridor.experiments.run.routing import routing
    from corridor.experiments.run.runner import run_scenario
    from corridor.experiments.scenario.scenario import load_scenario
    from corridor.experiments.study.comparing import compare
    from corridor.experiments.study.results import read_study, run_study
    from corridor.topologies.base.errors import InputError
    from corridor.topologies.formats.load import load_topology
    from corridor.topologies.formats.networkx_graphs import topology_from_graph

__all__ = [
    "InputError",
    "Lab",
    "Options",
    "Run",
    "answers",
    "availability",
    "capacity",
    "capacity_each",
    "check",
    "compare",
    "cut",
    "cut_each",
    "domain_processes",
    "domains",
    "energy",
    "explain",
    "export",
    "law",
    "load",
    "load_network",
    "load_policies",
    "load_scenario",
    "load_topology",
    "pack_artifact",
    "path",
    "place",
    "plan",
    "price",
    "read_study",
    "repairs",
    "replay",
    "replays",
    "risks",
    "routing",
    "run_scenario",
    "run_study",
    "second_opinion",
    "topology_from_graph",
    "traffic_matrix",
    "verify_artifact",
]
_HOMES = {
    "InputError": "topologies.base.errors",
    "Lab": "experiments.run.lab",
    "Options": "experiments.run.options",
    "Run": "experiments.results.run_result",
    "answers": "experiments.answers.asking",
    "availability": "experiments.availability.availability_answer",
    "capacity": "experiments.answers.asking",
    "capacity_each": "experiments.answers.capacity_each",
    "check": "experiments.lab.asking",
    "compare": "experiments.study.comparing",
    "cut": "experiments.answers.asking",
    "cut_each": "experiments.answers.cut_each",
    "domain_processes": "experiments.lab.domain_processes",
    "domains": "experiments.domains.domains_answer",
    "energy": "experiments.placement.energy_answer",
    "explain": "experiments.answers.asking",
    "export": "experiments.run.exporting",
    "law": "experiments.answers.asking",
    "load": "experiments.results.run_result",
    "load_network": "controller.testing",
    "load_policies": "controller.policy.load",
    "load_scenario": "experiments.scenario.scenario",
    "load_topology": "topologies.formats.load",
    "pack_artifact": "experiments.artifact.packing",
    "path": "experiments.answers.asking",
    "place": "experiments.placement.place_answer",
    "plan": "experiments.expansion.plan_answer",
    "price": "experiments.answers.asking",
    "read_study": "experiments.study.results",
    "repairs": "experiments.availability.repairs_answer",
    "replay": "experiments.replays.asking",
    "replays": "experiments.replays.asking",
    "risks": "experiments.availability.risks_answer",
    "routing": "experiments.run.routing",
    "run_scenario": "experiments.run.runner",
    "run_study": "experiments.study.results",
    "second_opinion": "experiments.lab.asking",
    "topology_from_graph": "topologies.formats.networkx_graphs",
    "traffic_matrix": "experiments.answers.traffic_answer",
    "verify_artifact": "experiments.artifact.packing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
