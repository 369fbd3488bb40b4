"""Random events of soaks: the same for the same seed, and each makes sense in its network."""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.soak import events as e
from tests.soak.generator import LONGEST_BROKEN, MOST_BROKEN, MOST_DRAINED, WEIGHTS, generate
from tests.soak.setup import TOPOLOGIES, load_setup
from tests.soak.state import State

COUNT = 120
seeds = st.integers(0, 10**6)
names = st.sampled_from(sorted(TOPOLOGIES))


def made(name, seed, count=COUNT):
    return list(islice(generate(load_setup(name), seed), count))


@settings(max_examples=20, deadline=None)
@given(name=names, seed=seeds)
def test_the_same_seed_gives_the_same_events(name, seed):
    assert made(name, seed) == made(name, seed)


@settings(max_examples=20, deadline=None)
@given(name=names, seed=seeds)
def test_other_seeds_give_other_events(name, seed):
    assert made(name, seed) != made(name, seed + 1)


@settings(max_examples=40, deadline=None)
@given(name=names, seed=seeds)
def test_worlds_follow_from_their_events_and_are_never_broken_beyond_hope(name, seed):
    setup, state = load_setup(name), State()
    fibres = {one.id for one in setup.topology.fibres}
    hubs = {one.id for one in setup.topology.hubs}
    for event, after in made(name, seed):
        assert after == event.after(state)
        assert after.broken <= MOST_BROKEN
        assert len(after.drained) <= MOST_DRAINED
        assert after.cut | after.silent | after.drained <= fibres
        assert not after.cut & after.silent
        assert after.dark | after.away <= hubs
        assert not after.dark & after.away
        assert after.closed <= setup.gateways
        assert after.policies in setup.sets
        state = after


@settings(max_examples=40, deadline=None)
@given(name=names, seed=seeds)
def test_what_is_broken_was_whole_and_what_is_repaired_was_broken(name, seed):
    setup, state = load_setup(name), State()
    for event, after in made(name, seed):
        dead = state.dead_fibres(setup)
        match event:
            case e.Cut():
                assert dead.isdisjoint(event.fibres)
            case e.CutSilently() | e.Flap():
                assert event.fibre not in dead
            case e.Repair():
                assert event.fibre in state.cut | state.silent
            case e.KillGateway():
                assert event.hub not in state.closed
            case e.StartGateway():
                assert event.hub in state.closed
            case e.Connect():
                assert event.hub in state.away
            case e.Disconnect() | e.Blink() | e.Tamper():
                assert event.hub not in state.away
            case e.SetPolicies():
                assert event.name != state.policies
            case e.Restore():
                assert event.fibre in state.drained
        state = after


@settings(max_examples=40, deadline=None)
@given(name=names, seed=seeds)
def test_every_so_often_all_is_repaired(name, seed):
    since = 0
    for event, after in made(name, seed):
        since = 0 if isinstance(event, e.RepairAll) else since + 1
        assert since <= LONGEST_BROKEN
        if isinstance(event, e.RepairAll):
            assert (after.broken, after.drained) == (0, frozenset())


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_every_kind_of_event_comes_up(name):
    kinds = {event.kind for event, _ in made(name, 1, 1500)}
    assert len(kinds) == len(WEIGHTS) - 1  # Cut is both of one fibre and of a group
    steps = {event.step for event, _ in made(name, 1, 1500) if event.kind == "KillControllerDuring"}
    assert set(e.STEPS) < steps
    manners = {event.how for event, _ in made(name, 1, 1500) if isinstance(event, e.Tamper)}
    assert manners == set(e.TAMPERINGS)
