"""No demand of a shipped scenario rests on a cable that is not known to be in use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import corridor
from corridor.controller.forwarding.compiler import build_forwarding_graphs
from corridor.controller.forwarding.nodes import Cross, reached
from corridor.experiments.scenario.extending import shipped_scenarios
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import LoadedScenario, load_scenario
from corridor.topologies.base.errors import InputError

ROOT = Path(corridor.__file__).parent
CMI = {"cmi-ruili-mandalay", "cmi-mandalay-ngwesaung"}
STUDIES = [
    ROOT / f"experiments/study/shipped/{name}/scenario.yaml"
    for name in ("cables", "kunming", "law")
]
"""Those over this map."""


def not_known_to_be_used() -> set[str]:
    """As the file of the map states, read by independent code."""
    text = (ROOT / "topologies/data/pan-asia.yaml").read_text(encoding="utf-8")
    fibres: list[dict[str, Any]] = yaml.safe_load(text)["fibres"]
    return {one["id"] for one in fibres if one.get("status", "in-service") != "in-service"}


def crossed(loaded: LoadedScenario, *demands: str) -> set[str]:
    """The fibres of main paths and of all detours of some demands, or of all."""
    intents = [one for one in intents_for(loaded) if not demands or one.id in demands]
    graphs = build_forwarding_graphs(loaded.topology, intents)
    return {
        node.fibre for graph in graphs for node in reached(graph.first) if isinstance(node, Cross)
    }


def test_the_map_says_of_which_cables_no_use_is_known() -> None:
    assert not_known_to_be_used() == {*CMI, "smw6-singapore-karachi", "peace-karachi-gwadar"}


@pytest.mark.parametrize("name", [*shipped_scenarios(), *map(str, STUDIES)])
def test_no_shipped_scenario_has_a_cable_of_which_no_use_is_known(name: str) -> None:
    topology = load_scenario(name).topology
    assert not_known_to_be_used() & {one.id for one in topology.fibres} == set()
    assert {one.id for one in topology.hubs} >= {end for f in topology.fibres for end in f.ends}


@pytest.mark.parametrize("name", ["sovereignty", "pan-asia"])
def test_no_main_or_backup_path_takes_a_cable_of_which_no_use_is_known(name: str) -> None:
    found = crossed(load_scenario(name))
    assert len(found) > 50
    assert not found & not_known_to_be_used()


def test_the_checkpoints_would_take_the_cable_of_myanmar_if_that_were_asked_for(
    tmp_path: Path,
) -> None:
    file = tmp_path / "all.yaml"
    file.write_text("schema: 1\nname: all\nextends: sovereignty\nleave_out: []\n")
    loaded = load_scenario(str(file))
    assert crossed(loaded, "ckpt-guian-karachi") >= CMI
    assert "mandalay" in {one.id for one in loaded.topology.hubs}


def test_a_status_that_does_not_exist_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text("schema: 1\nname: odd\nextends: sovereignty\nleave_out: [doubtful]\n")
    with pytest.raises(InputError) as caught:
        load_scenario(str(file))
    assert "odd.yaml:4" in str(caught.value)
