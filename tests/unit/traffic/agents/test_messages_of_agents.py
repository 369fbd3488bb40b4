"""Messages between agents in two real network namespaces: many, stopped, and killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import netns_lab as lab
from corridor.traffic.agents.jobs import Host, Job, Settings, plan_job
from corridor.traffic.agents.messages import ConnectionEnd, Message
from messages_lab import lines_of

MISSING = lab.lacking()
pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(bool(MISSING), reason=MISSING or "namespaces work"),
]
MS = 1_000_000
LASTS_NS = 1000 * MS
AHEAD_NS = 400 * MS


@pytest.fixture
def pair() -> Iterator[lab.Pair]:
    with lab.pair("m") as made:
        yield made


def asking(pair: lab.Pair, out: Path, count: int, every_ns: int, messages: int = 20) -> Job:
    """Connections that ask every so often and are answered."""
    a, b = [], []
    for number in range(count):
        first = number * 2 * messages
        asks = [Message(first + one, 100, at_ns=one * every_ns) for one in range(messages)]
        answers = [Message(one.id + messages, 3000, after=(one.id,)) for one in asks]
        heard = (tuple((one.id, one.bytes) for one in sends) for sends in (answers, asks))
        ends = ((lab.IPS[0], 20_000 + number), (lab.IPS[1], 55_000))
        for own, role, here, sends in ((a, "connects", 0, asks), (b, "listens", 1, answers)):
            own.append(
                ConnectionEnd(
                    *(number, 0, role, *ends[here], *ends[1 - here], 0, LASTS_NS),
                    sends=tuple(sends),
                    expects=next(heard),
                )
            )
    hosts = tuple(
        Host(name, pair.path(index), "eth0", tuple(parts))
        for index, (name, parts) in enumerate((("a", a), ("b", b)))
    )
    settings = Settings(processes=2, linger_ns=100 * MS, flush_records=8)
    return plan_job("real", str(out), hosts, settings=settings)


@pytest.mark.parametrize("processes", [1, 2])
def test_agents_carry_out_connections_of_their_hosts(
    pair: lab.Pair, tmp_path: Path, processes: int
) -> None:
    job = asking(pair, tmp_path, count=50, every_ns=5 * MS)
    job = job._replace(settings=job.settings._replace(processes=processes))
    agents = lab.Run(job, tmp_path).to_end()["agents"]
    for host in "ab":
        assert agents[host]["connections"] == {"ends": 50, "failed": 0, "foreign": 0}
        arrived = [line["in"] for line in lines_of(tmp_path, host) if "in" in line]
        assert len(arrived) == 50 * 20
        assert all(first <= completed for first, completed in arrived)


def test_connections_begin_nothing_more_once_told_to_stop(pair: lab.Pair, tmp_path: Path) -> None:
    run = lab.Run(asking(pair, tmp_path, count=5, every_ns=40 * MS), tmp_path)
    try:
        assert "ready" in run.hear()
        run.release(AHEAD_NS)
        assert "started" in run.hear()
        time.sleep(AHEAD_NS / 1e9 + 0.3)
        run.stop()
        assert not run.hear()["done"]["died"]
        assert run.process.wait(2) == 0
    finally:
        run.close()
    written = [line for line in lines_of(tmp_path, "a") if "out" in line and line["out"][2]]
    assert 5 <= len(written) < 5 * 20
    failed = [line["failed"] for line in lines_of(tmp_path, "a") if "failed" in line]
    assert len(failed) == 5
    assert set(failed) <= {"unfinished", "reset"}


def test_an_agent_that_is_killed_leaves_the_lines_of_its_messages(
    pair: lab.Pair, tmp_path: Path
) -> None:
    run = lab.Run(asking(pair, tmp_path, count=5, every_ns=20 * MS), tmp_path)
    try:
        assert "ready" in run.hear()
        run.release(AHEAD_NS)
        assert "started" in run.hear()
        time.sleep(AHEAD_NS / 1e9 + 0.3)
        os.kill(run.agents()["1"], signal.SIGKILL)
        assert run.hear()["died"]["hosts"] == ["b"]
        done = run.hear()["done"]["agents"]
        assert done["a"]["connections"]["failed"] == 5, "its kernel resets what it had open"
    finally:
        run.close()
    assert len(lines_of(tmp_path, "b")) >= 8
    assert {line["failed"] for line in lines_of(tmp_path, "a") if "failed" in line} <= {
        "reset",
        "closed by the other end",
    }
