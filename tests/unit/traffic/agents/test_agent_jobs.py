"""The plan: what it refuses, how phases merge, and that it says the same every time."""

from __future__ import annotations

import json

import pytest

from corridor.topologies.base.errors import InputError
from corridor.traffic.agents import jobs
from corridor.traffic.agents.jobs import (
    CLOCKS,
    Host,
    Job,
    Phase,
    Settings,
    clock_in_words,
    plan_job,
)
from corridor.traffic.agents.probe import Probe
from corridor.traffic.agents.reflector import Reflector, Reply
from corridor.traffic.agents.stream_in import StreamIn
from corridor.traffic.agents.stream_out import StreamOut
from corridor.traffic.packets.frame_spec import ssid_of
from corridor.traffic.packets.template import FrameTemplate

TEMPLATE = FrameTemplate("00" * 1514, {})  # type: ignore[typeddict-item]


def probe(demand: int = 0, **changes: object) -> Probe:
    plan = {
        "reply_port": 20_000 + demand,
        "start_ns": 0,
        "interval_ns": 20,
        "packets": 5,
        **changes,
    }
    return Probe(demand, TEMPLATE, **plan)  # type: ignore[arg-type]


def job(*hosts: Host, **changes: object) -> Job:
    settings = Settings(**changes)  # type: ignore[arg-type]
    return plan_job("virtual", "/tmp/out", hosts, settings=settings)


def test_agent_jobs_are_the_same_bytes_every_time() -> None:
    plan = job(Host("a", "/x", "eth0", (probe(), Reflector("10.0.0.1"))))
    assert plan.to_json() == plan.to_json()
    found = json.loads(plan.to_json())
    (reflector,) = found["hosts"][0]["parts"]["reflect"]
    assert reflector == {"ip": "10.0.0.1", "port": 862, "replies": [], "answers": True}
    assert found["end_ns"] == 80 + 1_000_000_000


def test_agent_jobs_end_after_the_last_packet_and_the_last_receiver() -> None:
    out = StreamOut(1, TEMPLATE, 500, 1000, 1_000_000)
    hosts = (Host("a", "/x", "eth0", (out,)),)
    assert jobs.end_ns(hosts, 7) == 1507
    into = Host("b", "/y", "eth0", (StreamIn(1, 30000, 9000),))
    assert jobs.end_ns((*hosts, into), 7) == 9000


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (lambda: job(spin_ns=5), "spin_ns would stop the virtual clock"),
        (lambda: job(flush_records=0), "flush_records and drain_ns must be at least 1"),
        (lambda: job(Host("a", "", ""), Host("a", "", "")), "host 'a' appears twice"),
        (lambda: job(Host("a", "", "", (probe(70_000),))), "demand 70000: does not fit"),
        (lambda: job(Host("a", "", "", (probe(arrival="x"),))), "arrival 'x' is unknown"),
        (lambda: job(Host("a", "", "", (probe(interval_ns=0),))), "positive interval"),
        (
            lambda: job(Host("a", "", "", (StreamOut(1, TEMPLATE, 0, 1, 0),))),
            "flow 1: needs a rate",
        ),
        (
            lambda: job(Host("a", "", "", (Reflector("10.0.0.1"), probe(reply_port=862)))),
            "host 'a' needs UDP port 862 twice",
        ),
        (lambda: plan_job("fast", "/tmp", ()), "clock 'fast' is none of 'virtual', "),  # type: ignore[arg-type]
    ],
)
def test_agent_jobs_that_cannot_be_carried_out_are_refused(plan, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=f"traffic plan: .*{says}"):
        plan()


def test_agent_jobs_phases_follow_each_other_and_go_on_counting() -> None:
    a = Host("a", "/x", "eth0", (probe(0), probe(1)))
    b = Host("b", "/y", "eth0", (Reflector("10.0.0.2"), StreamIn(1, 3, 50)))
    hosts, names = jobs.in_sequence([Phase("idle", 0, (a, b)), Phase("loaded", 1000, (a, b))])
    assert names == ("idle", "loaded")
    merged = {host.name: host for host in hosts}
    assert [(p.demand, p.phase, p.start_ns, p.first_seq) for p in merged["a"].of(Probe)] == [
        (0, 0, 0, 0),
        (1, 0, 0, 0),
        (0, 1, 1000, 5),
        (1, 1, 1000, 5),
    ]
    assert merged["b"].of(Reflector) == (Reflector("10.0.0.2"),)
    assert [(i.phase, i.from_ns, i.until_ns) for i in merged["b"].of(StreamIn)] == [
        (0, 0, 50),
        (1, 1000, 1050),
    ]


def test_agent_jobs_come_back_from_their_file_as_they_were() -> None:
    reply = Reply("10.0.0.2", 20000, TEMPLATE)
    parts = (
        Reflector("10.0.0.1", replies=(reply,)),
        probe(arrival={"pareto_on_off": {"shape": 1.5, "mean_on": 2, "mean_off": 3}}),
        StreamOut(1, TEMPLATE, 0, 1, 5),
        StreamIn(2, 30000, 9),
    )
    plan = job(Host("a", "/x", "eth0", parts), flush_ns=5)._replace(phases=("idle", "loaded"))
    assert Job.from_plain(json.loads(plan.to_json())) == plan


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pigeons": []}, "unknown parts: pigeons"),
        ({"probes": [{"demand": 1}]}, "missing 5 required"),
        ({"probes": [{"fur": 1}]}, "fur"),
        ({"probes": [5]}, "Probe is an object, not int"),
    ],
)
def test_agent_jobs_with_parts_of_no_kind_are_refused(changes: object, says: str) -> None:
    plain = json.loads(job(Host("a", "/x", "eth0")).to_json())
    plain["hosts"][0]["parts"] = changes
    with pytest.raises((ValueError, TypeError, KeyError), match=says):
        Job.from_plain(plain)


def test_agent_jobs_a_port_serves_all_replies_and_nothing_else() -> None:
    both = (probe(0), probe(1, reply_port=probe(0).reply_port))
    assert job(Host("a", "", "", both))
    into = (StreamIn(1, 30000, 9), StreamIn(2, 30000, 9))
    with pytest.raises(InputError, match="host 'a' needs UDP port 30000 twice"):
        job(Host("a", "", "", into))


def test_agent_jobs_a_session_identifier_is_never_zero() -> None:
    assert ssid_of(0) == 1
    with pytest.raises(InputError):
        ssid_of(0xFFFF)


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        ("virtual", "virtual clock"),
        ("virtual, computing charged", "virtual clock, computing charged"),
        ("real", "real clock"),
    ],
)
def test_a_clock_is_named_in_words(clock: str, said: str) -> None:
    assert clock in CLOCKS
    assert clock_in_words(clock) == said
