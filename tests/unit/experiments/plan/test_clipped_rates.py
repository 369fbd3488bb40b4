"""The product warns of traffic on fibres whose rate is a bound of the map, and of no other."""

from __future__ import annotations

from pathlib import Path

import pytest

import corridor
from corridor.experiments.cli import main
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.warnings import clipped_rates
from corridor.experiments.scenario.scenario import load_scenario

MAP = """name: line
capacity: {scale: 1e-6, assumed_terrestrial: 32Tbit, assumed_submarine: 20Tbit, min_rate: 10Mbit,
  max_rate: 20Mbit}
hubs: [shanghai, guian, kunming, bangkok]
fibres:
- {id: narrow, a: shanghai, z: guian, length: 1000km, capacity: 1Tbit}
- {id: right, a: guian, z: kunming, length: 1000km, capacity: 15Tbit}
- {id: wide, a: kunming, z: bangkok, length: 1000km, capacity: 40Tbit}
"""
"""At 1e-6: 1, 15 and 40 Mbit/s, of which the map allows 10 to 20."""
SCENARIO = """schema: 1
name: bounds
topology: line.yaml
probe: {interval: 20ms, count: 20}
demands:
- {id: one, class: dr, src: shanghai, dst: guian}
- {id: two, class: ckpt, src: guian, dst: kunming}
- {id: three, class: render, src: kunming, dst: bangkok}
workloads:
"""
PCOFC_SOUTH = "pcofc-gilgit-rawalpindi"
OF_DR = "- {id: saves, class: dr, shipped: backup, compress: 7200, interval: 8h, fills: 6%}\n"
OF_CKPT = "- {id: ckpts, class: ckpt, shipped: ckpt, compress: 900, fills: 15%}\n"


def warnings(folder: Path, *workloads: str) -> list[str]:
    (folder / "line.yaml").write_text(MAP)
    path = folder / "s.yaml"
    text = SCENARIO + "".join(workloads) if workloads else SCENARIO.replace("workloads:\n", "")
    path.write_text(text)
    return clipped_rates(make_plan(load_scenario(str(path)), clock="virtual", run_id="c", seed=1))


def test_traffic_on_a_fibre_at_the_floor_is_warned_of(tmp_path: Path) -> None:
    (said,) = warnings(tmp_path, OF_DR)
    assert said.startswith("1 fibre carries traffic")
    assert "narrow (10Mbit)" in said
    assert said.endswith("(a scale of 1e-05 fits their known capacities)")
    assert "right" not in said
    assert "wide" not in said


def test_a_fibre_at_its_scaled_capacity_is_not(tmp_path: Path) -> None:
    assert warnings(tmp_path, OF_CKPT) == []


def test_probes_alone_are_no_traffic(tmp_path: Path) -> None:
    assert warnings(tmp_path) == []


def test_streams_and_ceilings_count_too(tmp_path: Path) -> None:
    (tmp_path / "line.yaml").write_text(MAP)
    path = tmp_path / "s.yaml"
    stream = "dst: bangkok, throughput: {udp: 50%, duration: 500ms}}"
    path.write_text(SCENARIO.replace("workloads:\n", "").replace("dst: bangkok}", stream))
    plan = make_plan(load_scenario(str(path)), clock="virtual", run_id="c", seed=1)
    (said,) = clipped_rates(plan)
    assert "wide (20Mbit)" in said
    assert said.endswith("the bounds of the map")


def test_the_command_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    warnings(tmp_path, OF_DR)
    assert main(["check", str(tmp_path / "s.yaml")]) == 0
    out = capsys.readouterr()
    assert "WARNS: 1 fibre carries traffic at the map's min_rate or max_rate" in out.out + out.err


@pytest.mark.parametrize("name", [pytest.param("ai-corridor", marks=pytest.mark.slow), "pan-asia"])
def test_no_shipped_scenario_loads_a_fibre_at_a_bound(name: str) -> None:
    plan = make_plan(load_scenario(name), clock="virtual", run_id="c", seed=1)
    assert clipped_rates(plan) == []


@pytest.mark.slow
def test_the_fullest_fibre_of_the_ai_corridor_is_as_full_really_as_emulated() -> None:
    """As its file says, 30 to 80 % while nothing fails; the Karakoram carries 1 Tbit/s, published,
    which is 10 Mbit/s at the scale of the map."""
    found = corridor.capacity("ai-corridor", load="offered")
    fullest = max(found.links, key=lambda one: one.usual_share)
    assert fullest.fibre in {
        "kashgar-khunjerab",
        "pcofc-khunjerab-gilgit",
        "pcofc-gilgit-rawalpindi",
    }
    assert 0.3 < fullest.usual_share < 0.8
    assert fullest.usual_bps / 10_000_000 == pytest.approx(fullest.usual_share)
