"""The cross-border data corridor network emulator: what a script starts from.

>>> import corridor
>>> corridor.load_topology("mini").hub("guian").located_in
'CN'

Everything else is in the four folders: ``corridor.topologies``, ``corridor.controller``,
``corridor.traffic`` and ``corridor.experiments``. Names here are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corridor.controller.policy.load import load_policies
    from corridor.controller.testing import load_network
    from corridor.experiments.answers.asking import answers, capacity, cut
    from corridor.experiments.artifact_files.asking import pack_artifact, verify_artifact
    from corridor.experiments.lab.second_opinion import second_opinion
    from corridor.experiments.results.run_result import Run, load
    from corridor.experiments.run.exporting import export
    from corridor.experiments.run.lab import Lab
    from corridor.experiments.run.options import Options
    from corridor.experiments.run.runner import run_scenario
    from corridor.experiments.scenario.scenario import load_scenario
    from corridor.experiments.study_runs.results import read_study, run_study
    from corridor.topologies.formats.load import load_topology
    from corridor.topologies.formats.networkx_graphs import topology_from_graph

__all__ = [
    "Lab",
    "Options",
    "Run",
    "answers",
    "capacity",
    "cut",
    "export",
    "load",
    "load_network",
    "load_policies",
    "load_scenario",
    "load_topology",
    "pack_artifact",
    "read_study",
    "run_scenario",
    "run_study",
    "second_opinion",
    "topology_from_graph",
    "verify_artifact",
]
_HOMES = {
    "Lab": "experiments.run.lab",
    "Options": "experiments.run.options",
    "Run": "experiments.results.run_result",
    "answers": "experiments.answers.asking",
    "capacity": "experiments.answers.asking",
    "cut": "experiments.answers.asking",
    "export": "experiments.run.exporting",
    "load": "experiments.results.run_result",
    "load_network": "controller.testing",
    "load_policies": "controller.policy.load",
    "load_scenario": "experiments.scenario.scenario",
    "load_topology": "topologies.formats.load",
    "pack_artifact": "experiments.artifact_files.asking",
    "read_study": "experiments.study_runs.results",
    "run_scenario": "experiments.run.runner",
    "run_study": "experiments.study_runs.results",
    "second_opinion": "experiments.lab.second_opinion",
    "topology_from_graph": "topologies.formats.networkx_graphs",
    "verify_artifact": "experiments.artifact_files.asking",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
