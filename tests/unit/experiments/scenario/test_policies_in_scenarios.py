"""A scenario's policies decide the paths of its demands; the plan names them and the reasons."""

from datetime import date

import pytest

from corridor.controller.intent.specification import Specification
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import intents_for, specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError

SCENARIO = """\
schema: 1
name: mine
topology: mini
policies: cn-outbound
as_of: 2026-11-24
protect: {k: 1}
demands:
  - {id: home, class: dr, data: cn-core-none, returns: same-class, src: shanghai, dst: guian}
  - {id: out, class: dr, data: cn-important-assessment, returns: pk-data, src: guian, dst: karachi}
  - {id: kept, class: ckpt, data: cn-important-none, returns: same-class, src: guian, dst: bangkok}
  - {id: odd, class: ckpt, src: guian, dst: bangkok}
"""
OWN = """\
schema: 1
name: own
include: [cn-outbound]
classes:
- {id: pk-data, origin: PK, sensitivity: general, basis: exempt}
policies:
- {id: PK-HOME, effect: permit, match: {class: pk-data}}
"""


def write(folder, text=SCENARIO):
    (folder / "own.yaml").write_text(OWN)
    path = folder / "mine.yaml"
    path.write_text(text.replace("policies: cn-outbound", "policies: own.yaml"))
    return str(path)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    return load_scenario(write(tmp_path_factory.mktemp("scenario")))


@pytest.fixture(scope="module")
def plan(loaded):
    return make_plan(loaded, clock="virtual", run_id="c0", seed=1)


def test_the_plan_tells_permit_law_and_phases_of_what_may_go(plan):
    home, out = plan.demands[:2]
    assert (home.status, home.permit, home.legal_ref) == ("UP", "CN-DOMESTIC", ("CN-DSL-3",))
    assert set(home.phases) == {"DOMESTIC"}
    assert (out.status, out.permit) == ("UP", "CN-OUT-ASSESSMENT")
    assert out.phases[-1] == "ASSESSED"
    assert out.predicted_rtt_ns > 0


def test_the_plan_says_why_something_is_kept_back(plan):
    kept, odd = plan.demands[2:]
    for demand in (kept, odd):
        assert demand.status == "BLOCKED"
        assert (demand.hubs, demand.fibres, demand.predicted_rtt_ns) == ((), (), None)
        assert "no permit matches" in demand.why


def test_gateways_assess_exactly_the_labels_their_switch_takes_back(plan):
    uses = {use.label: use for use in plan.program.labels}
    # The second is passed only on a detour.
    assert [gateway.hub for gateway in plan.gateways] == ["kunming", "shanghai"]
    for gateway in plan.gateways:
        assert {one.demand for one in gateway.assesses} == {"out", "out.return"}
        assert all(uses[one.label].demand == one.demand for one in gateway.assesses)


def test_the_specification_survives_json_to_the_last_clause(loaded):
    specification = specify(loaded)
    again = Specification.from_json(specification.to_json())
    assert again == specification
    assert again.intents() == intents_for(loaded)


def test_under_no_policies_every_class_is_served_by_its_shortest_path(tmp_path):
    loaded = load_scenario(write(tmp_path), policies="none")
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    assert {demand.status for demand in plan.demands} == {"UP"}
    assert {demand.permit for demand in plan.demands} == {"ANYTHING"}
    assert not plan.gateways


def test_a_day_before_the_law_changes_what_is_permitted(tmp_path):
    loaded = load_scenario(write(tmp_path), as_of=date(2021, 8, 1))
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    assert plan.as_of == "2021-08-01"
    assert plan.demands[0].status == "BLOCKED"


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("cn-core-none", "cn-cor-none"), 8, 'did you mean "cn-core-none"'),
        (("data: cn-core-none, returns: same-class, ", "data: cn-core-none, "), 8, "write returns"),
        (("own.yaml", "zzzzz"), 4, "shipped are"),
        (("protect: {k: 1}", "protect: {k: 9}"), 6, "k"),
        (("protect: {k: 1}", "faults: [{at: 1s, cut: shanghai-guan}]"), 6, "shanghai-guian"),
        (("protect: {k: 1}", "faults: [{at: 1s, until: 1s, hub: guian}]"), 6, "until"),
        (("protect: {k: 1}", "faults: [{at: 1s}]"), 6, "one of cut"),
        (("protect: {k: 1}", "cuts: {silent: true}"), 6, "bfd interval"),
        (("protect: {k: 1}", "cuts: {fibres: [nowhere]}"), 6, "unknown fibre"),
        (("protect: {k: 1}", "network: {bfd: 1500us}"), 6, "whole milliseconds"),
    ],
)
def test_what_is_wrong_in_a_policy_part_is_one_line_with_its_place(tmp_path, change, line, said):
    text = SCENARIO.replace("policies: cn-outbound", "policies: own.yaml").replace(*change)
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_scenario(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{path}:{line}"), caught.value


def test_two_demands_between_the_same_hubs_are_told_apart_by_their_ports(loaded):
    kept, odd = intents_for(loaded)[4:8:2]
    assert kept.pair == odd.pair
    assert {selector.protocol for selector in kept.selectors} == {"udp"}
    assert set(kept.selectors).isdisjoint(odd.selectors)


def test_a_specification_keeps_the_classes_that_its_policies_do_not_look_at():
    """So that a live network may be put under others later."""
    loaded = load_scenario("sovereignty", policies="none")
    specification = specify(loaded)
    named = {one.demand.data_class for one in specification.directions}
    assert "cn-important-assessment" in named
    assert {one.applicable_policies.demand.data_class for one in specification.intents()} == {
        "unclassified"
    }
    all_sets = load_scenario("sovereignty").policies
    later = specification.model_copy(update={"policies": all_sets})
    assert "cn-important-assessment" in {
        one.applicable_policies.demand.data_class for one in later.intents()
    }
