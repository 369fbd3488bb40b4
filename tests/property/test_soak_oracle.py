"""The oracle of soaks against the controller, on random worlds: two answers found apart agree.

The oracle searches paths with networkx from policies alone; the controller plans ways for what is
broken and says how each demand fares.
"""

from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.soak.generator import generate
from tests.soak.judging import wrong_statuses
from tests.soak.oracle import Broken, expect, lawful
from tests.soak.scene import DAYS, TOPOLOGIES, load_scene
from tests.soak.world import World

from corridor.controller.deployment.deployments import Known, stand
from corridor.controller.deployment.statuses import statuses
from corridor.controller.policy.failures import Failures
from corridor.experiments.results.transit_check import Judge
from corridor.topologies.base.codec import to_plain

names = st.sampled_from(sorted(TOPOLOGIES))


@st.composite
def worlds(draw, name):
    """More broken than those of soaks."""
    scene = load_scene(name)
    fibres = st.sampled_from([one.id for one in scene.topology.fibres])
    hubs = st.sampled_from([one.id for one in scene.topology.hubs])
    return World(
        policies=draw(st.sampled_from(sorted(scene.sets))),
        day=draw(st.sampled_from(DAYS)),
        drained=draw(st.frozensets(fibres, max_size=3)),
        cut=draw(st.frozensets(fibres, max_size=5)),
        dark=draw(st.frozensets(hubs, max_size=1)),
        closed=draw(st.frozensets(st.sampled_from(sorted(scene.gateways)), max_size=3)),
        away=draw(st.frozensets(hubs, max_size=2)),
    )


def broken_in(scene, world):
    unwired = {hub.id for hub in scene.topology.hubs} - scene.gateways
    return Broken(
        fibres=world.dead_fibres(scene) | world.drained,
        hubs=world.away,
        gateways=world.closed | unwired,
    )


def said_by_the_controller(scene, world):
    failures = Failures(links=world.dead_fibres(scene), hubs=world.away, gateways=world.closed)
    known = Known(world.specification(scene), failures, world.drained)
    standing = stand(known, scene.wiring, 0)
    return [to_plain(one) for one in statuses(standing, failures)]


def disagreements(name, world):
    scene = load_scene(name)
    expected = expect(world.specification(scene), broken_in(scene, world))
    return list(wrong_statuses(expected, said_by_the_controller(scene, world)))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_oracle_and_controller_agree_on_every_demand(data):
    name = data.draw(names)
    assert disagreements(name, data.draw(worlds(name))) == []


@settings(max_examples=5, deadline=None)
@given(name=names, seed=st.integers(0, 10**6))
def test_they_agree_on_all_worlds_of_a_soak(name, seed):
    for _, world in islice(generate(load_scene(name), seed), 40):
        assert disagreements(name, world) == []


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_they_agree_on_where_packets_may_be(data):
    name = data.draw(names)
    scene, world = load_scene(name), data.draw(worlds(name))
    specification = world.specification(scene)
    assert lawful(specification) == Judge(specification, scene.wiring)._lawful


def test_each_answer_comes_up():
    scene = load_scene("corridor")
    said = {
        (one.status, one.ever)
        for _, world in islice(generate(scene, 1), 60)
        for one in expect(world.specification(scene), broken_in(scene, world)).values()
    }
    assert {("SERVED", True), ("BLOCKED", True), ("BLOCKED", False), ("DOWN", True)} <= said


def test_a_way_that_breaks_a_clause_is_no_way():
    """Two of the three fibres to Bangkok cross what NO-SEA avoids; a licence needs a gateway."""
    scene, world = load_scene("corridor"), World(policies="no-sea")
    open_ = expect(world.specification(scene), broken_in(scene, world))["render"]
    shut = World(policies="no-sea", cut=frozenset({"kunming-vientiane", "kunming-bangkok"}))
    closed = World(policies="no-sea", closed=scene.gateways)
    found = [
        expect(one.specification(scene), broken_in(scene, one))["render"].status
        for one in (shut, closed)
    ]
    assert (open_.status, open_.permit) == ("SERVED", "SOAK-LICENCE")
    assert found == ["BLOCKED", "BLOCKED"]
