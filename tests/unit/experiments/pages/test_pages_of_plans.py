"""The page of a plan: the map, gains and costs with intervals, before and after."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

import corridor
from corridor.experiments import cli
from corridor.experiments.answers.map_document import map_document
from corridor.experiments.expansion.candidates import read_candidates
from corridor.experiments.expansion.plan_documents import PlanAnswer
from corridor.experiments.pages.page import report
from corridor.experiments.pages.plan_page import plan_page
from corridor.topologies.formats.load import load_topology

EXAMPLE = Path("examples/candidates.yaml")


@pytest.fixture(scope="module")
def found() -> PlanAnswer:
    return corridor.plan("mini", candidates=EXAMPLE, samples=20, pareto=["latency", "reach"])


def page_of(of: PlanAnswer) -> str:
    known = read_candidates(load_topology("mini"), EXAMPLE)
    return report(plan_page(of, map_document(known.built(known.file.by_id))))


def part(page: str, name: str) -> str:
    return page.partition(f'<section id="{name}"')[2].partition("</section>")[0]


def test_the_map_shows_built_and_other_candidates(found: PlanAnswer) -> None:
    shown = part(page_of(found), "built")
    drawn = shown.partition("</svg>")[0]
    assert found.plan.ids == ("guian-karachi",)
    assert drawn.count('class="o lawful"') == drawn.count('class="o free"') == 1
    assert ": new" not in drawn
    assert "a gateway that the plan opens" not in shown
    opened = replace(found, plan=replace(found.plan, ids=("gateway-guian",)))
    shown = part(page_of(opened), "built")
    drawn = shown.partition("</svg>")[0]
    assert "a gateway that the plan opens" in shown
    assert drawn.count('class="o lawful"') == 0
    assert drawn.count('class="o free"') == 2
    names = [html.unescape(one) for one in drawn.split('<g class="names')[1:]]
    assert [one.count("Gui'an New Area: new<") for one in names] == [1, 1]
    sizes = [float(one.partition('font-size="')[2].partition('"')[0]) for one in names]
    assert sizes[1] > 1.5 * sizes[0]  # the second one is for phones


def test_candidates_have_gains_and_costs_with_intervals(found: PlanAnswer) -> None:
    shown = part(page_of(found), "candidates")
    assert shown.count('class="rtt"') == 3 + 2  # samples of all three, costs of two
    assert shown.count('class="mid"') == 3
    assert "guian-karachi: 11.1 ms, 230 to 640 MUSD" in shown
    assert "gateway-guian: 0.0 ms, unknown MUSD" in shown
    known = {one.id: one for one in found.certainty.choices} if found.certainty else {}
    ends = [known[one.id] for one in found.singles]
    values = [0.0, *(end for one in ends for end in (one.low_gain, one.high_gain))]
    scale = (480 + 26 - 60 - 64) / (max(values) - min(values))
    place = 64 + (known["guian-karachi"].low_gain - min(values)) * scale
    first = re.search(r'class="rtt" d="M([0-9.]+) ', shown)
    assert first
    assert float(first[1]) == pytest.approx(place, abs=0.1)


def test_each_changed_demand_has_its_rtt_before_and_after(found: PlanAnswer) -> None:
    shown = part(page_of(found), "plan")
    for one in found.changed:
        assert f"{one.demand}: {one.before_ms:,.1f} to {one.after_ms:,.1f} ms" in shown
    assert shown.count('class="dots"') == shown.count('class="mid"') == len(found.changed) == 2
    assert f"{found.everything.sum_ms:,.1f}" in shown
    new = replace(found, changed=tuple(replace(one, before_ms=None) for one in found.changed))
    shown = part(page_of(new), "plan")
    assert "no path to" in shown
    assert 'class="dots"' not in shown
    assert 'class="time"' not in part(page_of(replace(found, changed=())), "plan")


def test_the_page_names_what_the_answer_rests_on(found: PlanAnswer) -> None:
    page = page_of(found)
    assert part(page, "notes").count("no source: our assumption") == 3
    assert "no cost is known" in part(page, "notes")
    assert "no other plan is better" in part(page, "certainty")
    assert part(page, "pareto").count("<tr>") == 1 + len(found.pareto)
    plain = page_of(replace(found, certainty=None, pareto=()))
    assert 'id="certainty"' not in plain
    assert part(plain, "candidates").count('class="rtt"') == 2


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    file = tmp_path / "plan.html"
    asked = ["plan", "mini", "--candidates", str(EXAMPLE)]
    assert cli.main([*asked, "--page", str(file)]) == 0
    assert "What to build next: mini" in file.read_text()
    assert cli.main([*asked, "--page", str(tmp_path / "none" / "plan.html")]) == 2
