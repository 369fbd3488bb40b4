"""From ports to failures, and from failures to how demands are served.

Fibres that flap are held out until they are quiet; others never.
"""

from dataclasses import replace

import pytest

from corridor.controller.openflow import deployments
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.openflow.statuses import statuses, unknown
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.reconcile.failure_detector import (
    HALF_LIFE_NS,
    QUIET_NS,
    FailureDetector,
    FlapSuppressor,
)
from corridor.topologies.model.wiring import GATEWAY_IN_PORT
from reconciler_lab import NO_EXPORT, policies, specification, wiring

NETWORK = wiring()
KNOWN = DesiredState(specification())
FIBRE = next(one for one in NETWORK.fibres if one.fibre == "kunming-karachi")


def of(deployment, failures=NO_FAILURES):
    return {one.demand: one for one in statuses(deployment, failures)}


def stand(known=KNOWN, **failures):
    known = replace(known, failures=Failures(**{k: frozenset(v) for k, v in failures.items()}))
    return deployments.stand(known, NETWORK, 0)


@pytest.mark.parametrize("end", [FIBRE.a, FIBRE.z])
def test_a_fibre_has_failed_while_either_end_is_dead(end):
    seen = FailureDetector(NETWORK)
    dpid = NETWORK.hub(end.hub).dpid
    assert seen.port(dpid, end.port, live=False, now_ns=0)
    assert seen.failures(0).links == {"kunming-karachi"}
    assert not seen.port(dpid, end.port, live=False, now_ns=1)
    assert seen.port(dpid, end.port, live=True, now_ns=2)
    assert seen.failures(2) == NO_FAILURES


def test_a_gateway_has_failed_while_a_port_of_it_is_dead():
    seen = FailureDetector(NETWORK)
    assert seen.port(NETWORK.hub("kunming").dpid, GATEWAY_IN_PORT, live=False, now_ns=0)
    assert seen.failures(0) == Failures(gateways=frozenset({"kunming"}))


def test_the_port_of_a_host_means_nothing():
    seen = FailureDetector(NETWORK)
    assert not seen.port(NETWORK.hub("kunming").dpid, 1, live=False, now_ns=0)


def test_a_hub_that_is_silent_has_failed():
    seen = FailureDetector(NETWORK)
    assert seen.silent("kunming", silent=True, now_ns=0)
    assert seen.failures(0) == Failures(hubs=frozenset({"kunming"}))


def test_all_is_up_while_all_is_well():
    assert {str(one.status) for one in of(stand()).values()} == {"UP"}


def test_a_failure_that_switches_bridge_degrades_until_paths_are_made_anew():
    bridged = of(stand(), Failures(links=frozenset({"kunming-karachi"})))["ckpt"]
    assert (bridged.status, bridged.reason) == ("DEGRADED", "bridged around link:kunming-karachi")
    assert "karachi" in bridged.hubs
    again = of(stand(links={"kunming-karachi"}))["ckpt"]
    assert again.status == "DEGRADED"
    assert again.reason.startswith("no detour around link:")


def test_without_fibres_a_demand_is_down_and_what_would_repair_it_is_told():
    down = of(stand(links={"kunming-karachi", "bangkok-karachi"}))["ckpt"]
    assert down.status == "DOWN"


def test_without_a_gateway_a_demand_that_owes_one_is_blocked_with_clause_and_remedy():
    gateways = {hub.hub for hub in NETWORK.hubs if hub.gateway}
    blocked = of(stand(gateways=gateways))["ckpt"]
    assert (blocked.status, blocked.clause) == ("BLOCKED", "EXPORT waypoints")
    assert blocked.legal_ref == ("CN-24-7b",)
    assert blocked.remedy.startswith("remove clause EXPORT waypoints (opens a path with ")


def test_a_demand_that_is_withdrawn_is_blocked_by_what_refuses_it():
    spec = KNOWN.specification.model_copy(update={"policies": policies(NO_EXPORT)})
    deployment, intents = stand(), spec.intents()
    gone = deployments.no_longer_allowed(deployment, intents)
    withdrawn = of(deployments.withdraw(deployment, gone, intents))["ckpt"]
    assert (withdrawn.status, withdrawn.clause) == ("BLOCKED", "NO-EXPORT deny")


def test_what_is_not_proven_is_unknown():
    assert {(str(one.status), one.reason) for one in unknown(("a", "b"), "why")} == {
        ("UNKNOWN", "why")
    }


def test_a_permit_of_second_choice_is_alternative():
    second = {"id": "SECOND", "effect": "permit", "match": {"class": "foreign"}, "preference": 999}
    first = {
        "id": "FIRST",
        "effect": "permit",
        "match": {"class": "foreign"},
        "hard": {"max_one_way": "1ms"},
        "preference": 1,
    }
    chosen = policies(first, second, without=("FOREIGN",))
    spec = KNOWN.specification.model_copy(update={"policies": chosen, "k": 0})
    served = of(deployments.stand(replace(KNOWN, specification=spec), NETWORK, 0))["ckpt.return"]
    assert (served.status, served.permit) == ("ALT", "SECOND")
    assert served.reason == "FIRST has no path"


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
