"""An installation is complete when every switch holds its tables and every link has been seen."""

import pytest

from corridor.controller.forwarding.program import Program, SwitchProgram, WiredLink
from corridor.controller.openflow.installation import Installation
from corridor.controller.openflow.wiring_check import check_wiring

THERE, BACK = WiredLink(1, 2, 2, 2), WiredLink(2, 2, 1, 2)
CROSSED = WiredLink(1, 3, 2, 2)


@pytest.fixture
def installation():
    switches = (SwitchProgram("east", 1, ()), SwitchProgram("west", 2, ()))
    return Installation(Program(switches, (THERE, BACK)))


def finish(installation):
    installation.installed |= {1, 2}
    installation.saw_link(THERE)
    installation.saw_link(BACK)


def test_it_is_complete_once_all_switches_and_both_directions_are_there(installation):
    for step in (
        lambda: installation.installed.add(1),
        lambda: installation.saw_link(THERE),
        lambda: installation.installed.add(2),
    ):
        step()
        assert not installation.is_complete
    installation.saw_link(BACK)
    assert installation.is_complete


def test_one_direction_does_not_prove_the_other(installation):
    installation.installed |= {1, 2}
    installation.saw_link(THERE)
    assert installation.missing_links == {BACK}
    assert not installation.is_complete


def test_a_switch_that_went_away_must_be_installed_again(installation):
    finish(installation)
    installation.lost_switch(2)
    assert installation.missing_switches == {2}
    assert not installation.is_complete
    installation.installed.add(2)
    assert installation.is_complete


def test_losing_a_switch_that_was_never_there_is_no_harm(installation):
    installation.lost_switch(77)
    assert installation.missing_switches == {1, 2}


def test_a_link_nobody_declared_spoils_it_for_good(installation):
    finish(installation)
    assert installation.saw_link(CROSSED) is False
    assert not installation.is_complete
    installation.saw_link(THERE)
    assert not installation.is_complete


def test_the_report_counts_and_names_what_is_missing_and_what_is_wrong(installation):
    installation.installed.add(2)
    installation.saw_link(BACK)
    installation.saw_link(CROSSED)
    assert installation.report() == {
        "complete": False,
        "switches": 2,
        "installed": 1,
        "links": 2,
        "links_seen": 1,
        "missing_switches": [1],
        "missing_links": ["switch 1 port 2 -> switch 2 port 2"],
        "wrong_links": ["switch 1 port 3 -> switch 2 port 2"],
    }


def test_a_domain_waits_for_links_that_come_in_and_lets_its_neighbour_see_its_own():
    """Each of two controllers has one switch; both links are between the two."""
    east, west = (
        Installation(Program((SwitchProgram(hub, dpid, ()),), (THERE, BACK)))
        for hub, dpid in (("east", 1), ("west", 2))
    )
    assert (east.missing_links, east.outgoing) == ({BACK}, (THERE,))
    east.installed.add(1)
    sent = []

    def neighbour_comes(_s):
        """The other one is ready only now, and has not seen what was sent before."""
        west.installed.add(2)
        check_wiring(west, lambda links: [east.saw_link(one) for one in links], east_answers)

    def east_answers(_s):
        west.saw_link(THERE)

    check_wiring(east, lambda links: sent.append([*links]), neighbour_comes)
    assert sent == [[THERE, BACK], [THERE]]
    assert east.is_complete
    assert west.is_complete
