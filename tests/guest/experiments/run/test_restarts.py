"""Restarts and breakdowns of a live network: in a guest, virtual clock, judged by the watch.

Whatever breaks, nothing may be on a fibre that policies forbid, and nothing may be trusted that is
not proven; what may flow flows again, and each breakdown says how soon.
"""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.benchmarks.in_guest import run_inside
from tests.benchmarks.restarts import HEADS, rows, write_task
from tests.chaos.scenarios import FINISHED, SCENES, TWICE, UNDONE, WITHDRAWN, Targets
from tests.chaos.tampering import KINDS

from corridor.controller.policy.model import Bandwidth
from corridor.experiments.terminal.columns import render
from reconciler_lab import NO_EXPORT, NO_SEA, policies, specification, wiring

pytestmark = [pytest.mark.guest, pytest.mark.timeout(900)]
ON_NATIVE_THREADS = (
    "killed_before_the_flip",
    "killed_after_the_flip",
    "killed_as_it_withdraws",
    "a_switch_lost_in_an_update",
    "a_switch_back_in_an_update",
    "switches_that_hang",
)
EVERY = [("ryu", name) for name in SCENES] + [("os-ken", name) for name in ON_NATIVE_THREADS]
KILLED = tuple(name for name in SCENES if name.startswith("killed"))
PARTS = (
    ("ryu", KILLED),
    ("ryu", tuple(name for name in SCENES if name not in KILLED)),
    ("os-ken", ON_NATIVE_THREADS),
)
"""Networks, and the scenes that follow each other on each."""
BOTH = pytest.mark.parametrize("framework", ["ryu", "os-ken"])
CAST = Targets(fibre="kunming-karachi", switch="bangkok", gateway="kunming")
ALL = {direction.demand.id for direction in specification().directions}
EXPORTS = {"ckpt", "render"}
SPACING_S = 0.01
"""Between packets of a demand: each path has at least one in flight."""
AT_ONCE_MS = 60.0
"""The operation during which something broke."""
DRAIN_MS = 300.0
RECONNECT_MS = 3000.0
"""A controller listens within a second, while Open vSwitch tries once a second and may just have
tried; a third second is for a try that is cut off. Reading and proving takes milliseconds."""
EMPTIED_MS = 3500.0
"""BFD begins again, too: an end that is not up speaks once a second (RFC 5880, 6.8.3), and both are
up after three packets at most. Then the end of failures is reported."""


def guaranteed():
    """With a rate for the first demand, so that there is a meter."""
    first, *others = specification().directions
    metered = Bandwidth.model_validate({"cir": "10Mbit/s"})
    directions = (first.model_copy(update={"bandwidth": metered}), *others)
    return specification().model_copy(update={"directions": directions})


def changes():
    def policy(*more):
        plain = policies(*more).model_dump(mode="json", by_alias=True)
        return "policy", {"set": plain}

    return {
        "base": policy(),
        "other": policy(NO_SEA),
        "refusing": policy(NO_EXPORT),
        "later": ("day", {"as_of": "2027-07-01"}),
        "now": ("day", {"as_of": "2026-11-24"}),
    }


@pytest.fixture(scope="session")
def played(tmp_path_factory, virtual_kernel):
    """All scenes of a framework; two networks at a time, since a guest has one processor."""

    def play(out, framework, names):
        write_task(
            out,
            guaranteed(),
            wiring(),
            changes(),
            CAST,
            bfd_interval_ms=100,
            spacing_s=SPACING_S,
        )
        run_inside("tests.benchmarks.restarts", out, [framework, *names])
        return json.loads((out / "seen.json").read_text())

    with ThreadPoolExecutor(2) as pool:
        parts = {
            part: pool.submit(play, tmp_path_factory.mktemp("restarts"), *part) for part in PARTS
        }

        def seen(framework, name):
            (part,) = (one for one in PARTS if one[0] == framework and name in one[1])
            return parts[part].result()

        yield seen
        pool.shutdown(cancel_futures=True)
    for (framework, _), part in parts.items():
        if not part.cancelled():
            print(f"\n{framework}\n{render(HEADS, rows(part.result()))}")


@pytest.fixture
def scene(played):
    """One scene by its name."""

    def found(name, framework="ryu"):
        seen = played(framework, name)
        assert name in seen, f"never came to it: {list(seen)}"
        assert "broken" not in seen[name], seen[name]["broken"]
        return seen[name]

    return found


@pytest.fixture
def broken(scene):
    """The breakdowns of a scene, by name; each is whole again at the end."""

    def found(name, framework="ryu"):
        breakdowns = scene(name, framework)["breakdowns"]
        for one in breakdowns:
            assert (one["was_whole"], one["unproven"], one["proof"]) == (True, "", True), one[
                "name"
            ]
        return {one["name"]: one for one in breakdowns}

    return found


def lost(one, *demands):
    return {demand: at for demand in demands or ALL if (at := one["lost_ms"][demand])}


def not_up(one):
    return {demand: status for demand, status in one["statuses"].items() if status != "UP"}


def said(one, *kinds):
    return [event for event in one["events"] if event["event"] in kinds]


def well_within(one, ms, *demands):
    return {
        demand: one["well_ms"][demand] for demand in demands or ALL if one["well_ms"][demand] > ms
    }


@pytest.mark.parametrize(("framework", "name"), EVERY)
def test_nothing_forbidden_is_on_a_fibre_whatever_breaks(scene, framework, name):
    seen = scene(name, framework)
    assert (seen["forbidden"], seen["strange"], seen["unseen"]) == ([], [], 0)
    assert seen["frames"] > 0
    assert min(seen["sent"].values()) > 100


def test_a_controller_killed_at_rest_takes_over_what_is_whole(broken):
    (one,) = broken("killed_at_rest").values()
    (taken,) = said(one, "taken over")
    assert taken["was"] == "whole"
    assert (lost(one), not_up(one), one["strays"]) == ({}, {}, [])
    assert one["proven_ms"] < RECONNECT_MS


@BOTH
@pytest.mark.parametrize("moment", UNDONE)
def test_an_update_that_its_controller_did_not_survive_before_the_flip_is_undone(
    broken, framework, moment
):
    one = broken("killed_before_the_flip", framework)[f"controller killed, {moment}"]
    (taken,) = said(one, "taken over", "installed")
    assert (taken["event"], taken["was"]) == (
        "taken over",
        "more" if UNDONE.index(moment) > UNDONE.index("nothing told") else "whole",
    )
    assert "NO-SEA" in one["policies"]
    assert (lost(one), not_up(one)) == ({}, {})
    assert one["strays"] == []
    assert one["proven_ms"] < RECONNECT_MS


@BOTH
@pytest.mark.parametrize("moment", FINISHED)
def test_an_update_that_its_controller_did_not_survive_from_the_flip_on_is_finished(
    broken, framework, moment
):
    one = broken("killed_after_the_flip", framework)[f"controller killed, {moment}"]
    (taken,) = said(one, "taken over", "installed")
    left = {"half flipped": "edges", "removed": "whole", "standing written aside": "whole"}
    assert (taken["event"], taken["was"]) == ("taken over", left.get(moment, "more"))
    assert ("NO-SEA" in one["policies"]) == (FINISHED.index(moment) % 2 == 0)
    assert (lost(one), not_up(one)) == ({}, {})
    assert one["strays"] == []
    assert one["proven_ms"] < RECONNECT_MS + DRAIN_MS


@BOTH
def test_what_was_being_withdrawn_stays_withdrawn_whenever_the_controller_dies(scene, framework):
    breakdowns = scene("killed_as_it_withdraws", framework)["breakdowns"]
    assert len(breakdowns) == len(WITHDRAWN) + 1
    for one in breakdowns:
        assert one["was_whole"]
        assert [event["event"] for event in said(one, "taken over", "installed")] == ["taken over"]
        assert not_up(one) == dict.fromkeys(EXPORTS, "BLOCKED")
        assert lost(one, *(ALL - EXPORTS)) == {}
        (taken,) = said(one, "taken over")
        since_ms = (taken["at_ns"] - one["at_ns"]) / 1e6
        until_ms = (one["until_ns"] - one["at_ns"]) / 1e6
        for demand in EXPORTS:
            gone = [at for at in one["lost_ms"][demand] if at > since_ms]
            assert len(gone) == pytest.approx((until_ms - since_ms) / SPACING_S / 1e3, abs=2)
    assert "NO-EXPORT" in breakdowns[0]["policies"]
    assert "NO-EXPORT" not in breakdowns[-1]["policies"]


def test_a_controller_that_dies_once_more_as_it_takes_over_is_taken_over_from(broken):
    found = broken("killed_twice")
    for moments in TWICE:
        one = found[f"controller killed, {', then '.join(moments)}"]
        assert [event["event"] for event in said(one, "taken over", "installed")] == ["taken over"]
        assert (lost(one), not_up(one), one["strays"]) == ({}, {}, [])
        assert ("NO-SEA" in one["policies"]) == (moments[0] != "entries beside")


def test_what_else_breaks_while_no_controller_looks_is_seen_to_when_one_starts(broken):
    emptied, gateway, fibre = broken("killed_and_more_broken").values()
    assert said(emptied, "installed")
    assert (well_within(emptied, EMPTIED_MS), not_up(emptied)) == ({}, {})
    assert not_up(gateway) == {"ckpt": "DEGRADED", "render": "DEGRADED"}
    assert not_up(fibre) == {"ckpt": "DEGRADED", "ckpt.return": "DEGRADED"}
    for one in (gateway, fibre):
        assert said(one, "taken over")[0]["was"] == "whole"
        assert said(one, "update")
        assert well_within(one, AT_ONCE_MS) == {}


def test_a_switch_that_does_not_come_after_a_restart_is_done_without_after_a_minute(broken):
    away, back = broken("killed_without_a_switch").values()
    assert 60_000 < away["proven_ms"] < 60_000 + RECONNECT_MS
    down = {demand for demand, status in away["statuses"].items() if status == "DOWN"}
    assert down == {"render", "render.return"}
    assert lost(away, *(ALL - down)) == {}
    assert (well_within(back, RECONNECT_MS), not_up(back)) == ({}, {})
    assert back["strays"] == []


@pytest.mark.parametrize(
    "name", ["switches_emptied", "switches_emptied_beside", "switches_emptied_before_the_flip"]
)
def test_switches_whose_tables_are_empty_are_filled_whatever_was_under_way(broken, name):
    (one,) = broken(name).values()
    assert lost(one)
    assert (well_within(one, EMPTIED_MS), not_up(one)) == ({}, {})
    assert "NO-SEA" not in one["policies"]
    assert one["strays"] == []
    assert not one.get("answer", {}).get("ok")


@BOTH
def test_requests_that_are_open_when_a_switch_is_replaced_are_not_waited_for(broken, framework):
    """Nor do they reach the one that has come in its place."""
    (one,) = broken("switches_that_hang", framework).values()
    assert (one["answer"]["kind"], one["answer"]["took_s"] < 1) == ("failed", True)
    assert "went away" in one["answer"]["reason"]
    assert (well_within(one, EMPTIED_MS), not_up(one)) == ({}, {})


def test_a_gateway_that_dies_is_bridged_at_once_and_followed(broken):
    dead, back = broken("a_gateway_killed").values()
    assert well_within(dead, AT_ONCE_MS) == {}
    assert not_up(dead) == {"ckpt": "DEGRADED", "render": "DEGRADED"}
    assert (lost(back), not_up(back)) == ({}, {})
    assert max(dead["proven_ms"], back["proven_ms"]) < 500


def test_a_switch_that_was_away_for_a_minute_gets_what_stands_now(broken):
    """Labels of its old tables may mean something else now."""
    away, cut, back = broken("a_switch_away_for_long").values()
    down = {"render": "DOWN", "render.return": "DOWN"}
    assert down.items() <= not_up(away).items()
    assert lost(away, *(ALL - set(down))) == {}
    answers = cut["answers"]
    assert [one["ok"] for one in answers] == [False, True, True]
    assert answers[0]["kind"] == "deferred"
    assert back["stale"]
    assert not_up(back) == {"ckpt": "DEGRADED", "ckpt.return": "DEGRADED"}
    assert well_within(back, RECONNECT_MS) == {}
    assert back["strays"] == []


@BOTH
def test_an_update_that_loses_a_switch_is_undone_or_left_to_the_audit(broken, framework):
    *undone, finished, split = broken("a_switch_lost_in_an_update", framework).values()
    for one in (*undone, split):
        assert one["answer"]["kind"] == "failed"
        assert "NO-SEA" not in one["policies"]
    assert finished["answer"]["update"]["left_over"]
    assert "NO-SEA" in finished["policies"]
    for one in (*undone, finished):
        assert lost(one) == {}
    for one in (*undone, finished, split):
        assert (one["strays"], not_up(one)) == ([], {})
        assert well_within(one, RECONNECT_MS) == {}


@BOTH
def test_an_update_goes_on_with_a_switch_that_has_connected_anew_in_it(broken, framework):
    for one in broken("a_switch_back_in_an_update", framework).values():
        assert one["answer"]["ok"]
        assert (lost(one), not_up(one), one["strays"]) == ({}, {}, [])


@pytest.mark.parametrize(
    ("kind", "was", "hit"),
    [
        ("an entry that leaks", "more", 0),
        ("an edge changed", "edges", 1),
        ("a bucket turned", None, 6),
        ("a meter removed", None, 6),
    ],
)
def test_tables_that_were_tampered_with_are_not_trusted_after_a_restart(broken, kind, was, hit):
    """They are corrected; if the core was changed, all edges are off for a drain."""
    assert kind in KINDS
    one = broken("tampered_with")[f"controller killed, {kind}"]
    (taken,) = said(one, "taken over", "installed")
    assert (taken["event"], taken.get("was")) == ("taken over" if was else "installed", was)
    assert bool(taken["foreign"]) == (kind == "an entry that leaks")
    assert (len(lost(one)), not_up(one)) == (hit, {})
    assert well_within(one, RECONNECT_MS + DRAIN_MS) == {}
    assert one["strays"] == []


def test_a_controller_whose_state_file_is_cut_off_says_so_and_keeps_to_its_specification(broken):
    same, other = broken("forgetful").values()
    for one in (same, other):
        assert len(said(one, "forgotten")) == 1
        assert "NO-SEA" not in one["policies"]
        assert not_up(one) == {}
    assert said(same, "taken over")[0]["was"] == "whole"
    assert lost(same) == {}
    assert said(other, "installed")
    assert well_within(other, RECONNECT_MS + DRAIN_MS) == {}


def test_what_cannot_be_proven_is_switched_off_and_said_to_be_unknown(broken):
    (one,) = broken("doubting").values()
    assert one["while_unproven"]["demands"] == {"UNKNOWN": len(ALL)}
    assert one["while_unproven"]["unproven"] == "the tables to be installed are not verified"
    assert one["edges"] == 0
    assert not_up(one) == {}
