"""``corridor routing``: BIRD routes in a guest's kernels, in exact virtual time."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from corridor.experiments.machines import system_packages
from corridor.experiments.study.results import StudyResults
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routing import shortest_path_between
from corridor_runs import corridor, environment

pytestmark = [
    pytest.mark.guest,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("virtual_kernel"),
    pytest.mark.skipif(
        system_packages.find("bird") is None, reason="bird2 is missing: ./corridor setup --tests"
    ),
]
PER_HOP_MS = 0.002
TICK_MS = 1000
"""BIRD computes paths once a second at most."""


def ran(place: Path, *words: str) -> str:
    """What a command prints that is run in a folder."""
    done = subprocess.run(
        corridor(*words),
        env=environment(),
        cwd=place,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def routed(place: Path, *options: str) -> dict[str, Any]:
    return json.loads(ran(place, "routing", "mini", *options, "--json"))


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("routing")
    return routed(place, "--protocols", "ospf", "--cut", "guian-kunming")


def test_ospf_takes_the_shortest_paths_and_packets_need_their_delays(found):
    topology = load_topology("mini")
    assert (found["routers"], found["links"], found["cost_unit_us"]) == (5, 7, 1)
    assert len(found["demands"]) == 6
    for one in found["demands"]:
        shortest = shortest_path_between(topology, one["src"], one["dst"])
        there = one["routed"]["there"]
        assert tuple(there["hubs"]) == shortest.hubs, one
        hops = 2 * len(there["fibres"])
        measured, computed = one["routed"]["rtt_ms"], one["routed"]["computed_rtt_ms"]
        assert computed == pytest.approx(shortest.rtt_ms), one
        assert 0 <= measured - computed < hops * PER_HOP_MS, one


def test_a_cut_is_left_within_a_tick_of_each_router_on_the_path(found):
    (cut,) = found["cuts"]
    affected = ["backup-east-west", "infer-bangkok", "science-karachi", "ckpt-karachi"]
    assert [one["demand"] for one in cut["demands"]] == affected
    for one in cut["demands"]:
        assert 0 < one["outage_ms"] <= one["tables_out_ms"] + 25 < TICK_MS + 100, one
        assert one["lost"] >= one["outage_ms"] / 25, one
        assert one["after"]["rtt_ms"] == pytest.approx(one["policy_rtt_ms"], abs=0.01), one
        assert "guian-kunming" not in one["after"]["there"]["fibres"], one


def test_bgp_prefers_fewer_systems_then_the_lower_router_and_repeats_to_the_nanosecond(tmp_path):
    """Bangkok reaches both neighbours of its own in China over one system: it takes the lower
    router id, Shanghai, though Kunming is nearer. OSPF takes the nearer one."""
    found = routed(tmp_path)
    assert [one["hubs"] for one in found["systems"]] == [
        *(["bangkok"], ["karachi"], ["shanghai", "guian", "kunming"]),
    ]
    demands = {one["demand"]: one["routed"] for one in found["demands"]}
    assert demands["infer-bangkok"]["there"]["hubs"] == ["bangkok", "shanghai", "guian"]
    assert demands["ckpt-karachi"]["there"]["hubs"] == ["guian", "kunming", "karachi"]
    assert demands["render-bangkok"]["there"]["hubs"] == ["kunming", "bangkok"]
    back = ["bangkok", "shanghai", "guian", "kunming"]
    assert demands["render-bangkok"]["back"]["hubs"] == back
    for one in demands.values():
        assert one["rtt_ms"] == pytest.approx(one["computed_rtt_ms"], abs=0.01), one
    assert routed(tmp_path) == found
    other = routed(tmp_path, "--seed", "2")
    assert other["converged_ms"] != found["converged_ms"]


STUDY = """name: routed
scenario: mini
as_of: 2026-11-24
computes: routing
ask: {protocols: ospf, cuts: [guian-kunming]}
seeds: [1]
measures:
  - {id: converged, of: converged_ms}
  - {id: hit, of: "cuts[guian-kunming].affected"}
  - {id: out, of: "cuts[guian-kunming].most_outage_ms"}
  - {id: sdn, of: "cuts[guian-kunming].policy_most_outage_ms"}
"""


def test_a_cell_of_a_study_has_the_same_answer(tmp_path, found):
    (tmp_path / "study.yaml").write_text(STUDY)
    ran(tmp_path, "study", "run", "study.yaml", "--out", "out")
    (cut,), results = found["cuts"], StudyResults(tmp_path / "out")
    assert results.estimate("converged").mean == found["converged_ms"]
    assert results.estimate("hit").mean == cut["affected"] == len(cut["demands"])
    assert results.estimate("out").mean == max(one["outage_ms"] for one in cut["demands"])
    assert results.estimate("sdn").mean == max(one["policy_outage_ms"] for one in cut["demands"])
