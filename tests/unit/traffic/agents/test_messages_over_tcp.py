"""Messages over real connections of kernel TCP, on the loopback."""

from __future__ import annotations

import socket

import pytest

import messages_lab as lab
from corridor.topologies.base import named_tuples
from corridor.topologies.base.errors import InputError
from corridor.traffic.agents import messages_connection, messages_host, messages_log
from corridor.traffic.agents.jobs import Host, plan_job
from corridor.traffic.agents.messages import ConnectionEnd, Message
from messages_lab import MS, both_ends, carry_out, free_ports

MIB = 1 << 20


@pytest.fixture
def ports() -> tuple[int, int]:
    first, second = free_ports(2)
    return first, second


def test_a_message_arrives_whole_and_both_ends_say_when(tmp_path, ports):
    client, server = both_ends(7, ports, there=[Message(3, 20 * MIB + 1, at_ns=30 * MS)])
    done = carry_out(tmp_path, {"a": [client], "b": [server]})
    assert done.counts["a"] == done.counts["b"] == {"ends": 1, "failed": 0, "foreign": 0}
    intended, began, written = done.times("a", "out")[3]
    first, completed = done.times("b", "in")[3]
    assert intended == 30 * MS <= began <= written
    assert began <= first < completed
    [(planned, opened)] = [line["open"] for line in done.of("a", "open")]
    assert planned == done.epoch_ns <= opened
    sent, received = (done.of(host, "end")[0]["end"] for host in "ab")
    assert sent["sent"] == received["received"] == sent["bytes_sent"] - sent["bytes_retrans"]
    assert received["received"] == 20 * MIB + 1
    assert sent["bytes_acked"] >= 20 * MIB + 1


def test_a_receiver_is_woken_for_many_packets_at_once_but_for_the_last(
    tmp_path, ports, monkeypatch
):
    asked = []
    wake_from = messages_connection.wake_from

    def seen(sock: socket.socket, octets: int) -> None:
        asked.append(octets)
        wake_from(sock, octets)

    monkeypatch.setattr(messages_connection, "wake_from", seen)
    ends = both_ends(1, ports, there=[Message(1, 64 * MIB), Message(2, 100)])
    done = carry_out(tmp_path, {"a": [ends[0]], "b": [ends[1]]})
    assert done.counts["b"]["failed"] == 0
    assert 2 <= len(asked) < 12
    assert max(asked) == 32 << 10
    assert asked[-1] == 1


def test_requests_wait_for_answers_and_answers_for_requests(tmp_path, ports):
    """A closed loop: five requests, each with a think time after the answer before it."""
    requests = [
        Message(n, 200, after=(100 + n - 1,) if n else (), wait_ns=10 * MS) for n in range(5)
    ]
    answers = [Message(100 + n, 5000, after=(n,), wait_ns=5 * MS) for n in range(5)]
    ends = both_ends(1, ports, there=requests, back=answers)
    done = carry_out(tmp_path, {"a": [ends[0]], "b": [ends[1]]})
    out, arrived = done.times("a", "out"), done.times("a", "in")
    served, heard = done.times("b", "out"), done.times("b", "in")
    for n in range(5):
        assert served[100 + n][0] == heard[n][1] + 5 * MS, "from the last octet of the request"
        assert served[100 + n][1] >= served[100 + n][0], "it does not begin before"
    for n in range(1, 5):
        assert out[n][0] == arrived[100 + n - 1][1] + 10 * MS
    assert out[4][1] >= 4 * 15 * MS


def test_a_barrier_waits_for_messages_of_other_connections(tmp_path):
    ports = free_ports(4)
    first = both_ends(1, (ports[0], ports[1]), there=[Message(1, 100, at_ns=20 * MS)])
    second = both_ends(2, (ports[2], ports[1]), there=[Message(2, 100, at_ns=60 * MS)])
    third = both_ends(3, (ports[3], ports[1]), back=[Message(3, 100, after=(1, 2))])
    done = carry_out(
        tmp_path, {"a": [first[0], second[0], third[0]], "b": [first[1], second[1], third[1]]}
    )
    assert done.times("b", "out")[3][0] == done.times("b", "in")[2][1] >= 60 * MS
    assert 3 in done.times("a", "in")


def test_pieces_are_written_at_their_times(tmp_path, ports):
    message = Message(1, 1000, at_ns=10 * MS, pieces=4, gap_ns=20 * MS)
    ends = both_ends(1, ports, there=[message])
    done = carry_out(tmp_path, {"a": [ends[0]], "b": [ends[1]]})
    (first, completed), (_, began, written) = (
        done.times("b", "in")[1],
        done.times("a", "out")[1],
    )
    assert written >= began + 60 * MS
    assert completed - first > 30 * MS


def test_many_connections_share_a_port_of_the_server_and_are_told_apart(tmp_path):
    count = 200
    *clients, server = free_ports(count + 1)
    made = [
        both_ends(
            n,
            (clients[n], server),
            there=[Message(n, 1000 + n)],
            back=[Message(1000 + n, 2000 + n, after=(n,))],
        )
        for n in range(count)
    ]
    done = carry_out(tmp_path, {"a": [one for one, _ in made], "b": [one for _, one in made]})
    assert done.counts["a"] == done.counts["b"] == {"ends": count, "failed": 0, "foreign": 0}
    assert set(done.times("b", "in")) == set(range(count))
    received = {line["c"]: line["end"]["received"] for line in done.of("b", "end")}
    assert received == {n: 1000 + n for n in range(count)}


def test_a_client_nobody_expects_is_reset_and_counted(tmp_path, ports):
    client, server = both_ends(1, ports, there=[Message(1, 100)], closes_ns=200 * MS)
    stranger = client._replace(local_port=free_ports(1)[0], connection=2)
    done = carry_out(tmp_path, {"a": [stranger], "b": [server]})
    assert done.counts["b"]["foreign"] == 1
    assert done.failures("a") == {2: "reset"}
    assert done.failures("b") == {1: "not connected"}


def test_a_server_that_is_not_there_refuses(tmp_path, ports):
    client, _ = both_ends(1, ports, there=[Message(1, 100)])
    done = carry_out(tmp_path, {"a": [client]})
    assert done.failures("a") == {1: "refused"}
    assert done.times("a", "out") == {1: [0, None, None]}, "it was due, and has not begun"


def test_what_is_unfinished_when_time_is_up_is_recorded_as_far_as_it_came(tmp_path, ports):
    """The second message waits for one that never comes."""
    there = [Message(1, 5000), Message(2, 5000, after=(77,)), Message(3, 10)]
    back = [Message(50, 1 * MIB, pieces=4, gap_ns=200 * MS)]
    client, server = both_ends(1, ports, there=there, back=back, closes_ns=300 * MS)
    done = carry_out(tmp_path, {"a": [client], "b": [server]})
    assert set(done.failures("a")) == set(done.failures("b")) == {1}
    assert "unfinished" in {*done.failures("a").values(), *done.failures("b").values()}
    out = done.times("a", "out")
    assert out[1][2] is not None
    assert 2 not in out, "its planned start is not known"
    assert out[3] == [0, None, None]
    intended, began, written = done.times("b", "out")[50]
    assert intended == 0 <= began
    assert written is None
    first, completed = done.times("a", "in")[50]
    assert first >= began
    assert completed is None
    assert done.of("b", "end")[0]["end"]["sent"] == MIB // 2


def test_an_end_that_is_gone_leaves_the_other_with_a_reset(tmp_path, ports):
    client, server = both_ends(1, ports, there=[Message(1, 64 * MIB)], back=[Message(2, 10)])
    early = server._replace(closes_ns=30 * MS, sends=(Message(2, 10, at_ns=500 * MS),))
    client = client._replace(sends=(Message(1, 64 * MIB, pieces=1000, gap_ns=MS),))
    done = carry_out(tmp_path, {"a": [client], "b": [early]})
    assert done.failures("a") == {1: "reset"}
    assert done.failures("b") == {1: "unfinished"}


def test_the_state_of_a_connection_is_recorded_as_often_as_asked(tmp_path, ports):
    message = Message(1, MIB, pieces=10, gap_ns=20 * MS)
    client, server = both_ends(1, ports, there=[message])
    done = carry_out(tmp_path, {"a": [client._replace(sample_ns=10 * MS)], "b": [server]})
    found = [line["info"] for line in done.of("a", "info")]
    assert 3 <= len(found) <= 25
    acked = [one[4] for one in found]
    assert acked == sorted(acked)
    assert acked[-1] > MIB / 2
    assert all(one[2] >= 10 for one in found), "no window is smaller than the first"
    assert not done.of("b", "info")


def test_the_congestion_control_is_the_one_that_was_asked_for(tmp_path, ports, monkeypatch):
    found = []
    ends = [
        one._replace(dscp=34, congestion="reno") for one in both_ends(1, ports, [Message(1, 9)])
    ]
    totals = messages_log.totals

    def seen(sock: socket.socket) -> dict[str, int]:
        name = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0")
        found.append((name, sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS)))
        return totals(sock)

    monkeypatch.setattr(messages_log, "totals", seen)
    carry_out(tmp_path, {"a": [ends[0]], "b": [ends[1]]})
    assert found == [(b"reno", 34 << 2)] * 2


def test_a_congestion_control_that_the_kernel_lacks_is_named(tmp_path, ports):
    client, _ = both_ends(1, ports, there=[Message(1, 100)], congestion="swift")
    with pytest.raises(OSError, match=r"no TCP congestion control 'swift', only .*cubic"):
        carry_out(tmp_path, {"a": [client]})


def test_a_congestion_control_that_only_root_may_choose_is_named(tmp_path, ports, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(messages_host.socket.socket, "setsockopt", refuse)
    with pytest.raises(PermissionError, match=r"'cubic' is for root alone, others may .*reno"):
        messages_host._refuse_unknown("cubic")


def test_a_port_that_is_taken_is_named(tmp_path, ports):
    _, server = both_ends(1, ports, there=[Message(1, 100)])
    with socket.socket() as other:
        other.bind((lab.SERVER, ports[1]))
        other.listen()
        with pytest.raises(OSError, match=f"TCP 127.0.0.2:{ports[1]}: Address already in use"):
            carry_out(tmp_path, {"b": [server]})


def test_lines_are_in_the_file_before_the_end(tmp_path, ports):
    """As many as wait at most, and what waits a second: a killed agent has left them."""
    there = [Message(n, 100, at_ns=n * MS) for n in range(20)]
    there.append(Message(20, 100, at_ns=1700 * MS))
    client, server = both_ends(1, ports, there=there, closes_ns=5000 * MS)
    peek = (700 * MS, 1600 * MS)
    done = carry_out(
        tmp_path, {"a": [client], "b": [server]}, flush_records=16, for_ns=5000 * MS, peek_ns=peek
    )
    assert done.peeked == [16, 20]


def plan(**changes: object) -> ConnectionEnd:
    client, _ = both_ends(4, (10_000, 55_000), there=[Message(1, 100)])
    return client._replace(**changes)


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (plan(role="waits"), "connection 4: an end connects or listens, 'waits' is neither"),
        (plan(local_port=0), "connection 4: needs a port at both ends, of 1 to 65535"),
        (plan(opens_ns=5, closes_ns=5), "closes after it opened"),
        (plan(dscp=64), "DSCP 64 is not of 0 to 63"),
        (plan(sample_ns=-1), "cannot be sampled every -1 ns"),
        (plan(expects=((1, 0),)), "expects a message without octets"),
        (plan(sends=(Message(9, 0),)), "connection 4, message 9: has at least one octet"),
        (plan(sends=(Message(9, 3, pieces=4),)), "connection 4, message 9: has at least one octet"),
        (plan(sends=(Message(9, 3, wait_ns=-1),)), "message 9: begins no sooner than the epoch"),
    ],
)
def test_a_connection_that_cannot_be_is_refused(end, says):
    assert any(says in problem for problem in end.problems()), list(end.problems())


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        ([plan(), plan(connection=5)], "2 connections from 127.0.0.1:10000 to 127.0.0.2:55000"),
        (
            [plan(sends=(Message(1, 100, after=(7,)),))],
            "message 1 waits for 7, which does not come",
        ),
    ],
)
def test_connections_that_cannot_be_together_are_refused(ends, says):
    with pytest.raises(InputError, match=f"traffic plan: host 'a', {says}"):
        plan_job("virtual", "/tmp/out", (Host("a", "/x", "eth0", tuple(ends)),))


def test_a_connection_that_can_be_is_planned_and_read_again():
    client, server = both_ends(4, (10_000, 55_000), [Message(1, 5, after=(2,))], [Message(2, 5)])
    assert not [*client.problems(), *server.problems()]
    hosts = (Host("a", "/x", "eth0", (client,)), Host("b", "/y", "eth0", (server,)))
    job = plan_job("virtual", "/tmp/out", hosts)
    assert job.end_ns == client.closes_ns
    for end in (client, server):
        assert named_tuples.from_plain(ConnectionEnd, named_tuples.to_plain(end)) == end


def test_a_later_phase_is_later_in_all_its_times():
    client, _ = both_ends(4, (10_000, 55_000), there=[Message(1, 100, at_ns=3)])
    later = client.in_phase(1, 1000, {})
    assert (later.opens_ns, later.closes_ns) == (1000, client.closes_ns + 1000)
    assert later.sends[0].at_ns == 1003
