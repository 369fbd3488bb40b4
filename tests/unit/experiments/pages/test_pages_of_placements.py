"""The page of a placement: MW and flows on the map, the day by hub, the front, what law costs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import corridor
from corridor.experiments import cli
from corridor.experiments.answers.map_document import map_document
from corridor.experiments.atlas import atlas
from corridor.experiments.atlas.map_drawing import view_of_flows
from corridor.experiments.pages.page import report
from corridor.experiments.pages.place_page import place_page
from corridor.experiments.placement.jobs_file import load_jobs
from corridor.experiments.placement.place_documents import PlaceAnswer

EXAMPLE = Path(__file__).parents[4] / "examples/jobs.yaml"


@pytest.fixture(scope="module")
def found() -> PlaceAnswer:
    return corridor.place(EXAMPLE, objective="pareto", count="location", samples=5)


@pytest.fixture(scope="module")
def page(found) -> str:
    return report(place_page(found, map_document(load_jobs(EXAMPLE).topology)))


def test_each_hub_has_a_disc_and_its_power_in_words(found, page):
    assert page.count('<g class="mw"') == len(found.hubs)
    largest = max(found.hubs, key=lambda one: one.mean_mw)
    assert f"{largest.mean_mw:,.0f} MW</text>" in page


def test_the_map_shows_a_hub_that_computes_for_itself_alone():
    topology = load_jobs(EXAMPLE).topology
    drawn = atlas(map_document(topology))
    rates = {"guangzhou-shenzhen": 1.0}
    assert not view_of_flows(drawn, rates, {}).has(drawn.hubs["riyadh"].xy)
    assert view_of_flows(drawn, rates, {"riyadh": 6.0}).has(drawn.hubs["riyadh"].xy)
    unused = {**rates, "dammam-riyadh": 0.0}
    assert not view_of_flows(drawn, unused, {}).has(drawn.hubs["riyadh"].xy)


def test_the_area_of_a_disc_is_the_power(found, page):
    tops = [float(one) for one in re.findall(r'<g class="mw"[^>]*><path d="M0 (-?[0-9.]+)', page)]
    areas = [one**2 for one in tops]
    power = [one.mean_mw for one in found.hubs]
    shares = [area / mw for area, mw in zip(areas, power, strict=True)]
    assert shares == pytest.approx([shares[0]] * len(shares), rel=0.02)


def test_fibres_name_what_jobs_send(found, page):
    rates = {one.link: one.gbps for one in found.links}
    fibre = next(one for one in rates if f"<title>{one}: " in page)
    said = re.search(rf"<title>{fibre}: ([0-9.,]+) Gbit/s of jobs</title>", page)
    most = max(one.gbps for one in found.links if one.link == fibre)
    assert said[1] == f"{most:,.1f}"


def test_the_day_has_a_row_for_each_hub_that_ends_at_its_limit(found, page):
    chart = page[page.index('id="day"') : page.index('id="law"')]
    assert chart.count('class="fill"') == chart.count('class="level"') == len(found.hubs)
    for hub in found.hubs:
        assert f"{hub.hub}: {hub.it_mwh:,.0f} MWh" in chart
        assert f"{hub.limit_mw:,.0f} MW" in chart


def test_the_cost_of_law_is_in_each_unit_with_its_interval(found, page):
    law = page[page.index('id="law"') : page.index('id="front"')]
    cost = found.cost_of_law
    for value in (cost.value, cost.rtt.median, cost.moved_mw):
        assert f'<td class="n">{value:,.1f}</td>' in law
    assert f"{cost.rtt.low:,.1f} to {cost.rtt.high:,.1f}" in law
    assert "SA-NO-BASIS" in law


def test_the_front_has_a_point_for_each_limit(found, page):
    front = page[page.index('id="front"') : page.index('id="samples"')]
    assert front.count("h6") == len(found.pareto)
    assert f"{found.pareto[-1].tco2:,.1f}" in front


def test_the_command_writes_the_page_next_to_its_answer(tmp_path, capsys):
    path = tmp_path / "place.html"
    words = ["place", str(EXAMPLE), "--count", "location", "--page", str(path)]
    assert cli.main(words) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("jobs: 69 jobs")
    assert f"the page is in {path}" in shown.err
    assert path.read_text().startswith("<!doctype html>")
    assert cli.main(["place", str(EXAMPLE), "--count", "location", "--page", str(tmp_path)]) == 2
