"""Changes of tables under policies: proven, flipped, refused, or undone at any moment."""

import queue
from dataclasses import replace

import pytest

from corridor.controller.forwarding import labels
from corridor.controller.forwarding.program import FIRST_PATH, LAST_PATH
from corridor.controller.openflow import deployments
from corridor.controller.openflow.errors import Refused
from fake_switches import Held, Lab
from lab_views import FIBRE, KNOWN, NETWORK, foreign, status, unnumbered
from reconciler_lab import NO_EXPORT, NO_SEA, policies


def test_nothing_is_withdrawn_for_policies_that_wait_for_a_switch(lab):
    bangkok = NETWORK.hub("bangkok").dpid
    lab.switches.away.add(bangkok)
    lab.do("went_away", dpid=bangkok)
    last = lab.event_log.last
    answer = lab.do("set_policies", policies=policies(NO_EXPORT))
    assert (answer["ok"], answer["kind"]) == (False, "deferred")
    assert [one["event"] for one in lab.event_log.since(last)] == ["deferred"]
    assert status(lab, "ckpt") == "UP"


@pytest.fixture
def without_labels(lab, monkeypatch):
    """Only two direction numbers are free."""
    monkeypatch.setattr(labels, "_PAST_ALL", range(FIRST_PATH + 2, LAST_PATH + 1))


@pytest.mark.usefixtures("without_labels")
@pytest.mark.parametrize(
    ("job", "what"),
    [
        ("set_policies", {"policies": policies(NO_SEA)}),
        ("set_drained", {"fibre": FIBRE, "drained": True}),
    ],
)
def test_a_change_without_free_labels_is_refused_and_all_is_as_before(lab, job, what):
    before = lab.holds()
    answer = lab.do(job, **what)
    assert (answer["ok"], answer["kind"]) == (False, "refused")
    assert answer["reason"].startswith("a direction needs ")
    assert "protect fewer demands, or against fewer failures" in answer["reason"]
    assert not lab.events("error")
    assert lab.holds() == before == lab.stands()
    assert lab.deployer.unproven == ""
    assert not lab.network.known.drained


def test_a_failure_without_free_labels_stays_bridged_and_is_told_of(lab, monkeypatch):
    before = lab.holds()
    with monkeypatch.context() as few:
        few.setattr(labels, "_PAST_ALL", range(FIRST_PATH + 2, LAST_PATH + 1))
        lab.port(FIBRE, live=False)
        lab.run(10)
        (told,) = lab.events("refused")
        assert (told["do"], told["kind"]) == ("follow", "refused")
        assert lab.holds() == before
    assert not lab.events("error")
    lab.port("guian-kunming", live=False)
    lab.run(10)
    assert lab.deployer.deployment.without.links == {FIBRE, "guian-kunming"}


def test_a_start_without_free_labels_says_so_until_there_are(tmp_path, monkeypatch):
    lab = Lab(KNOWN, NETWORK, tmp_path / "state.json")
    with monkeypatch.context() as few:
        few.setattr(labels, "_PAST_ALL", range(FIRST_PATH, LAST_PATH + 1))
        lab.connect()
        lab.run(3)
        assert {one["kind"] for one in lab.events("refused")} == {"refused"}
    assert not lab.events("error")
    lab.run(3)
    assert lab.holds() == lab.stands()


def test_updates_are_proven_exactly_too(lab):
    lab.do("set_policies", policies=policies(NO_SEA))
    claims = {one["claim"]: one["status"] for one in lab.deployer.proof["flipped"]["verdicts"]}
    assert {claims[claim] for claim in ("C9", "C10", "C11", "C12")} == {"proven"}


@pytest.mark.parametrize("policy", [NO_SEA, NO_EXPORT])
def test_other_policies_there_and_back_leave_what_was(lab, policy):
    before = unnumbered(lab)
    answer = lab.do("set_policies", policies=policies(policy))
    assert (answer["ok"], answer["epoch"]) == (True, 1)
    done_ms = answer["update"]["done_ms"]
    assert done_ms["flipped"] - done_ms["beside"] >= 20, "datapaths may know the labels otherwise"
    assert unnumbered(lab) != before
    assert lab.do("set_policies", policies=policies())["ok"]
    assert unnumbered(lab) == before
    assert not any(lab.gateways.labels[hub] for hub in ("bangkok",) if hub in lab.gateways.labels)


def test_gateways_know_both_epochs_before_the_flip_and_one_after(lab):
    old = {hub: set(labels) for hub, labels in lab.gateways.labels.items()}
    at_flip = []

    def note(call, _orders):
        if call == "bundle":
            at_flip.append({hub: set(labels) for hub, labels in lab.gateways.labels.items()})

    lab.switches.before = note
    lab.do("set_policies", policies=policies(NO_SEA))
    new = lab.gateways.labels
    assert at_flip == [{hub: old[hub] | new[hub] for hub in old}]
    assert all(not old[hub] & new[hub] for hub in old)


def test_an_update_that_serves_is_reported_at_once_to_who_waits_for_events(lab):
    def said():
        return [one for one in lab.event_log.since(last) if one["event"] in ("flipped", "update")]

    def note(call, _orders):
        done.append((call, [one["event"] for one in said()]))

    done = []
    lab.do("set_policies", policies=policies(NO_EXPORT))
    assert not lab.events("flipped")
    lab.do("set_policies", policies=policies())
    last = lab.event_log.last
    lab.event_log.bells.add(queue.Queue())
    lab.switches.before = note
    lab.do("set_policies", policies=policies(NO_SEA))
    flip = [call for call, _ in done].index("bundle")
    assert {tuple(heard) for _, heard in done[: flip + 1]} == {()}
    assert {tuple(heard) for _, heard in done[flip + 1 :]} == {("flipped",)}
    flipped, update = said()
    assert list(flipped["done_ms"]) == ["compiled and proven", "beside", "proven", "flipped"]
    assert (flipped["why"], flipped["epoch"]) == (update["why"], update["epoch"])
    assert flipped["done_ms"].items() <= update["done_ms"].items()
    assert lab.deployer.proof["of"] == flipped["why"]


def test_the_new_state_is_shown_while_old_entries_are_still_removed(lab):
    def shown():
        kinds = [one["event"] for one in lab.event_log.since(last)]
        state = lab.network.state
        drained, policies_shown = sorted(lab.network.known.drained), state["policies"]
        return kinds, drained, policies_shown, state["epoch"], dict(lab.event_log.statuses)

    seen = []
    lab.event_log.bells.add(queue.Queue())
    last = lab.event_log.last
    before = shown()
    lab.switches.before = lambda call, _orders: seen.append((call, shown()))
    lab.do("set_drained", fibre=FIBRE, drained=True)
    flip = [call for call, _ in seen].index("bundle")
    assert [one for _, one in seen[: flip + 1]] == [before] * (flip + 1)
    kinds, drained, *rest = seen[flip + 1][1]
    assert (kinds[0], set(kinds[1:])) == ("flipped", {"status"})
    assert drained == [FIBRE]
    assert (drained, *rest) == shown()[1:]
    assert shown()[0] == [*kinds, "update"]
    (flipped,) = lab.events("flipped")
    assert (flipped["policies"], flipped["as_of"]) == (before[2], lab.network.state["as_of"])


def test_what_would_break_a_claim_is_refused_with_a_counterexample(lab, monkeypatch):
    before, calls = lab.holds(), len(lab.switches.done)
    following = deployments.following

    def wrong(deployment, known, network):
        """As if the compiler took no notice of the new policies."""
        new = following(deployment, known, network)
        return replace(new, compiled=deployment.compiled)

    monkeypatch.setattr(deployments, "following", wrong)
    answer = lab.do("set_policies", policies=policies(NO_EXPORT))
    assert not answer["ok"]
    assert "C1" in answer["reason"]
    assert answer["counterexamples"][0]["packet"]
    assert (lab.holds(), len(lab.switches.done)) == (before, calls)
    assert lab.network.known.specification.policies == policies()


@pytest.mark.parametrize("moment", range(1, 7))
def test_a_switch_lost_at_any_moment_of_an_update_leaves_a_standing_that_is_proven(lab, moment):
    """Whichever call it is lost at, what stands is held by all who are there, once it is back."""
    left = [moment]

    def lose(_call, orders):
        left[0] -= 1
        if left[0] == 0:
            lab.lose("kunming")

    lab.switches.before = lose
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    lab.switches.before = lambda _call, _orders: None
    lab.connect("kunming")
    lab.run(5)
    assert lab.holds() == lab.stands()
    assert lab.deployer.unproven == ""
    assert answer["ok"] == (lab.network.known.specification.policies == policies(NO_SEA))


def test_a_switch_that_does_not_answer_is_hung_up_on_and_the_update_undone(lab):
    before = lab.holds()
    silent = NETWORK.hub("karachi").dpid
    lab.switches.silent = {silent}
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    assert not answer["ok"]
    assert lab.switches.hung_up == [silent]
    lab.switches.silent = set()
    lab.do("ask_audit")
    assert lab.holds() == before == lab.stands()


def test_a_dump_that_shows_something_else_stops_an_update(lab):
    before = lab.holds()
    dpid = NETWORK.hub("guian").dpid

    def tamper(call, _orders):
        if call == "dump":
            lab.switches.held[dpid].flows[foreign().key] = foreign()
            lab.switches.before = lambda _call, _orders: None

    lab.switches.before = tamper
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    assert not answer["ok"]
    assert "C0" in answer["reason"]
    lab.do("ask_audit")
    assert lab.holds() == before


@pytest.mark.parametrize("loses_tables", [True, False])
def test_a_switch_that_connects_again_before_the_flip_is_read_again(lab, loses_tables):
    dpid = NETWORK.hub("bangkok").dpid

    def connect_again(step):
        if step == "proven":
            lab.switches.connections[dpid] += 1
            if loses_tables:
                lab.switches.held[dpid] = Held()

    lab.deployer.updater.during = connect_again
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    assert answer["ok"] != loses_tables
    lab.do("ask_audit")
    assert lab.holds() == lab.stands()
    assert (lab.network.known.specification.policies == policies(NO_SEA)) != loses_tables


@pytest.mark.parametrize("hub", ["kunming", "bangkok"])
def test_an_update_is_undone_where_a_switch_is_away_at_the_flip(lab, hub):
    """No edge of kunming flips in this update, so the flip itself would not miss its switch."""
    before, dpid = lab.stands(), NETWORK.hub(hub).dpid

    def went_away(step):
        if step == "proven":
            lab.switches.away.add(dpid)

    lab.deployer.updater.during = went_away
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    assert (answer["ok"], answer["reason"]) == (False, f"{hub} went away before the flip")
    assert not any(call == "bundle" for call, _ in lab.switches.done[-4:])
    lab.deployer.updater.during = lambda _step: None
    lab.connect(hub)
    lab.do("ask_audit")
    assert lab.holds() == before == lab.stands()


def test_a_loss_that_is_noticed_only_while_the_controller_waits_undoes_an_update(lab):
    """A long proof lets no other thread of the controller run, and spends the time to settle."""
    before, dpid, proven = lab.stands(), NETWORK.hub("kunming").dpid, []

    def long_proof(step):
        if step == "proven":
            lab.now_ns += 10**9
            proven.append(step)

    def sleep(seconds):
        lab.sleep(seconds)
        if proven and seconds > 0:
            lab.switches.away.add(dpid)

    lab.deployer.updater.during = long_proof
    lab.deployer.updater.interfaces = replace(lab.deployer.interfaces, sleep=sleep)
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    assert (answer["ok"], answer["reason"]) == (False, "kunming went away before the flip")
    lab.deployer.updater.interfaces = lab.deployer.interfaces
    lab.connect("kunming")
    lab.do("ask_audit")
    assert lab.holds() == before == lab.stands()


@pytest.mark.parametrize(("times", "ok"), [(3, True), (4, False)])
def test_a_switch_that_connects_while_it_is_read_again_is_read_once_more(lab, times, ok):
    """Only so often, though: then the update is undone."""
    dpid, left = NETWORK.hub("bangkok").dpid, [times]

    def connect_again(call, _orders):
        if call == "dump" and left[0]:
            left[0] -= 1
            lab.switches.connections[dpid] += 1

    lab.switches.before = connect_again
    lab.switches.done.clear()
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    reads = [call for call, _ in lab.switches.done if call in ("dump", "bundle")]
    assert answer["ok"] == ok
    assert reads[:4] == ["dump"] * 4, "once, and again after each connection"
    lab.do("ask_audit")
    assert lab.holds() == lab.stands()


def test_what_takes_time_after_an_update_comes_after_the_state_file(lab, monkeypatch):
    done, keep = [], lab.deployer.store.keep
    kept = lambda *what: done.append("kept") or keep(*what)  # noqa: E731
    monkeypatch.setattr(lab.deployer.store, "keep", kept)
    lab.deployer.settled = lambda: done.append("settled")
    assert lab.do("set_policies", policies=policies(NO_SEA))["ok"]
    assert done.count("settled") == 1
    assert done[-2:] == ["kept", "settled"]


def test_without_anybody_to_tell_gateways_nothing_is_flipped(lab):
    before = lab.holds()
    lab.gateways.gone = True
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    assert (answer["ok"], "nobody there" in answer["reason"]) == (False, True)
    assert lab.holds() == before


def test_a_switch_that_refuses_is_told_of(lab):
    def refuse(call, _orders):
        if call == "bundle":
            raise Refused("switch 2 refuses: type 5 code 1")

    lab.switches.before = refuse
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    assert "switch 2 refuses" in answer["reason"]
    lab.switches.before = lambda _call, _orders: None
    lab.do("ask_audit")
    assert lab.holds() == lab.stands()
