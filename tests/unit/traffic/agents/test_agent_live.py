"""Agents in two real network namespaces: what they measure, and what happens when one dies."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import netns_lab as lab
from corridor.experiments.account.counters import SocketDrops, socket_drops
from corridor.experiments.lab.line_process import LineProcess
from corridor.topologies.base.named_tuples import from_plain
from corridor.traffic.agents import monitor, tcp
from corridor.traffic.agents.jobs import Host, Job, Settings, plan_job
from corridor.traffic.agents.probe import Probe
from corridor.traffic.agents.reflector import Reflector, Reply
from corridor.traffic.agents.stream_in import ReceivedStream, StreamIn
from corridor.traffic.agents.stream_out import SentStream, StreamOut
from corridor.traffic.measures import flows, metrics, samples
from corridor.traffic.packets.template import FrameTemplate

MISSING = lab.lacking()
pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(bool(MISSING), reason=MISSING or "namespaces work"),
]
MS = 1_000_000


@pytest.fixture
def pair() -> Iterator[lab.Pair]:
    with lab.pair("t") as made:
        yield made


def probing(pair: lab.Pair, out: Path, count: int = 100, **changes: object) -> Job:
    """Two demands, the second with padding and answered by different frames, paths crossed."""
    built = lab.templates(
        lab.stamp_spec("there", 0),
        lab.stamp_spec("padded", 1, size=300, port=20001),
        lab.stamp_spec("answer", 1, source=1, size=300, reply=True, port=20001),
        lab.stamp_spec("back", 2, source=1, port=20002),
    )
    reply = Reply(lab.IPS[0], 20001, built["answer"])
    a = Host(
        "a",
        pair.path(0),
        "eth0",
        (
            Reflector(lab.IPS[0]),
            Probe(0, built["there"], 20000, 0, 2 * MS, count),
            Probe(1, built["padded"], 20001, MS, 2 * MS, count, "poisson", seed=3),
        ),
    )
    b = Host(
        "b",
        pair.path(1),
        "eth0",
        (
            Reflector(lab.IPS[1], replies=(reply,)),
            Probe(2, built["back"], 20002, 0, 2 * MS, count),
        ),
    )
    settings = Settings(linger_ns=100 * MS, **changes)  # type: ignore[arg-type]
    return plan_job("real", str(out), (a, b), settings=settings)


@pytest.mark.parametrize("processes", [1, 2])
def test_agent_every_probe_over_a_veth_pair_comes_back(
    pair: lab.Pair, tmp_path: Path, processes: int
) -> None:
    done = lab.Run(probing(pair, tmp_path, processes=processes), tmp_path).to_end()
    hosts = samples.read_directory(tmp_path)
    probes = samples.join(hosts)
    for demand in range(3):
        own = probes[probes["demand"] == demand]
        assert own["reflector_seq"].tolist() == list(range(100)), "one count for each session"
    found = metrics.by_demand(probes)
    assert [m.demand for m in found] == [0, 1, 2]
    for m in found:
        assert (m.sent, m.received, m.duplicates, m.lost) == (100, 100, 0, 0), m
        assert (m.ttl_forward, m.ttl_back) == ((255,), (255,)), m
        assert m.negative_delays == m.without_kernel_stamp == 0
        assert 0 < m.rtt.min_ns < 5 * MS  # type: ignore[operator]
        assert m.send_lateness.min_ns >= 0  # type: ignore[operator]
    assert done["agents"]["b"]["reflectors"][0]["reflected"] == 200
    assert sum(host.damaged for host in hosts) == 0
    for side in (0, 1):
        assert pair.udp_counter(side, "InCsumErrors") == 0
        assert pair.udp_counter(side, "RcvbufErrors") == 0
        assert pair.udp_counter(side, "NoPorts") == 0


def test_agent_sends_at_the_times_the_plan_names(pair: lab.Pair, tmp_path: Path) -> None:
    lab.Run(probing(pair, tmp_path), tmp_path).to_end()
    hosts = samples.read_directory(tmp_path)
    probes = samples.join(hosts)
    rows = probes[probes["demand"] == 0]
    assert (rows["intended_ns"] - hosts[0].epoch_ns).tolist() == [2 * MS * i for i in range(100)]


def test_agent_corrupted_frames_are_dropped_by_their_checksum(
    pair: lab.Pair, tmp_path: Path
) -> None:
    """A template whose payload was changed after Scapy summed it: the kernel must refuse it."""
    job = probing(pair, tmp_path, count=10)
    host = job.hosts[0]
    bad = bytearray(bytes.fromhex(host.of(Probe)[1].template.frame_hex))
    bad[100] ^= 0xFF
    template = FrameTemplate(bad.hex(), host.of(Probe)[1].template.offsets)
    broken = Probe(1, template, 20001, 0, 2 * MS, 10)
    hosts = (Host("a", host.netns, "eth0", (broken,)), job.hosts[1])
    job = plan_job("real", str(tmp_path), hosts, settings=Settings(linger_ns=50 * MS))
    lab.Run(job, tmp_path).to_end()
    found = metrics.by_demand(samples.join(samples.read_directory(tmp_path)))
    assert found[0].received == 0
    assert pair.udp_counter(1, "InCsumErrors") == 10


def test_agent_killed_in_the_middle_is_reported_and_its_records_stay(
    pair: lab.Pair, tmp_path: Path
) -> None:
    run = lab.Run(probing(pair, tmp_path, count=300, flush_records=8, processes=2), tmp_path)
    try:
        assert run.hear()["ready"] == 2
        run.release()
        assert "started" in run.hear()
        time.sleep(0.35)
        os.kill(run.agents()["0"], signal.SIGKILL)
        killed = time.monotonic()
        assert run.hear() == {"died": {"hosts": ["a"], "signal": 9, "exit": None}}
        assert time.monotonic() - killed < 0.2, "death is reported at once"
        done = run.hear()["done"]
        assert list(done["agents"]) == ["b"], "the other one went on to the end"
        assert done["agents"]["b"]["probes"][0]["sent"] == 300
        assert run.process.wait(5) == 4
    finally:
        run.close()
    a, _ = samples.read_directory(tmp_path)
    assert 8 <= len(a.records) < 1200
    assert len(a.records) % 8 == 0


def test_agent_death_stops_the_others_when_the_job_says_so(pair: lab.Pair, tmp_path: Path) -> None:
    job = probing(pair, tmp_path, count=5000, on_death="stop", processes=2)
    run = lab.Run(job, tmp_path)
    try:
        run.hear()
        run.release()
        run.hear()
        os.kill(run.agents()["1"], signal.SIGKILL)
        assert run.hear()["died"]["hosts"] == ["b"]
        assert run.hear()["done"]["agents"] == {}
        assert run.process.wait(2) == 4
    finally:
        run.close()


def test_agents_told_to_stop_send_no_more_and_await_what_is_under_way(
    pair: lab.Pair, tmp_path: Path
) -> None:
    run = lab.Run(probing(pair, tmp_path, count=50_000, processes=2), tmp_path)
    try:
        run.hear()
        run.release()
        run.hear()
        time.sleep(0.3)
        told = time.monotonic()
        run.stop()
        done = run.hear()["done"]
        assert 0.09 < time.monotonic() - told < 1, "as long as the job lingers"
        assert run.process.wait(2) == 0
        assert not done["died"]
    finally:
        run.close()
    for one in metrics.by_demand(samples.join(samples.read_directory(tmp_path))):
        assert 10 < one.sent == one.received < 1000, one


def test_agents_told_to_stop_before_they_begin_send_nothing(pair: lab.Pair, tmp_path: Path) -> None:
    run = lab.Run(probing(pair, tmp_path, count=50_000, processes=2), tmp_path)
    run.hear()
    run.release()
    run.stop()
    assert "started" in run.hear()
    assert run.hear()["done"]["died"] == []
    assert run.process.wait(2) == 0
    assert not len(samples.join(samples.read_directory(tmp_path)))


def test_a_reflector_that_does_not_answer_records_what_came(pair: lab.Pair, tmp_path: Path) -> None:
    built = lab.templates(lab.stamp_spec("there", 0))
    probe = Probe(0, built["there"], 20000, 0, 2 * MS, 50)
    a = Host("a", pair.path(0), "eth0", (probe,))
    b = Host("b", pair.path(1), "eth0", (Reflector(lab.IPS[1], answers=False),))
    job = plan_job("real", str(tmp_path), (a, b), settings=Settings(linger_ns=100 * MS))
    done = lab.Run(job, tmp_path).to_end()
    rows = samples.join(samples.read_directory(tmp_path))
    assert rows["reflections"].tolist() == [1] * 50
    assert not rows["received"].any()
    assert (rows["t2_ns"] > rows["t1_ns"]).all()
    assert not rows["t3_ns"].any()
    assert done["agents"]["b"]["reflectors"][0]["reflected"] == 0


def test_one_launcher_carries_out_several_jobs_whatever_comes_of_one(
    pair: lab.Pair, tmp_path: Path
) -> None:
    jobs = [probing(pair, tmp_path / name, count=20) for name in ("first", "second")]
    run = lab.Run(None, tmp_path)
    try:
        for number, job in enumerate(jobs):
            run.tell(job=str(tmp_path / "no-such.json"))
            assert "no-such.json" in run.hear()["failed"]["reason"]
            path = tmp_path / f"{number}.json"
            path.write_text(job.to_json())
            run.tell(job=str(path))
            assert run.hear()["ready"] == 2
            run.release()
            assert "started" in run.hear()
            assert not run.hear()["done"]["died"]
            found = metrics.by_demand(samples.join(samples.read_directory(Path(job.out_dir))))
            assert [one.sent for one in found] == [20] * 3
        assert run.process.stdin is not None
        run.process.stdin.close()
        run.process.stdin = None
        assert run.process.wait(2) == 0
    finally:
        run.close()


def test_what_a_full_socket_drops_is_counted(pair: lab.Pair, tmp_path: Path) -> None:
    """The agent stands still while more comes than its socket holds."""
    job = probing(pair, tmp_path, count=2000, processes=2)
    a, b = job.hosts
    quick = a.of(Probe)[0]._replace(interval_ns=MS // 40, packets=40_000)
    job = plan_job("real", str(tmp_path), (Host("a", a.netns, "eth0", (quick,)), b),
                   settings=job.settings)  # fmt: skip
    run = lab.Run(job, tmp_path)
    try:
        run.hear()
        run.release()
        run.hear()
        os.kill(run.agents()["1"], signal.SIGSTOP)
        time.sleep(2.5)
        os.kill(run.agents()["1"], signal.SIGCONT)
        agents = run.hear()["done"]["agents"]
    finally:
        run.close()
    dropped = SocketDrops.of(agents["b"])
    lost = quick.packets - agents["b"]["reflectors"][0]["reflected"]
    assert 100 < dropped.requests == dropped.total <= lost
    assert socket_drops(agents) == {"b": dropped}


def test_a_monitor_hands_over_what_it_saw_since_the_last_time(
    pair: lab.Pair, tmp_path: Path
) -> None:
    out = tmp_path / "seen.json"
    (tmp_path / "monitor.json").write_text(json.dumps({"interfaces": ["eth0"], "out": str(out)}))
    inside = ["ip", "netns", "exec", pair.names[0]]
    watch = LineProcess([*inside, *monitor.command(str(tmp_path / "monitor.json"))], "the monitor")
    try:
        watch.wait("ready", 10)
        packets = []
        for count in (7, 11):
            lab.Run(probing(pair, tmp_path, count=count), tmp_path).to_end()
            watch.tell({"do": "take"})
            assert watch.wait("taken", 10)["frames"] >= 3 * count
            flows = json.loads(out.read_text())["flows"]
            packets.append(sum(one["packets"] for one in flows if one["dst_port"] == 862))
        assert packets == [2 * 7, 2 * 11]
        watch.tell({"do": "stop"})
        assert watch.wait("done", 10)["lost"] == 0
    finally:
        watch.close()


@pytest.mark.parametrize("how", ["kill", "close", "terminate"])
def test_agent_leaves_no_process_behind_when_its_launcher_goes(
    pair: lab.Pair, tmp_path: Path, how: str
) -> None:
    run = lab.Run(probing(pair, tmp_path, count=5000), tmp_path)
    try:
        run.hear()
        run.release()
        run.hear()
        agents = run.agents().values()
        if how == "close":
            assert run.process.stdin is not None
            run.process.stdin.close()
            run.process.stdin = None
        else:
            getattr(run.process, how)()
        assert run.process.wait(2) == (-9 if how == "kill" else 1)
        deadline = time.monotonic() + 2
        while any(_alive(pid) for pid in agents):
            assert time.monotonic() < deadline, "an agent outlived its launcher"
            time.sleep(0.01)
    finally:
        run.close()


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_agent_a_port_already_taken_is_named_with_its_host(pair: lab.Pair, tmp_path: Path) -> None:
    job = probing(pair, tmp_path)
    code = (
        "import socket,time;s=socket.socket(2,2);s.bind(('',862));print(flush=True);time.sleep(9)"
    )
    holder = tcp.start_inside(pair.path(1), ["/usr/bin/python3", "-c", code])
    assert holder.stdout is not None
    holder.stdout.readline()
    run = lab.Run(job, tmp_path)
    try:
        said = run.hear()["failed"]
        assert said["host"] == "b"
        assert "UDP 10.99.0.2:862: Address already in use" in said["reason"]
        assert run.process.wait(2) == 3
    finally:
        run.close()
        holder.kill()
        holder.communicate()


def test_agent_a_missing_namespace_is_named_with_its_host(tmp_path: Path) -> None:
    run = lab.Run(plan_job("real", str(tmp_path), (Host("a", "/no/such", "eth0"),)), tmp_path)
    try:
        said = run.hear()["failed"]
        assert said["host"] == "a"
        assert "/no/such" in said["reason"]
        assert run.process.wait(2) == 3
    finally:
        run.close()


def test_agent_an_epoch_in_the_past_is_refused(pair: lab.Pair, tmp_path: Path) -> None:
    run = lab.Run(probing(pair, tmp_path), tmp_path)
    try:
        run.hear()
        run.release(ahead_ns=-1)
        assert "has passed already" in run.hear()["failed"]["reason"]
        assert run.process.wait(2) == 2
    finally:
        run.close()


def test_agent_a_stream_is_delivered_whole_and_accounted_for(
    pair: lab.Pair, tmp_path: Path
) -> None:
    built = lab.templates(lab.stream_spec("s", 5, size=1400))
    out = StreamOut(5, built["s"], 0, 300 * MS, 100_000_000)
    job = plan_job(
        "real",
        str(tmp_path),
        (
            Host("a", pair.path(0), "eth0", (out,)),
            Host("b", pair.path(1), "eth0", (StreamIn(5, 30000, 400 * MS),)),
        ),
    )
    agents = lab.Run(job, tmp_path).to_end()["agents"]
    flow = flows.flow_result(
        from_plain(SentStream, agents["a"]["streams_out"][0]),
        from_plain(ReceivedStream, agents["b"]["streams_in"][0]),
    )
    assert flow.offered_packets == flow.delivered_packets == out.packets == 2678
    assert flow.lost_packets == flow.duplicates == flow.reordered == 0
    assert flow.asked_mbps == 100
    assert flow.offered_mbps == pytest.approx(100, rel=0.1)
    assert flow.delivered_mbps == pytest.approx(100, rel=0.1)
    assert 0 < flow.delay_min_ns <= flow.delay_mean_ns <= flow.delay_max_ns
    assert pair.udp_counter(1, "InCsumErrors") == 0
    assert {path.name for path in tmp_path.glob("flows-*")} == {"flows-a.json", "flows-b.json"}


def test_agent_frames_the_device_refuses_are_counted_not_fatal(
    pair: lab.Pair, tmp_path: Path
) -> None:
    built = lab.templates(lab.stream_spec("s", 5, size=9500))
    out = StreamOut(5, built["s"], 0, 10 * MS, 100_000_000)
    job = plan_job("real", str(tmp_path), (Host("a", pair.path(0), "eth0", (out,)),),
                   settings=Settings(linger_ns=MS))  # fmt: skip
    sent = lab.Run(job, tmp_path).to_end()["agents"]["a"]["streams_out"][0]
    assert sent["packets_sent"] == 0
    assert sent["errors"] == {"EMSGSIZE": out.packets}


def test_agent_tcp_transfer_between_namespaces_reports_the_receivers_figure(
    pair: lab.Pair,
) -> None:
    transfer = tcp.Transfer(1, pair.path(1), lab.IPS[1], pair.path(0), lab.IPS[0],
                            size_bytes=20_000_000)  # fmt: skip
    before_ns = time.time_ns()
    result = tcp.run(transfer)
    assert result.error is None
    assert result.received_bytes is not None
    assert result.received_bytes >= 20_000_000
    assert result.received_mbps
    for side in (result.sending, result.receiving):
        assert before_ns < side[0].from_ns < side[-1].until_ns <= time.time_ns() + 10 * MS
    assert sum(one.octets for one in result.sending) == result.sent_bytes
    refused = tcp.run(tcp.Transfer(2, pair.path(1), lab.IPS[1], pair.path(0), "10.77.0.1",
                                   size_bytes=1))  # fmt: skip
    assert refused.error
    assert refused.received_bytes is None
