"""Demands to which nothing is promised are metered at the edge, where a scenario says so."""

from dataclasses import replace

import pytest

from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_claims import examine
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError

HEAD = "schema: 1\nname: policed\ntopology: mini\nprobe: {count: 5}\n"
PIPE = "aggregates:\n- {id: pipe, demands: [a, b], guarantee: {cir: 10Mbit, pir: 25Mbit}}\n"


@pytest.fixture
def load(tmp_path):
    def loaded(network: str, of_a: str = "", more: str = ""):
        file = tmp_path / "policed.yaml"
        file.write_text(
            f"{HEAD}network: {network}\ndemands:\n"
            f"- {{id: a, class: dr, src: shanghai, dst: guian{of_a}}}\n"
            f"- {{id: b, class: dr, src: shanghai, dst: karachi}}\n{more}"
        )
        return load_scenario(str(file))

    return loaded


def planned(loaded):
    return make_plan(loaded, clock="virtual", run_id="c0", seed=1)


def meters(loaded):
    """By hub, rates and bursts."""
    switches = planned(loaded).program.switches
    return {
        one.hub: [(meter.rate_kbps, meter.burst_kbit) for meter in one.meters]
        for one in switches
        if one.meters
    }


def test_each_demand_and_its_answers_have_a_meter_of_the_networks_rate(load):
    each = (20_000, 2_000)
    assert meters(load("{police: 20Mbit}")) == {
        "shanghai": [each, each],
        "guian": [each],
        "karachi": [each],
    }


def test_a_demand_says_another_rate_or_none(load):
    each, own = (20_000, 2_000), (5_000, 500)
    assert meters(load("{police: 20Mbit}", ", police: 5Mbit"))["shanghai"] == [own, each]
    assert meters(load("{police: 20Mbit}", ", police: none"))["shanghai"] == [each]
    assert meters(load("{}", ", police: 5Mbit")) == {"shanghai": [own], "guian": [own]}


def test_what_is_promised_a_rate_is_held_to_its_peak_there_and_policed_back(load):
    guarantee = ", guarantee: {cir: 10Mbit, pir: 30Mbit}"
    found = meters(load("{police: 20Mbit}", guarantee))
    assert found["shanghai"] == [(30_000, 3_000), (20_000, 2_000)]
    assert found["guian"] == [(20_000, 2_000)]
    assert meters(load("{police: 20Mbit}", more=PIPE))["shanghai"] == [(25_000, 2_500)]


def test_a_network_without_policing_has_no_meter(load):
    assert meters(load("{}")) == {}


def test_the_proof_holds_meters_to_what_demands_are_policed_to(load):
    loaded = load("{police: 20Mbit}")
    plan, intents = planned(loaded), specify(loaded).intents()
    tables = tables_of(plan.program)

    def said(asked):
        return [
            one.said for one in examine(tables, plan.wiring, loaded.topology, asked).breaches["C12"]
        ]

    assert said(intents) == []
    other = replace(intents[0], police_bps=30_000_000)
    assert said([other, *intents[1:]]) == ["packets of a are held to 20Mbit instead of 30Mbit"]
    free = replace(intents[0], police_bps=None)
    assert "packets of a are held to 20Mbit, and nothing" in said([free, *intents[1:]])[0]


@pytest.mark.parametrize(
    ("network", "of_a", "says"),
    [
        ("{police: 9kbit}", "", "10kbit at least"),
        ("{police: 20}", "", "has no unit"),
        ("{}", ", police: often", "police"),
        ("{}", ", guarantee: {cir: 1Mbit}, police: 2Mbit", "is limited to its peak rate"),
    ],
)
def test_what_no_meter_can_do_is_refused_with_its_line(load, network, of_a, says):
    with pytest.raises(InputError, match=r"policed\.yaml:[57]: ") as caught:
        load(network, of_a)
    assert says in str(caught.value)
