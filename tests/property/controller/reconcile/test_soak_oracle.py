"""The oracle of soaks against the controller, on random test networks: two independent answers
agree.

The oracle searches paths with networkx from policies alone; the controller plans paths around what
is broken and reports the status of each demand.
"""

from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.soak.generator import generate
from tests.soak.judging import wrong_statuses
from tests.soak.oracle import Broken, expect, lawful
from tests.soak.setup import DAYS, TOPOLOGIES, load_setup
from tests.soak.state import State

from corridor.controller.openflow.deployments import DesiredState, stand
from corridor.controller.openflow.statuses import statuses
from corridor.controller.policy.semantics import Failures
from corridor.experiments.account.transit_check import TransitChecker
from corridor.topologies.base.codec import to_plain

names = st.sampled_from(sorted(TOPOLOGIES))


@st.composite
def worlds(draw, name):
    """More broken than those of soaks."""
    setup = load_setup(name)
    fibres = st.sampled_from([one.id for one in setup.topology.fibres])
    hubs = st.sampled_from([one.id for one in setup.topology.hubs])
    return State(
        policies=draw(st.sampled_from(sorted(setup.sets))),
        day=draw(st.sampled_from(DAYS)),
        drained=draw(st.frozensets(fibres, max_size=3)),
        cut=draw(st.frozensets(fibres, max_size=5)),
        dark=draw(st.frozensets(hubs, max_size=1)),
        closed=draw(st.frozensets(st.sampled_from(sorted(setup.gateways)), max_size=3)),
        away=draw(st.frozensets(hubs, max_size=2)),
    )


def broken_in(setup, state):
    unwired = {hub.id for hub in setup.topology.hubs} - setup.gateways
    return Broken(
        fibres=state.dead_fibres(setup) | state.drained,
        hubs=state.away,
        gateways=state.closed | unwired,
    )


def said_by_the_controller(setup, state):
    failures = Failures(links=state.dead_fibres(setup), hubs=state.away, gateways=state.closed)
    known = DesiredState(state.specification(setup), failures, state.drained)
    deployment = stand(known, setup.wiring, 0)
    return [to_plain(one) for one in statuses(deployment, failures)]


def disagreements(name, state):
    setup = load_setup(name)
    expected = expect(state.specification(setup), broken_in(setup, state))
    return list(wrong_statuses(expected, said_by_the_controller(setup, state)))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_oracle_and_controller_agree_on_every_demand(data):
    name = data.draw(names)
    assert disagreements(name, data.draw(worlds(name))) == []


@settings(max_examples=2, deadline=None)
@given(name=names, seed=st.integers(0, 10**6))
def test_they_agree_on_all_worlds_of_a_soak(name, seed):
    for _, state in islice(generate(load_setup(name), seed), 40):
        assert disagreements(name, state) == []


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_they_agree_on_where_packets_may_be(data):
    name = data.draw(names)
    setup, state = load_setup(name), data.draw(worlds(name))
    specification = state.specification(setup)
    assert lawful(specification) == TransitChecker(specification, setup.wiring)._lawful


def test_each_answer_comes_up():
    setup = load_setup("corridor")
    said = {
        (one.status, one.ever)
        for _, state in islice(generate(setup, 1), 60)
        for one in expect(state.specification(setup), broken_in(setup, state)).values()
    }
    assert {("SERVED", True), ("BLOCKED", True), ("BLOCKED", False), ("DOWN", True)} <= said


def test_a_path_that_breaks_a_clause_is_no_path():
    """Two of the three fibres to Bangkok cross what NO-SEA avoids; a licence needs a gateway."""
    setup, state = load_setup("corridor"), State(policies="no-sea")
    open_ = expect(state.specification(setup), broken_in(setup, state))["render"]
    shut = State(policies="no-sea", cut=frozenset({"kunming-vientiane", "kunming-bangkok"}))
    closed = State(policies="no-sea", closed=setup.gateways)
    found = [
        expect(one.specification(setup), broken_in(setup, one))["render"].status
        for one in (shut, closed)
    ]
    assert (open_.status, open_.permit) == ("SERVED", "SOAK-LICENCE")
    assert found == ["BLOCKED", "BLOCKED"]
