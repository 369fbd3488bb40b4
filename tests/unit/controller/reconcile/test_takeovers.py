"""What a controller that starts again makes of what switches hold and of what was remembered."""

import contextlib
import json
from dataclasses import replace
from datetime import date

import pytest

from corridor.controller.forwarding.program import FastFailover, Flow, Table
from corridor.controller.forwarding.two_phase_plan import EDGE
from corridor.controller.openflow import deployments
from fake_switches import Lab
from lab_views import FIBRE, KNOWN, NETWORK, foreign
from reconciler_lab import NO_EXPORT, NO_SEA, policies

EXPORTS = {"ckpt", "render"}


def restart(lab):
    """The result of the takeover, and all messages to switches."""
    lab.switches.done.clear()
    lab.start(KNOWN)
    lab.connect()
    lab.run(3)
    return lab.events("taken over", "installed")[-1]


def statuses(lab):
    return {demand: str(one.status) for demand, one in lab.event_log.statuses.items()}


def die_at(lab, moment, *job, **what):
    """Carry out a job, and die at one of its calls to switches, counted from 1."""
    left = [moment]

    def die(_call, _orders):
        left[0] -= 1
        if left[0] <= 0:
            raise KeyboardInterrupt

    lab.switches.before = die
    with contextlib.suppress(KeyboardInterrupt):
        lab.do(*job, **what)
    lab.switches.before = lambda _call, _orders: None


@pytest.mark.parametrize("moment", range(1, 10))
@pytest.mark.parametrize(
    "job",
    [
        ("set_day", {"as_of": date(2027, 7, 1)}),
        ("set_policies", {"policies": policies(NO_EXPORT)}),
    ],
    ids=lambda job: job[0],
)
def test_what_was_being_withdrawn_stays_so_and_others_are_served_all_along(lab, job, moment):
    name, what = job
    lab.do("set_policies", policies=policies(NO_SEA))
    before = lab.holds()
    die_at(lab, moment, name, **what)
    taken = restart(lab)
    assert taken["event"] == "taken over"
    assert {demand for demand, status in statuses(lab).items() if status == "BLOCKED"} == EXPORTS
    assert lab.holds() == lab.stands() != before
    assert lab.deployer.unproven == ""


def test_a_day_that_has_to_wait_for_a_switch_is_not_forgotten(lab):
    lab.lose("bangkok")
    assert "deferred" in lab.do("set_day", as_of=date(2027, 7, 1))["reason"]
    restart(lab)
    assert lab.network.known.specification.as_of == date(2027, 7, 1)
    assert statuses(lab)["ckpt"] == "BLOCKED"


def test_a_refused_change_of_policies_is_not_remembered(lab):
    """Its demands had been withdrawn, and are served again."""

    def away(call, read):
        if call == "dump":
            lab.switches.before = lambda _call, _orders: None
            lab.lose(next(hub.hub for hub in NETWORK.hubs if hub.dpid in read))

    lab.switches.before = away
    assert not lab.do("set_policies", policies=policies(NO_EXPORT))["ok"]
    restart(lab)
    assert lab.network.known.specification.policies == policies()
    assert set(statuses(lab).values()) == {"UP"}


def changed(part, **changes):
    def change(said):
        said[part].update(changes)
        return json.dumps(said).encode()

    return change


RUBBISH = {
    "nothing": lambda said: b"",
    "half of it": lambda said: json.dumps(said).encode()[:900],
    "bytes": lambda said: b"\xff\x00\xfe",
    "a list": lambda said: b"[]",
    "brackets": lambda said: b"[" * 100_000,
    "another schema": lambda said: json.dumps({**said, "schema": 1}).encode(),
    "no deployment": lambda said: json.dumps({**said, "stands": None}).encode(),
    "a third epoch": changed("stands", epoch=7),
    "an endless epoch": changed("stands", epoch=float("inf")),
    "seats of too few": changed("stands", seats=[[0, 16]]),
    "a seat without labels": changed("stands", seats=[[0, 15]] * 6),
    "a fibre of nowhere": changed("wanted", drained=["nowhere"]),
    "a hub of nowhere": changed("stands", failures={"hubs": ["nowhere"]}),
    "a text for a list": changed("stands", drained="kunming-karachi"),
}


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_a_state_file_that_cannot_be_relied_on_is_told_of_and_not_used(lab, rubbish):
    lab.do("set_policies", policies=policies(NO_SEA))
    lab.path.write_bytes(RUBBISH[rubbish](json.loads(lab.path.read_text())))
    restart(lab)
    (told,) = lab.events("forgotten")
    assert str(lab.path) in told["reason"]
    assert not lab.events("error")
    assert lab.network.known == KNOWN
    assert lab.holds() == lab.stands()
    assert lab.deployer.unproven == ""


def of_schema_2(lab):
    """As written by a version whose directions had no separate seats."""
    said = json.loads(lab.path.read_text())
    for part in ("stands", "next"):
        if said[part]:
            del said[part]["seats"]
    lab.path.write_text(json.dumps({**said, "schema": 2}))


def test_what_was_set_at_run_time_survives_a_state_file_of_schema_2(lab):
    lab.do("set_policies", policies=policies(NO_EXPORT))
    lab.do("set_drained", fibre="kunming-karachi", drained=True)
    wanted = lab.network.known
    of_schema_2(lab)
    restart(lab)
    assert not lab.events("forgotten")
    assert lab.network.known == wanted
    assert {demand for demand, status in statuses(lab).items() if status == "BLOCKED"} == EXPORTS
    assert lab.holds() == lab.stands()
    assert json.loads(lab.path.read_text())["schema"] == 3


def test_a_deny_of_schema_2_is_in_the_tables_that_replace_those_of_its_version(lab):
    lab.do("set_policies", policies=policies(NO_EXPORT))
    of_schema_2(lab)
    broken_core(lab)
    assert restart(lab)["event"] == "installed"
    assert {demand for demand, status in statuses(lab).items() if status == "BLOCKED"} == EXPORTS


def test_the_state_file_holds_all_that_was_set(lab):
    lab.do("set_policies", policies=policies(NO_SEA))
    lab.do("set_day", as_of=date(2026, 12, 24))
    lab.do("set_drained", fibre="kunming-karachi", drained=True)
    recalled = lab.deployer.store.recall()
    assert recalled.wanted == lab.network.known
    assert recalled.stands.known == lab.deployer.deployment.known
    assert recalled.next is None


def broken_core(lab, hub="guian"):
    """An unused foreign entry, and a missing entry of ours."""
    held = lab.switches.held[NETWORK.hub(hub).dpid]
    del held.flows[next(key for key, one in held.flows.items() if one.table == Table.SWITCH)]
    stranger = Flow(Table.SWITCH, 500, (("in_port", 3),), (), None, 0x1234)
    held.flows[stranger.key] = stranger


def test_over_a_core_that_is_not_whole_nothing_is_admitted_until_it_is(lab):
    """Labels of what was held may mean something else in what is installed."""
    broken_core(lab)
    admitting = []

    def note(call, orders):
        if call == "tell" and any(orders.values()):
            edges = [one for held in lab.holds().values() for one in held if one.table in EDGE]
            admitting.append(edges)

    lab.switches.before = note
    taken = restart(lab)
    assert taken["event"] == "installed"
    assert admitting
    assert not any(admitting)
    assert lab.holds() == lab.stands()


def test_strangers_are_told_of_whichever_path_a_network_is_taken(lab):
    broken_core(lab)
    taken = restart(lab)
    assert (taken["event"], list(taken["foreign"]), taken["missing"]) == (
        "installed",
        ["guian"],
        {"guian": 1},
    )
    assert lab.network.state["foreign"] == 1


def test_a_bucket_that_was_turned_is_found(lab):
    dpid, group = next(
        (dpid, one)
        for dpid, held in lab.switches.held.items()
        for one in held.groups.values()
        if len(one.buckets) > 1
    )
    turned = FastFailover(group.id, tuple(reversed(group.buckets)))
    lab.switches.held[dpid].groups[group.id] = turned
    assert restart(lab)["event"] == "installed"
    assert lab.switches.held[dpid].groups[group.id] == group


def test_until_something_stands_every_demand_is_unknown(lab):
    lab.start(KNOWN)
    lab.connect("guian")
    assert set(statuses(lab).values()) == {"UNKNOWN"}


def test_what_cannot_be_proven_is_not_taken_over_and_not_served(lab, monkeypatch):
    """As if the prover failed: complete tables, and no proof of them."""
    proof_of = deployments.proof_of

    def unproven(*arguments):
        proof = proof_of(*arguments)
        broken = replace(proof.verdicts[0], status="violated")
        return replace(proof, verdicts=(broken, *proof.verdicts[1:]))

    monkeypatch.setattr(deployments, "proof_of", unproven)
    lab.start(KNOWN)
    lab.connect()
    lab.run(3)
    assert lab.deployer.deployment is None
    assert set(statuses(lab).values()) == {"UNKNOWN"}
    assert not [one for held in lab.holds().values() for one in held if one.table in EDGE]
    monkeypatch.setattr(deployments, "proof_of", proof_of)
    lab.run(5)
    assert set(statuses(lab).values()) == {"UP"}
    assert lab.holds() == lab.stands()


def test_a_prover_that_breaks_leaves_everything_as_it_is_and_unknown(lab, monkeypatch):
    before = lab.holds()
    monkeypatch.setattr(deployments, "proof_of", lambda *_: 1 / 0)
    lab.start(KNOWN)
    lab.connect()
    lab.run(3)
    assert lab.events("error")
    assert lab.deployer.deployment is None
    assert set(statuses(lab).values()) == {"UNKNOWN"}
    assert lab.holds() == before


def test_a_start_does_not_wait_for_ports_once_all_are_live(tmp_path):
    lab = Lab(KNOWN, NETWORK, tmp_path / "state.json")
    far = NETWORK.fibres[0].a
    dpid = NETWORK.hub(far.hub).dpid
    for hub in NETWORK.hubs:
        ports = {far.port: False} if hub.dpid == dpid else {}
        lab.do("came_back", dpid=hub.dpid, ports=ports)
    lab.run(1)
    assert lab.switches.done == []
    lab.do("port", dpid=dpid, port=far.port, live=True)
    lab.run(0.1)
    assert lab.holds() == lab.stands()


def test_a_controller_that_starts_again_touches_nothing(lab):
    lab.do("set_policies", policies=policies(NO_SEA))
    lab.do("set_drained", fibre=FIBRE, drained=True)
    before = lab.holds()
    lab.start(KNOWN)
    lab.switches.done.clear()
    lab.connect()
    lab.run(0.5)
    assert lab.holds() == before == lab.stands()
    assert {call for call, _ in lab.switches.done} == {"dump"}
    assert lab.network.known.drained == {FIBRE}
    assert lab.network.known.specification.policies == policies(NO_SEA)
    assert lab.events("taken over")[-1]["was"] == "whole"


def test_seats_of_directions_are_found_again_without_the_state_file(lab):
    """Of two epochs: those that were dropped in between have moved, and others have not."""
    lab.do("set_policies", policies=policies(NO_EXPORT))
    lab.do("set_policies", policies=policies())
    before, seats = lab.holds(), lab.deployer.deployment.compiled.seats
    assert {one.epoch for one in seats} == {0, 1}
    lab.path.unlink()
    taken = restart(lab)
    assert (taken["event"], taken["was"]) == ("taken over", "whole")
    assert lab.deployer.deployment.compiled.seats == seats
    assert lab.holds() == before == lab.stands()
    assert {call for call, _ in lab.switches.done} == {"dump"}


@pytest.mark.parametrize("is_moved", [False, True], ids=["of the first seats", "of others"])
@pytest.mark.parametrize("hub", [hub.hub for hub in NETWORK.hubs])
def test_seats_of_directions_from_a_dead_hub_are_found_at_other_hubs(lab, hub, is_moved):
    """Its edges are not read, and the state file is lost."""
    if is_moved:
        lab.do("set_policies", policies=policies(NO_EXPORT))
        lab.do("set_policies", policies=policies())
    seats = lab.deployer.deployment.compiled.seats
    lab.path.unlink()
    lab.start(KNOWN)
    dead = NETWORK.hub(hub).dpid
    lab.switches.away = {dead}
    before = lab.holds()
    at_boot = []
    lab.switches.before = lambda call, _orders: at_boot.append((call, lab.holds()))
    for other in NETWORK.hubs:
        ends = [(wire.a, wire.z) for wire in NETWORK.fibres]
        pairs = [*ends, *((far, near) for near, far in ends)]
        ports = {one.port: False for one, far in pairs if (one.hub, far.hub) == (other.hub, hub)}
        if other.hub != hub:
            lab.do("came_back", dpid=other.dpid, ports=ports)
    lab.run(60.05)
    (taken,) = lab.events("taken over")
    assert taken["was"] == "whole"
    assert lab.deployer.deployment.compiled.seats == seats
    assert all(held == before for _, held in at_boot)
    assert not lab.events("installed")[1:]


@pytest.mark.parametrize("demand", sorted(EXPORTS))
def test_one_entry_that_pushes_a_label_is_added_again_without_the_state_file(lab, demand):
    lab.do("set_policies", policies=policies(NO_EXPORT))
    lab.do("set_policies", policies=policies())
    stood = lab.holds()
    number = [one.id for one in lab.deployer.deployment.intents].index(demand) + 1
    for held in lab.switches.held.values():
        pushes = [one for one in held.flows.values() if one.table == Table.LABEL and one.actions]
        for one in pushes:
            if one.policy == number:
                del held.flows[one.key]
    assert lab.holds() != stood
    lab.path.unlink()
    taken = restart(lab)
    assert (taken["event"], taken["was"]) == ("taken over", "edges")
    assert lab.holds() == stood


@pytest.mark.parametrize("moment", range(1, 11))
def test_a_controller_killed_at_any_moment_of_an_update_finishes_or_undoes_it(lab, moment):
    """Packets in flight when their edge was flipped arrive before their entries are removed."""
    left = [moment]
    old = lab.holds()
    drain_ns = lab.deployer.drain_s(lab.deployer.deployment) * 1e9
    flipped_ns, removed_ns = [], []

    def note(call, orders):
        told = [one for some in orders.values() if call != "dump" for one in some]
        if call == "bundle":
            flipped_ns.append(lab.now_ns)
        if call == "tell" and any(one.do == "remove" for one in told) and flipped_ns:
            removed_ns.append(lab.now_ns)

    def die(call, orders):
        left[0] -= 1
        if left[0] <= 0:
            raise KeyboardInterrupt
        note(call, orders)

    def sleep(seconds):
        die("sleep", {})
        lab.sleep(seconds)

    lab.deployer.updater.interfaces = replace(lab.deployer.interfaces, sleep=sleep)
    lab.switches.before = die
    with contextlib.suppress(KeyboardInterrupt):
        lab.do("set_policies", policies=policies(NO_SEA))
    lab.switches.before = note
    lab.start(KNOWN)
    lab.connect()
    lab.run(1)
    lab.switches.before = lambda _call, _orders: None
    if removed_ns:
        assert removed_ns[0] - flipped_ns[-1] >= drain_ns
    assert lab.holds() == lab.stands()
    assert lab.deployer.unproven == ""
    assert (lab.holds() == old) == (lab.network.known.specification.policies == policies())
    assert not lab.events("installed")[1:], "it was ours, and has been thrown away"


def test_tables_of_somebody_else_are_replaced(lab):
    for held in lab.switches.held.values():
        for key in list(held.flows)[::2]:
            del held.flows[key]
        held.flows[foreign().key] = foreign()
    lab.start(KNOWN)
    lab.path.unlink()
    lab.connect()
    lab.run(1)
    assert lab.holds() == lab.stands()
    assert len(lab.events("installed")) == 2
