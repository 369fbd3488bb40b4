"""A network kept to its policies while it changes: in a guest, virtual clock, judged by the watch.

Traffic of every demand runs through each scene. Whatever happens, nothing may be on a fibre that
its policies forbid; and what is allowed before and after a change must not be lost by it.
"""

import json

import pytest

from corridor.controller.reconcile.two_phase_rollout import SETTLE_NS
from corridor.experiments.account.run_files import ControllerEvents
from corridor.experiments.live_network.setting import Setting
from corridor_runs import seen_inside
from reconciler_lab import NO_EXPORT, NO_SEA, policies, specification, wiring

pytestmark = [pytest.mark.guest, pytest.mark.timeout(400)]
CHANGES = (
    "calm",
    "a_runner_listening",
    "policies_there_and_back",
    "policies_that_say_nothing",
    "a_fibre_cut_and_repaired",
    "a_fibre_cut_silently",
    "a_fibre_drained",
    "a_basis_that_ends",
    "entries_of_strangers",
)
BREAKDOWNS = (
    "entries_that_nobody_can_read",
    "switches_emptied",
    "a_gateway_killed",
    "a_switch_disconnected",
    "switches_that_hang",
)
ON_NATIVE_THREADS = (
    "policies_there_and_back",
    "a_fibre_cut_and_repaired",
    "entries_that_nobody_can_read",
    "switches_emptied",
    "a_gateway_killed",
    "a_switch_disconnected",
)
SPACING_S = 0.004
SETTLED_MS = SETTLE_NS / 1e6
ALL = {direction.demand.id for direction in specification().directions}
EXPORTS = {"ckpt", "render"}


@pytest.fixture(scope="session")
def scenes(tmp_path_factory, virtual_kernel):
    """What was seen in scenes that follow each other on one network, by framework."""
    kept = {}

    def seen(framework, names):
        if (framework, names) not in kept:
            out = tmp_path_factory.mktemp("kept")
            sets = {
                "base": policies(),
                "no-sea": policies(NO_SEA),
                "no-export": policies(NO_EXPORT),
            }
            plain = {n: one.model_dump(mode="json", by_alias=True) for n, one in sets.items()}
            Setting(specification(), wiring()).write(out)
            (out / "policies.json").write_text(json.dumps(plain))
            said = seen_inside(virtual_kernel, out, "live_network", framework, *names)
            kept[framework, names] = said, ControllerEvents(out / "events.jsonl").so_far()
        return kept[framework, names]

    return seen


@pytest.fixture
def scene(scenes):
    """One scene by its name, and the events of its whole run."""

    def seen(name, framework="ryu"):
        names = {"ryu": CHANGES if name in CHANGES else BREAKDOWNS, "os-ken": ON_NATIVE_THREADS}
        said, events = scenes(framework, names[framework])
        assert name in said, f"never came to it: {list(said)}"
        assert "broken" not in said[name], said[name]["broken"]
        return said[name], events

    return seen


def lost(seen, *demands):
    """Of these demands, or all: when what was lost was sent."""
    return sorted(at for demand in demands or ALL for at in seen["lost"][demand])


def statuses(seen):
    return {one["demand"]: one["status"] for one in seen["statuses"]}


EVERY = [("ryu", name) for name in (*CHANGES, *BREAKDOWNS)]
EVERY += [("os-ken", name) for name in ON_NATIVE_THREADS]
BOTH = pytest.mark.parametrize("framework", ["ryu", "os-ken"])
FOLLOWED = pytest.mark.promise("a live network follows a cut and its repair")


@pytest.mark.parametrize(("framework", "name"), EVERY)
def test_nothing_forbidden_is_on_a_fibre_whatever_happens(scene, framework, name):
    seen, _ = scene(name, framework)
    assert (seen["forbidden"], seen["strange"], seen["unseen"]) == ([], [], 0)
    assert seen["frames"] > 0
    assert min(seen["sent"].values()) > 100


def test_while_all_is_well_all_arrives(scene):
    seen, _ = scene("calm")
    assert lost(seen) == []
    assert set(seen["statuses"].values()) == {"UP"}


def test_a_runner_hears_when_the_network_is_ready_and_has_its_dumps(scene):
    seen, _ = scene("a_runner_listening")
    kinds = [one["event"] for one in seen["said"]]
    assert kinds.index("installed") < kinds.index("ready") < kinds.index("report")
    report = next(one for one in seen["said"] if one["event"] == "report")
    assert (report["complete"], report["wrong_links"]) == (True, [])
    assert seen["schema"] == 3


@BOTH
def test_other_policies_take_nothing_from_demands_that_both_allow(scene, framework):
    seen, events = scene("policies_there_and_back", framework)
    assert [one["ok"] for one in seen["answers"]] == [True] * 4
    assert lost(seen, *(ALL - EXPORTS)) == []
    strictly = seen["answers"][0]["strictly"]
    assert (strictly["forbidden"], strictly["strange"], lost(strictly)) == ([], [], [])
    flips = [
        one["done_ms"]["flipped"]
        for one in events
        if one["event"] == "update" and one["why"].startswith("policies ")
    ]
    assert len(flips) >= 4
    assert min(flips) >= SETTLED_MS
    assert max(flips) < SETTLED_MS + 20


@BOTH
def test_demands_that_a_policy_refuses_are_dropped_at_once_and_served_again_once_it_goes(
    scene, framework
):
    seen, _ = scene("policies_there_and_back", framework)
    refused = {one["demand"]: one for one in seen["answers"][2]["statuses"]}
    for demand in EXPORTS:
        assert refused[demand]["status"] == "BLOCKED"
        assert refused[demand]["clause"] == "NO-EXPORT deny"
        gone = seen["lost"][demand]
        assert len(gone) == pytest.approx((gone[-1] - gone[0]) / SPACING_S, abs=2)


def test_what_is_no_policy_set_is_refused_with_its_reason(scene):
    answer = scene("policies_that_say_nothing")[0]["answer"]
    assert not answer["ok"]
    assert "policies[0] has no" in answer["reason"]


@pytest.mark.parametrize("framework", [pytest.param("ryu", marks=FOLLOWED), "os-ken"])
def test_a_cut_loses_what_is_under_way_and_its_repair_nothing(scene, framework):
    seen, events = scene("a_fibre_cut_and_repaired", framework)
    cut_s = (seen["cut_ns"] - seen["start_ns"]) / 1e9
    assert lost(seen, "train", "render") == []
    assert all(cut_s - 0.06 < at < cut_s + SPACING_S for at in lost(seen))
    assert seen["statuses"]["ckpt"] == "DEGRADED"
    updates = [one["at_ns"] for one in events if one["event"] == "update"]
    assert any(seen["cut_ns"] < at < seen["repaired_ns"] + 10**9 for at in updates)


def test_bfd_tells_the_controller_of_a_cut_that_leaves_the_carrier_up(scene):
    seen, _ = scene("a_fibre_cut_silently")
    cut_s = (seen["cut_ns"] - seen["start_ns"]) / 1e9
    assert seen["noticed"] < 0.5
    assert lost(seen, "train", "render") == []
    assert all(cut_s - 0.06 < at < cut_s + 0.45 for at in lost(seen))


@pytest.mark.promise("a live network changes its tables without loss")
def test_draining_a_fibre_loses_nothing(scene):
    seen, _ = scene("a_fibre_drained")
    assert [one["ok"] for one in seen["answers"]] == [True, True]
    assert "kunming-karachi" not in seen["used"]
    assert lost(seen) == []


def test_what_has_lost_its_basis_is_withdrawn_before_anything_is_computed_anew(scene):
    seen, events = scene("a_basis_that_ends")
    withdrawn = next(one for one in events if one["event"] == "withdrawn" and _after(one, seen))
    update = next(one for one in events if one["event"] == "update" and _after(one, seen))
    assert set(withdrawn["demands"]) == EXPORTS
    assert withdrawn["n"] < update["n"]
    assert {one for one, status in statuses(seen).items() if status == "BLOCKED"} == EXPORTS
    assert "2027-06-30" in next(o for o in seen["statuses"] if o["demand"] == "ckpt")["reason"]
    assert lost(seen, *(ALL - EXPORTS)) == []


def _after(event, seen):
    return event["at_ns"] > seen["start_ns"]


def test_entries_of_strangers_are_found_taken_away_and_counted(scene):
    seen, events = scene("entries_of_strangers")
    assert [seen[name]["was_whole"] for name in ("first", "second")] == [False, True]
    assert seen["status"]["foreign"] == 2
    repaired = [one for one in events if one["event"] == "repaired"][-1]
    assert set(repaired["foreign"]) == {"guian", "kunming"}
    assert repaired["missing"]["kunming"] > 0


@BOTH
def test_entries_that_a_framework_cannot_read_are_missed_taken_away_and_counted(scene, framework):
    seen, events = scene("entries_that_nobody_can_read", framework)
    assert [seen[name].get("was_whole") for name in ("first", "second")] == [False, True], seen
    (repaired,) = (one for one in events if one["event"] == "repaired" and one["unread"])
    assert repaired["unread"] == {"guian": 1, "kunming": 2}
    assert (repaired["missing"], repaired["foreign"]) == ({}, {})
    assert not seen["status"]["unproven"]
    assert lost(seen) == []


@BOTH
def test_switches_whose_tables_are_empty_are_filled_again(scene, framework):
    seen, _ = scene("switches_emptied", framework)
    assert seen["audit"]["was_whole"]
    down_s, back_s = ((seen[key] - seen["start_ns"]) / 1e9 for key in ("at", "back"))
    assert lost(seen)
    assert all(down_s - 0.1 < at < back_s + 0.5 for at in lost(seen))


def test_switches_that_hang_hold_an_update_up_and_are_as_before_once_they_go_on(scene):
    seen, _ = scene("switches_that_hang")
    assert not seen["answer"]["ok"]
    assert seen["status"]["policies"] == "lab"
    assert seen["audit"]["was_whole"]


@BOTH
def test_a_gateway_that_dies_is_gone_around_and_comes_back_without_loss(scene, framework):
    seen, _ = scene("a_gateway_killed", framework)
    died_s = (seen["at"] - seen["start_ns"]) / 1e9
    assert all(died_s - 0.05 < at < died_s + 0.05 for at in lost(seen))
    assert statuses(seen)["ckpt"] == "DEGRADED"


@BOTH
def test_a_switch_that_is_away_serves_on_until_it_is_given_up_and_is_taken_back(scene, framework):
    seen, _ = scene("a_switch_disconnected", framework)
    assert not seen["deferred"]["ok"]
    assert "deferred" in seen["deferred"]["reason"]
    down = {demand for demand, status in seen["without"].items() if status == "DOWN"}
    assert down == {"render", "render.return"}
    assert {demand for demand in ALL if seen["lost"][demand]} == down
    assert seen["audit"]["was_whole"]
