"""Guaranteed rates while fibres fail and are drained: what is refused, and what is done."""

import pytest

from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.policy.model import Bandwidth, PolicySet
from fake_switches import Lab
from lab_views import KNOWN, NETWORK, ask
from reconciler_lab import CLASSES, PERMITS

PROMISED = ("train.return", "ckpt")


def bare_policies(*more):
    """Permits that ask for no protection, so that less is left for rates to fit."""
    permits = [{key: one[key] for key in one if key != "soft"} for one in PERMITS]
    said = {"name": "bare", "classes": CLASSES, "policies": [*permits, *more]}
    return PolicySet.model_validate(said)


@pytest.fixture
def promising_lab():
    """Two demands with guaranteed rates, which only the failure or drain of a fibre joins."""
    rate = Bandwidth(cir="60Mbit")
    directions = tuple(
        one.model_copy(update={"bandwidth": rate}) if one.demand.id in PROMISED else one
        for one in KNOWN.specification.directions
    )
    changes = {"directions": directions, "policies": bare_policies(), "k": 0}
    made = Lab(DesiredState(KNOWN.specification.model_copy(update=changes)), NETWORK)
    made.connect()
    made.run(0.5)
    return made


def test_a_drain_that_leaves_no_room_for_guaranteed_rates_is_refused_with_what_would_help(
    promising_lab,
):
    before = promising_lab.holds()
    answer = ask(promising_lab, do="drain", fibre="shanghai-guian")
    assert not answer["ok"]
    assert "C12" in answer["reason"]
    (shown,) = answer["counterexamples"]
    assert "120Mbit do not fit fibre guian-kunming from guian (96Mbit)" in shown["verdict"]
    assert "lower ckpt from 60Mbit to 36Mbit" in shown["verdict"]
    assert promising_lab.holds() == before
    assert ask(promising_lab, do="drain", fibre="kunming-bangkok")["ok"]


def test_a_fibre_is_restored_whatever_becomes_of_rates(promising_lab):
    ask(promising_lab, do="drain", fibre="kunming-bangkok")
    promising_lab.port("shanghai-guian", live=False)
    promising_lab.run(0.5)
    assert ask(promising_lab, do="restore", fibre="kunming-bangkok")["ok"]


def test_nothing_is_withdrawn_for_policies_that_are_refused(promising_lab):
    """By kunming, home and abroad would not fit together, and render would be denied."""
    by_kunming = {"waypoints": [{"any_of": {"hubs": ["kunming"]}}]}
    detour = {"id": "DETOUR", "effect": "restrict", "match": {"class": "home"}, "hard": by_kunming}
    to_bangkok = {"class": "export", "dst": {"hubs": ["bangkok"]}}
    denied = {"id": "NO-RENDER", "effect": "deny", "match": to_bangkok}
    before = promising_lab.holds()
    last = promising_lab.event_log.last
    answer = promising_lab.do("set_policies", policies=bare_policies(detour, denied))
    assert (answer["ok"], answer["kind"]) == (False, "refused")
    assert "C12" in answer["reason"]
    assert [one["event"] for one in promising_lab.event_log.since(last)] == ["refused"]
    assert promising_lab.holds() == before


def test_a_failure_that_leaves_no_room_for_guaranteed_rates_is_gone_around_all_the_same(
    promising_lab,
):
    promising_lab.port("shanghai-guian", live=False)
    promising_lab.run(0.5)
    assert promising_lab.deployer.deployment.without.links == {"shanghai-guian"}
    promising_lab.port("shanghai-guian", live=True)
    promising_lab.run(0.5)
    assert promising_lab.deployer.deployment.without.links == frozenset()
