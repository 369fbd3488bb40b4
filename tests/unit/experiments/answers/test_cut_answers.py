"""What a cut would do, computed from a scenario: affected, rerouted and disconnected demands."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest

from corridor.controller.explain import explain
from corridor.controller.forwarding.compiler import GraphsOnDemand, build_forwarding_graphs
from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.specification import failures_of
from corridor.experiments.answers.cut_answer import (
    CutAnswer,
    cut_answer,
    cut_elements,
    dead_elements,
)
from corridor.experiments.cli import main
from corridor.experiments.scenario.changed import with_cuts
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import AS_WRITTEN, load_scenario
from corridor.experiments.text.cut_text import cut_text
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.footprint import Circle, footprint_of


@cache
def answer(*words: str, scenario: str = "reference") -> CutAnswer:
    loaded = load_scenario(scenario)
    return cut_answer(loaded, cut_elements(loaded, words))


@pytest.mark.parametrize(
    ("word", "element"),
    [
        ("guian-kunming", "link:guian-kunming"),
        ("link:guian-kunming", "link:guian-kunming"),
        ("red-sea", "srlg:corridor:red-sea"),
        ("corridor:red-sea", "srlg:corridor:red-sea"),
        ("smw4", "srlg:cable:smw4"),
        ("hub:karachi", "hub:karachi"),
        ("gateway:kunming", "gateway:kunming"),
    ],
)
def test_what_a_person_writes_names_a_fibre_a_group_a_hub_or_a_gateway(
    word: str, element: str
) -> None:
    assert dead_elements(load_scenario("reference"), [word]) == (element,)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("red-se", r'no fibre or shared-risk group is called "red-se"; did you mean "red-sea"'),
        ("karachi", r'"karachi" is a hub; write hub:karachi, or gateway:karachi'),
        ("hub:karach", r"karachi"),
        (
            "cable:cmi",
            r"is not on the map of reference; leave_out of the scenario removes fibres",
        ),
    ],
)
def test_what_is_not_there_is_refused_with_what_was_meant(word: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        dead_elements(load_scenario("reference"), [word])


def test_a_single_cut_does_what_is_explained_of_each_demand() -> None:
    loaded = load_scenario("reference")
    build = GraphBuilder(loaded.topology)
    element = "srlg:corridor:karakoram"
    found = {one.demand: one for one in answer("karakoram").hit}
    for intent in intents_for(loaded):
        name = intent.id.removesuffix(".return")
        graph = build.graph(intent)
        told_of = [
            one
            for one in explain(graph, loaded.policies, loaded.as_of).outages
            if element in one.dead
        ]
        if told_of and name in found:
            assert found[name].again_ms is not None
        if told_of and graph.intent.id == name:
            assert name in found


@pytest.mark.parametrize("scenario", ["reference", "examples/disjoint.yaml"])
def test_paths_alone_find_the_demands_that_a_failure_affects(scenario: str) -> None:
    loaded = load_scenario(scenario)
    topology = loaded.topology
    intents = intents_for(loaded)
    planned = GraphsOnDemand(topology, intents)
    wholes = build_forwarding_graphs(topology, intents)
    alone = {one.intent.id: planned.graph(one.intent.id) for one in wholes}
    gateways = [f"gateway:{hub.id}" for hub in topology.hubs]
    for element in (*(f"srlg:{one}" for one in topology.srlgs), *gateways, "hub:kunming"):
        failures = failures_of(topology, [element])
        for whole in wholes:
            name = whole.intent.id
            assert planned.is_served(name) == (whole.first is not None)
            if whole.first is not None and failures.hubs.isdisjoint(whole.intent.pair):
                trace = trace_packet(whole, topology, failures)
                assert planned.meets(name, failures) == bool(trace.found), (name, element)
                assert trace_packet(alone[name], topology, failures).path == trace.path


def test_only_affected_demands_have_their_detours_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[str] = []
    graph = GraphsOnDemand.graph
    monkeypatch.setattr(
        GraphsOnDemand, "graph", lambda self, name: planned.append(name) or graph(self, name)
    )
    loaded = load_scenario("reference")
    found = cut_answer(loaded, cut_elements(loaded, ["red-sea"]))
    affected = [one.demand for one in found.hit]
    assert 0 < len(affected) < found.served
    assert sorted(planned) == sorted([*affected, *(f"{one}.return" for one in affected)])


def test_times_are_round_trips_there_and_back() -> None:
    of = next(one for one in answer("karakoram").hit if one.demand == "records-urumqi-lahore")
    assert of.again_ms is not None
    assert of.before_ms == pytest.approx(36.04, abs=0.01)
    assert of.again_ms - of.before_ms == pytest.approx(2 * 73.17, abs=0.01)
    assert of.adds == ("LA", "TH", "MY?")


def test_who_is_left_without_a_path_comes_first_with_the_clause_that_forbids_the_rest() -> None:
    of = answer("riyadh-jeddah", "riyadh-jeddah-north")
    assert of.hit[0].demand == "state-riyadh-jeddah"
    assert [one.demand for one in of.hit if one.again_ms is None] == ["state-riyadh-jeddah"]
    assert "SA-GOVERNMENT-PATH confine" in of.hit[0].why
    text = cut_text(of, {})
    assert "1 is disconnected: state-riyadh-jeddah." in text


def test_a_demand_whose_own_end_is_dead_is_told_apart() -> None:
    of = answer("hub:karachi")
    assert "infer-karachi-guian" in of.own_end
    assert not {one.demand for one in of.hit} & set(of.own_end)
    down = [one for one in of.hit if one.again_ms is None]
    text = cut_text(of, {})
    assert f"{len(of.hit) + len(of.own_end)} of {of.served} served demands are affected." in text
    assert f"{len(down) + len(of.own_end)} are disconnected: {of.own_end[0]}, " in text


def test_a_cut_that_nobody_meets_is_said_to_hit_nobody() -> None:
    of = replace(answer("guian-kunming"), hit=())
    assert "None of 55 served demands is affected." in cut_text(of, {})


def test_the_question_is_answered_where_no_network_is_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["cut", "red-sea", "--scenario", "sovereignty", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["dead"] == ["srlg:corridor:red-sea"]
    assert len(document["fibres"]) == 14
    assert document["demands"][0]["demand"] == "backup-jeddah-shenzhen"
    assert main(["cut", "guian-kunming", "--scenario", "mini"]) == 0
    assert "4 of 6 served demands are affected." in capsys.readouterr().out


def test_a_question_and_a_deed_at_once_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cut", "red-sea", "--scenario", "mini", "--silent"]) == 2
    assert "names both a scenario and a live network" in capsys.readouterr().err


def test_a_run_with_a_cut_has_it_instead_of_what_the_scenario_has_happen() -> None:
    loaded = with_cuts("sovereignty", AS_WRITTEN, ["srlg:corridor:red-sea", "hub:karachi"])
    events = [(event.kind.key, event.what, event.options.get("silent")) for event in loaded.events]
    assert events == [("group", "corridor:red-sea", True), ("hub", "karachi", None)]
    assert loaded.scenario.probe.count * loaded.scenario.probe.interval >= 4e9
    assert (
        with_cuts("mini", AS_WRITTEN, ["link:guian-kunming"]).events[0].options["silent"] is False
    )


def test_a_footprint_cuts_what_it_may_hit_and_states_what_it_surely_does() -> None:
    loaded = load_scenario("mini")
    shape = footprint_of("pakistan-floods-2022").model_copy(
        update={"stretch": None, "circle": Circle(at="karachi", radius="20km")}
    )
    found = cut_answer(loaded, (), shape)
    hit = found.footprint
    assert hit is not None
    assert {*hit.sure, *hit.possible} == set(found.fibres)
    assert hit.possible
    assert not hit.sure
    assert hit.affected_at_least == 0
    assert found.hit == cut_answer(loaded, found.dead).hit
    text = cut_text(found, {})
    assert "Cut of footprint pakistan-floods-2022" in text
    assert "If only the sure ones fail, 0 demands are affected and none disconnected." in text


def test_a_footprint_far_from_the_map_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cut", "--footprint", "tohoku-2011", "--scenario", "mini"]) == 0
    out = capsys.readouterr().out
    assert "It hits no fibre of this map." in out
    assert "None of 6 served demands is affected." in out


def test_a_cut_of_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cut", "--scenario", "mini"]) == 2
    assert "names nothing to cut; name a fibre or a group" in capsys.readouterr().err
