"""A run whose losses or delays nothing explains is not valid; an explained one is valid."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import handmade_run
from corridor.experiments.account.counters import (
    Counted,
    Health,
    SocketDrops,
    UdpErrors,
    read_health,
    socket_drops,
    write_health,
)
from corridor.experiments.account.summary import DemandSummary
from corridor.experiments.lab.account_readings import since, softnet_dropped, udp_errors_in
from corridor.experiments.plan.probe_queues import crowded_fibres
from corridor.experiments.plan.values import Impact, PlannedEvent, Transfer
from corridor.experiments.results.health import lost_at_sockets, machine_warnings, unexplained
from typed_summary import made

MS = 1_000_000
FIBRES = {"s1p2": {"queue_drops": 0}}
QUIET = Counted(0, 0, {"s1p2": 3}, FIBRES)
HEALTHY = Health(QUIET, QUIET)
PLAN = handmade_run.plan()


def demand(name: str, predicted_ms: float, p50_ms: float | None, **more: Any) -> Any:
    rtt = None if p50_ms is None else {"min": predicted_ms, "p50": p50_ms}
    keys = {"id": name, "predicted_rtt_ms": predicted_ms, "rtt_ms": rtt}
    return made(DemandSummary, {**keys, **more})


def demands(near: float | None = 10.0, **more: Any) -> list[Any]:
    return [
        demand("near", 10.0, near, **more),
        demand("silent", 40.0, None),
        demand("far", 50.0, 50.0),
    ]


def judged(of: list[Any], *, plan: Any = PLAN, flows: Any = (), clock: str = "real") -> str | None:
    return unexplained(HEALTHY, of, flows, plan, clock)


def test_round_trips_as_predicted_are_valid() -> None:
    assert judged(demands(), clock="virtual") is None
    assert judged(demands(12.9)) is None


def test_a_path_of_20_ms_that_takes_28_is_not() -> None:
    said = judged([demand("near", 20.0, 28.0), demand("silent", 40.0, None), demands()[2]])
    assert said == (
        "the median round trip of near took 8.0 ms more than predicted without competing traffic: "
        "3ms are too many"
    )


def test_the_virtual_clock_is_held_to_less() -> None:
    assert "2.0 ms more" in (judged(demands(12.0), clock="virtual") or "")


def event(kind: str, *impacts: Impact) -> PlannedEvent:
    return PlannedEvent(kind, kind, "near", {}, 0, 1, impacts)


@pytest.mark.parametrize(
    "happens",
    [event("cut", Impact(0, 1, 1, 1, (), 0)), event("stream"), event("transfer")],
    ids=lambda one: one.kind,
)
def test_what_an_event_hits_or_a_load_competes_with_may_take_longer(happens: PlannedEvent) -> None:
    assert judged(demands(28.0), plan=replace(PLAN, events=(happens,))) is None


def test_an_event_that_hits_another_demand_explains_nothing() -> None:
    plan = replace(PLAN, events=(event("cut", Impact(2, 1, 1, 1, (), 0)),))
    assert judged(demands(28.0), plan=plan) is not None


def test_probes_that_fill_a_fibre_by_themselves_may_queue() -> None:
    busy = replace(PLAN.demands[0], probe_bps=6_000_000)
    plan = replace(PLAN, demands=(busy, *PLAN.demands[1:]))
    assert crowded_fibres(PLAN) == {}
    assert crowded_fibres(plan) == {"one": pytest.approx(0.6, abs=0.01)}
    assert judged(demands(28.0), plan=plan) is None


@pytest.mark.parametrize("of", ["probes", "stream"])
def test_losses_that_nothing_explains_are_not_valid(of: str) -> None:
    lost = {"lost_by": {"unexplained": 3, "cut-one": 9}}
    more = lost if of == "probes" else {"flows": [lost]}
    said = judged(demands(**more))
    assert said is not None
    assert said.startswith("3 packets were lost for an unknown reason (3 of near)")


def test_explained_losses_are_valid_and_so_is_what_nobody_counted() -> None:
    assert judged(demands(lost_by={"cut-one": 9, "queue": 1})) is None
    unknown = demands(lost_by={"unexplained": 3})
    assert unexplained(None, unknown, [], PLAN, "real") is None


@pytest.mark.parametrize(
    ("kind", "clock", "reason"),
    [
        ("machine", "real", "the kernel or a socket had no room for them"),
        ("machine", "virtual", "the kernel or a socket had no room for them"),
        ("switch", "real", "BFD declared ports dead without a failure"),
        ("gateway", "real", "the queue of a gateway was full"),
        ("gateway", "virtual", None),
        ("policy", "real", None),
        ("meter", "real", None),
    ],
)
def test_losses_that_are_the_machines_are_not_valid(
    kind: str, clock: str, reason: str | None
) -> None:
    said = judged(demands(lost_by={kind: 40, "cut-one": 9}), clock=clock)
    if reason is None:
        assert said is None
    else:
        what = "40 packets were lost by this machine, not by the emulated network (40 of near)"
        assert said == f"{what}: {reason}"


def test_bfd_that_changed_though_nothing_failed_is_not_valid_by_the_real_clock() -> None:
    health = Health(QUIET, Counted(0, 0, {"s1p2": 4}, FIBRES))
    said = unexplained(health, demands(), [], PLAN, "real")
    assert said == "BFD changed at 1 ends of fibres though nothing failed: s1p2"
    assert unexplained(health, demands(), [], PLAN, "virtual") is None
    for kind, valid in (("cut", True), ("stream", False)):
        happens = replace(PLAN, events=(event(kind),))
        assert (unexplained(health, demands(), [], happens, "real") is None) == valid


def test_losses_of_which_nobody_counted_the_causes_are_not_valid_where_nothing_competed() -> None:
    said = judged(demands(lost=36))
    assert said == (
        "36 probes were lost without competing traffic (36 of near), at an unknown place"
    )
    assert judged(demands(lost=36), clock="virtual") is None
    assert judged(demands(lost=36, lost_by={"queue": 36})) is None
    happens = replace(PLAN, events=(event("stream"),))
    assert judged(demands(lost=36), plan=happens) is None


def tcp(alone: bool) -> Any:
    at_ns = None if alone else 5
    transfer = Transfer(0, "h1", "h2", "", "", 1, 2, 3, 1, at_ns)
    return replace(PLAN, transfers=(transfer,))


def test_a_transfer_may_wait_for_itself_and_no_longer() -> None:
    own_queue_ms = 20 * 8 * 1518 / 10_000_000 * 1e3
    for late_ms, valid in ((own_queue_ms, True), (own_queue_ms + 4, False)):
        flows: Any = [handmade_run.flow_row("near", min_rtt_us=round((10 + late_ms) * 1e3))]
        assert (judged(demands(), plan=tcp(alone=True), flows=flows) is None) == valid
        assert judged(demands(), plan=tcp(alone=False), flows=flows) is None


def test_what_the_machine_lost_is_named() -> None:
    after = Counted(2, 5, {"s1p2": 4}, FIBRES)
    assert machine_warnings(Health(QUIET, after), PLAN) == [
        "2 packets were dropped by the kernel's backlog (softnet)",
        "5 packets were lost between the datapath and Open vSwitch",
        "BFD changed at 1 ends of fibres though nothing failed: s1p2",
    ]
    assert machine_warnings(HEALTHY, PLAN) == machine_warnings(None, PLAN) == []
    happens = replace(PLAN, events=(event("cut"),))
    assert len(machine_warnings(Health(QUIET, after), happens)) == 2


COUNTS: dict[str, Any] = {
    "reflectors": [{"dropped_by_socket": 1}, {"dropped_by_socket": 2}],
    "replies_dropped_by_socket": 4,
    "streams_in": [{"dropped_by_socket": 8}],
}


def test_what_sockets_of_agents_dropped_is_read_by_kind_kept_and_named(tmp_path: Path) -> None:
    quiet: dict[str, Any] = {"reflectors": [{"dropped_by_socket": 0}]}
    drops = socket_drops({"h2": COUNTS, "h1": quiet, "h3": {}})
    assert drops == {"h2": SocketDrops(requests=3, replies=4, streams=8)}
    health = Health(QUIET, QUIET, drops)
    write_health(tmp_path, health)
    assert read_health(tmp_path) == health
    assert machine_warnings(health, PLAN) == [
        "15 packets found the socket of the agent at h2 full (3 requests, 4 replies, 8 of streams)"
    ]


def test_replies_of_no_probe_that_was_sent_are_said_and_are_no_drops() -> None:
    drops = socket_drops({"h2": {"replies_dropped_by_socket": 0, "replies_foreign": 7}})
    assert drops == {"h2": SocketDrops(foreign_replies=7)}
    (said,) = machine_warnings(Health(QUIET, QUIET, drops), PLAN)
    assert said.startswith("7 replies at h2 match no probe that was sent there")


def test_health_of_runs_that_did_not_count_sockets_is_read(tmp_path: Path) -> None:
    write_health(tmp_path, HEALTHY)
    plain = json.loads((tmp_path / "health.json").read_text())
    del plain["sockets"], plain["udp"]
    (tmp_path / "health.json").write_text(json.dumps(plain))
    assert read_health(tmp_path) == HEALTHY


def lossy(src: str = "h1", dst: str = "h2", *, there: int = 0, back: int = 0, of: int = 0) -> Any:
    lost = {"lost_forward": there, "lost_backward": back, "lost_unattributed": 0}
    stream = {"offered_packets": 10, "delivered_packets": 10 - of}
    transfer = {"offered_packets": None, "delivered_packets": None}
    keys = {"id": "near", "src": src, "dst": dst, **lost, "flows": [stream, transfer]}
    return made(DemandSummary, keys)


@pytest.mark.parametrize(
    ("drops", "demand", "says"),
    [
        (SocketDrops(requests=3), lossy(there=5), "near lost 5 packets, and up to 3 of them"),
        (SocketDrops(requests=3), lossy(back=5), None),
        (SocketDrops(requests=3), lossy(), None),
        (SocketDrops(replies=3), lossy("h2", "h1", back=5), "the agent at h2 was full"),
        (SocketDrops(replies=3), lossy(back=5), None),
        (SocketDrops(streams=3), lossy(of=4), "near lost 4 packets"),
        (SocketDrops(requests=3), lossy("h1", "h3", there=5), None),
        (
            SocketDrops(foreign_replies=3),
            lossy("h2", "h1", back=5),
            "h2 had this number of replies",
        ),
        (SocketDrops(foreign_replies=3), lossy("h2", "h1", there=5), None),
        (SocketDrops(foreign_replies=3), lossy(back=5), None),
    ],
)
def test_what_a_full_socket_may_explain_is_not_the_networks_loss(
    drops: SocketDrops, demand: Any, says: str | None
) -> None:
    said = lost_at_sockets(Health(QUIET, QUIET, {"h2": drops}), [demand])
    assert (said is None) == (says is None)
    assert (says or "") in (said or "")
    assert lost_at_sockets(None, [demand]) is None


SNMP = """Ip: Forwarding DefaultTTL
Ip: 1 64
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors
Udp: {} {} {} 0 {} 0 0
UdpLite: InDatagrams NoPorts InErrors
UdpLite: 0 0 0
"""


def test_what_a_hosts_kernel_did_not_deliver_is_read_and_named(tmp_path: Path) -> None:
    before = {hub: udp_errors_in(SNMP.format(9, 1, 2, 1)) for hub in ("h1", "h2")}
    after = {**before, "h2": udp_errors_in(SNMP.format(20, 4, 9, 6))}
    assert before["h1"] == UdpErrors(full=1, damaged=1, nobody=1)
    health = Health(QUIET, QUIET, udp=since(before, after))
    assert health.udp == {"h2": UdpErrors(full=5, damaged=2, nobody=3)}
    write_health(tmp_path, health)
    assert read_health(tmp_path) == health
    assert machine_warnings(health, PLAN) == [
        "5 datagrams at h2 met a full socket (RcvbufErrors)",
        "2 datagrams at h2 were damaged, or met full memory (InErrors)",
        "3 datagrams at h2 met no listening process (NoPorts)",
    ]


def test_the_kernels_backlog_is_counted_over_all_processors() -> None:
    assert softnet_dropped("00000010 00000001 0\n00000020 0000000f 0\n") == 16
