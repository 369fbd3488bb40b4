"""Fibres that flap are held out until they are quiet; others never."""

from corridor.controller.reconcile.failure_detector import HALF_LIFE_NS, QUIET_NS, FlapSuppressor

SECOND_NS = 10**9


def flap(damper, times, every_ns, start_ns=0):
    now_ns = start_ns
    for _ in range(times):
        damper.changed("a", now_ns, failed=True)
        damper.changed("a", now_ns + every_ns // 2, failed=False)
        now_ns += every_ns
    return now_ns - every_ns + every_ns // 2


def test_a_fibre_that_fails_twice_is_not_held_out():
    damper = FlapSuppressor()
    last_ns = flap(damper, 2, SECOND_NS)
    assert damper.held(last_ns) == frozenset()
    assert damper.release_ns() is None


def test_the_third_failure_within_seconds_holds_it_out_until_it_has_been_quiet():
    damper = FlapSuppressor()
    last_ns = flap(damper, 3, SECOND_NS)
    assert damper.held(last_ns) == {"a"}
    assert damper.release_ns() == last_ns + QUIET_NS
    assert damper.held(last_ns + QUIET_NS - 1) == {"a"}
    assert damper.held(last_ns + QUIET_NS) == frozenset()


def test_each_change_begins_the_quiet_time_again():
    damper = FlapSuppressor()
    last_ns = flap(damper, 3, SECOND_NS)
    damper.changed("a", last_ns + QUIET_NS // 2, failed=True)
    damper.changed("a", last_ns + QUIET_NS // 2, failed=False)
    assert damper.held(last_ns + QUIET_NS) == {"a"}
    assert damper.release_ns() == last_ns + QUIET_NS // 2 + QUIET_NS


def test_a_fibre_that_fails_now_and_then_is_never_held_out():
    damper = FlapSuppressor()
    last_ns = flap(damper, 20, 2 * HALF_LIFE_NS)
    assert damper.held(last_ns) == frozenset()


def test_its_release_stays_due_until_it_is_let_in_however_often_it_is_asked_for():
    damper = FlapSuppressor()
    last_ns = flap(damper, 3, SECOND_NS)
    assert damper.held(last_ns + 2 * QUIET_NS) == frozenset()
    assert damper.release_ns() == last_ns + QUIET_NS
    damper.let_in(last_ns + QUIET_NS)
    assert damper.release_ns() is None


def test_once_let_in_again_it_starts_without_a_penalty():
    damper = FlapSuppressor()
    last_ns = flap(damper, 3, SECOND_NS)
    assert damper.held(last_ns + QUIET_NS) == frozenset()
    later_ns = flap(damper, 2, SECOND_NS, last_ns + QUIET_NS)
    assert damper.held(later_ns) == frozenset()
