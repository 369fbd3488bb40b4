"""What examples say they show is what they show. README's own commands run with those of pages."""

from __future__ import annotations

import json
import re
import sys

import pytest

from corridor.controller.policy.load import load_policies
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.formats.load import load_topology
from example_runs import EXAMPLES, run

SCENARIOS = (
    "own_scenario",
    "nearest_hub",
    "disjoint",
    "customer_pipe",
    "fitting_rates",
    "own_objective",
    "capacity",
    "lawful",
    "gigabit",
    "timeline",
    "queues",
    "poor_fibres",
    "hosts",
)


def test_the_page_lists_every_example():
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"\[([\w.]+)\]\(\1\)", page))
    there = {path.name for path in EXAMPLES.iterdir() if path.is_file()}
    assert listed == there - {"README.md"}


def test_every_example_says_in_its_first_lines_how_it_is_run():
    for path in sorted(EXAMPLES.iterdir()):
        if path.suffix in (".py", ".sh") or path.stem in (*SCENARIOS, "planned_changes"):
            begin = path.read_text(encoding="utf-8").splitlines()[:5]
            assert any(f"examples/{path.name}" in line for line in begin), path.name


def test_the_files_load():
    topology = load_topology(EXAMPLES / "own_topology.yaml")
    assert topology.hub("rayong").located_in == "TH"
    assert "NOT-BY-INDIA" in {
        one.id for one in load_policies(EXAMPLES / "own_policies.yaml", topology).policies
    }
    for name in SCENARIOS:
        assert load_scenario(str(EXAMPLES / f"{name}.yaml")).scenario.demands


def test_a_shipped_map_is_changed_in_a_few_lines():
    before, after = load_topology("pan-asia"), load_topology(EXAMPLES / "planned_changes.yaml")
    assert not before.hub("urumqi").intl_gateway
    assert after.hub("urumqi").intl_gateway
    assert after.fibre("pcofc-khunjerab-gilgit").known_gbps == 2000
    assert after.fibre("karachi-gwadar").length_km > before.fibre("karachi-gwadar").length_km
    assert {one.known_gbps for one in after.fibres if one.system == "peace"} == {24_000}
    changed = {one.id for one in after.fibres} ^ {one.id for one in before.fibres}
    assert changed == {"smw6-singapore-karachi", "2africa-karachi-dammam"}
    assert after.notes[-1].startswith("This file changes urumqi (intl_gateway")


def test_a_graph_becomes_a_map(tmp_path):
    kept = tmp_path / "small-mesh.yaml"
    code, said = run(sys.executable, EXAMPLES / "own_graph.py", kept)
    assert code == 0, said
    assert "three-sites: 3 hubs, 3 fibres; urumqi > almaty > tashkent" in said
    assert "almaty-tashkent: 6.2 ms one way. Its two directions: delay 6ms and 6.4ms" in said
    assert "24 of 24 have the stated default of 250km" in said
    assert len(load_topology(kept).fibres) == 24


def test_fibres_are_as_full_as_the_page_says():
    code, said = run(
        sys.executable, "-m", "corridor.experiments.cli", "capacity", EXAMPLES / "capacity.yaml"
    )
    assert code == 0, said
    assert "Highest utilization: guian-kunming from guian, 68 %" in said
    assert "All traffic can grow by a factor of at least 1.548 with paths chosen" in said


def test_demands_are_next_to_internet_traffic():
    code, said = run(
        sys.executable, "-m", "corridor.experiments.cli", "capacity", EXAMPLES / "background.yaml"
    )
    assert code == 0, said
    assert "Background: Internet traffic in the busy hour of 2026-11-24" in said
    assert "tw1-karachi-fujairah" in said


def test_a_path_is_explained():
    code, said = run(sys.executable, EXAMPLES / "why_this_path.py")
    assert code == 0, said
    assert "results: guian > kunming > bangkok > rayong, 15.22 ms one way" in said
    assert "secret: BLOCKED\n  because CN-NO-BASIS terminate" in said


def test_a_path_and_a_price_have_intervals():
    code, said = run(sys.executable, EXAMPLES / "how_sure.py")
    assert code == 0, said
    assert "61.0 ms one way, 90 % 51." in said
    assert "policies add 33." in said
    assert "look up next: urumqi-zhongwei" in said


def test_the_worst_cuts_are_named():
    code, said = run(sys.executable, EXAMPLES / "worst_cuts.py")
    assert code == 0, said
    assert "srlg:corridor:karakoram disconnect science-karachi, ckpt-karachi" in said


def test_waiting_for_ships_is_simulated():
    code, said = run(sys.executable, EXAMPLES / "waiting_for_ships.py")
    assert code == 0, said
    assert re.search(
        r"lognormal repair times: [\d,]+ demand-minutes a year at once; waiting adds", said
    )


def test_an_outage_is_replayed():
    code, said = run(sys.executable, EXAMPLES / "replay_outage.py")
    assert code == 0, said
    assert "twa-unhurt: published 0 %, computed 0, within" in said
    assert re.search(r"PK, bought: \d+ Gbit/s are not served", said)


@pytest.mark.parametrize("scenario", ["pan-asia", "sovereignty"])
def test_whose_law_is_met_is_as_the_page_says(scenario):
    code, said = run(sys.executable, EXAMPLES / "whose_law.py", scenario)
    assert code == 0, said
    assert said.rstrip() in (EXAMPLES.parent / "docs/corridor.md").read_text()


def test_tables_are_proven():
    code, said = run(sys.executable, EXAMPLES / "prove_tables.py")
    assert code == 0, said
    assert said.count(" verified ") == 18
    assert "backup: UP shanghai > guian" in said


def test_a_walker_that_shares_no_code_walks_an_export(tmp_path):
    words = ("export", EXAMPLES / "own_scenario.yaml", "--to", "walker", "--out", tmp_path / "out")
    code, said = run(sys.executable, "-m", "corridor.experiments.cli", *words)
    assert code == 0, said
    code, said = run(sys.executable, EXAMPLES / "walk_tables.py", tmp_path / "out/walker.json")
    assert code == 0, said
    assert said.endswith(" 0 wrong\n")


def test_the_tests_of_policies_pass_and_fail_without_the_policy(tmp_path):
    for name in ("own_topology.yaml", "own_policies.yaml", "test_own_policies.py"):
        (tmp_path / name).write_text((EXAMPLES / name).read_text(encoding="utf-8"))
    words = [sys.executable, "-m", "pytest", "-q", "-p", "corridor.controller.pytest_plugin"]
    settings = {"cwd": tmp_path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    code, said = run(*words, "test_own_policies.py", **settings)
    assert (code, "4 passed" in said) == (0, True), said
    policies = tmp_path / "own_policies.yaml"
    policies.write_text(policies.read_text().replace("include: [cn-outbound", "include: [none"))
    code, said = run(*words, "test_own_policies.py", **settings)
    assert (code, "important_data_stays" in said) == (1, True), said


def test_the_price_of_a_rule_is_what_its_tests_say():
    code, said = run(sys.executable, "-m", "pytest", "-q", EXAMPLES / "test_priced_rule.py")
    assert (code, "4 passed" in said) == (0, True), said


NOTEBOOKS = sorted((EXAMPLES / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs_and_its_links_lead_somewhere(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [one for one in cells if one["cell_type"] == "code"]
    assert all((one["outputs"], one["execution_count"]) == ([], None) for one in code)
    text = "".join("".join(one["source"]) for one in cells if one["cell_type"] == "markdown")
    links = re.findall(r"\]\(([^)#]+)", text)
    assert all((path.parent / link).exists() for link in links)
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert f"(notebooks/{path.name})" in page
