"""A run under a controller of the user's own: what it is, and what it cannot have."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from corridor.experiments.lab.controller_process import app_words
from corridor.experiments.plan.values import OWN_APP, Plan
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.bounded_file import read_text
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.topology import Topology

# Topologies with and without loops: floods of learning switches circulate in loops.


def has_loops(topology: Topology) -> bool:
    return bool(len(spanning_tree(topology).fibres) < len(topology.fibres))


def spanning_tree(topology: Topology) -> Topology:
    """The topology with the fibres of least delay that join what was joined, without a loop."""
    import networkx as nx  # takes a tenth of a second, which only these topologies need

    graph = nx.MultiGraph()
    graph.add_nodes_from(hub.id for hub in topology.hubs)
    for fibre in topology.fibres:
        graph.add_edge(*fibre.ends, key=fibre.id, delay=fibre.one_way_delay_ns)
    edges = nx.minimum_spanning_edges(graph, weight="delay", keys=True, data=False)
    kept = {fibre for _, _, fibre in edges}
    said = {name: getattr(topology, name) for name in type(topology).model_fields}
    fibres = tuple(fibre for fibre in topology.fibres if fibre.id in kept)
    return Topology(**{**said, "fibres": fibres})


def is_learning_switch(app: str) -> bool:
    """Whether an app that ships with Ryu floods what it does not know, with no spanning tree."""
    name = app.rpartition(".")[2]
    return name.startswith(("simple_switch", "simple_monitor", "example_switch")) and (
        "stp" not in name
    )


def check_loops(topology: Topology, controller: str, advice: str) -> str | None:
    """What to warn of; raises InputError for what would never come to rest."""
    if not has_loops(topology):
        return None
    if is_learning_switch(controller):
        what = f"{controller} floods, and floods circulate in the loops of {topology.name} for ever"
        raise InputError(what, advice)
    return f"warning: {topology.name} has loops; if {controller} floods, {advice}"


ENDING = ".py"
ADVICE = "take a topology without loops"
MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True)
class OwnApp:
    name: str
    """As it was given."""
    source: str | None = None
    """Of a file; None for a module."""
    options: tuple[str, ...] = ()
    """Of the framework, or those that the app registers."""

    @property
    def of_plan(self) -> str:
        """The app and its options, quoted as for a shell."""
        return shlex.join((self.name if self.source is None else OWN_APP, *self.options))

    @property
    def called(self) -> str:
        """Its module, or the name of its file."""
        return self.name if self.source is None else Path(self.name).name

    def write(self, out_dir: Path) -> None:
        """Next to the results: a guest may not see where it lies, and it is part of what ran."""
        if self.source is not None:
            (out_dir / OWN_APP).write_text(self.source, encoding="utf-8")


def own_app(words: str) -> OwnApp:
    """The app that ``words`` name, and the options that follow it.

    Raises InputError for what is neither a file that is Python nor the name of a module.
    """
    name, *options = app_words(words)
    if not name.endswith(ENDING):
        if MODULE.fullmatch(name):
            return OwnApp(name, options=tuple(options))
        hint = "name a module, as ryu.app.simple_switch_13, or a file of Python"
        raise InputError(f'no app of a controller can be called "{name}"', hint)
    source = read_text(name)
    try:
        compile(source, name, "exec")
    except SyntaxError as problem:
        hint = "correct it: it is Python"
        raise InputError(f"is not Python: {problem.msg}", hint, name, problem.lineno) from problem
    return OwnApp(name, source, tuple(options))


def steered_by_own(loaded: LoadedScenario) -> LoadedScenario:
    """The scenario under a controller that receives no policies. Raises InputError where an event
    asks or kills it."""
    for event in loaded.events:
        if event.kind.asks_controller:
            what = f"{event.kind.key} {event.what}"
            hint = "leave it out, or leave --controller out"
            raise InputError(f"{what} is asked of the product's controller", hint, loaded.file)
    unasked = loaded.scenario.controller.model_copy(update={"follow": False})
    scenario = loaded.scenario.model_copy(update={"controller": unasked})
    return loaded.model_copy(update={"scenario": scenario})


def warned_of(loaded: LoadedScenario, app: OwnApp) -> str | None:
    """What to warn of; raises InputError for an app whose floods would never end there."""
    return check_loops(loaded.topology, app.name, ADVICE)


def planned_for(plan: Plan, app: OwnApp) -> Plan:
    return replace(plan, controller=app.of_plan, controller_name=app.called)
