"""What a rollout that broke off may have left is taken away before the next begins."""

from types import SimpleNamespace

from corridor.controller.reconcile.rollouts import Rollouts


def network(*, left_over, told=frozenset({1, 2})):
    audits = []
    deployer = SimpleNamespace(audit=lambda *given: audits.append(given))
    return SimpleNamespace(left_over=left_over, told=told, deployer=deployer), audits


def test_what_may_be_left_is_looked_for_once():
    state, audits = network(left_over=True)
    Rollouts(state).tidy_up()
    Rollouts(state).tidy_up()
    assert audits == [(frozenset({1, 2}), "left over")]
    assert not state.left_over


def test_nobody_is_asked_where_nothing_is_left():
    state, audits = network(left_over=False)
    Rollouts(state).tidy_up()
    assert audits == []


def test_it_stays_to_be_done_while_no_switch_is_there():
    state, audits = network(left_over=True, told=frozenset())
    Rollouts(state).tidy_up()
    assert audits == []
    assert state.left_over
