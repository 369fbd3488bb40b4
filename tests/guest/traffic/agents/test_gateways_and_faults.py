"""Gateways in the path of traffic, fibres cut under it, a monitor: in a guest, virtual clock."""

import json

import pytest

from corridor.topologies.base.codec import to_plain
from corridor.topologies.model.wiring import wire
from corridor_runs import seen_inside
from random_topologies import fibre, topology

pytestmark = [pytest.mark.guest, pytest.mark.timeout(240)]
CUTS = 2
DIRECT_MS, BFD_MS = 2, 15
GATEWAY_PORTS = {1001, 1002}


@pytest.fixture(scope="session")
def inside(tmp_path_factory, virtual_kernel):
    """Runs a script on the triangle of hubs; what it saw, and its folder."""

    def run(script, *arguments):
        out_dir = tmp_path_factory.mktemp(script)
        fibres = [
            fibre("direct", 0, 1, DIRECT_MS * 1_000_000),
            fibre("left", 0, 2, 4_000_000),
            fibre("right", 2, 1, 6_000_000),
        ]
        wiring = wire(topology(3, fibres), run_id="c0", gateways=frozenset({"hub0"}))
        (out_dir / "wiring.json").write_text(json.dumps(to_plain(wiring)))
        return seen_inside(virtual_kernel, out_dir, script, *arguments), out_dir

    return run


@pytest.fixture(scope="session")
def gateway(inside):
    return inside("gateway_in_the_way")


@pytest.fixture(scope="session")
def cuts(inside):
    return inside("fibres_cut", str(CUTS))[0]


def test_a_gateway_s_ports_are_live_while_its_process_lives(gateway):
    seen, _ = gateway
    with_it, without_it = {1, 2, 3} | GATEWAY_PORTS, {1, 2, 3}
    assert set(seen["live without a gateway"]) == without_it
    assert set(seen["live with a gateway"]) == with_it
    assert set(seen["live after a kill"]) == without_it
    assert set(seen["live after a start"]) == with_it
    assert set(seen["live after a death"]) == without_it
    assert seen["deaths"] == [{"hub": "hub0", "signal": 9, "exit": None}]


def test_a_gateway_lives_in_its_hub_s_namespace(gateway):
    own, hosts = gateway[0]["namespaces"]
    assert own == hosts


def test_traffic_of_a_demand_passes_unchanged(gateway):
    seen, _ = gateway
    assert seen["lost while all is well"] == []
    assert seen["unchanged"]


def test_what_is_refused_goes_nowhere(gateway):
    assert gateway[0]["arrived of what is refused"] == []


def test_without_a_path_around_a_killed_gateway_everything_is_dropped_until_it_is_back(gateway):
    lost = gateway[0]["no way around"]["lost"]
    assert lost == list(range(100, 100 + len(lost)))
    assert 100 <= len(lost) <= 102


def test_a_path_around_is_taken_at_once(gateway):
    seen, _ = gateway
    assert seen["lost at first"] == []
    assert len(seen["a way around"]["lost"]) <= 1


def test_audits_say_what_passed_and_what_did_not_and_why(gateway):
    seen, folder = gateway
    lines = [json.loads(line) for line in (folder / "gateway-hub0.jsonl").read_text().splitlines()]
    starts = [number for number, line in enumerate(lines) if line["record"] == "start"]
    epochs = [lines[number]["epoch_ns"] for number in starts]
    assert epochs == [0] + [seen["epoch_ns"]] * (len(starts) - 1)
    first_life = lines[starts[1] + 1 : starts[2]]
    assert [(x["record"], x["demand"], x["label"], x["reason"]) for x in first_life] == [
        ("seen", "train", 16, ""),
        ("seen", None, 17, "label-not-assessed"),
        ("seen", None, None, "came-by-out-side"),
    ]
    assert 0 < first_life[0]["at_ns"] < 10_000_000
    assert (first_life[0]["src"], first_life[0]["dst_port"]) == ("10.0.0.1", 4000)
    last_flow, total, end = lines[-3:]
    assert last_flow["record"] == "flow"
    assert (total["demand"], total["packets"]) == ("train", last_flow["packets"])
    assert (end["record"], end["missed"]) == ("end", 0)


def test_totals_come_back_when_gateways_are_stopped(gateway):
    done = gateway[0]["done"]["hub0"]
    assert done["missed"] == 0
    (total,) = done["totals"]
    assert (total["demand"], total["verdict"]) == ("train", "passed")
    assert total["bytes"] == total["packets"] * (14 + 4 + 20 + 8 + 8)


def test_a_watch_counts_each_crossing_once_and_nothing_of_the_switches_own(gateway):
    seen, _ = gateway
    watch = seen["watch"]
    lost = len(seen["no way around"]["lost"]) + len(seen["a way around"]["lost"])
    labelled, stranger = watch["flows"]
    assert labelled["interface"] == "c0s1p2"
    assert (labelled["label"], labelled["depth"], labelled["dst_port"]) == (16, 1, 4000)
    assert labelled["packets"] == 100 + 1 + 300 + 10 + 300 - lost
    assert (stranger["interface"], stranger["label"], stranger["dst_port"]) == (
        "c0s1p3",
        None,
        3784,
    )
    assert (stranger["packets"], stranger["eth_type"]) == (1, 0x0800)
    assert watch["frames"] == labelled["packets"] + 1
    assert watch["lost"] == 0


def test_what_a_watch_has_no_room_for_is_counted_to_the_frame(gateway):
    ring = gateway[0]["small ring"]
    assert ring["lost"] > 0
    assert ring["seen"] + ring["lost"] == 5000


def test_nothing_is_left_of_a_network_with_gateways(gateway):
    assert gateway[0]["interfaces left"] == []


def test_a_carrier_cut_loses_what_is_under_way(cuts):
    for cut in cuts["cut_carrier"]:
        lost = cut["lost"]
        assert lost == list(range(lost[0], lost[0] + len(lost)))
        assert DIRECT_MS - 1 <= len(lost) <= DIRECT_MS + 2 <= 15


def test_a_silent_cut_loses_what_is_sent_until_three_intervals_bring_nothing(cuts):
    for cut in (*cuts["cut_silently"], cuts["after two intervals"]):
        lost = cut["lost"]
        assert lost == list(range(lost[0], lost[0] + len(lost)))
        assert 2 * BFD_MS <= len(lost) <= 3 * BFD_MS + DIRECT_MS + 3 <= 50


def test_another_interval_takes_no_session_down(cuts):
    assert cuts["flaps"] == cuts["flaps after"]
    assert cuts["lost at 1000 ms"] == cuts[f"lost at {BFD_MS} ms"] == []


@pytest.mark.parametrize("kind", ["cut_carrier", "cut_silently"])
def test_a_cut_fibre_is_not_live_until_it_is_restored_which_loses_nothing(cuts, kind):
    assert cuts["live"] == [1, 2, 3]
    both = ["c0s1p2", "c0s2p2"]
    for cut in cuts[kind]:
        assert cut["live"] == [1, 3]
        assert cut["changed"] == [both, [], both]
        assert cut["lost while restoring"] == []


def test_a_fibre_over_which_bfd_fails_is_named(cuts):
    said = cuts["said of a fibre that is cut"]
    assert "BFD is not up at 2 ends of fibres after 0.5 s: c0s1p2 (down), c0s2p2 (down)" in said


def test_a_silent_cut_is_no_declared_shaping(cuts):
    assert "does not hold the shaping of c0s1p2" in cuts["said of its shaping"]


def test_a_dark_hub_is_seen_by_its_neighbours(cuts):
    assert cuts["hub down"] == cuts["hub up"] == ["c0s3p2", "c0s3p3", "c0s3p1"]
    assert cuts["live beside a dark hub"] == [1, 2]
    assert cuts["live in the dark"] == []
    assert cuts["lost beside a dark hub"] == []
