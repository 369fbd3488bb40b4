"""BFD is asked for its quick interval three seconds before a fault, three times."""

from corridor.experiments.plan.timeline import _merged, quickened
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model.fault_kind import QUICKEN_NS


def test_a_later_fault_has_its_interval_asked_for_three_times():
    asked = [(one.at_ns, one.do, one.what) for one in quickened(7 * NS_PER_S, "a")]
    assert asked == [(at * NS_PER_S, "quicken", "a") for at in (7, 8, 9)]
    assert asked[-1][0] < 7 * NS_PER_S + QUICKEN_NS


def test_a_fault_soon_after_the_epoch_has_it_from_the_epoch_on():
    assert [one.at_ns for one in quickened(-NS_PER_S, "a")] == [0]


def test_a_fibre_that_is_soon_hit_again_stays_quick():
    first, soon = (0, 10 * NS_PER_S), (12 * NS_PER_S, 20 * NS_PER_S)
    later = (24 * NS_PER_S, 30 * NS_PER_S)
    assert list(_merged([first, soon, later])) == [(0, 20 * NS_PER_S), later]
